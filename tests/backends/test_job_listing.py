"""Listings: images by the thousand in a job's folder, and attempts that go on from one another's."""

import io
import json
import os
import tarfile
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends import job_folders
from skydesk.backends.job_folders import LocalJobFolders
from skydesk.backends.job_trash import erase
from skydesk.errors import NotFound
from skydesk.jobs.model import JobError, JobOutcome
from tests.contracts.jobstore_contract import make_job

JOB = make_job("k7xy00000000000a", attempt=1)


@pytest.fixture
def folders(tmp_path: Path) -> LocalJobFolders:
    return LocalJobFolders(tmp_path / "jobs")


def line(row: int, **values: Any) -> bytes:
    entry = {"row": row, "outcome": "done", "folder": f"T/n{row}", "files": [f"n{row}_g.fits", f"n{row}_r.fits"], "size_bytes": 10}
    return json.dumps({**entry, **values}).encode() + b"\n"


def publish(folders: LocalJobFolders, rows: int = 3, *, extra: bytes = b"", files: bool = True) -> Path:
    partial = folders.begin(JOB, 1)
    with (partial / "outcomes.jsonl").open("wb") as listing:
        for row in range(rows):
            listing.write(line(row))
            for name in (f"n{row}_g.fits", f"n{row}_r.fits") if files else ():
                (partial / "T" / f"n{row}").mkdir(parents=True, exist_ok=True)
                (partial / "T" / f"n{row}" / name).write_bytes(b"12345")
        listing.write(extra)
    outcome = JobOutcome(files=("outcomes.jsonl",), rows=rows, listing="outcomes.jsonl", listed_files=2 * rows, listed_bytes=10 * rows)
    folders.publish(JOB, partial, outcome, {})
    return folders.path(JOB)


def names_in(folders: LocalJobFolders) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(folders.archive(JOB)))) as tar:
        return [name.removeprefix(f"{JOB.id}/") for name in tar.getnames()]


# Listings


def test_files_of_a_listing_are_found_archived_and_counted_but_not_listed_one_by_one(folders: LocalJobFolders) -> None:
    folder = publish(folders)
    assert [file.name for file in folders.files(JOB)] == ["outcomes.jsonl"]
    assert folders.file(JOB, "T/n1/n1_r.fits") == folder / "T" / "n1" / "n1_r.fits"
    images = [f"T/n{row}/n{row}_{band}.fits" for row in range(3) for band in "gr"]
    assert names_in(folders) == ["outcomes.jsonl", "manifest.json", *images]
    listing_bytes = (folder / "outcomes.jsonl").stat().st_size
    assert folders.published(JOB) == {"rows": 3, "files_count": 7, "size_bytes": 30 + listing_bytes}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["listing"] == {"name": "outcomes.jsonl", "files_count": 6, "size_bytes": 30}


@pytest.mark.parametrize(
    "name",
    ["T/n1/other.fits", "T/n1", "n1_g.fits", "T/n9/n9_g.fits", "T/n1/../n0/n0_g.fits", "/T/n1/n1_g.fits", "T//n1/n1_g.fits", "../x/y", ""],
)
def test_what_a_listing_does_not_name_is_not_found(folders: LocalJobFolders, name: str) -> None:
    folder = publish(folders)
    (folder / "T" / "n1" / "other.fits").write_bytes(b"a stranger")
    with pytest.raises(NotFound):
        folders.file(JOB, name)


def test_links_named_by_a_listing_lead_nowhere(folders: LocalJobFolders, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_bytes(b"key")
    folder = publish(folders, extra=line(7, folder="../../secret", files=["key"]) + line(8, folder="L", files=["key"]))
    (folder / "L").symlink_to(tmp_path / "secret")
    (folder / "T" / "n0" / "n0_g.fits").unlink()
    (folder / "T" / "n0" / "n0_g.fits").symlink_to(tmp_path / "secret" / "key")
    for name in ("../../secret/key", "L/key", "T/n0/n0_g.fits"):
        with pytest.raises(NotFound):
            folders.file(JOB, name)
    left = ((0, "r"), (1, "g"), (1, "r"), (2, "g"), (2, "r"))
    assert names_in(folders)[2:] == [f"T/n{row}/n{row}_{band}.fits" for row, band in left]


@pytest.mark.parametrize(
    "extra",
    [b"\n", b"{\n", b"[]\n", b"\xff\n", b"x" * 200_000 + b"\n", line(5, folder=3), line(5, files="x"), line(5, files=[3]), b'{"row": 5'],
    ids=["blank", "broken", "list", "no text", "endless", "folder a number", "files a text", "file a number", "torn"],
)
def test_lines_that_are_none_are_passed_over(folders: LocalJobFolders, extra: bytes) -> None:
    publish(folders, extra=extra + (line(2) if extra.endswith(b"\n") else b""))
    assert names_in(folders)[:4] == ["outcomes.jsonl", "manifest.json", "T/n0/n0_g.fits", "T/n0/n0_r.fits"]
    assert folders.file(JOB, "T/n2/n2_g.fits").is_file()


def test_a_row_that_repeats_another_does_not_list_its_files_again(folders: LocalJobFolders) -> None:
    publish(folders, extra=line(9, outcome="duplicate", folder="T/n0", files=["n0_g.fits"], size_bytes=0))
    assert names_in(folders).count("T/n0/n0_g.fits") == 1


def test_a_listing_that_was_changed_after_the_end_is_not_used(folders: LocalJobFolders) -> None:
    folder = publish(folders)
    with (folder / "outcomes.jsonl").open("ab") as listing:
        listing.write(line(9, folder="mine", files=["x"]))
    (folder / "mine").mkdir()
    (folder / "mine" / "x").touch()
    for name in ("mine/x", "T/n0/n0_g.fits"):
        with pytest.raises(NotFound):
            folders.file(JOB, name)
    assert folders.published(JOB) is None


def test_a_hundred_thousand_rows_stay_out_of_memory(folders: LocalJobFolders) -> None:
    publish(folders, 100_000, files=False)
    folder = folders.path(JOB) / "T" / "n99998"
    folder.mkdir(parents=True)
    (folder / "n99998_g.fits").write_bytes(b"12345")
    tracemalloc.start()
    try:
        assert folders.file(JOB, "T/n99998/n99998_g.fits").is_file()
        assert folders.published(JOB) is not None
        assert [file.name for file in folders.files(JOB)] == ["outcomes.jsonl"]
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


# Attempts that go on


def begun(folders: LocalJobFolders, attempt: int = 1) -> Path:
    partial = folders.begin(JOB, attempt)
    (partial / "outcomes.jsonl").write_bytes(line(0))
    (partial / "T" / "n0").mkdir(parents=True)
    (partial / "T" / "n0" / "n0_g.fits").write_bytes(b"12345")
    (partial / "job.log").write_text("began\n")
    return partial


@pytest.mark.parametrize("attempt", [1, 2])
def test_the_next_attempt_takes_over_what_there_is_but_for_the_log(folders: LocalJobFolders, attempt: int) -> None:
    first = begun(folders)
    (first / "manifest.json").write_text("{}")
    folders.keep_log(first)
    assert folders.log(JOB) == "began\n"
    taken = folders.begin(replace(JOB, attempt=attempt), attempt, resume=True)
    assert sorted(path.name for path in taken.iterdir()) == ["T", "outcomes.jsonl", "request.json"]
    assert (taken / "T" / "n0" / "n0_g.fits").read_bytes() == b"12345"
    assert [path.name for path in taken.parent.iterdir()] == [f".{JOB.id}.{attempt}.partial"]


def test_only_a_task_that_can_go_on_gets_what_there_is(folders: LocalJobFolders) -> None:
    folders.keep_log(begun(folders))
    taken = folders.begin(JOB, 2)
    assert [path.name for path in taken.iterdir()] == ["request.json"]


def test_of_an_attempt_without_a_listing_nothing_is_taken_over(folders: LocalJobFolders, tmp_path: Path) -> None:
    partial = begun(folders)
    (partial / "outcomes.jsonl").unlink()
    (tmp_path / "precious").write_text("precious")
    (partial / "outcomes.jsonl").symlink_to(tmp_path / "precious")
    folders.keep_log(partial)
    assert [path.name for path in partial.iterdir()] == ["job.log"]
    assert [path.name for path in folders.begin(JOB, 2, resume=True).iterdir()] == ["request.json"]
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_folder_that_is_a_link_is_not_taken_over(folders: LocalJobFolders, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "outcomes.jsonl").write_bytes(line(0))
    folders.path(JOB).parent.mkdir(parents=True)
    folders.partial_path(JOB, 1).symlink_to(tmp_path / "elsewhere")
    taken = folders.begin(JOB, 2, resume=True)
    assert [path.name for path in taken.iterdir()] == ["request.json"]
    assert (tmp_path / "elsewhere" / "outcomes.jsonl").exists()


def test_the_latest_attempt_counts_and_results_that_do_not_are_removed(folders: LocalJobFolders) -> None:
    for attempt in (2, 10, 9):
        partial = folders.partial_path(JOB, attempt)
        partial.mkdir(parents=True)
        (partial / "outcomes.jsonl").write_bytes(line(attempt))
    folders.path(JOB).mkdir()
    taken = folders.begin(JOB, 11, resume=True)
    assert (taken / "outcomes.jsonl").read_bytes() == line(10)
    assert [path.name for path in taken.parent.iterdir()] == [taken.name]


def test_what_failed_keeps_no_images(folders: LocalJobFolders) -> None:
    partial = begun(folders)
    folders.publish_failure(JOB, partial, JobError(code="limit_exceeded", message="too large"))
    assert sorted(path.name for path in folders.path(JOB).iterdir()) == ["job.log", "manifest.json", "request.json"]
    assert [path.name for path in folders.path(JOB).parent.iterdir()] == [JOB.id]


# Removing


def test_what_takes_long_to_remove_is_out_of_sight_at_once(folders: LocalJobFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(folders)
    monkeypatch.setattr(job_folders, "_ERASE_SECONDS", 0)
    folders.remove(JOB)
    assert not folders.path(JOB).exists()
    (left,) = folders.path(JOB).parent.iterdir()
    assert (left.name[0], left.suffix) == (".", ".removed")
    assert not folders.erase_removed(within_seconds=0)
    assert folders.erase_removed(JOB.owner, within_seconds=60)
    assert folders.erase_removed(within_seconds=60)
    assert list(folders.path(JOB).parent.iterdir()) == []


def test_no_folder_is_too_deep_and_no_link_is_followed_when_it_is_erased(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):  # deeper than a path may be long, and than Python may call itself
        os.mkdir("deeper", dir_fd=here)
        os.symlink(outside, "link", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    assert erase(top, within_seconds=60)
    assert not top.exists()
    assert (outside / "precious").exists()


def test_erasing_goes_on_where_it_stopped(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for number in range(50):
        (top / f"T{number}" / "n").mkdir(parents=True)
        (top / f"T{number}" / "n" / "file").touch()
    assert not erase(top, within_seconds=0)
    assert top.exists()
    assert erase(top, within_seconds=60)
    assert erase(top, within_seconds=60)
    assert not top.exists()
