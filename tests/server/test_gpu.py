"""What a lab says of its GPUs: a stand-in for nvidia-smi on the path, and a service that listens."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from skydesk.leases.gpu_loads import GpuLoad
from skydesk_server.gpu import GpuReports, NvidiaSmi, loads_of_csv
from skydesk_server.proxy import Upstream
from tests.server.serving import serve

MIB = 2**20
ARGUMENTS = "--query-gpu=utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits"


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is the path, but for the system's."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def put_nvidia_smi(folder: Path, script: str) -> NvidiaSmi:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    meter = NvidiaSmi.found()
    assert meter is not None
    return meter


def test_where_there_is_no_driver_nothing_is_asked(on_path: Path) -> None:
    assert NvidiaSmi.found() is None


def test_the_driver_is_asked_for_load_and_memory_of_every_gpu(on_path: Path) -> None:
    script = f'[ "$*" = "{ARGUMENTS}" ] || exit 1\necho "63, 11469, 24564"\necho "[N/A], 0, 24564"'
    meter = put_nvidia_smi(on_path, script)
    assert asyncio.run(meter.read()) == (
        GpuLoad(utilization_percent=63, memory_used_bytes=11469 * MIB, memory_total_bytes=24564 * MIB),
        GpuLoad(utilization_percent=None, memory_used_bytes=0, memory_total_bytes=24564 * MIB),
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9", id="no driver"),
        pytest.param("echo 'No devices were found'", id="no GPU"),
        pytest.param("echo '63, 99999, 24564'", id="impossible"),
        pytest.param("echo '63, 1.5, 24564'", id="no whole MiB"),
        pytest.param("true", id="silent"),
        pytest.param("exec sleep 60", id="hangs"),
    ],
)
def test_where_the_driver_does_not_tell_nothing_is_known(on_path: Path, script: str) -> None:
    found = put_nvidia_smi(on_path, script)
    meter = NvidiaSmi(found._command, limit_seconds=0.3 if "sleep" in script else 20)
    assert asyncio.run(meter.read()) == ()


@pytest.mark.parametrize("text", ["63, 1", "a, 1, 2", "1, 2, 3, 4"])
def test_what_is_no_table_of_gpus_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads_of_csv(text)


class Listener(RequestHandler):
    """Takes reports, or refuses them."""

    def initialize(self, heard: list[Any], status: list[int]) -> None:
        self.heard, self.status = heard, status

    def post(self) -> None:
        self.heard.append((self.request.headers["Authorization"], json.loads(self.request.body)))
        self.set_status(self.status[0])
        self.finish({})


class FakeGpuMeter:
    """GPUs that are as busy as one says."""

    def __init__(self, *loads: GpuLoad) -> None:
        self.loads = loads

    async def read(self) -> tuple[GpuLoad, ...]:
        return self.loads


BUSY = GpuLoad(utilization_percent=63, memory_used_bytes=2, memory_total_bytes=3)


def test_a_lab_tells_the_service_and_goes_on_when_it_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []
    status = [200]
    application = Application([("/services/skydesk/skydesk/api/lab/gpu", Listener, {"heard": heard, "status": status})])
    with serve(lambda: application) as url:
        upstream = Upstream(url=f"{url}/services/skydesk", token="lab-token")
        reports = GpuReports(FakeGpuMeter(BUSY), upstream, "second")
        asyncio.run(reports.tell())
        told = {"utilization_percent": 63, "memory_used_bytes": 2, "memory_total_bytes": 3}
        assert heard == [("token lab-token", {"server": "second", "gpus": [told]})]
        status[0] = 409
        asyncio.run(reports.tell())
        asyncio.run(reports.tell())
        assert len(heard) == 3
    assert [record.message for record in caplog.records if "GPUs" in record.message] == [
        "the service does not take how busy the GPUs are: HTTP 409: Conflict"
    ], "said once, not every half minute"
    asyncio.run(reports.tell())
    assert len([record for record in caplog.records if "GPUs" in record.message]) == 2, "nobody listens any more"


def test_without_gpus_nothing_is_told() -> None:
    reports = GpuReports(FakeGpuMeter(), Upstream(url="http://127.0.0.1:9", token="t"), "")
    asyncio.run(reports.tell())
    assert reports._last_problem == ""


def test_a_lab_tells_again_and_again_until_it_is_stopped() -> None:
    heard: list[Any] = []
    application = Application([("/skydesk/api/lab/gpu", Listener, {"heard": heard, "status": [200]})])

    async def story(url: str) -> None:
        reports = GpuReports(FakeGpuMeter(BUSY), Upstream(url=url, token="t"), "", every_seconds=0.05)
        reports.start()
        async with asyncio.timeout(20):
            while len(heard) < 2:
                await asyncio.sleep(0.02)
        reports.stop()

    with serve(lambda: application) as url:
        asyncio.run(story(url))
