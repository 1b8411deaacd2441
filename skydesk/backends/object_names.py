"""Positions of objects of the Messier, NGC and IC catalogues, from the OpenNGC list that comes with PyOngc."""

import math
from functools import lru_cache
from importlib.util import find_spec

__all__ = ["OpenNgcNames"]

_LONGEST = 40


class OpenNgcNames:
    """Names as people write them: ``M 2``, ``NGC7089``, ``IC 10``. Works without a network."""

    @property
    def advice(self) -> str:
        """Which names there are, and what would do in place of others."""
        if find_spec("pyongc") is None:
            return "names of the Messier, NGC and IC catalogues need the package pyongc; give coordinates, or install it"
        return "names like M 2, NGC 7089, IC 10 and DESJ021914.5649-054140.0000 are known; give coordinates for others"

    def position(self, name: str) -> tuple[float, float] | None:
        """Right ascension and declination, ICRS, degrees; None for a name that is not in the list, or has no position there."""
        if len(name) > _LONGEST or not name.isascii() or find_spec("pyongc") is None:
            return None
        return _position("".join(name.upper().split()).replace("MESSIER", "M"))


@lru_cache(maxsize=20_000)
def _position(name: str) -> tuple[float, float] | None:
    from pyongc import exceptions, ongc

    try:
        radians = ongc.Dso(name).rad_coords
    except (exceptions.UnknownIdentifier, exceptions.ObjectNotFound, exceptions.InvalidCoordinates):
        return None
    return None if radians is None else (math.degrees(radians[0]), math.degrees(radians[1]))
