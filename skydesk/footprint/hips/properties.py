"""The file that says what a pyramid is (HiPS 1.0, section 4.4.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ..membership import TileSet
from .geometry import FIRST_ORDER, TILE_WIDTH, cell_width_deg

__all__ = ["PyramidFacts", "properties_text", "read_properties"]

_HIPS_VERSION = "1.4"
"""What the standard's version 1.0 calls itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidFacts:
    """What is told of a pyramid."""

    survey: str
    """Name of the survey."""

    title: str
    release: str
    description: str
    bands: tuple[str, str, str]
    """Bands that are red, green and blue."""

    order: int
    sky_fraction: float
    bytes_: int
    made_at: datetime
    builder: str


def properties_text(facts: PyramidFacts, tiles: TileSet) -> str:
    """Write the file."""
    ra, dec, radius = _middle_deg(tiles)
    made = facts.made_at.strftime("%Y-%m-%dT%H:%MZ")
    identifier = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{facts.survey}/{facts.release}".replace("/", "\0")).strip("-")
    values = {
        "creator_did": f"ivo://skydesk/P/{identifier}/color",
        "obs_collection": _line(facts.survey),
        "obs_title": _line(f"{facts.title} {facts.release} in {', '.join(reversed(facts.bands))}"),
        "obs_description": _line(facts.description) or _line(facts.title),
        "obs_regime": "Optical",
        "dataproduct_type": "image",
        "dataproduct_subtype": "color",
        "hips_version": _HIPS_VERSION,
        "hips_builder": facts.builder,
        "hips_creation_date": made,
        "hips_release_date": made,
        "hips_status": "private master unclonable",
        "hips_frame": "equatorial",
        "hips_order": str(facts.order),
        "hips_order_min": str(FIRST_ORDER),
        "hips_tile_width": str(TILE_WIDTH),
        "hips_tile_format": "png",
        "hips_pixel_scale": f"{cell_width_deg(facts.order) / TILE_WIDTH:.6g}",
        "hips_rgb_red": facts.bands[0],
        "hips_rgb_green": facts.bands[1],
        "hips_rgb_blue": facts.bands[2],
        "hips_initial_ra": f"{ra:.5f}",
        "hips_initial_dec": f"{dec:.5f}",
        "hips_initial_fov": f"{min(180.0, max(0.5, 2 * radius)):.4f}",
        "hips_estsize": str(max(1, round(facts.bytes_ / 1024))),
        "moc_sky_fraction": f"{facts.sky_fraction:.6g}",
    }
    return "".join(f"{key:<20} = {value}\n" for key, value in values.items())


def read_properties(text: str) -> Mapping[str, str]:
    """Read such a file; comments and what has no = in it are passed over."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def _line(text: str) -> str:
    return " ".join(text.split())


def _middle_deg(tiles: TileSet) -> tuple[float, float, float]:
    """Middle of the tiles as a direction's mean, and how far their centres are from it, with half a tile's diagonal."""
    ra, dec = (np.radians(values) for values in tiles.grid.centres_of(tiles.rows, tiles.columns))
    vectors = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    x, y, z = middle = vectors.sum(axis=1)
    middle = middle / max(float(np.linalg.norm(middle)), 1e-12)
    reach = float(np.degrees(np.arccos(np.clip(middle @ vectors, -1, 1))).max()) + tiles.grid.step_deg * 0.71
    return float(np.degrees(np.arctan2(y, x))) % 360, float(np.degrees(np.arctan2(z, np.hypot(x, y)))), reach
