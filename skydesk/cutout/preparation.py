"""What is found out about a request for cutouts before it is carried out."""

from dataclasses import dataclass

from ..errors import Fault
from .model import CutoutRequest, Estimate, Positions
from .plan import BoolArray, Plan
from .position_text import PositionTable

__all__ = ["JobInput", "Placement", "Preparation"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """Where the positions of a draft are, in one release."""

    release: str
    positions: Positions
    """With the positions of objects looked up."""

    plan: Plan
    cut: BoolArray
    """For each row whether it is on a tile with images."""

    unknown_ids: BoolArray
    """For each row whether the catalogue has no object of its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What a request comes to, and what is against it."""

    estimate: Estimate
    faults: tuple[Fault, ...]
    """Of the form first, then of the rows."""

    refusal: str | None
    """Which limit it passes; None where it passes none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JobInput:
    """What a cutout job is made of."""

    request: CutoutRequest
    positions: Positions
    table: PositionTable
    """As it was given."""

    max_positions: int
    max_result_bytes: int
    limit_seconds: float
