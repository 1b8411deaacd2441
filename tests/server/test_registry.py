"""A package from elsewhere adds a service without SkyDesk being touched."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.hub import FakeHub
from tests.server.processes import ROOT, Lab, clean_environment, jupyter_server, wait_for_answer
from tests.server.serving import serve, wait_until
from tests.server.small_survey import write_survey
from tests.server.test_hub_service import start_service

OPEN = ["access:services!service=skydesk", "custom:skydesk:query", "custom:skydesk:jobs", "custom:skydesk:weather"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has installed the package."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(ROOT / "tests/data/weather_service", source)
    target = folder / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*command, "--no-build-isolation", "--target", str(target), str(source)], check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    survey = write_survey(folder / "survey")
    variables = {"SKYDESK_SURVEY": str(survey), "SKYDESK_DATA_FOLDER": str(folder / "skydesk")}
    with jupyter_server(folder, extra_paths=[installed], **variables) as lab:
        with lab.client() as client:
            wait_until(lambda: client.get("session").status_code != 503, seconds=30, what="the start of the services")
        yield lab


def test_it_has_a_card_a_route_and_a_panel(lab: Lab) -> None:
    with lab.client() as client:
        names = [service["name"] for service in client.get("session").json()["services"]]
        assert names == ["query", "cutout", "chart", "weather", "footprint", "jobs", "tables"]
        (card,) = (service for service in client.get("session").json()["services"] if service["name"] == "weather")
        assert (card["title"], card["panel"], card["style"]) == ("Weather", True, True)
        assert client.get("weather/2013-08-31").json() == {"night": "2013-08-31", "seeing_arcsec": 0.9, "asked_by": "local"}
        assert "clear skies" in client.get(f"{lab.base}/skydesk/panels/weather.js").text
        assert ".weather" in client.get(f"{lab.base}/skydesk/panels/weather.css").text


def test_its_task_runs_as_a_job_beside_the_others(lab: Lab) -> None:
    with lab.client() as client:
        job_id = client.post("weather/job", json={"nights": ["2013-08-31", "2013-09-01"]}).json()["id"]
        wait_until(lambda: client.get(f"jobs/{job_id}").json()["phase"] not in {"QUEUED", "EXECUTING"}, seconds=60, what="the job's end")
        job = client.get(f"jobs/{job_id}").json()
        assert (job["type"], job["phase"], job["rows"]) == ("weather", "COMPLETED", 2)
        assert client.get(f"jobs/{job_id}/files/weather.txt").text.splitlines()[0] == "2013-08-31 0.9"
        rerun = client.post(f"jobs/{job_id}/rerun").json()
        assert rerun["request"] == {"nights": ["2013-08-31", "2013-09-01"]}


def test_at_the_hub_it_is_closed_to_who_lacks_the_group_or_the_scope(tmp_path: Path, installed: Path) -> None:
    hub = FakeHub(
        {
            "advanced": {"name": "cecilia", "groups": ["advanced"], "scopes": OPEN},
            "no-group": {"name": "henrietta", "groups": ["limited"], "scopes": OPEN},
            "no-scope": {"name": "cecilia", "groups": ["advanced"], "scopes": OPEN[:-1]},
        }
    )
    path = clean_environment(tmp_path / "home", extra_paths=[installed])["PYTHONPATH"]
    with serve(hub.application) as hub_url:
        url, running = start_service(tmp_path, hub, hub_url, PYTHONPATH=path)
        with running as started, httpx.Client(base_url=f"{url}skydesk/api/", trust_env=False, timeout=30) as client:
            wait_for_answer(f"{url}health", started, tmp_path / "service.log")
            answers = {token: client.get("weather/x", headers={"Authorization": f"token {token}"}) for token in hub.users}
            sessions = {token: client.get("session", headers={"Authorization": f"token {token}"}).json() for token in hub.users}
    assert {token: reply.status_code for token, reply in answers.items()} == {"advanced": 200, "no-group": 403, "no-scope": 403}
    assert answers["no-group"].json()["error"]["code"] == "not_allowed"
    listed = {token: "weather" in {service["name"] for service in session["services"]} for token, session in sessions.items()}
    assert listed == {"advanced": True, "no-group": False, "no-scope": False}


def test_the_hub_makes_a_scope_for_it(installed: Path, tmp_path: Path) -> None:
    code = "from skydesk_hub.roles import *; print(sorted(custom_scopes(installed_services())))"
    environment = clean_environment(tmp_path, extra_paths=[installed])
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "custom:skydesk:weather" in done.stdout
