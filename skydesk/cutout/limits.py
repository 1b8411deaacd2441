"""What a user's limits say of a request, in words."""

from ..access import CutoutLimits
from .model import Estimate

__all__ = ["refusal_of"]

_GIB = 2**30


def refusal_of(limits: CutoutLimits, *, rows: int, made: Estimate) -> str | None:
    """Say which limit a request passes; None where it passes none.

    Parameters
    ----------
    rows
        Rows of the table, whatever becomes of them.
    made
        What it will come to.
    """
    if limits.max_positions <= 0:
        return "your groups grant no jobs of cutouts; ask for one that does"
    if rows > limits.max_positions:
        return f"{rows:,} positions were given, and your groups allow {limits.max_positions:,} in one job; split the table"
    if made.size_bytes > limits.max_result_bytes:
        took, most = made.size_bytes / _GIB, limits.max_result_bytes / _GIB
        return f"the files will take some {took:.1f} GiB, and your groups allow {most:.1f} GiB in one job; make smaller images or fewer"
    if made.seconds > limits.max_seconds:
        took, most = made.seconds / 3600, limits.max_seconds / 3600
        return f"the work will take some {took:.1f} h, and your groups allow {most:.1f} h for one job; split the table"
    return None
