"""``make demo-oracle``: the demo hub with a wire fake in the middle, asked as a person's browser asks it."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pyarrow as pa
import pytest

from tests.ports import free_port
from tests.server.processes import ROOT, clean_environment
from tests.server.serving import wait_until

pytestmark = pytest.mark.slow
_SECONDS = 90


@dataclass
class _Demo:
    process: psutil.Popen
    folder: Path
    url: str
    terminal: Path

    def said(self) -> str:
        return self.terminal.read_text(errors="replace")

    def password(self) -> str:
        found = re.search(r"^\s*vera\s+(\S+)\s+default$", self.said(), re.MULTILINE)
        assert found, self.said()
        return found[1]

    def log_in(self) -> httpx.Client:
        """A browser in which vera has logged in; it asks the service."""
        browser = httpx.Client(base_url=f"{self.url}/services/skydesk/skydesk/api/", trust_env=False, follow_redirects=True, timeout=60)
        login = browser.get(f"{self.url}/services/skydesk/")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', login.text)
        assert xsrf, login.text[:2000]
        browser.post(str(login.url), data={"username": "vera", "password": self.password(), "_xsrf": xsrf[1]}).raise_for_status()
        (cookie,) = {cookie.value for cookie in browser.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/services/skydesk/"}
        browser.headers["X-XSRFToken"] = str(cookie)
        return browser


@pytest.fixture
def demo(tiny_survey: Path, tmp_path: Path) -> Iterator[_Demo]:
    """The demo as ``make demo-oracle`` starts it, in a process group of its own as a terminal makes one."""
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    environment = clean_environment(tmp_path / "home") | {"XDG_CACHE_HOME": cache}
    port, terminal = free_port(), tmp_path / "terminal.log"
    (tmp_path / "demo").mkdir()
    command = [sys.executable, "-m", "tests.fakes.oracle_wire.demo", "--preset", "tiny"]
    command += ["--folder", str(tmp_path / "demo"), "--port", str(port)]
    with terminal.open("wb") as output:
        process = psutil.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0
        )
    demo = _Demo(process, tmp_path / "demo", f"http://127.0.0.1:{port}", terminal)
    started = [process]
    try:
        greeted = "Ctrl-C stops everything"
        wait_until(lambda: greeted in demo.said() or process.poll() is not None, seconds=_SECONDS, what="the demo's greeting")
        assert process.poll() is None, demo.said()
        started += process.children(recursive=True)
        yield demo
    finally:
        for each in started:
            if each.is_running():
                each.kill()
        process.wait()


def test_the_demo_runs_queries_and_jobs_through_the_wire_fake_and_leaves_nothing(demo: _Demo, tiny_survey: Path) -> None:
    assert "is not Oracle" in demo.said()
    examples = [example["sql"] for example in tomllib.loads(tiny_survey.read_text())["examples"]]
    with contextlib.closing(demo.log_in()) as vera:
        for sql in examples:
            quick = vera.post("query/quick", json={"sql": sql})
            assert quick.status_code == 200, (sql, quick.text)
            with pa.ipc.open_stream(quick.content) as stream:
                assert stream.read_all().num_rows, sql
        nothing = vera.post("query/check", json={"sql": "SELECT NOPE FROM DR2_MAIN"}).json()["error"]
        assert "ORA-00904" in nothing["message"]
        job = vera.post("query/job", json={"sql": "SELECT COADD_OBJECT_ID, RA FROM DR2_MAIN WHERE ROWNUM <= 2000", "file_name": "ids.csv"})
        assert job.status_code == 201, job.text
        done = _ended(vera, job.json()["id"])
        assert done["phase"] == "COMPLETED", done
        assert vera.get(f"jobs/{done['id']}/files/ids.csv").content.count(b"\n") == 2001
    processes = demo.process.children(recursive=True)
    assert any("tests.fakes.oracle_wire" in each.cmdline() for each in processes)
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(30) == 0, demo.said()
    wait_until(lambda: not any(each.is_running() for each in processes), what="the end of every process")
    assert "Traceback" not in demo.said()


def _ended(client: httpx.Client, job_id: str) -> dict[str, str]:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        job: dict[str, str] = client.get(f"jobs/{job_id}").json()
        if job["phase"] not in {"QUEUED", "EXECUTING"}:
            return job
        time.sleep(0.1)
    raise AssertionError("the job did not end in time")
