"""Translate Oracle's SQL to DuckDB's, exactly or not at all."""

from collections.abc import Mapping, Sequence

from ...errors import QueryRefused
from ...query.model import Column
from .statements import parse
from .translation import Translation

__all__ = ["FUNCTIONS", "SETUP", "Translation", "translate"]

SETUP: tuple[str, ...] = ()
"""DuckDB statements that make the macros which translated statements call; needs no right to write to the catalogue."""

FUNCTIONS: tuple[str, ...] = ()
"""Names of the functions that users may call."""


def translate(sql: str, tables: Mapping[str, Sequence[Column]]) -> Translation:
    """Translate one SELECT statement."""
    parse(sql)
    raise QueryRefused(f"nothing is translated yet, although {len(tables)} tables are known")
