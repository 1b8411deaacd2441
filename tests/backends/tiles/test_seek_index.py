"""The index is kept, believed only when it is sound, and done without where it cannot be kept."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fitsio
import numpy as np
import pytest

from skydesk.backends.tiles.image import SurveyImage
from skydesk.backends.tiles.seek_index import Entries, SeekIndex
from skydesk.errors import InvalidImage
from tests.backends.tiles.reference import assert_same_bits, compare, sky

COUNT = 1000
KEY = bytes(range(32))


class Builder:
    """Makes entries and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Entries:
        self.times += 1
        return np.arange(COUNT, dtype=np.uint32), -np.arange(COUNT, dtype=np.int32)


def get(folder: Path | None, build: Callable[[], Entries], key: bytes = KEY, count: int = COUNT) -> SeekIndex:
    return SeekIndex.get(folder, "name", key, count, build)


def assert_whole(index: SeekIndex) -> None:
    entries = index.entries(0, COUNT)
    assert entries is not None
    np.testing.assert_array_equal(entries[0], np.arange(COUNT))
    np.testing.assert_array_equal(entries[1], -np.arange(COUNT))
    part = index.entries(17, 19)
    assert part is not None
    assert (part[0].tolist(), part[1].tolist()) == ([17, 18], [-17, -18])


def test_an_index_is_built_once_and_then_read(tmp_path: Path) -> None:
    build = Builder()
    for _ in range(3):
        assert_whole(get(tmp_path / "deep" / "cache", build))
    assert build.times == 1
    assert [path.name for path in (tmp_path / "deep" / "cache").iterdir()] == ["name.seek"]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 3)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [flip, cut, lengthen, empty], ids=lambda spoil: spoil.__name__)
def test_a_spoilt_index_is_built_anew(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    build = Builder()
    get(tmp_path, build)
    spoil(tmp_path / "name.seek")
    assert_whole(get(tmp_path, build))
    assert_whole(get(tmp_path, build))
    assert build.times == 2


def test_an_index_of_something_else_is_not_taken(tmp_path: Path) -> None:
    build = Builder()
    get(tmp_path, build)
    assert_whole(get(tmp_path, build, key=bytes(32)))
    assert build.times == 2


def test_without_a_folder_or_a_place_in_it_an_index_stays_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "name.seek").mkdir()
    for folder in (None, tmp_path / "file", tmp_path / "file" / "below", tmp_path / "full", Path("/proc/nothing")):
        build = Builder()
        assert_whole(get(folder, build))
        assert build.times == 1
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["name.seek"]


def test_a_folder_that_grows_too_large_loses_what_was_opened_longest_ago(tmp_path: Path) -> None:
    for number in range(4):
        SeekIndex.get(tmp_path, f"n{number}", KEY, COUNT, Builder(), most_bytes=20_000)
        os.utime(tmp_path / f"n{number}.seek", (number, number))
    get(tmp_path, Builder())
    SeekIndex.get(tmp_path, "n4", KEY, COUNT, Builder(), most_bytes=20_000)
    assert {path.name for path in tmp_path.iterdir()} == {"name.seek", "n4.seek"}


def test_what_a_killed_process_left_behind_is_removed_after_an_hour(tmp_path: Path) -> None:
    for name, changed in ((".n.seek.1-old", 1000), (".n.seek.2-new", time.time()), ("somebody's file", 1000)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (changed, changed))
    get(tmp_path, Builder())
    assert {path.name for path in tmp_path.iterdir()} == {"name.seek", ".n.seek.2-new", "somebody's file"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "image.fits.fz"
    path.parent.mkdir()
    with fitsio.FITS(str(path), "rw") as file:
        file.write(sky(), extname="SCI", compress="RICE", qlevel=4, qmethod="SUBTRACTIVE_DITHER_2")
    return path


def test_nothing_is_written_beside_the_data_and_the_kept_index_gives_the_same_pixels(image: Path, tmp_path: Path) -> None:
    before = image.read_bytes()
    for _ in range(2):
        compare(image, tmp_path / "cache")
    assert [path.name for path in image.parent.iterdir()] == [image.name]
    assert image.read_bytes() == before
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_an_index_that_is_cut_off_while_it_is_in_use_harms_nothing(image: Path, tmp_path: Path) -> None:
    plane = SurveyImage(image, cache_folder=tmp_path / "cache").planes[0]
    first, second = (np.empty((157, 411), np.float32) for _ in range(2))
    plane.read(0, 0, first)
    for path in (tmp_path / "cache").iterdir():
        os.truncate(path, 100)
    plane.read(0, 0, second)
    assert_same_bits(second, first)


def test_a_file_that_is_cut_off_while_it_is_open_is_told_and_kills_nobody(image: Path, tmp_path: Path) -> None:
    plane = SurveyImage(image, cache_folder=tmp_path / "cache").planes[0]
    out = np.empty((157, 411), np.float32)
    plane.read(0, 0, out)
    os.truncate(image, image.stat().st_size // 2)
    with pytest.raises(InvalidImage, match=r"image\.fits\.fz, extension 1 has a compressed tile that is cut off"):
        plane.read(0, 0, out)
    part = np.empty((1, 411), np.float32)
    plane.read(0, 0, part)
    assert_same_bits(part, out[:1])


READ = """
import sys
import time
from pathlib import Path
import numpy as np
from skydesk.backends.tiles.image import SurveyImage
out = np.empty((157, 411), np.float32)
SurveyImage(Path(sys.argv[1]), cache_folder=Path(sys.argv[2])).planes[0].read(0, 0, out)
sys.stdout.buffer.write(out.tobytes())
"""


def reader(image: Path, cache: Path, numba_cache: str | None = None) -> "subprocess.Popen[bytes]":
    environment = dict(os.environ) | ({} if numba_cache is None else {"NUMBA_CACHE_DIR": numba_cache})
    folder = Path(__file__).parents[3]
    command = [sys.executable, "-W", "error", "-c", READ, str(image), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=folder)


def finished(process: "subprocess.Popen[bytes]") -> np.ndarray:
    content, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return np.frombuffer(content, np.float32).reshape(157, 411)


def test_two_processes_that_build_at_once_get_the_same_pixels(image: Path, tmp_path: Path) -> None:
    processes = [reader(image, tmp_path / "cache") for _ in range(2)]
    first, second = map(finished, processes)
    assert_same_bits(first, fitsio.read(str(image), ext=1))
    assert_same_bits(second, first)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_compiled_code_that_cannot_be_kept_or_was_spoilt_is_compiled_anew(image: Path, tmp_path: Path) -> None:
    expected, kept = fitsio.read(str(image), ext=1), tmp_path / "numba"
    for process in [reader(image, tmp_path / "cache", folder) for folder in ("/proc/nothing", str(kept))]:
        assert_same_bits(finished(process), expected)
    files = [path for path in kept.rglob("*sum_words*") if path.is_file()]  # what is quickest to compile
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[:50])
    assert_same_bits(finished(reader(image, tmp_path / "cache", str(kept))), expected)
