"""Cutouts of 1 arcmin from a whole tile, 10,000 x 10,000 pixels, compressed as the Dark Energy Survey does: RICE, a row a tile.

The tile is made once, in the user's cache: noise of 7 bits a pixel and sources in SCI, a mask, and smooth weights. Every pixel that is
timed is compared with what fitsio reads, bit by bit.
"""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from skydesk.backends.tiles.image import SurveyImage
from skydesk.demo_survey.cache import cached_folder

from .measure import figure, median_ms, seconds_of

SIDE, CUT = 10_000, 228
CUTS, PEER_CUTS = 400, 8
TARGET_READ_MS, TARGET_INDEX_S, TARGET_SECOND_CORE = 0.6, 0.6, 1.7
ROUNDS = 5


def figures() -> list[dict[str, Any]]:
    """Reading; what is made of the pixels is measured in `bench.cutouts_files`."""
    path = full_tile()
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as folder:
        return [*_index_figures(path, Path(folder)), *_read_figures(path, Path(folder))]


def full_tile() -> Path:
    """The file of the tile; made where it is absent, which takes about a minute."""
    folder = cached_folder("full-tile-1", _make, Path(user_cache_dir("skydesk")) / "bench")
    return folder / "tile_r1p01_g.fits.fz"


def _make(folder: Path) -> None:
    folder.mkdir()
    chance = np.random.default_rng(1)
    sci = chance.standard_normal((SIDE, SIDE), np.float32)
    sci *= 8
    y, x = np.mgrid[-20:21, -20:21]
    stamp = np.exp(-(x**2 + y**2) / (2 * 1.8**2)).astype(np.float32)
    for row, column, peak in zip(*chance.integers(20, SIDE - 21, (2, 60_000)), 10 ** chance.uniform(1.5, 4, 60_000), strict=True):
        sci[row - 20 : row + 21, column - 20 : column + 21] += np.float32(peak) * stamp
    msk = np.zeros((SIDE, SIDE), np.int32)
    for row, column in zip(*chance.integers(0, SIDE - 30, (2, 3000)), strict=True):
        msk[row : row + 30, column : column + 4] |= 1 << int(chance.integers(1, 12))
    wgt = chance.standard_normal((SIDE, SIDE), np.float32)
    wgt *= 1e-4
    wgt += np.linspace(0.015, 0.02, SIDE, dtype=np.float32)
    with fitsio.FITS(str(folder / "tile_r1p01_g.fits.fz"), "rw") as file:
        file.write(sci, extname="SCI", compress="RICE", qlevel=16, qmethod="SUBTRACTIVE_DITHER_2", dither_seed=1)
        file.write(msk, extname="MSK", compress="RICE")
        file.write(wgt, extname="WGT", compress="RICE", qlevel=16, qmethod="SUBTRACTIVE_DITHER_2", dither_seed=2)


def _places(count: int) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in np.random.default_rng(2).integers(0, SIDE - CUT, (count, 2))]


def _index_figures(path: Path, folder: Path) -> list[dict[str, Any]]:
    """How long the first cut of a plane takes that was never read, and its whole index, all of it on one core; and how large that is."""
    _read(SurveyImage(path, cache_folder=None).planes[1], (0, 0))
    first = [seconds_of(lambda: _read(SurveyImage(path, cache_folder=None).planes[0], (0, 0))) for _ in range(3)]
    seconds = [seconds_of(lambda: _make_index(SurveyImage(path, cache_folder=None).planes[0])) for _ in range(3)]
    for plane in SurveyImage(path, cache_folder=folder).planes:
        _make_index(plane)
    megabytes = max(file.stat().st_size for file in folder.iterdir()) / 1e6
    kept = [seconds_of(lambda: _read(SurveyImage(path, cache_folder=folder).planes[0], (0, 0))) for _ in range(3)]
    return [
        figure("first read of a SCI plane, no index kept", 1e3 * min(first), target=50),
        figure("seek index of a whole SCI plane", min(seconds), "s", target=TARGET_INDEX_S),
        figure("seek index of a plane: size", megabytes, "MB", target=7),
        figure("first read of an opened file, index kept", 1e3 * min(kept), target=50),
    ]


def _read_figures(path: Path, folder: Path) -> list[dict[str, Any]]:
    """One plane at a time, places all over the tile, the file in the page cache; the peers beside it in the same run."""
    image, found = SurveyImage(path, cache_folder=folder), []
    with fitsio.FITS(str(path)) as theirs, fits.open(path) as sections:
        for number, plane in enumerate(image.planes, 1):
            _hold_to_fitsio(plane, theirs[number])
            peer = median_ms(_slice(theirs[number]), _places(PEER_CUTS))
            value = min(median_ms(lambda place, plane=plane: _read(plane, place), _places(CUTS)) for _ in range(ROUNDS))  # type: ignore[misc]
            name = f"{CUT} px of {plane.name}"
            found.append(figure(name, value, target=TARGET_READ_MS, peer="fitsio slice", peer_value=peer))
        section = median_ms(lambda place: np.asarray(_section(sections[1].section, place)), _places(PEER_CUTS))
        found.append(figure(f"{CUT} px of SCI again", found[0]["value"], peer="astropy .section", peer_value=section))
    found.append(_second_core(image.planes[0]))
    return found


def _second_core(plane: Any) -> dict[str, Any]:
    """Two threads on one plane against one; the best of each, for other work on the machine takes from both."""
    with ThreadPoolExecutor(2) as threads:
        halves = _places(CUTS)[::2], _places(CUTS)[1::2]

        def all_of(places: list[tuple[int, int]]) -> None:
            for place in places:
                _read(plane, place)

        one = min(seconds_of(lambda: all_of([*halves[0], *halves[1]])) for _ in range(ROUNDS))
        two = min(seconds_of(lambda: list(threads.map(all_of, halves))) for _ in range(ROUNDS))
    ratio = one / two
    return figure("two threads against one", ratio, "x", target=f">= {TARGET_SECOND_CORE}", ok=ratio >= TARGET_SECOND_CORE)


def _make_index(plane: Any) -> None:
    """Touch a quarter of the rows, which is when the rest of the index is made as well."""
    plane.read(0, 0, np.empty((SIDE // 4, 1), plane.dtype))


def _read(plane: Any, place: tuple[int, int]) -> NDArray[Any]:
    out = np.empty((CUT, CUT), plane.dtype)
    plane.read(*place, out)
    return out


def _slice(extension: Any) -> Callable[[tuple[int, int]], NDArray[Any]]:
    return lambda place: extension[place[1] : place[1] + CUT, place[0] : place[0] + CUT]


def _section(section: Any, place: tuple[int, int]) -> Any:
    return section[place[1] : place[1] + CUT, place[0] : place[0] + CUT]


def _hold_to_fitsio(plane: Any, extension: Any) -> None:
    for place in _places(PEER_CUTS):
        ours, theirs = _read(plane, place), _slice(extension)(place)
        if ours.dtype != theirs.dtype or ours.tobytes() != theirs.tobytes():
            raise RuntimeError(f"{plane.name} at {place} is not what fitsio reads")
