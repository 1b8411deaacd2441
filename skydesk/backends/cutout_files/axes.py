"""Lines of right ascension and declination on an image: where they run and what they are called."""

import math
from dataclasses import dataclass

import numpy as np

from ...cutout.projection import TanProjection
from ...grid import FloatArray

__all__ = ["SkyLine", "declination_lines", "ra_text", "right_ascension_lines", "sexagesimal"]

_RA_STEPS_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds of time between two lines."""

_DEC_STEPS_ARCSEC = (0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_LINES, _POINTS = 4, 33


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyLine:
    """One line of constant right ascension or declination."""

    x: FloatArray
    """Pixels from 0, along the line."""

    y: FloatArray
    text: str


def right_ascension_lines(projection: TanProjection, width: int, height: int) -> tuple[SkyLine, ...]:
    """Give about four lines of constant right ascension across an image.

    Parameters
    ----------
    projection
        The image's own: its first pixel is (1, 1).
    width, height
        Pixels.
    """
    ra, dec = _frame(projection, width, height)
    middle = float(projection.sky_of((width + 1) / 2, (height + 1) / 2)[0])
    offsets = (ra - middle + 180) % 360 - 180
    seconds = offsets * 240
    step = _step(_RA_STEPS_SECONDS, float(np.ptp(seconds)))
    first = math.ceil((middle * 240 + seconds.min()) / step)
    numbers = range(first, math.floor((middle * 240 + seconds.max()) / step) + 1)
    along = np.linspace(dec.min(), dec.max(), _POINTS)
    return tuple(_line(projection, np.full(_POINTS, n * step / 240), along, ra_text(n * step / 240, _decimals(step))) for n in numbers)


def declination_lines(projection: TanProjection, width: int, height: int) -> tuple[SkyLine, ...]:
    """Give about four lines of constant declination across an image; parameters as in `right_ascension_lines`."""
    ra, dec = _frame(projection, width, height)
    middle = float(projection.sky_of((width + 1) / 2, (height + 1) / 2)[0])
    offsets = (ra - middle + 180) % 360 - 180
    step = _step(_DEC_STEPS_ARCSEC, float(np.ptp(dec)) * 3600)
    along = middle + np.linspace(offsets.min(), offsets.max(), _POINTS)
    numbers = range(math.ceil(dec.min() * 3600 / step), math.floor(dec.max() * 3600 / step) + 1)
    return tuple(
        _line(projection, along, np.full(_POINTS, n * step / 3600), sexagesimal(n * step / 3600, "°′″", _decimals(step), signed=True))
        for n in numbers
    )


def ra_text(ra_deg: float, decimals: int) -> str:
    """Write a right ascension as hours, minutes and seconds."""
    return sexagesimal(ra_deg % 360 / 15, "hms", decimals, turn=24)


def sexagesimal(value: float, units: str, decimals: int, *, signed: bool = False, turn: int = 0) -> str:
    """Write hours or degrees with minutes and seconds, rounded once, so that seconds are never 60.

    Parameters
    ----------
    units
        Three letters that follow the three numbers.
    decimals
        Of the seconds.
    turn
        Number of hours that is 0 again; 0 for none.
    """
    ticks = 10**decimals
    count = round(abs(value) * 3600 * ticks)
    if turn:
        count %= turn * 3600 * ticks
    minutes, rest = divmod(count, 60 * ticks)
    seconds = f"{rest / ticks:0{3 + decimals if decimals else 2}.{decimals}f}"
    sign = ("\N{MINUS SIGN}" if value < 0 and count else "+") if signed else ""
    return f"{sign}{minutes // 60:02d}{units[0]}{minutes % 60:02d}{units[1]}{seconds}{units[2]}"


def _frame(projection: TanProjection, width: int, height: int) -> tuple[FloatArray, FloatArray]:
    """Give positions along the image's border."""
    x, y = np.linspace(0.5, width + 0.5, _POINTS), np.linspace(0.5, height + 0.5, _POINTS)
    left, bottom = np.full(_POINTS, 0.5), np.full(_POINTS, 0.5)
    return projection.sky_of(np.concatenate([x, x, left, left + width]), np.concatenate([bottom, bottom + height, y, y]))


def _line(projection: TanProjection, ra_deg: FloatArray, dec_deg: FloatArray, text: str) -> SkyLine:
    x, y = projection.pixels_of(ra_deg, dec_deg)
    return SkyLine(x=x - 1, y=y - 1, text=text)


def _step(steps: tuple[float, ...], extent: float) -> float:
    return next((step for step in steps if extent / step <= _LINES + 1), steps[-1])


def _decimals(step: float) -> int:
    return 0 if step >= 1 else 1 if step * 10 == round(step * 10) else 2
