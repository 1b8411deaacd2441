"""Clocks, and the one form that figures have."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

__all__ = ["figure", "median_ms", "seconds_of"]

T = TypeVar("T")


def figure(
    name: str,
    value: float,
    unit: str = "ms",
    *,
    target: float | str | None = None,
    ok: bool | None = None,
    peer: str | None = None,
    peer_value: float | None = None,
) -> dict[str, Any]:
    """Make a figure; a target that is a number is met by anything less, one in words says so by ``ok``."""
    met = ok if ok is not None else None if not isinstance(target, (int, float)) else value < target
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "target": target,
        "peer": peer,
        "peer_value": peer_value,
        "ratio": None if peer_value is None else value / peer_value,
        "ok": met,
    }


def median_ms(work: Callable[[T], object], inputs: Sequence[T]) -> float:
    """Run the work once on each input; milliseconds, the median."""
    return statistics.median(1e3 * seconds_of(lambda value=value: work(value)) for value in inputs)  # type: ignore[misc]


def seconds_of(work: Callable[[], object]) -> float:
    """Run the work once; seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
