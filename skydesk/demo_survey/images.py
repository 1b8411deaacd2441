"""The image files: one job draws, measures and writes one tile in one band."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray, Tile
from .fits_file import Plane, write_planes
from .recipe import (
    BANDS,
    CENTRE,
    FWHM_ARCSEC,
    MASK_NO_DATA,
    MASK_SATURATED,
    MASK_TRAIL,
    SATURATION_ADU,
    ZERO_POINT_MAG,
    Disc,
    flux_of,
    noise_adu,
)
from .render import draw_sources, measure, noise_image
from .sky import Sources

__all__ = ["ImageJob", "ImageResult", "image_name", "make_image", "part_with_data"]

_REQUEST, _ATTEMPT = 4907, 1
_STEPS_PER_NOISE = 4
_WEIGHT_STEPS = 1024
_TRAILS, _TRAIL_HALF_WIDTH_PIXELS = 2, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageJob:
    """One tile in one band, the objects to measure on it and the points at which to read its mask."""

    path: Path
    tile: Tile
    band: int
    """Place in `BANDS`."""

    discs: tuple[Disc, ...]
    seed: int
    x: FloatArray
    """Places of the objects, pixels from 1."""

    y: FloatArray
    reach: FloatArray
    """Radius within which mask bits are an object's, pixels."""

    probe_x: FloatArray
    probe_y: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """What was measured."""

    flux: NDArray[np.float32]
    """ADU, shape (n, 12)."""

    mask_bits: NDArray[np.int32]
    probe_bits: NDArray[np.int32]


def image_name(tile: str, band: str) -> str:
    """Name a tile's image as DES does."""
    return f"{tile}_r{_REQUEST}p{_ATTEMPT:02d}_{band}.fits.fz"


def part_with_data(tile: Tile, discs: tuple[Disc, ...]) -> tuple[int, int, int, int] | None:
    """Give the first row and the one after the last, and the same of columns, of the smallest part that holds the discs; None for none."""
    angle = np.linspace(0, 2 * np.pi, 720)
    boxes = []
    for disc in discs:
        ra = disc.ra_deg + disc.radius_deg * np.cos(angle) / np.cos(np.radians(disc.dec_deg))
        x, y = tile.pixels_of(ra, disc.dec_deg + disc.radius_deg * np.sin(angle))
        columns, rows = (np.clip([value.min() - 2, value.max() + 1], 0, tile.size_pixels).astype(int) for value in (x, y))
        if columns[0] < columns[1] and rows[0] < rows[1]:
            boxes.append((*rows, *columns))
    if not boxes:
        return None
    box = np.array(boxes)
    return int(box[:, 0].min()), int(box[:, 1].max()), int(box[:, 2].min()), int(box[:, 3].max())


def make_image(job: ImageJob, sources: Sources) -> ImageResult:
    """Draw a tile in one band, measure its objects, and write its file: SCI, MSK and WGT as DES lays them out."""
    part = part_with_data(job.tile, job.discs)
    if part is None:
        raise ValueError(f"no disc touches the tile {job.tile.name}")
    top, bottom, left, right = part
    noise = float(noise_adu("DR2")[job.band])
    flux = flux_of(sources.mag[:, job.band])
    image = draw_sources(job.tile, (bottom - top, right - left), (top, left), sources, flux, job.band, noise)
    noise_image(image, noise, [job.seed, job.tile.row, job.tile.column, job.band])
    mask = _mask(job, part, image)
    image[(mask & MASK_NO_DATA) > 0] = 0
    np.minimum(image, np.float32(SATURATION_ADU), out=image)
    measured = measure(image, mask, job.x - 1 - left, job.y - 1 - top, job.reach)
    probe = mask[
        (np.round(job.probe_y - 1).astype(int) - top).clip(0, mask.shape[0] - 1),
        (np.round(job.probe_x - 1).astype(int) - left).clip(0, mask.shape[1] - 1),
    ]
    _write(job, part, image, mask, noise)
    return ImageResult(flux=measured[0], mask_bits=measured[1], probe_bits=probe)


def _mask(job: ImageJob, part: tuple[int, int, int, int], image: NDArray[np.float32]) -> NDArray[np.int32]:
    top, bottom, left, _ = part
    mask = np.full(image.shape, MASK_NO_DATA, np.int32)
    for disc in job.discs:
        _fill_disc(mask, job.tile, disc, top, left)
    rng = np.random.default_rng([job.seed, 77, job.band])
    for _ in range(_TRAILS):
        along, angle = rng.uniform(-0.15, 0.15), rng.uniform(0.3, 2.8)
        ra = CENTRE[0] + along + np.array([-0.4, 0.4]) * np.cos(angle)
        x, y = job.tile.pixels_of(ra, CENTRE[1] + np.array([-0.4, 0.4]) * np.sin(angle))
        rows = np.arange(top, bottom)
        middle = (x[0] - 1 + (rows - y[0] + 1) * (x[1] - x[0]) / (y[1] - y[0])).round().astype(int) - left
        width = int(_TRAIL_HALF_WIDTH_PIXELS / abs(np.sin(np.arctan2(y[1] - y[0], x[1] - x[0]))))
        for row, column in enumerate(middle):
            mask[row, max(0, column - width) : max(0, column + width + 1)] |= MASK_TRAIL
    mask[image >= SATURATION_ADU] |= MASK_SATURATED
    return mask


def _fill_disc(mask: NDArray[np.int32], tile: Tile, disc: Disc, top: int, left: int) -> None:
    """Take the no-data bit away inside a disc; row by row, since a disc on the sky is as good as a circle on the tile."""
    x, y = tile.pixels_of(disc.ra_deg, disc.dec_deg)
    radius = disc.radius_deg * 3600 / tile.pixel_scale_arcsec
    for row in range(mask.shape[0]):
        inside = radius**2 - (row + top + 1 - float(y)) ** 2
        if inside > 0:
            first, last = float(x) - 1 - left - inside**0.5, float(x) - 1 - left + inside**0.5
            mask[row, max(0, int(np.ceil(first))) : max(0, int(np.floor(last)) + 1)] &= ~MASK_NO_DATA


def _write(job: ImageJob, part: tuple[int, int, int, int], image: NDArray[np.float32], mask: NDArray[np.int32], noise: float) -> None:
    weight = np.where(mask & MASK_NO_DATA, np.float32(0), np.float32(1 / noise**2))
    header, empty = _header(job), {"MSK": MASK_NO_DATA}
    steps = {"SCI": noise / _STEPS_PER_NOISE, "WGT": 1 / noise**2 / _WEIGHT_STEPS}
    planes = [
        Plane(
            name=name,
            part=values,
            corner=(part[0], part[2]),
            size=job.tile.size_pixels,
            header=header,
            empty=empty.get(name, 0),
            step=steps.get(name),
            dither=name == "SCI",
        )
        for name, values in (("SCI", image), ("MSK", mask), ("WGT", weight))
    ]
    job.path.parent.mkdir(parents=True, exist_ok=True)
    write_planes(job.path, planes)


def _header(job: ImageJob) -> dict[str, Any]:
    tile, band = job.tile, BANDS[job.band]
    scale, middle = tile.pixel_scale_arcsec / 3600, (tile.size_pixels + 1) / 2
    return {
        "OBJECT": tile.name,
        "TILENAME": tile.name,
        "FILTER": band,
        "BAND": band,
        "BUNIT": "adu",
        "MAGZERO": ZERO_POINT_MAG,
        "SATURATE": SATURATION_ADU,
        "FWHM": FWHM_ARCSEC[job.band],
        "SKYSIGMA": float(noise_adu("DR2")[job.band]),
        "REQNUM": _REQUEST,
        "ATTNUM": _ATTEMPT,
        "EQUINOX": 2000.0,
        "RADESYS": "ICRS",
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": tile.ra_deg,
        "CRVAL2": tile.dec_deg,
        "CRPIX1": middle,
        "CRPIX2": middle,
        "CD1_1": -scale,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": scale,
        "ORIGIN": "SkyDesk demo survey: made up, not observed",
    }
