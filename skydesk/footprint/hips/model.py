"""What is asked of a pyramid and what is told of it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Fault, InvalidRequest
from ...survey import Survey
from .geometry import FIRST_ORDER
from .pyramid import DEEPEST_ORDER

__all__ = ["WORK", "PyramidRequest", "PyramidState", "colour_bands", "place_of", "request_from_json", "request_to_json"]

WORK = "hips"
"""What a footprint job's request has as ``work`` if it is one for a pyramid."""

_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidRequest:
    """A pyramid that a job is to make. It is the whole payload of the job."""

    place: str
    """Name of the folder of the survey's pyramids."""

    release: str
    order: int
    runs: tuple[tuple[int, ...], ...]
    """The release's tiles, as `skydesk.footprint.membership.TileSet.runs` writes them."""

    most_bytes: int
    """Size of the whole pyramid at which the job ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidState:
    """A pyramid that is there."""

    order: int
    """Of its deepest cells."""

    version: str
    """Changes when it is made anew."""

    made_at: str


def colour_bands(bands: tuple[str, ...]) -> tuple[str, str, str]:
    """Choose the bands that are red, green and blue: i, r and g, else the first three.

    Raises
    ------
    InvalidRequest
        The survey has fewer than three.
    """
    if {"g", "r", "i"} <= set(bands):
        return "i", "r", "g"
    if len(bands) < 3:
        raise InvalidRequest(f"a colour pyramid needs images in three bands, and the survey has {len(bands)}")
    return bands[2], bands[1], bands[0]


def place_of(survey: Survey) -> str:
    """Name the folder of a survey's pyramids: two surveys of one name, in two folders, have two."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", survey.name).strip("-_")[:40] or "survey"
    where = f"{survey.folder.resolve()}\n{survey.image_path}"
    return f"{name}-{hashlib.sha256(where.encode()).hexdigest()[:10]}"


def request_to_json(request: PyramidRequest) -> dict[str, Any]:
    """A request as the job keeps it."""
    return {
        "work": WORK,
        "place": request.place,
        "release": request.release,
        "order": request.order,
        "runs": [list(run) for run in request.runs],
        "most_bytes": request.most_bytes,
    }


def request_from_json(value: Mapping[str, Any]) -> PyramidRequest:
    """The request that a job keeps.

    Raises
    ------
    InvalidRequest
        It is none; every fault is named.
    """
    faults = []
    for name, pattern in (("place", _PLACE), ("release", _NAME)):
        text = value.get(name)
        if not isinstance(text, str) or not pattern.fullmatch(text):
            faults.append(Fault(field=name, message=f"must be the name of a {name}, got {text!r:.80}"))
    for name, least, most in (("order", FIRST_ORDER, DEEPEST_ORDER), ("most_bytes", 0, 2**62)):
        number = value.get(name)
        if type(number) is not int or not least <= number <= most:
            faults.append(Fault(field=name, message=f"must be a whole number from {least} to {most}, got {number!r:.80}"))
    runs = value.get("runs")
    if not isinstance(runs, list) or len(runs) > _MOST_ROWS or not all(map(_is_run, runs)):
        faults.append(Fault(field="runs", message="must be the runs of a layer: lists of whole numbers"))
    if faults:
        raise InvalidRequest(faults)
    return PyramidRequest(
        place=value["place"],
        release=value["release"],
        order=value["order"],
        runs=tuple(tuple(run) for run in value["runs"]),
        most_bytes=value["most_bytes"],
    )


def _is_run(run: Any) -> bool:
    return isinstance(run, list) and bool(run) and all(type(number) is int and 0 <= number <= 1_000_000 for number in run)
