"""The files of one cut against those in tests/data/cutouts; a difference is told in words, and the new file is left to look at."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import skydesk
from skydesk.backends.cutout_files import FileRenderer
from skydesk.cutout.model import LuptonOptions
from tests.backends.cutout_files.cuts import cut_of, noise

GOLDEN = Path(__file__).parents[2] / "data" / "cutouts"
COUNTS = 1
"""Another machine's arithmetic may round a channel the other way."""


def colours() -> tuple[NDArray[np.float32], ...]:
    base = noise((48, 64), seed=11)
    rng = np.random.default_rng(12)
    images = tuple((base * part + rng.normal(0, 1, base.shape)).astype(np.float32) for part in (1.0, 0.7, 0.4))
    images[1][5:9, 50:] = np.nan
    return images


def files() -> dict[str, bytes]:
    renderer = FileRenderer()
    red, green, blue = colours()
    cut = cut_of(blank_pixels=7, stitched={"DES0219-0500": 12}, offset_pixels=0.43)
    content = renderer.fits(cut, ("SCI", "MSK"))
    return {
        "lupton.png": renderer.lupton(red, green, blue, LuptonOptions(stretch=20)),
        "stiff.png": renderer.stiff(red, green, blue),
        "grey.png": renderer.grey(green),
        "headers.txt": b"\n".join(headers(content)),
    }


def headers(content: bytes) -> list[bytes]:
    """The header cards of a FITS file, a line each; the version of SkyDesk as ``VERSION``."""
    cards = [content[at : at + 80] for at in range(0, len(content), 80)]
    shown, inside = [], False
    for card in cards:
        inside |= card.startswith((b"SIMPLE  =", b"XTENSION="))
        if inside:
            shown.append(card.rstrip().replace(skydesk.__version__.encode(), b"VERSION"))
        inside &= card.rstrip() != b"END"
    return shown


def difference(ours: bytes, golden: bytes) -> str:
    """Say how two pictures differ; empty where they do not."""
    with Image.open(io.BytesIO(ours)) as one, Image.open(io.BytesIO(golden)) as other:
        if (one.size, one.mode) != (other.size, other.mode):
            return f"{one.size} {one.mode}, kept is {other.size} {other.mode}"
        counts = np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int))
    place = np.unravel_index(counts.argmax(), counts.shape)
    if counts.max() <= COUNTS:
        return ""
    return f"{np.count_nonzero(counts > COUNTS)} values differ, the most by {counts.max()} in line {place[0]}, column {place[1]}"


@pytest.mark.parametrize("name", ["lupton.png", "stiff.png", "grey.png"])
def test_pictures_are_those_that_are_kept(name: str, tmp_path: Path) -> None:
    made = tmp_path / name
    made.write_bytes(files()[name])
    told = difference(made.read_bytes(), (GOLDEN / name).read_bytes())
    assert not told, f"{name}: {told}; the new one is {made}"


def test_headers_are_those_that_are_kept() -> None:
    assert files()["headers.txt"].decode().splitlines() == (GOLDEN / "headers.txt").read_text().splitlines()


def test_the_comparison_itself_sees_differences() -> None:
    red, green, blue = colours()
    golden = (GOLDEN / "lupton.png").read_bytes()
    assert "values differ, the most by" in difference(FileRenderer().lupton(red, green, blue, LuptonOptions(stretch=21)), golden)
    assert "kept is (64, 48) RGB" in difference(FileRenderer().grey(green), golden)
