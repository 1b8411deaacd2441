"""The processes that read with fitsio: lost one by one, never with us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
import pytest

from skydesk.backends.tiles.checksum import CheckedData
from skydesk.backends.tiles.descriptor import Descriptor
from skydesk.backends.tiles.fitsio_helper import FitsioHelpers, Unreadable
from skydesk.backends.tiles.header import extensions
from skydesk.backends.tiles.planes import FitsioPlane
from skydesk.errors import InvalidImage, ServiceUnavailable
from tests.backends.tiles.reference import HEIGHT, WIDTH, assert_same_bits, counts

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see which processes there are")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("helper") / "image.fits"
    with fitsio.FITS(str(path), "rw") as file:
        file.write(counts(np.int32), compress="HCOMPRESS", tile_dims=(16, 100))
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that nobody ever finishes opening."""
    os.mkfifo(tmp_path / "endless.fits")
    return tmp_path / "endless.fits"


@pytest.fixture
def helpers() -> Any:
    helpers = FitsioHelpers()
    yield helpers
    helpers.close()


def place(path: Path, box: tuple[int, int, int, int] = (0, 0, HEIGHT, WIDTH)) -> dict[str, Any]:
    found = path.stat()
    return {"path": str(path), "identity": (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns), "number": 1, "box": box}


def pixels(helpers: FitsioHelpers, path: Path) -> Any:
    out = np.empty((HEIGHT, WIDTH), np.int32)
    helpers.read(place(path), path.name, out)
    return out


def children() -> set[int]:
    """Our own child processes, dead ones that nobody has seen off included."""
    return {int(number) for task in Path("/proc/self/task").iterdir() for number in (task / "children").read_text().split()}


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_file_that_is_never_done_with_is_an_error_in_time_and_leaves_nothing_behind(image: Path, endless: Path) -> None:
    helpers = FitsioHelpers(deadline_seconds=0.3)
    before, open_before = children(), open_files()
    with pytest.raises(Unreadable, match=r"endless\.fits cannot be read: fitsio was not done with it after 0\.3 s"):
        pixels(helpers, endless)
    assert children() == before
    assert open_files() == open_before
    assert_same_bits(pixels(helpers, image), counts(np.int32))
    helpers.close()
    assert children() == before
    assert open_files() == open_before


def test_a_plane_that_has_cost_three_helpers_is_given_up(image: Path, endless: Path) -> None:
    file = Descriptor(image)
    extension = list(extensions(file.read, file.size, image.name))[1]
    data = CheckedData(extension, file, image, cache_folder=None, cache_bytes=0)
    size: dict[str, Any] = {"number": 1, "label": "endless.fits, extension 1", "width": WIDTH, "height": HEIGHT}
    with FitsioHelpers(deadline_seconds=0.1) as helpers:
        plane = FitsioPlane("SCI", (), path=endless, **size, file=file, data=data, helpers=helpers)
        for _ in range(3):
            with pytest.raises(Unreadable):
                _ = plane.dtype
        before = children()
        with pytest.raises(InvalidImage, match=r"endless\.fits, extension 1 cannot be read"):
            _ = plane.dtype
        assert children() == before


def test_a_helper_that_was_killed_is_replaced(image: Path, helpers: FitsioHelpers) -> None:
    before = children()
    expected = pixels(helpers, image)
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    assert_same_bits(pixels(helpers, image), expected)
    assert pid not in children()


def test_a_file_that_kills_two_helpers_is_an_error(endless: Path, helpers: FitsioHelpers) -> None:
    before = children()
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(pixels, helpers, endless)
        for _ in range(2):
            wait_for(lambda: any(opening(pid) for pid in children() - before))
            (pid,) = children() - before
            os.kill(pid, signal.SIGSEGV)
            wait_for(lambda pid=pid: is_gone(pid))  # type: ignore[misc]
        with pytest.raises(Unreadable, match=r"endless\.fits cannot be read: fitsio crashed on it"):
            reading.result(timeout=20)
    assert children() == before


def opening(pid: int) -> bool:
    """Whether a process has begun to open the file that is never opened; the kernel says in what it waits."""
    try:
        place = Path(f"/proc/{pid}/wchan").read_text()
    except OSError:
        return False
    if place == "0" and not is_gone(pid) and Path("/proc/sys/kernel/kptr_restrict").read_text().strip() == "2":
        pytest.skip("needs /proc/<pid>/wchan to see where a process waits")
    return "fifo" in place or "wait_for_partner" in place


def test_threads_have_helpers_of_their_own_and_no_more_than_told(image: Path) -> None:
    expected, before = counts(np.int32), children()
    with FitsioHelpers(most=2) as helpers, ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: pixels(helpers, image), range(40)):
            assert_same_bits(found, expected)
        assert len(children() - before) <= 2


def test_a_file_that_was_replaced_is_told_from_a_broken_one(image: Path, tmp_path: Path, helpers: FitsioHelpers) -> None:
    path = tmp_path / "image.fits"
    path.write_bytes(image.read_bytes())
    old = place(path)
    path.write_bytes(image.read_bytes() + bytes(2880))
    with pytest.raises(ServiceUnavailable, match=r"image\.fits cannot be read: it was replaced"):
        helpers.read(old, "image.fits", np.empty((HEIGHT, WIDTH), np.int32))
    with pytest.raises(InvalidImage, match=r"image\.fits gives \(157, 411\) pixels of int32 where \(157, 411\) of float32"):
        helpers.read(place(path), "image.fits", np.empty((HEIGHT, WIDTH), np.float32))


FAMILY = """
import os, signal, sys, threading, time
from pathlib import Path
import numpy as np
from skydesk.backends.tiles.fitsio_helper import FitsioHelpers
from skydesk.backends.tiles.image import SurveyImage
from skydesk.backends.tiles.planes import HELPERS
plane = SurveyImage(Path(sys.argv[1]), cache_folder=None).planes[0]
def read():
    out = np.empty((157, 411), plane.dtype)
    plane.read(0, 0, out)
    return out, [helper._process.pid for helper in HELPERS._all]
ours, mine = read()
answers, word = os.pipe()
pid = os.fork()
if pid == 0:
    theirs, own = read()
    os.write(word, f"{own[0]} {np.array_equal(ours, theirs)}".encode())
    os._exit(0)
os.close(word)
helper, same = os.read(answers, 100).decode().split()
assert os.waitpid(pid, 0)[1] == 0
assert same == "True" and int(helper) not in mine
again, still = read()
assert np.array_equal(ours, again) and still == mine
print(helper, *mine, flush=True)
if sys.argv[2:]:
    helpers = FitsioHelpers(deadline_seconds=2)
    place = {"path": sys.argv[2], "identity": [0] * 4, "number": 0, "box": [0, 0, 1, 1]}
    threading.Thread(target=helpers.read, args=(place, "endless"), daemon=True).start()
    while not helpers._all:
        time.sleep(0.01)
    print(*[helper._process.pid for helper in helpers._all], flush=True)
    signal.pause()
"""


def family(*arguments: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", FAMILY, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])


def test_a_forked_process_has_helpers_of_its_own_and_none_outlives_those_that_started_them(image: Path) -> None:
    with family(image) as process:
        pids = list(map(int, process.communicate(timeout=60)[0].split()))
    assert process.returncode == 0
    assert len(pids) == 2
    wait_for(lambda: all(map(is_gone, pids)))


def test_helpers_end_with_a_process_that_was_killed_even_in_the_middle_of_a_file(image: Path, endless: Path) -> None:
    with family(image, endless) as process:
        assert process.stdout is not None
        pids = [int(number) for _ in range(2) for number in process.stdout.readline().split()]
        wait_for(lambda: opening(pids[-1]))
        process.kill()
    assert len(pids) == 3
    wait_for(lambda: all(map(is_gone, pids)))
