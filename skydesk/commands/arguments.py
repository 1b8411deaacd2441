"""Arguments that several commands take, checked as they are read."""

import argparse
import math
from collections.abc import Callable

__all__ = ["count", "seconds"]


def count(least: int) -> Callable[[str], int]:
    """A whole number that is not below ``least``."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more, got {text!r}")
        return value

    return read


def seconds(text: str) -> float:
    """A time above zero."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, got {text!r}")
    return value
