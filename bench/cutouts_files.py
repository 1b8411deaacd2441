"""Files of cutouts, from the compressed tile to the file on the disk, and pictures; the peers beside them in the same run."""

import io
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
from astropy.io import fits
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from PIL import Image

from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.cutout_results.place import Place
from skydesk.backends.tiles.image import SurveyImage
from skydesk.cutout.engine import cut_all
from skydesk.cutout.model import CutoutOptions, CutoutRequest, LuptonOptions, Outcome, Positions, RowOutcome
from skydesk.cutout.plan import tiles_of
from skydesk.cutout.ports import TileImage
from skydesk.grid import Tile
from skydesk.query.model import Cancellation
from skydesk.survey import Survey, load_survey, shipped_survey

from .cutouts import CUT, SIDE, full_tile
from .measure import figure, median_ms, seconds_of

__all__ = ["figures"]

ROWS, PEER_CUTS, ROUNDS, PICTURES = 200, 8, 5, 40
HEADER_CARDS = 150
TARGET_TIMES, TARGET_PER_SECOND, TARGET_SECOND_CORE, TARGET_PICTURE = 60, 600, 1.7, 10


def figures() -> list[dict[str, Any]]:
    """Three planes cut and written, a second core, pictures, and positions to tiles."""
    survey = load_survey(shipped_survey("des"))
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as folder:
        return [*_file_figures(survey, Path(folder)), *_picture_figures(), _plan_figure(survey)]


class _SkyPlane:
    """A plane of the bench's tile with the header of one of the survey's: a WCS, and as many cards."""

    def __init__(self, plane: Any, tile: Tile) -> None:
        self.name, self.width, self.height, self.dtype, self.read = plane.name, plane.width, plane.height, plane.dtype, plane.read
        header, scale, middle = fits.Header(), tile.pixel_scale_arcsec / 3600, (tile.size_pixels + 1) / 2
        header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": tile.ra_deg, "CRVAL2": tile.dec_deg})
        header.update({"CRPIX1": middle, "CRPIX2": middle, "CD1_1": -scale, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale})
        header.update({f"KEY{number}": (number * 0.1, "as in the survey's headers") for number in range(HEADER_CARDS)})
        text = header.tostring(endcard=False, padding=False).encode("ascii")
        self.cards = (*plane.cards, *(text[at : at + 80] for at in range(0, len(text), 80)))


class _OneTile:
    """A survey of one tile in one band."""

    def __init__(self, path: Path, tile: Tile, cache_folder: Path) -> None:
        image = SurveyImage(path, cache_folder=cache_folder)
        self.path, self.planes, self.tile = path, tuple(_SkyPlane(plane, tile) for plane in image.planes), tile.name

    def image(self, tile: str, band: str, release: str) -> TileImage | None:
        return self if (tile, band, release) == (self.tile, "g", "DR2") else None

    def has_images(self, tile: str, release: str) -> bool:
        return (tile, release) == (self.tile, "DR2")

    def close(self) -> None:
        """Nothing is open."""


def _file_figures(survey: Survey, folder: Path) -> list[dict[str, Any]]:
    path, tile = full_tile(), survey.grid.tile_at(34.810687, -5.694444)
    tiles = _OneTile(path, tile, folder / "index")
    positions = _positions(tile, ROWS)
    _cut(survey, tiles, positions, folder / "warm", 1)
    _hold_to_fitsio(path, folder / "warm", tile)
    one: list[float] = []
    two: list[float] = []
    for number in range(ROUNDS):
        one.append(_seconds(survey, tiles, positions, folder / f"one-{number}", 1))
        two.append(_seconds(survey, tiles, positions, folder / f"two-{number}", 2))
    peer = _fitsio_ms(path, folder)
    each, rate, ratio = 1e3 * min(one) / ROWS, ROWS / min(one), min(one) / min(two)
    return [
        figure(
            "three planes of 228 px cut and written",
            each,
            target=f">= {TARGET_TIMES}x fitsio",
            ok=peer / each >= TARGET_TIMES,
            peer="fitsio",
            peer_value=peer,
        ),
        figure("three planes a second, one core", rate, "/s", target=f">= {TARGET_PER_SECOND} /s", ok=rate >= TARGET_PER_SECOND),
        figure("cutouts: two threads against one", ratio, "x", target=f">= {TARGET_SECOND_CORE}", ok=ratio >= TARGET_SECOND_CORE),
    ]


def _seconds(survey: Survey, tiles: Any, positions: Positions, folder: Path, threads: int) -> float:
    """Cut and write all rows into a new folder; seconds.

    It stays until all is measured: for minutes after files are deleted, ext4 goes past their inodes one by one whenever a file is made,
    which takes longer than writing it, and which no job has to do.
    """
    return seconds_of(lambda: _cut(survey, tiles, positions, folder, threads))


def _positions(tile: Tile, count: int) -> Positions:
    ra, dec = tile.sky_of(*np.random.default_rng(3).uniform(400, SIDE - 400, (2, count)))
    return Positions(ra_deg=ra, dec_deg=dec, object_id=np.full(count, -1))


def _cut(survey: Survey, tiles: Any, positions: Positions, folder: Path, threads: int) -> None:
    def done(outcome: RowOutcome) -> None:
        if outcome.outcome is not Outcome.DONE:
            raise RuntimeError(f"row {outcome.row} was not cut: {outcome.message}")

    folder.mkdir()
    cut_all(
        CutoutRequest(release="DR2", options=CutoutOptions(fits_bands=("g",))),
        positions,
        survey=survey,
        tiles=tiles,
        renderer=FileRenderer(),
        chart_objects=None,
        sink=Place(folder),
        threads=threads,
        cancellation=Cancellation(),
        on_outcome=done,
    )


def _fitsio_ms(path: Path, folder: Path) -> float:
    """What the same takes with fitsio, the file kept open: slices of three planes, their headers, and one file."""
    places = [(int(x), int(y)) for x, y in np.random.default_rng(4).integers(0, SIDE - CUT, (PEER_CUTS, 2))]
    with fitsio.FITS(str(path)) as tile:
        headers = [tile[number].read_header() for number in (1, 2, 3)]

        def cut(place: tuple[int, int]) -> None:
            x, y = place
            with fitsio.FITS(str(folder / f"peer-{x}-{y}.fits"), "rw", clobber=True) as file:
                for number, header in enumerate(headers, 1):
                    file.write(tile[number][y : y + CUT, x : x + CUT], header=header)

        return median_ms(cut, places)


def _hold_to_fitsio(path: Path, folder: Path, tile: Tile) -> None:
    """Compare files with what fitsio reads of the tile."""
    with fitsio.FITS(str(path)) as theirs:
        for file in sorted(folder.rglob("*.fits"))[:PEER_CUTS]:
            with fitsio.FITS(str(file)) as ours:
                header = ours[0].read_header()
                x, y = header["CUTX1"] - 1, header["CUTY1"] - 1
                for number in range(3):
                    if ours[number].read().tobytes() != theirs[number + 1][y : y + CUT, x : x + CUT].tobytes():
                        raise RuntimeError(f"{file.name}: plane {number} is not what fitsio reads of {tile.name}")


def _picture_figures() -> list[dict[str, Any]]:
    renderer, colours = FileRenderer(), _colours()
    options = LuptonOptions()
    theirs = _best(lambda: _astropy_png(colours, options))
    found = []
    for name, work, peer in (
        ("Lupton PNG of 228 px", lambda: renderer.lupton(*colours, options), "astropy + Pillow"),
        ("STIFF-like PNG of 228 px", lambda: renderer.stiff(*colours), None),
        ("grey PNG of 228 px", lambda: renderer.grey(colours[0]), None),
    ):
        ours = _best(work)
        target = f">= {TARGET_PICTURE}x astropy + Pillow" if peer else None
        ok = theirs / ours >= TARGET_PICTURE if peer else None
        found.append(figure(name, ours, target=target, ok=ok, peer=peer, peer_value=theirs if peer else None))
    return found


def _colours() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    chance = np.random.default_rng(5)
    y, x = np.mgrid[:CUT, :CUT]
    base = np.zeros((CUT, CUT))
    for flux, x0, y0, size in chance.uniform((20.0, 0.0, 0.0, 1.5), (900.0, CUT, CUT, 5.0), (60, 4)):
        base += flux * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * size**2))
    red, green, blue = ((base * part + chance.normal(0, 3, base.shape)).astype(np.float32) for part in (1.0, 0.8, 0.5))
    return red, green, blue


def _astropy_png(colours: tuple[NDArray[np.float32], ...], options: LuptonOptions) -> bytes:
    picture = make_lupton_rgb(*colours, minimum=options.minimum, stretch=options.stretch, Q=options.q)
    content = io.BytesIO()
    Image.fromarray(picture[::-1]).save(content, "PNG")
    return content.getvalue()


def _best(work: Callable[[], object]) -> float:
    work()
    return min(1e3 * seconds_of(work) for _ in range(PICTURES))


def _plan_figure(survey: Survey) -> dict[str, Any]:
    chance = np.random.default_rng(6)
    dec = np.degrees(np.arcsin(chance.uniform(math.sin(math.radians(-60)), 0, 10_000)))
    positions = Positions(ra_deg=chance.uniform(0, 360, 10_000), dec_deg=dec, object_id=np.full(10_000, -1))
    return figure("10,000 positions to tiles", _best(lambda: tiles_of(survey, positions)), target=5)
