"""Without a hub: `jupyter lab` alone gives the same panels."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.ports import free_port
from tests.server.processes import wait_for_answer

from .lab import Lab
from .statements import DECK
from .watch import Watch

pytestmark = pytest.mark.xdist_group("pages of the hub")

TOKEN = "token-of-the-test"


@pytest.fixture
def address(installed: Path, tiny_survey: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab of its own."""
    port = free_port()
    config = tmp_path / "config"
    (config / "labconfig").mkdir(parents=True)
    news = '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}'
    (config / "labconfig/default_setting_overrides.json").write_text(news)
    (tmp_path / "home").mkdir()
    (tmp_path / "root").mkdir()
    folders = {name: str(tmp_path / name.lower()) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "SKYDESK_DATA_FOLDER")}
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR") if name in os.environ}
    environment = {**kept, **folders, "HOME": str(tmp_path / "home"), "JUPYTER_CONFIG_DIR": str(config), "SKYDESK_SURVEY": str(tiny_survey)}
    command = [str(Path(sys.prefix) / "bin/jupyter"), "lab", "--no-browser", "--allow-root", f"--port={port}", "--port-retries=0"]
    log = tmp_path / "lab.log"
    with log.open("wb") as output:
        lab = subprocess.Popen(
            [*command, f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={tmp_path / 'root'}"],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        # that it runs, it says a moment before it listens
        wait_for_answer(f"http://127.0.0.1:{port}/api", lab, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait(20)


def test_a_lab_without_a_hub_has_the_panels_and_runs_queries_and_jobs(
    address: str, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/lab?token={TOKEN}")
    watch.allow("/skydesk/api/session", 503)  # the services are still starting; the lab asks again by itself
    lab = Lab(page, address, watch)
    lab.wait()
    lab.open()
    expect(lab.cards).to_have_text(["Query", "Cutouts", "Footprint", "Jobs"])
    query = lab.query()
    result = query.run(DECK)
    expect(result.locator(".sky-result__summary")).to_contain_text("First 1,000 rows")
    query.submit(DECK, name="without a hub", file_name="m2.csv.gz")
    jobs = lab.jobs()
    jobs.wait("without a hub", "completed")
    details = jobs.details("without a hub")
    expect(details.locator(".sky-jobs__files li")).to_contain_text("m2.csv.gz")
