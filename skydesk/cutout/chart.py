"""What a finding chart shows: the target, a helper star, and the objects of the field."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .ports import ChartObject, ChartRequest
from .projection import tangent_offsets

__all__ = ["MATCH_ARCSEC", "ChartObjects", "SkyOffset", "chart_request", "objects_csv", "offset_of", "separation_arcsec"]

ChartObjects: TypeAlias = Callable[[float, float, float, float, str, str], Sequence[ChartObject]]
"""Gives the catalogue's objects in a box: right ascension and declination of its middle, ICRS, degrees; sides, arcmin; band; release."""

MATCH_ARCSEC = 2.0
"""Angular distance up to which the nearest object is taken for the target."""

_COLUMNS = ("COADD_OBJECT_ID", "RA", "DEC", "WAVG_MAG_PSF", "EAST_ARCSEC", "NORTH_ARCSEC", "DISTANCE_ARCSEC", "ROLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyOffset:
    """From one position to another, on the plane that touches the sky at the first."""

    east_arcsec: float
    north_arcsec: float

    @property
    def distance_arcsec(self) -> float:
        """Length of the way."""
        return math.hypot(self.east_arcsec, self.north_arcsec)


def chart_request(
    title: str, ra_deg: float, dec_deg: float, size_arcmin: tuple[float, float], objects: Sequence[ChartObject], faintest_mag: float
) -> tuple[ChartRequest, tuple[str, ...]]:
    """Choose the target and the helper star.

    The target is the object nearest to the position, if it is within `MATCH_ARCSEC`. The helper is the brightest other object
    of the field, if it is no fainter than ``faintest_mag``.

    Returns
    -------
    tuple
        What to draw, and warnings, each a sentence.
    """
    warnings = []
    target = min(objects, key=lambda other: separation_arcsec(ra_deg, dec_deg, other.ra_deg, other.dec_deg), default=None)
    if target is not None and separation_arcsec(ra_deg, dec_deg, target.ra_deg, target.dec_deg) > MATCH_ARCSEC:
        target = None
    if target is None:
        warnings.append(f"the catalogue has no object within {MATCH_ARCSEC:g} arcsec of the position")
    bright = [other for other in objects if other is not target and not other.mag > faintest_mag and not math.isnan(other.mag)]
    helper = min(bright, key=lambda other: (other.mag, other.object_id), default=None)
    if helper is None:
        warnings.append(f"no star of the field is brighter than {faintest_mag:g} mag; there is no helper star")
    if target is not None and objects and not math.isnan(target.mag) and target.mag <= min(_magnitudes(objects)):
        warnings.append("the target is itself the brightest object of the field")
    chart = ChartRequest(
        title=title, x_size_arcmin=size_arcmin[0], y_size_arcmin=size_arcmin[1], target=target, helper=helper, objects=tuple(objects)
    )
    return chart, tuple(warnings)


def objects_csv(chart: ChartRequest, ra_deg: float, dec_deg: float, band: str) -> bytes:
    """Write the objects of a field as CSV, the brightest first; offsets are from the position to the object."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"WAVG_MAG_PSF_{band.upper()}" if name == "WAVG_MAG_PSF" else name for name in _COLUMNS])
    for other in sorted(chart.objects, key=lambda other: (math.isnan(other.mag), other.mag, other.object_id)):
        offset = offset_of(ra_deg, dec_deg, other.ra_deg, other.dec_deg)
        role = "target" if other is chart.target else "helper" if other is chart.helper else ""
        mag = "" if math.isnan(other.mag) else f"{other.mag:.4f}"
        distances = (f"{value:.3f}" for value in (offset.east_arcsec, offset.north_arcsec, offset.distance_arcsec))
        writer.writerow([other.object_id, f"{other.ra_deg:.8f}", f"{other.dec_deg:.8f}", mag, *distances, role])
    return text.getvalue().encode("ascii")


def offset_of(ra_deg: float, dec_deg: float, to_ra_deg: float, to_dec_deg: float) -> SkyOffset:
    """Give the offsets from one position to another, as one moves a telescope: on the sky, not in pixels or degrees of right ascension."""
    east, north = tangent_offsets(to_ra_deg, to_dec_deg, ra_deg, dec_deg)
    return SkyOffset(east_arcsec=float(east) * 3600, north_arcsec=float(north) * 3600)


def separation_arcsec(ra_deg: float, dec_deg: float, other_ra_deg: float, other_dec_deg: float) -> float:
    """Give the angle between two positions, arcsec (haversine formula)."""
    dec, other_dec = math.radians(dec_deg), math.radians(other_dec_deg)
    in_ra = math.sin(math.radians(other_ra_deg - ra_deg) / 2)
    part = math.sin((other_dec - dec) / 2) ** 2 + math.cos(dec) * math.cos(other_dec) * in_ra**2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(part)))) * 3600


def _magnitudes(objects: Sequence[ChartObject]) -> list[float]:
    return [other.mag for other in objects if not math.isnan(other.mag)]
