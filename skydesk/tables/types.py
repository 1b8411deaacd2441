"""Which type a column of a file is given: what easyaccess decided by name, else what the values are."""

import re

from ..query.model import ColumnType

__all__ = ["NULL_TEXTS", "type_by_name"]

NULL_TEXTS = ("", "NULL", "null", "\\N")
"""Cells of a text that stand for nothing."""

_T = ColumnType
_BY_NAME: tuple[tuple[str, ColumnType], ...] = (
    (r"CCDNUM|ATTNUM|FLAGS_.*|OBSERVED_.*|MODEST_CLASS.*|NEPOCHS(_.*)?", _T.INT16),
    (r"REQNUM", _T.INT32),
    (r"HPIX.*|EXPNUM|COADD_OBJECT_ID|QUICK_OBJECT_ID", _T.INT64),
    (r"CLASS_STAR.*|SPREAD_.*|SPREADERR_.*|MAG_.*|MAGERR_.*", _T.FLOAT32),
    (r"RA|DEC|RADEG|DECDEG|L|B|ALPHAWIN.*|DELTAWIN.*", _T.FLOAT64),
    (r"BAND|UNITNAME|TAG|FILENAME", _T.STRING),
)
"""easyaccess's table of column definitions (dtypes.py), its NUMBER(p,0) read back as it reads them: up to 4 digits 16 bits, up to 9
32 bits, else 64 bits; a leading WAVG_ does not count."""

_NUMERIC = frozenset({_T.INT16, _T.INT32, _T.INT64, _T.FLOAT32, _T.FLOAT64})
_FLOATS = frozenset({_T.FLOAT32, _T.FLOAT64})
_RANGES = {_T.INT16: (-(2**15), 2**15 - 1), _T.INT32: (-(2**31), 2**31 - 1)}


def type_by_name(name: str, found: ColumnType, least: int | None = None, most: int | None = None) -> ColumnType:
    """Give the type that a column's name stands for, where the values that were found in it allow it.

    Parameters
    ----------
    name
        Of the column.
    found
        Type of the values.
    least, most
        Range of whole numbers that were found; None where not known.
    """
    upper = name.upper().removeprefix("WAVG_")
    wanted = next((kind for pattern, kind in _BY_NAME if re.fullmatch(pattern, upper)), found)
    return wanted if wanted is _T.STRING or (found in _NUMERIC and _fits(wanted, found, least, most)) else found


def _fits(wanted: ColumnType, found: ColumnType, least: int | None, most: int | None) -> bool:
    if wanted in _FLOATS:
        return True
    if wanted not in _RANGES or found in _FLOATS:
        return found not in _FLOATS
    low, high = _RANGES[wanted]
    return least is not None and most is not None and low <= least and most <= high
