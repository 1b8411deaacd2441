"""Regions and coverage maps as JSON."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Fault, InvalidRequest
from ..footprint.moc import Moc
from ..footprint.regions import Box, Circle, Polygon, Region

__all__ = ["region_from_json"]

_FORMS = "circle, box, polygon, moc and moc_base64"
_CIRCLE, _BOX = ("ra_deg", "dec_deg", "radius_arcmin"), ("west_ra_deg", "east_ra_deg", "south_dec_deg", "north_dec_deg")


def region_from_json(value: Any, read_moc: Callable[[bytes], Moc], field: str = "region") -> Region | Moc:
    """Read a region.

    Parameters
    ----------
    value
        ``{"circle": {"ra_deg", "dec_deg", "radius_arcmin"}}``, ``{"box": {"west_ra_deg", "east_ra_deg", "south_dec_deg",
        "north_dec_deg"}}``, ``{"polygon": [[ra, dec], ...]}``, ``{"moc": text}`` or ``{"moc_base64": bytes in base 64}``.
    read_moc
        Reads a map of any serialisation.

    Raises
    ------
    InvalidRequest
        It is none of them, or a wrong one; the message says what would do.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _fault(field, f"must be an object with one of {_FORMS}, got {value!r:.80}")
    ((kind, content),) = value.items()
    try:
        match kind:
            case "circle":
                ra, dec, radius = _numbers(content, _CIRCLE)
                return Circle(ra_deg=ra % 360, dec_deg=dec, radius_deg=radius / 60)
            case "box":
                west, east, south, north = _numbers(content, _BOX)
                return Box(west_ra_deg=west, east_ra_deg=east, south_dec_deg=south, north_dec_deg=north)
            case "polygon":
                return Polygon(vertices=_vertices(content))
            case "moc":
                return read_moc(_text(content).encode())
            case "moc_base64":
                return read_moc(base64.b64decode(_text(content), validate=True))
    except InvalidRequest as error:
        raise _fault(field, str(error)) from error
    except (binascii.Error, ValueError) as error:
        raise _fault(field, f"moc_base64 is not base 64: {str(error)[:80].lower()}") from error
    raise _fault(field, f"must have one of {_FORMS}, got {kind!r:.40}")


def _numbers(content: Any, names: tuple[str, ...]) -> list[float]:
    if not isinstance(content, Mapping) or set(content) != set(names):
        raise InvalidRequest(f"must have the numbers {', '.join(names)}, got {content!r:.80}")
    return [_number(content[name], name) for name in names]


def _vertices(content: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(content, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in content):
        raise InvalidRequest(f"a polygon is a list of pairs [ra, dec] in degrees, got {content!r:.80}")
    return tuple((_number(ra, "ra"), _number(dec, "dec")) for ra, dec in content)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise InvalidRequest(f"{name} must be a number, got {value!r:.40}")
    return float(value)


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise InvalidRequest(f"a MOC is given as text, got {content!r:.40}")
    return content


def _fault(field: str, message: str) -> InvalidRequest:
    return InvalidRequest([Fault(field=field, message=message)])
