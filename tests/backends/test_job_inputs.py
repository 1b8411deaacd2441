"""Inputs of jobs, in a folder that the owner's lab may write to."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from skydesk.backends.job_folders import LocalJobFolders
from skydesk.errors import Conflict, InternalError, NotFound
from tests.contracts.jobstore_contract import make_job

CONTENT = b"a table of positions"
DESCRIBED = {"size_bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
JOB = replace(make_job("k7xy00000000000a", attempt=1), request={"inputs": {"positions.parquet": DESCRIBED}})


@pytest.fixture
def folders(tmp_path: Path) -> LocalJobFolders:
    made = LocalJobFolders(tmp_path / "jobs")
    made.keep_input(JOB.owner, JOB.id, "positions.parquet", CONTENT)
    return made


def kept(folders: LocalJobFolders) -> Path:
    return folders.path(JOB).with_name(f".{JOB.id}.inputs") / "positions.parquet"


def test_an_input_is_read_as_it_was_kept_also_after_attempts(folders: LocalJobFolders) -> None:
    assert folders.input(JOB, "positions.parquet") == CONTENT
    folders.begin(JOB, 1)
    folders.begin(JOB, 2, resume=True)
    folders.discard(folders.partial_path(JOB, 2))
    assert folders.input(JOB, "positions.parquet") == CONTENT


def test_inputs_go_with_the_job(folders: LocalJobFolders) -> None:
    folders.remove(JOB)
    assert list(folders.path(JOB).parent.iterdir()) == []
    with pytest.raises(NotFound, match="is gone"):
        folders.input(JOB, "positions.parquet")
    folders.drop_inputs(JOB.owner, JOB.id)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b"A table of positions"),
        lambda path: path.write_bytes(CONTENT + b"."),
        lambda path: path.write_bytes(b""),
        lambda path: (path.unlink(), path.symlink_to("/etc/hosts")),
        lambda path: (path.rename(path.with_name("real")), path.symlink_to("real")),
        lambda path: (path.unlink(), os.mkfifo(path)),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.parent.rename(path.parent.with_name("real")), path.parent.symlink_to("real")),
    ],
    ids=["other bytes", "longer", "empty", "link", "link to the same", "pipe", "folder", "linked folder"],
)
def test_an_input_that_somebody_touched_is_not_used(folders: LocalJobFolders, harm: Callable[[Path], object]) -> None:
    harm(kept(folders))
    with pytest.raises(Conflict, match="submit it again"):
        folders.input(JOB, "positions.parquet")


def test_an_input_of_any_size_in_its_place_is_not_read(folders: LocalJobFolders) -> None:
    with kept(folders).open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(Conflict, match="was changed"):
        folders.input(JOB, "positions.parquet")


@pytest.mark.parametrize("name", ["../secret", "/etc/hosts", "", ".hidden", "a/b", "x" * 200, "other.parquet"])
def test_only_what_the_request_names_is_read(folders: LocalJobFolders, name: str) -> None:
    job = replace(JOB, request={"inputs": {"positions.parquet": DESCRIBED, **({name: DESCRIBED} if name != "other.parquet" else {})}})
    with pytest.raises(InternalError):
        folders.input(job, name)


@pytest.mark.parametrize("inputs", [None, [], {"positions.parquet": None}, {"positions.parquet": []}])
def test_a_request_that_describes_no_input_has_none(folders: LocalJobFolders, inputs: object) -> None:
    with pytest.raises(InternalError):
        folders.input(replace(JOB, request={"inputs": inputs}), "positions.parquet")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "x\n"])
def test_only_plain_names_are_kept(folders: LocalJobFolders, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        folders.keep_input(JOB.owner, JOB.id, name, b"")
