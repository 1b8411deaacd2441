"""The end of the demo, and what is there after it is started again. Runs last: it stops the hub that the tests share."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from .conftest import sign_in
from .demo import Demo, gone, processes_of
from .statements import DECK, ENDLESS


def test_control_c_ends_everything_within_5_s_and_jobs_are_there_after_a_restart(
    demo: Demo, new_context: Callable[..., BrowserContext]
) -> None:
    lab = sign_in(new_context(), demo, "vera")
    lab.open()
    query = lab.query()
    query.submit(DECK, name="before the end", file_name="m2.fits")
    jobs = lab.jobs()
    jobs.wait("before the end", "completed")
    query = lab.query()
    query.submit(ENDLESS, name="cut off")
    jobs = lab.jobs()
    jobs.wait("cut off", "running")
    lab.page.context.close()

    processes = processes_of(demo.folder)
    commands = " ".join(word for process in processes for word in process.cmdline())
    assert all(part in commands for part in ("jupyterhub.singleuser", "skydesk_server.hub_service", "configurable-http-proxy"))
    status, seconds = demo.interrupt()
    assert status == 0
    assert seconds < 5
    assert [process for process in processes if not gone(process)] == []
    assert processes_of(demo.folder) == []

    demo.start()
    lab = sign_in(new_context(), demo, "vera")
    lab.open()
    jobs = lab.jobs()
    jobs.wait("before the end", "completed")
    details = jobs.details("before the end")
    expect(details.locator(".sky-jobs__files li")).to_contain_text("m2.fits")
    details.get_by_role("button", name="Back to the list").click()
    # what was cut off is never left as it was: it runs again, or says that it failed
    with lab.cookies() as client:
        (job,) = (job for job in client.get("jobs").json()["jobs"] if job["name"] == "cut off")
        assert (job["phase"], job["attempt"]) in {("EXECUTING", 2), ("QUEUED", 2), ("QUEUED", 1), ("ERROR", 1)}
        client.post(f"jobs/{job['id']}/cancel").raise_for_status()
    jobs.wait("cut off", "cancelled|failed")
