"""What a translated statement is."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Translation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """An Oracle statement in DuckDB's words."""

    statement: str
    """One SELECT for a connection on which `SETUP` was run; result columns have the names that Oracle gives them."""

    shape: str
    """The statement with its long lists of numbers cut to one: what has the same shape has the same columns."""

    tables: frozenset[str]
    """Tables of the catalogue that are read, upper case."""

    personal: frozenset[str]
    """Keys of the users' own tables that are read."""

    reads_dictionary: bool
    """True where it reads a view such as ALL_TABLES, so that the tables that may be listed count."""

    source_of: Mapping[str, tuple[str, str]]
    """Result column -> (table, column) where it is a column of the catalogue, through aliases, subqueries, CTEs and stars.

    An own table is named with its owner: ``vera.MY_TABLE``."""
