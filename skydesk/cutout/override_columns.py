"""The columns of a table of positions that override the form, read one by one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ..grid import IntArray
from .model import POSITION_COLUMNS
from .options import bands_of, size_fault, triplets_of

__all__ = ["OVERRIDE_COLUMNS", "read_override"]

OVERRIDE_COLUMNS = POSITION_COLUMNS[3:]
"""The columns that override the form, row by row."""

_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True, "f": False, "t": True}


def read_override(name: str, texts: Any, bands: Sequence[str]) -> tuple[IntArray, list[Any], Any, Callable[[int], str]]:
    """Read one column; each different text is looked at once.

    Parameters
    ----------
    texts
        Arrow array of strings without nulls; an empty one overrides nothing.

    Returns
    -------
    tuple
        For each row the place of its value in the list that follows, -1 where it has none; the values; a mask of the rows at
        fault; and what words the fault of a row.
    """
    coded = pc.dictionary_encode(texts)
    values: list[Any] = []
    codes: list[int] = []
    messages: dict[int, str] = {}
    for place, text in enumerate(coded.dictionary.to_pylist()):
        codes.append(-1)
        if text:
            try:
                values.append(_value(name, text, bands))
                codes[-1] = len(values) - 1
            except ValueError as error:
                messages[place] = str(error)
    index = coded.indices.to_numpy(zero_copy_only=False)
    wrong = np.zeros(len(codes) + 1, np.bool_)
    wrong[list(messages)] = True
    return np.array([*codes, -1], np.int64)[index], values, wrong[index], lambda row: messages[int(index[row])]


def _value(name: str, text: str, bands: Sequence[str]) -> Any:
    if name == "COLORS_FITS":
        return bands_of(text, bands)
    if name in {"RGB_STIFF_COLORS", "RGB_LUPTON_COLORS"}:
        return triplets_of(text, bands)
    if name in {"MAKE_FITS", "MAKE_RGB_STIFF", "MAKE_RGB_LUPTON", "DISCARD_FITS_FILES"}:
        return _flag(text)
    number = _number(text)
    if name in {"XSIZE", "YSIZE"}:
        if message := size_fault(number):
            raise ValueError(message)
    elif name != "RGB_MINIMUM" and number <= 0:
        raise ValueError(f"must be a number above 0, got {_shown(text)}")
    return number


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.casefold())
    if flag is None:
        raise ValueError(f"must be 0 or 1, got {_shown(text)}")
    return flag


def _number(text: str) -> float:
    try:
        number = float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e300:
        raise ValueError(f"must be a finite number, got {_shown(text)}")
    return number


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
