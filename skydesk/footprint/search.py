"""Reads what people type into a search box: a tile, an object's number, a position of any form, a name."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from ..cutout.naming import position_of_name
from ..cutout.positions import NameList
from ..cutout.sexagesimal import dec_fault, decs_deg, pair_of, ra_fault, ras_deg
from ..errors import InvalidRequest
from .sphere import galactic_to_icrs

__all__ = ["Kind", "Wanted", "read_search"]

_LONGEST = 200
_TILE = re.compile(r"([A-Za-z]{0,16})\s?(\d{4})\s?([-+])\s?(\d{4})")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_GALACTIC = re.compile(
    rf"(?:gal(?:actic)?\.?|l\s*,?\s*b|l)\s*[=:]?\s*({_NUMBER})\s*(?:°|deg)?\s*[,;\s]\s*(?:b\s*[=:]?\s*)?({_NUMBER})\s*(?:°|deg)?", re.I
)
_OBJECT = re.compile(r"(?:(?:coadd_object_id|object|id)\s*[=:]?\s*)?(\d{1,18})", re.I)
_BRACKETS = {"(": ")", "[": "]", "<": ">"}
_ADVICE = "give a position as in 34.81, -5.69 or 02:19:14 -05:41:40 or l=170 b=-58, a tile as in DES0219-0541, or the number of an object"


class Kind(StrEnum):
    """What was asked for."""

    POSITION = "position"
    TILE = "tile"
    OBJECT = "object"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a text asks for."""

    kind: Kind
    text: str
    """Name of the tile or the object, digits of the object's number; for a position the text as it came."""

    position: tuple[float, float] | None = None
    """ICRS, degrees, where the text itself tells."""


def read_search(text: str, *, prefix: str, names: NameList | None = None) -> Wanted:
    """Read a search text.

    Parameters
    ----------
    prefix
        What the survey's tile names begin with; it may be left out, and letter case is ignored.
    names
        Where names are looked up; None for no names.

    Raises
    ------
    InvalidRequest
        It is nothing of all that; says what would do.
    """
    plain = _plain(text)
    if (tile := _TILE.fullmatch(plain)) and tile[1].upper() in {"", prefix.upper()}:
        return Wanted(kind=Kind.TILE, text=f"{prefix}{tile[2]}{tile[3]}{tile[4]}")
    if galactic := _GALACTIC.fullmatch(plain):
        return Wanted(kind=Kind.POSITION, text=plain, position=_from_galactic(float(galactic[1]), float(galactic[2])))
    if number := _OBJECT.fullmatch(plain):
        return Wanted(kind=Kind.OBJECT, text=number[1])
    if (position := position_of_name(plain)) is not None:
        return Wanted(kind=Kind.POSITION, text=plain, position=position)
    pair = pair_of(plain)
    if pair is not None and _is_numeric(pair):
        return Wanted(kind=Kind.POSITION, text=plain, position=_position(*pair))
    if names is not None and (position := names.position(plain)) is not None:
        return Wanted(kind=Kind.NAME, text=plain, position=position)
    shown = repr(plain if len(plain) <= 60 else f"{plain[:57]}...")
    raise InvalidRequest(f"{shown} cannot be read; {_ADVICE}{'' if names is None else f'; {names.advice}'}")


def _plain(text: str) -> str:
    plain = text.replace("\N{MINUS SIGN}", "-").strip()
    while len(plain) > 1 and _BRACKETS.get(plain[0]) == plain[-1]:
        plain = plain[1:-1].strip()
    if not plain:
        raise InvalidRequest(f"nothing to search for; {_ADVICE}")
    if len(plain) > _LONGEST:
        raise InvalidRequest(f"at most {_LONGEST} characters can be searched for, got {len(plain)}; {_ADVICE}")
    return plain


def _is_numeric(pair: tuple[str, str]) -> bool:
    return all(re.match(r"[-+]?\s*\.?\d", part) for part in pair)


def _position(ra: str, dec: str) -> tuple[float, float]:
    found = float(ras_deg(pa.array([ra]))[0]), float(decs_deg(pa.array([dec]))[0])
    if math.isnan(found[0]):
        raise InvalidRequest(f"ra: {ra_fault(ra)}")
    if math.isnan(found[1]):
        raise InvalidRequest(f"dec: {dec_fault(dec)}")
    return found


def _from_galactic(longitude: float, latitude: float) -> tuple[float, float]:
    if not (-360 <= longitude <= 360 and -90 <= latitude <= 90):
        raise InvalidRequest(f"galactic l must be from 0 to 360 and b from -90 to 90 deg, got {longitude:g}, {latitude:g}")
    return galactic_to_icrs(longitude, latitude)
