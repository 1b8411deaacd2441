"""The table of statements: what Oracle documents that they give, by the section of its manual.

The tables that they read stand in `tests/backends/oracle_sql/conftest.py`.
"""

from tests.backends.oracle_sql.statements import (
    aggregates,
    analytic,
    choices,
    conditions,
    conversions,
    dates,
    dictionary,
    elements,
    expressions,
    foreign,
    formats,
    functions,
    numbers,
    operators,
    pseudocolumns,
    queries,
    selects,
    strings,
)
from tests.backends.oracle_sql.statements.group import Group

__all__ = ["GROUPS", "Group", "written_out"]

_MODULES = (elements, formats, pseudocolumns, operators, expressions, conditions, numbers, strings, choices, conversions, dates)
_MODULES += (aggregates, analytic, functions, queries, selects, dictionary, foreign)
GROUPS: tuple[Group, ...] = tuple(group for module in _MODULES for group in module.GROUPS)
"""Every group, chapter by chapter."""


def written_out(statement: str) -> str:
    """Make a statement of an expression."""
    return statement if statement.lower().startswith(("select ", "with ")) else f"select {statement} from dual"
