import hashlib
import io
import json
import os
import tarfile
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydesk.backends import job_manifest
from skydesk.backends.job_folders import LocalJobFolders, owner_folder, owner_of
from skydesk.errors import Conflict, InternalError, NotFound, ServiceUnavailable
from skydesk.jobs.model import Job, JobError, JobOutcome
from tests.contracts.jobstore_contract import make_job

JOB = make_job("k7xy00000000000a", name='M2 "stars"\n<b>', attempt=1)


@pytest.fixture
def folders(tmp_path: Path) -> LocalJobFolders:
    return LocalJobFolders(tmp_path / "jobs")


def publish(folders: LocalJobFolders, job: Job = JOB, **contents: bytes) -> Path:
    partial = folders.begin(job, 1)
    names = {name.replace("__", "."): content for name, content in (contents or {"m2__csv": b"RA,DEC\n1,2\n"}).items()}
    for name, content in names.items():
        (partial / name).write_bytes(content)
    (partial / "job.log").write_text("began\nended\n")
    folders.publish(job, partial, JobOutcome(files=tuple(names), rows=1), {"query_seconds": 0.5})
    return folders.path(job)


def edit_manifest(folder: Path, files: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "files": files}))


def entry(name: str, size_bytes: int = 5) -> dict[str, Any]:
    return {"name": name, "size_bytes": size_bytes, "sha256": "0" * 64, "rows": None}


# Names of owners


@pytest.mark.parametrize(
    ("owner", "folder"),
    [
        ("ada", "ada"),
        ("Ada", "-41da"),
        ("ada-l", "ada-2dl"),
        ("ada.l_1", "ada.l_1"),
        (".", "-2e"),
        ("..", "-2e."),
        (".ssh", "-2essh"),
        ("a/b", "a-2fb"),
        ("../x", "-2e.-2fx"),
        ("é", "-c3-a9"),
        ("a b", "a-20b"),
        ("a\x00b", "a-00b"),
        ("", "-"),
        ("ada@example.org", "ada-40example.org"),
    ],
)
def test_owners_become_safe_folder_names_and_back(owner: str, folder: str) -> None:
    assert owner_folder(owner) == folder
    assert owner_of(folder) == owner


@given(st.text(max_size=16), st.text(max_size=16))
def test_different_owners_never_share_a_folder_whatever_the_letter_case_of_the_disk(one: str, other: str) -> None:
    assert (owner_folder(one) == owner_folder(other)) == (one == other)
    assert owner_folder(one) == owner_folder(one).lower()
    assert owner_of(owner_folder(one)) == one


def test_very_long_owners_have_short_and_different_folders() -> None:
    names = {owner_folder("é" * 5000 + end) for end in "abc"}
    assert len(names) == 3
    assert all(len(name) <= 200 for name in names)
    with pytest.raises(ValueError, match="not the name"):
        owner_of(names.pop())


@pytest.mark.parametrize("folder", ["A", "-2", "-zz", ".x", "a--00", "-61", "a/b"])
def test_what_is_no_folder_of_an_owner_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        owner_of(folder)


@pytest.mark.parametrize("job_id", ["..", ".", "", "a/b", "/etc", "a.b", "a\n", "é", "a" * 129, "a\x00"])
def test_ids_that_lead_elsewhere_are_of_no_job(folders: LocalJobFolders, job_id: str) -> None:
    with pytest.raises(NotFound):
        folders.path(replace(JOB, id=job_id))


# Publishing


def test_a_published_folder_holds_request_log_results_and_manifest(folders: LocalJobFolders) -> None:
    folder = publish(folders)
    assert sorted(path.name for path in folder.iterdir()) == ["job.log", "m2.csv", "manifest.json", "request.json"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["job"] == {"id": JOB.id, "owner": "ada", "type": "query", "name": JOB.name, "attempt": 1}
    digest = hashlib.sha256(b"RA,DEC\n1,2\n").hexdigest()
    assert manifest["files"] == [{"name": "m2.csv", "size_bytes": 11, "sha256": digest, "media_type": "text/csv", "rows": 1}]
    assert manifest["timings"] == {"query_seconds": 0.5}
    assert json.loads((folder / "request.json").read_text())["request"] == JOB.request
    (listed,) = folders.files(JOB)
    assert (listed.name, listed.size_bytes, listed.sha256, listed.rows) == ("m2.csv", 11, digest, 1)
    assert folders.file(JOB, "m2.csv").read_bytes() == b"RA,DEC\n1,2\n"


def test_rows_of_several_files_come_from_the_summary(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    (partial / "a.fits").write_bytes(b"a")
    (partial / "b.fits").write_bytes(b"b")
    outcome = JobOutcome(files=("b.fits", "a.fits"), rows=7, summary={"file_rows": {"a.fits": 3, "b.fits": 4}})
    assert [(file.name, file.rows) for file in folders.publish(JOB, partial, outcome, {})] == [("b.fits", 4), ("a.fits", 3)]


def test_nothing_is_listed_before_it_is_published(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    (partial / "m2.csv").write_bytes(b"half")
    assert folders.files(JOB) == ()
    assert not folders.path(JOB).exists()
    with pytest.raises(NotFound):
        folders.file(JOB, "m2.csv")


def test_publishing_replaces_nothing(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    folders.path(JOB).mkdir()
    with pytest.raises(Conflict):
        folders.publish(JOB, partial, JobOutcome(), {})
    assert list(folders.path(JOB).iterdir()) == []


def test_an_attempt_that_was_overtaken_cannot_publish(folders: LocalJobFolders) -> None:
    late = folders.begin(JOB, 1)
    (late / "m2.csv").write_bytes(b"late")
    partial = folders.begin(JOB, 2)
    with pytest.raises((Conflict, InternalError)):
        folders.publish(JOB, late, JobOutcome(files=("m2.csv",)), {})
    with pytest.raises(Conflict):
        folders.publish(JOB, late, JobOutcome(), {})
    folders.publish(JOB, partial, JobOutcome(), {})
    assert folders.path(JOB).is_dir()


def test_a_new_attempt_begins_without_what_an_earlier_one_published_but_could_not_report(folders: LocalJobFolders) -> None:
    publish(folders)
    partial = folders.begin(JOB, 2)
    assert folders.files(JOB) == ()
    assert [path.name for path in partial.iterdir()] == ["request.json"]


@pytest.mark.parametrize(
    "name", ["../k", "/etc/passwd", "missing.csv", "link.csv", "folder", "job.log", "manifest.json", ".hidden", "", "pipe"]
)
def test_a_task_cannot_publish_what_is_no_file_of_its_own(folders: LocalJobFolders, name: str) -> None:
    partial = folders.begin(JOB, 1)
    (partial / "link.csv").symlink_to("/etc/passwd")
    (partial / "folder").mkdir()
    (partial / "job.log").touch()
    (partial / ".hidden").touch()
    (partial.parent / "k").touch()
    os.mkfifo(partial / "pipe")
    with pytest.raises(InternalError, match="no file that it wrote"):
        folders.publish(JOB, partial, JobOutcome(files=(name,)), {})
    assert not folders.path(JOB).exists()


def test_a_failure_keeps_the_log_and_the_request_and_no_results(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    (partial / "half.csv").write_bytes(b"half")
    (partial / "sub").mkdir()
    (partial / "sub" / "x").touch()
    (partial / "job.log").write_text("it broke\n")
    folders.publish_failure(JOB, partial, JobError(code="invalid_query", message="no such column"), {"seconds": 1.0})
    assert sorted(path.name for path in folders.path(JOB).iterdir()) == ["job.log", "manifest.json", "request.json"]
    manifest = json.loads((folders.path(JOB) / "manifest.json").read_text())
    assert (manifest["complete"], manifest["error"]["code"], manifest["files"]) == (False, "invalid_query", [])
    assert folders.files(JOB) == ()
    assert folders.log(JOB) == "it broke\n"


def test_a_failure_is_kept_even_if_the_worker_never_began(folders: LocalJobFolders) -> None:
    folders.publish_failure(JOB, folders.partial_path(JOB, 1))
    assert sorted(path.name for path in folders.path(JOB).iterdir()) == ["manifest.json", "request.json"]


def test_a_discarded_attempt_leaves_nothing(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    folders.discard(partial)
    folders.discard(partial)
    assert not partial.exists()


def test_only_folders_of_attempts_are_discarded(folders: LocalJobFolders, tmp_path: Path) -> None:
    folder = publish(folders)
    for path in (folder, folder.parent, tmp_path, folder / ".x.partial"):
        for use in (folders.discard, folders.keep_log):
            with pytest.raises(ValueError, match="not the folder"):
                use(path)
    assert folders.files(JOB)


def test_of_an_attempt_that_is_made_again_only_the_log_is_kept(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    (partial / "half.fits").write_bytes(b"half")
    (partial / "sub").mkdir()
    (partial / "job.log").write_text("began\n")
    folders.keep_log(partial)
    assert [path.name for path in partial.iterdir()] == ["job.log"]
    for attempt in (0, 1, 2):  # it waits again, counted or not, or the next attempt is about to begin
        assert folders.log(replace(JOB, attempt=attempt)) == "began\n"
    folders.begin(JOB, 2)
    assert not partial.exists()


def test_an_attempt_without_a_log_leaves_nothing_to_keep(folders: LocalJobFolders, tmp_path: Path) -> None:
    partial = folders.begin(JOB, 1)
    (tmp_path / "secret").write_text("precious")
    (partial / "job.log").symlink_to(tmp_path / "secret")
    folders.keep_log(partial)
    folders.keep_log(partial)
    assert not partial.exists()
    assert (tmp_path / "secret").read_text() == "precious"


# What a dead worker has finished


def test_what_the_present_attempt_published_is_known_by_its_manifest(folders: LocalJobFolders) -> None:
    assert folders.published(JOB) is None
    publish(folders, a=b"12345", b=b"123")
    assert folders.published(JOB) == {"rows": 1, "files_count": 2, "size_bytes": 8}
    assert folders.published(replace(JOB, attempt=2)) is None


def test_an_attempt_that_failed_has_published_no_results(folders: LocalJobFolders) -> None:
    folders.publish_failure(JOB, folders.begin(JOB, 1), JobError(code="unavailable", message="the disk is full"))
    assert folders.published(JOB) is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "m2.csv").unlink(),
        lambda folder: (folder / "m2.csv").write_bytes(b"RA"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").write_text('{"complete": true, "job": 7, "files": []}'),
        lambda folder: edit_manifest(folder, [entry("m2.csv", 11), {"name": "lost.fits"}]),
        lambda folder: edit_manifest(folder, None),
    ],
    ids=["file gone", "file cut", "manifest gone", "manifest a list", "manifest of nobody", "entry broken", "files null"],
)
def test_results_that_are_not_all_there_were_not_published(folders: LocalJobFolders, harm: Callable[[Path], object]) -> None:
    harm(publish(folders))
    assert folders.published(JOB) is None


def test_a_folder_of_another_job_is_not_published(folders: LocalJobFolders) -> None:
    partial = folders.begin(replace(JOB, owner="bob"), 1)
    with pytest.raises(ValueError, match="not the folder"):
        folders.publish(JOB, partial, JobOutcome(), {})


def test_a_full_disk_is_said_and_nothing_is_published(folders: LocalJobFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    partial = folders.begin(JOB, 1)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job_manifest.os, "fsync", full)
    with pytest.raises(ServiceUnavailable, match="is full"):
        folders.publish(JOB, partial, JobOutcome(), {})
    assert not folders.path(JOB).exists()


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs /dev/full")
def test_a_manifest_that_cannot_be_written_is_never_half_there(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    (partial / ".manifest.json.partial").symlink_to("/dev/full")
    with pytest.raises(ServiceUnavailable, match="is full"):
        folders.publish(JOB, partial, JobOutcome(), {})
    assert not (partial / "manifest.json").exists()
    assert not folders.path(JOB).exists()


# Reading what users may have touched


@pytest.mark.parametrize(
    "name",
    ["..", "../k7xy00000000000b/m2.csv", "/etc/passwd", "./m2.csv", "m2.csv/", "M2.CSV", "m2", "", ".manifest.json", "job.log",
     "request.json", "manifest.json", "m2.csv\x00", "m2.csv\n", "\ud800", "a\\b", "x" * 10_000, "sub/../m2.csv"],
    ids=lambda name: ascii(name)[:30],
)  # fmt: skip
def test_what_the_manifest_does_not_list_is_not_found(folders: LocalJobFolders, name: str) -> None:
    publish(folders)
    publish(folders, replace(JOB, id="k7xy00000000000b"))
    with pytest.raises(NotFound):
        folders.file(JOB, name)


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/hosts",
        "link",
        "sub/link",
        "linked/secret",
        ".hidden",
        "sub",
        "pipe",
        "sub/../real",
        "missing",
        "a" * 300,
        "\ud800",
        "x\x00",
        "",
    ],
    ids=lambda name: ascii(name)[:30],
)
def test_a_manifest_that_was_edited_opens_nothing_else(folders: LocalJobFolders, tmp_path: Path, name: str) -> None:
    folder = publish(folders, real=b"12345")
    (tmp_path / "secret").write_text("12345")
    (folder.parent / "secret").write_text("12345")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "sub").mkdir()
    (folder / "sub" / "link").symlink_to("../../secret")
    (folder / "linked").symlink_to(tmp_path)
    (folder / ".hidden").write_text("12345")
    os.mkfifo(folder / "pipe")
    size_bytes = Path(name).stat().st_size if name == "/etc/hosts" else 5
    edit_manifest(folder, [entry(name, size_bytes), entry("real")])
    assert [file.name for file in folders.files(JOB)] == ["real"]
    with pytest.raises(NotFound):
        folders.file(JOB, name)


def test_no_folder_on_the_way_to_a_file_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("12345")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "inner").symlink_to("b")
    with job_manifest.open_plain(tmp_path / "a" / "b" / "file") as file:
        assert file.read() == b"12345"
    for path in (Path("link/b/file"), Path("a/inner/file"), Path("a/b"), Path("a/../a/b/file"), Path("a/b/file/x"), Path("gone")):
        with pytest.raises(OSError):
            job_manifest.open_plain(tmp_path / path)
    for path in (Path("file"), Path("/")):
        with pytest.raises(OSError, match="not an absolute path"):
            job_manifest.open_plain(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"files": null}', '{"files": {"a": 1}}', '{"files": [1, null, {}, {"name": 3}]}', "[" * 100_000, "\ud800",
     '{"files": [{"name": "m2.csv", "size_bytes": true, "sha256": "0"}]}'],
    ids=lambda text: ascii(text)[:20],
)  # fmt: skip
def test_a_broken_manifest_lists_nothing(folders: LocalJobFolders, text: str) -> None:
    folder = publish(folders)
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert folders.files(JOB) == ()


def test_the_media_type_follows_from_the_name_and_not_from_what_a_user_wrote(folders: LocalJobFolders) -> None:
    folder = publish(folders, page__html=b"12345")
    edit_manifest(folder, [{**entry("page.html"), "media_type": "text/html\r\nX: y", "rows": "many"}])
    (file,) = folders.files(JOB)
    assert (file.media_type, file.rows) == ("application/octet-stream", None)


def test_a_file_that_was_cut_or_deleted_is_no_longer_listed(folders: LocalJobFolders) -> None:
    folder = publish(folders, a=b"12345", b=b"12345", c=b"12345")
    (folder / "a").write_bytes(b"123")
    (folder / "b").unlink()
    assert [file.name for file in folders.files(JOB)] == ["c"]


def test_a_folder_deleted_by_hand_has_no_files_and_no_log(folders: LocalJobFolders) -> None:
    folder = publish(folders)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert folders.files(JOB) == ()
    assert folders.log(JOB) == ""
    with pytest.raises(NotFound):
        folders.file(JOB, "m2.csv")
    with pytest.raises(NotFound):
        folders.archive(JOB)
    folders.remove(JOB)


def test_a_folder_replaced_by_a_link_to_another_users_gives_nothing(folders: LocalJobFolders) -> None:
    mine, theirs = JOB, replace(JOB, owner="bob")
    other = publish(folders, theirs)
    folders.path(mine).parent.mkdir()
    folders.path(mine).symlink_to(other)
    assert folders.files(mine) == ()
    assert folders.log(mine) == ""
    for use in (lambda: folders.file(mine, "m2.csv"), lambda: folders.archive(mine)):
        with pytest.raises(NotFound):
            use()
    folders.remove(mine)
    assert not folders.path(mine).is_symlink()
    assert folders.files(theirs)


def test_a_log_is_read_while_the_job_runs(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    assert folders.log(JOB) == ""
    (partial / "job.log").write_text("began\n")
    assert folders.log(JOB) == "began\n"


def test_a_long_log_is_cut_at_the_beginning_of_a_line(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    (partial / "job.log").write_bytes(b"first line\n" + b"\xff second\nthird\n")
    assert folders.log(JOB, max_bytes=12) == "third\n"
    assert folders.log(JOB) == "first line\n\N{REPLACEMENT CHARACTER} second\nthird\n"


def test_a_log_that_is_a_link_or_a_pipe_is_not_read(folders: LocalJobFolders) -> None:
    folder = publish(folders)
    (folder / "job.log").unlink()
    (folder / "job.log").symlink_to("/etc/passwd")
    assert folders.log(JOB) == ""
    (folder / "job.log").unlink()
    os.mkfifo(folder / "job.log")
    assert folders.log(JOB) == ""


# Removing and archiving


def test_removing_deletes_results_and_attempts_of_this_job_alone(folders: LocalJobFolders, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").touch()
    folder = publish(folders)
    (folder / "out").symlink_to(outside)
    longer = replace(JOB, id=JOB.id + "b")
    publish(folders, longer)
    folders.partial_path(JOB, 3).mkdir()
    folders.partial_path(longer, 3).mkdir()
    folders.remove(JOB)
    folders.remove(JOB)
    assert {path.name for path in folder.parent.iterdir()} == {longer.id, f".{longer.id}.3.partial"}
    assert (outside / "keep").exists()


def test_an_archive_holds_every_listed_file_and_the_manifest(folders: LocalJobFolders) -> None:
    folder = publish(folders, a__csv=b"x" * 1000, b__csv=b"", c__csv=b"y" * 512)
    (folder / "stranger").touch()
    with tarfile.open(fileobj=io.BytesIO(b"".join(folders.archive(JOB)))) as tar:
        names = [f"{JOB.id}/{name}" for name in ("a.csv", "b.csv", "c.csv", "manifest.json")]
        assert tar.getnames() == names
        contents = [tar.extractfile(name) for name in names]
        assert [file.read() for file in contents if file][:3] == [b"x" * 1000, b"", b"y" * 512]


def test_long_and_strange_names_survive_in_an_archive(folders: LocalJobFolders) -> None:
    name = "é🌌 'quoted' " + "n" * 200 + ".csv"
    publish(folders, **{name.replace(".", "__"): b"x"})
    with tarfile.open(fileobj=io.BytesIO(b"".join(folders.archive(JOB)))) as tar:
        assert tar.getnames()[0] == f"{JOB.id}/{name}"


def test_an_archive_is_streamed_with_bounded_memory(folders: LocalJobFolders) -> None:
    partial = folders.begin(JOB, 1)
    with (partial / "big.fits").open("wb") as file:
        file.truncate(200 * 2**20)
    folders.publish(JOB, partial, JobOutcome(files=("big.fits",)), {})
    tracemalloc.start()
    total = sum(map(len, folders.archive(JOB)))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 200 * 2**20
    assert peak_bytes < 4 * 2**20


def test_an_archive_whose_file_shrinks_meanwhile_breaks_off_with_words(folders: LocalJobFolders) -> None:
    folder = publish(folders, a=b"x" * 2**20)
    stream = folders.archive(JOB)
    next(stream)
    (folder / "a").write_bytes(b"x")
    with pytest.raises(ServiceUnavailable, match="shorter"):
        list(stream)
