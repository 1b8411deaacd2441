"""Angles as people write them: decimal degrees, or hours and degrees with minutes and seconds. Whole columns at once."""

import math
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..grid import FloatArray

__all__ = ["dec_fault", "decs_deg", "pair_of", "ra_fault", "ras_deg"]

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_DECIMAL = rf"^\s*(?P<sign>[+-]?)(?P<value>{_NUMBER}(?:[eE][+-]?\d{{1,3}})?)\s*(?P<unit>h|hr|hours?|d|deg|degrees?|°)?\s*$"
_SEXAGESIMAL = (
    r"^\s*(?P<sign>[+-]?)\s*(?P<first>\d{1,3})\s*(?P<unit>h|hr|d|deg|°|:|\s)\s*"
    rf"(?P<minutes>\d{{1,2}}(?:\.\d*)?)\s*(?:(?:m|min|'|′|:|\s)\s*(?:(?P<seconds>{_NUMBER})\s*(?:s|sec|\"|″|'')?)?)?\s*$"
)
_ONE_DECIMAL, _ONE_SEXAGESIMAL = re.compile(_DECIMAL), re.compile(_SEXAGESIMAL)
_PLAIN_SIGNS = (("\N{MINUS SIGN}", "-"), ("\N{EN DASH}", "-"), ("\N{MODIFIER LETTER SMALL H}", "h"))
_HOUR_UNITS, _DEGREE_UNITS = ("h", "hr", "hour", "hours"), ("d", "deg", "degree", "degrees", "°")


def ras_deg(texts: Any) -> FloatArray:
    """Read right ascensions.

    Bare numbers are degrees. ``10h12m33.4s``, ``10:12:33.4`` and ``10 12 33.4`` are hours, ``153d08m21s`` is degrees.

    Parameters
    ----------
    texts
        Arrow array of strings.

    Returns
    -------
    FloatArray
        ICRS, degrees, 0 <= ra < 360 (360 itself is 0); NaN for what is empty or wrong, of which `ra_fault` says why.
    """
    value, unit = _angles(texts)
    hours = np.isin(unit, (_BARE_SEXAGESIMAL, _HOURS))
    value = np.where(hours, value * 15, value)
    value = np.where((value >= 0) & (value <= 360), value, np.nan)
    return np.where(value == 360, 0.0, value) + 0.0


def decs_deg(texts: Any) -> FloatArray:
    """Read declinations: degrees, as a number or with minutes and seconds.

    Parameters
    ----------
    texts
        Arrow array of strings.

    Returns
    -------
    FloatArray
        ICRS, degrees, from -90 to 90; NaN for what is empty or wrong, of which `dec_fault` says why.
    """
    value, unit = _angles(texts)
    return np.where((np.abs(value) <= 90) & (unit != _HOURS), value, np.nan)


def ra_fault(text: str) -> str:
    """Say why `ras_deg` cannot read a text, and what would do."""
    value, unit = _one(text)
    if math.isnan(value):
        return f"{_shown(text)} is no right ascension; give degrees as in 153.1392, or hours as in 10:12:33.4 or 10h12m33.4s"
    top, name = (24, "h") if unit in {_BARE_SEXAGESIMAL, _HOURS} else (360, "deg")
    return f"must be from 0 to {top} {name}, got {_shown(text)}"


def dec_fault(text: str) -> str:
    """Say why `decs_deg` cannot read a text, and what would do."""
    value, unit = _one(text)
    if math.isnan(value) or unit == _HOURS:
        return f"{_shown(text)} is no declination; give degrees as in -0.5014, or -00:30:05 or -0d30m05s"
    return f"must be from -90 to 90 deg, got {_shown(text)}"


def pair_of(text: str) -> tuple[str, str] | None:
    """Split the text of a position into right ascension and declination; None where it cannot be two coordinates.

    They are parted by a comma or semicolon, by the one space, by the declination's sign, or else in the middle of 4 or 6 words:
    ``10:12:33.4 -0:30:05``, ``10h12m33.4s+00d30m05s``, ``10 12 33.4 -00 30 05``, ``153.1392, -0.5014``.
    """
    text = text.replace("\N{MINUS SIGN}", "-").strip()
    for separator in (",", ";", "\t", "|"):
        if separator in text:
            parts = [part.strip() for part in text.split(separator)]
            return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None
    words = text.split()
    if len(words) == 2:
        return words[0], words[1]
    if signed := re.fullmatch(r"([^\s+-][^+-]*?)\s*([+-][^+-]*)", text):
        return signed[1], signed[2]
    if len(words) in {4, 6}:
        half = len(words) // 2
        return " ".join(words[:half]), " ".join(words[half:])
    return None


_NOTHING, _BARE_SEXAGESIMAL, _HOURS, _DEGREES, _BARE = range(5)


def _angles(texts: Any) -> tuple[FloatArray, Any]:
    """Signed values in the texts' own units, NaN where they are none, and which units."""
    texts = pc.fill_null(pc.cast(texts, pa.string()), "")
    for written, plain in _PLAIN_SIGNS:
        texts = pc.replace_substring(texts, written, plain)
    value, unit = _decimals(texts)
    rest = np.flatnonzero(np.isnan(value))
    if len(rest):
        value[rest], unit[rest] = _sexagesimals(texts.take(pa.array(rest)))
    return value, unit


def _decimals(texts: Any) -> tuple[FloatArray, Any]:
    found = pc.extract_regex(texts, _DECIMAL)
    value = _numbers(found, "value")
    unit = _units(found, _BARE)
    return np.where(_negative(found), -value, value), unit


def _sexagesimals(texts: Any) -> tuple[FloatArray, Any]:
    found = pc.extract_regex(texts, _SEXAGESIMAL)
    first, minutes = _numbers(found, "first"), _numbers(found, "minutes")
    seconds_text = pc.struct_field(found, "seconds")
    seconds = _numbers(found, "seconds")
    seconds = np.where(_booleans(pc.equal(seconds_text, "")), 0.0, seconds)
    good = (minutes < 60) & (seconds < 60) & ((seconds == 0) | (minutes == np.floor(minutes)))
    value = np.where(good, first + (minutes + seconds / 60) / 60, np.nan)
    return np.where(_negative(found), -value, value), _units(found, _BARE_SEXAGESIMAL)


def _units(found: Any, bare: int) -> Any:
    unit = pc.struct_field(found, "unit")
    hours = _booleans(pc.is_in(unit, value_set=pa.array(_HOUR_UNITS)))
    degrees = _booleans(pc.is_in(unit, value_set=pa.array(_DEGREE_UNITS)))
    there = _booleans(pc.is_valid(unit))
    return np.select([hours, degrees, there], [_HOURS, _DEGREES, bare], _NOTHING)


def _negative(found: Any) -> Any:
    return _booleans(pc.equal(pc.struct_field(found, "sign"), "-"))


def _numbers(found: Any, name: str) -> FloatArray:
    text = pc.struct_field(found, name)
    text = pc.if_else(pc.equal(text, ""), None, text)
    return np.asarray(pc.fill_null(pc.cast(text, pa.float64()), float("nan")).to_numpy(zero_copy_only=False), dtype=np.float64).copy()


def _booleans(values: Any) -> Any:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def _one(text: str) -> tuple[float, int]:
    """What `_angles` makes of one text, without setting Arrow in motion: for the wording of faults."""
    for written, plain in _PLAIN_SIGNS:
        text = text.replace(written, plain)
    if match := _ONE_DECIMAL.match(text):
        return float(match["value"]), _unit(match["unit"], _BARE)
    match = _ONE_SEXAGESIMAL.match(text)
    if match is None or float(match["minutes"]) >= 60 or float(match["seconds"] or 0) >= 60:
        return math.nan, _NOTHING
    if float(match["seconds"] or 0) and not float(match["minutes"]).is_integer():
        return math.nan, _NOTHING
    return float(match["first"]), _unit(match["unit"], _BARE_SEXAGESIMAL)


def _unit(unit: str | None, bare: int) -> int:
    return _HOURS if unit in _HOUR_UNITS else _DEGREES if unit in _DEGREE_UNITS else bare


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
