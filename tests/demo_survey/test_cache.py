"""Surveys in the user's cache: whole or absent, made once."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from skydesk.demo_survey import cached_survey, make_survey
from skydesk.demo_survey.cache import cached_folder
from skydesk.errors import Conflict, InvalidRequest


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()
        (folder / "content").write_text("whole")

    first = cached_folder("one", make, tmp_path)
    assert cached_folder("one", make, tmp_path) == first
    assert (first / "content").read_text() == "whole"
    assert len(made) == 1


def test_what_fails_in_the_middle_is_not_taken_for_whole(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").write_text("half")
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        cached_folder("one", fail, tmp_path)
    assert not (tmp_path / "one").exists()
    again = cached_folder("one", lambda folder: folder.mkdir(), tmp_path)
    assert list(again.iterdir()) == []


def test_a_maker_that_is_killed_leaves_the_next_one_free_to_begin(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_make_for_ever, args=(tmp_path,))
    process.start()
    while not (tmp_path / "one.unfinished" / "begun").exists():
        assert process.is_alive()
        process.join(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert list(cached_folder("one", lambda folder: folder.mkdir(), tmp_path).iterdir()) == []


def test_two_makers_at_once_make_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_make_and_count, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "made\n"
    assert (tmp_path / "one" / "content").read_text() == "whole"


@pytest.mark.parametrize("name", ["", "huge", "../tiny"])
def test_an_unknown_preset_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="there are demo and tiny"):
        make_survey(tmp_path, name)
    with pytest.raises(InvalidRequest, match="there are demo and tiny"):
        cached_survey(name)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(Conflict, match="is not empty"):
        make_survey(tmp_path, "tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def _make_for_ever(root: Path) -> None:
    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "begun").write_text("")
        signal.pause()

    cached_folder("one", make, root)


def _make_and_count(root: Path) -> None:
    def make(folder: Path) -> None:
        folder.mkdir()
        with (root / "count").open("a") as count:
            count.write("made\n")
        (folder / "content").write_text("whole")

    cached_folder("one", make, root)
