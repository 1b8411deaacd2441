"""The Jobs panel: jobs appear, move by themselves, and everything can be done with them."""

import hashlib
import io
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Download, expect

from .conftest import OpenLab, start_lab
from .demo import Demo, wait_until
from .lab import JobsPanel, Lab
from .statements import DECK, ENDLESS, LONG, MINUTE


@pytest.fixture
def lab(open_lab: OpenLab) -> Iterator[Lab]:
    """A lab whose owner has no jobs, before or after."""
    lab = open_lab("cecilia")
    yield lab
    with lab.cookies() as client:
        ids = [job["id"] for job in client.get("jobs").json()["jobs"]]
        assert client.post("jobs/delete", json={"ids": ids}).json()["failed"] == []


def test_a_submitted_job_appears_at_once_and_moves_by_itself_without_being_asked_for(lab: Lab) -> None:
    jobs = lab.jobs()
    expect(jobs.root.get_by_text("No jobs yet")).to_be_visible()
    jobs.widen()
    query = lab.query()
    mark = lab.watch.mark
    query.submit(DECK, name="m2 giants")
    expect(jobs.row("m2 giants")).to_be_visible(timeout=2000)
    jobs.wait("m2 giants", "completed")
    asked = [line for line in lab.watch.since(mark) if "/jobs" in line and "/query/job" not in line]
    assert asked == []


def test_a_long_job_shows_progress_and_its_cancelling_stops_the_statement(lab: Lab) -> None:
    query = lab.query()
    endless = query.submit(ENDLESS, name="endless")
    long = query.submit(LONG, name="long", file_name="long.csv")
    jobs = lab.jobs()
    jobs.wait("endless", "running")
    jobs.wait("long", "running")
    expect(jobs.row("long").get_by_role("progressbar")).to_be_visible()
    pressed_at = time.monotonic()
    details = jobs.details("endless")
    details.get_by_role("button", name="Cancel").click()
    expect(details.locator(".sky-jobs__standing")).to_contain_text("cancelled")
    details.get_by_role("button", name="Back to the list").click()
    jobs.row("long").hover()
    jobs.row("long").get_by_role("button", name="Cancel long").click()
    jobs.wait("long", "cancelled")
    assert time.monotonic() - pressed_at < 10
    with lab.cookies() as client:
        assert {client.get(f"jobs/{one}").json()["phase"] for one in (endless, long)} == {"ABORTED"}


def test_rename_run_again_log_and_query(lab: Lab) -> None:
    lab.query().submit("SELECT RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 12", name="to rename", file_name="twelve.csv")
    jobs = lab.jobs()
    jobs.wait("to rename", "completed")
    details = jobs.details("to rename")
    expect(details.get_by_label("Log")).to_contain_text("wrote twelve.csv: 12 rows")
    expect(details.get_by_role("region", name="Query")).to_have_text("SELECT RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 12")
    details.get_by_role("button", name="Copy").click()
    expect(details.get_by_role("button", name="Copied")).to_be_visible()
    assert lab.evaluate("() => navigator.clipboard.readText()") == "SELECT RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 12"

    details.get_by_role("button", name="Rename").click()
    name = '12 "stars" <i>&amp;</i>'
    details.get_by_label("New name").fill(name)
    lab.page.keyboard.press("Enter")
    renamed = jobs.root.get_by_role("region", name=f"Job {name}", exact=True)
    expect(renamed.get_by_role("heading", level=3)).to_have_text(name)
    renamed.get_by_role("button", name="Run again").click()
    back(jobs)
    expect(jobs.row(name)).to_have_count(2)
    jobs.wait(name, "completed")


def back(jobs: JobsPanel) -> None:
    """Close details that cover the list."""
    button = jobs.button("Back to the list")
    if button.is_visible():
        button.click()


def test_files_are_downloaded_whole_one_by_one_and_as_a_tar(lab: Lab) -> None:
    job_id = lab.query().submit("SELECT RA, DEC, TILENAME FROM DR2_MAIN", name="all positions", file_name="all.fits")
    jobs = lab.jobs()
    jobs.wait("all positions", "completed")
    details = jobs.details("all positions")
    expect(details.locator(".sky-jobs__files li")).to_contain_text("8,542 rows")
    with lab.cookies() as client:
        (listed,) = client.get(f"jobs/{job_id}/files").json()["files"]
    with lab.page.expect_download() as told:
        details.get_by_role("button", name="Download all.fits").click()
    file = content_of(told.value)
    assert told.value.suggested_filename == "all.fits"
    assert (len(file), hashlib.sha256(file).hexdigest()) == (listed["size_bytes"], listed["sha256"])
    with lab.page.expect_download() as told:
        details.get_by_role("button", name="All as tar").click()
    assert told.value.suggested_filename == "all positions.tar"
    with tarfile.open(fileobj=io.BytesIO(content_of(told.value))) as tar:
        members = {Path(member.name).name: member for member in tar.getmembers() if member.isfile()}
        packed = tar.extractfile(members["all.fits"])
        assert packed
        assert packed.read() == file


def content_of(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_show_files_opens_the_jobs_folder_in_the_file_browser(lab: Lab) -> None:
    job_id = lab.query().submit("SELECT RA FROM DR2_MAIN WHERE ROWNUM <= 3", name="three", file_name="three.csv")
    jobs = lab.jobs()
    jobs.wait("three", "completed")
    jobs.details("three").get_by_role("button", name="Show files").click()
    browser = lab.page.locator(".jp-FileBrowser")
    expect(browser.locator(".jp-DirListing-item", has_text="three.csv")).to_be_visible()
    expect(browser.locator(".jp-BreadCrumbs")).to_contain_text(job_id)


def test_filter_sort_and_delete_several_after_one_question(lab: Lab) -> None:
    query = lab.query()
    for number, rows in (("a", 30), ("b", 10), ("c", 20)):
        query.submit(f"SELECT RA FROM DR2_MAIN WHERE ROWNUM <= {rows}", name=f"sorted {number}")
    jobs = lab.jobs()
    for number in "abc":
        jobs.wait(f"sorted {number}", "completed")
    jobs.root.get_by_label("Filter by name or id").fill("sorted")
    expect(jobs.root.locator(".sky-jobs__row")).to_have_count(3)
    assert jobs.names == ["sorted c", "sorted b", "sorted a"]
    sort_by(jobs, "Rows")
    assert jobs.names == ["sorted a", "sorted c", "sorted b"]
    sort_by(jobs, "Name")
    assert jobs.names == ["sorted a", "sorted b", "sorted c"]
    jobs.root.get_by_label("Status").select_option("failed")
    expect(jobs.root.get_by_text("No job matches")).to_be_visible()
    jobs.root.get_by_label("Status").select_option("completed")

    jobs.root.get_by_label("Select sorted a").check()
    jobs.root.get_by_label("Select sorted c").check()
    jobs.button("Delete 2").click()
    question = jobs.root.get_by_role("dialog", name="Delete 2 jobs?")
    expect(question).to_contain_text("This cannot be undone.")
    question.get_by_role("button", name="Delete 2 jobs").click()
    expect(jobs.root.locator(".sky-jobs__row")).to_have_count(1)
    assert jobs.names == ["sorted b"]


def sort_by(jobs: JobsPanel, column: str) -> None:
    jobs.button("Sort").click()
    jobs.root.get_by_role("menuitem", name=re.compile(f"^{column}")).click()
    expect(jobs.root.get_by_role("menuitem")).to_have_count(0)


def test_a_job_that_fails_says_why(lab: Lab) -> None:
    lab.query().submit("SELECT TO_NUMBER(TILENAME) X FROM DR2_MAIN", name="no number")
    jobs = lab.jobs()
    jobs.wait("no number", "failed")
    expect(jobs.details("no number").get_by_role("alert")).to_contain_text("number", ignore_case=True)


def test_a_query_goes_back_into_the_editor(lab: Lab) -> None:
    query = lab.query()
    query.submit("SELECT DEC FROM DR2_MAIN WHERE ROWNUM <= 2", name="to edit")
    query.write("SELECT 1 FROM DUAL")
    jobs = lab.jobs()
    jobs.wait("to edit", "completed")
    jobs.details("to edit").get_by_role("button", name="Edit").click()
    expect(query.editor).to_have_text("SELECT DEC FROM DR2_MAIN WHERE ROWNUM <= 2")


def stop_lab(lab: Lab, demo: Demo) -> None:
    """Stop a lab from the hub's own page, as a person does."""
    page = lab.page
    page.goto(f"{demo.url}/hub/home")
    page.get_by_role("button", name="Stop My Server").click()
    expect(page.get_by_role("button", name="Start My Server")).to_be_visible(timeout=30_000)


def test_a_job_goes_on_when_the_page_is_closed_and_the_lab_is_stopped(open_lab: OpenLab, demo: Demo) -> None:
    lab = open_lab("henrietta")
    job_id = lab.query().submit(MINUTE, name="goes on", file_name="on.parquet")
    jobs = lab.jobs()
    jobs.wait("goes on", "running")
    stop_lab(lab, demo)
    # its folder gets its name only when it is whole
    pattern = f"jobs/**/{job_id}/manifest.json"
    assert not list(demo.folder.glob(pattern))
    wait_until(lambda: bool(list(demo.folder.glob(pattern))), seconds=120, what="the end of the job")
    lab.page.goto(f"{demo.url}/hub/spawn")
    start_lab(lab.page, "henrietta")
    lab.open()
    lab.jobs().wait("goes on", "completed")
