"""The page on SQL says nothing that the table of statements does not hold."""

import re
from pathlib import Path

import pytest

from tests.backends.oracle_sql.statements import GROUPS, written_out
from tests.backends.oracle_sql.statements.group import day

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
ANSWERS = {written_out(expression): [(value,)] for group in GROUPS for expression, value in group.values}
ANSWERS |= {statement: rows for group in GROUPS for statement, rows in group.answers}
REFUSED = {statement for group in GROUPS for statement, *_ in group.refusals}


def _cells(heading: str) -> list[list[str]]:
    """Give the rows below the heading of a table."""
    rows = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.replace(r"\|", "|").strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


EXAMPLES = [tuple(cell.strip("`") for cell in row) for row in _cells("expression")]
NAMED = [statement for cell, _ in _cells("refused") for statement in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(("expression", "value"), EXAMPLES, ids=[expression for expression, _ in EXAMPLES])
def test_a_value_on_the_page_is_that_of_the_table(expression, value):
    assert ANSWERS[written_out(expression)] == [(eval(value, {"day": day}),)]


@pytest.mark.parametrize("statement", NAMED)
def test_a_statement_that_the_page_calls_refused_is_so_in_the_table(statement):
    assert statement in REFUSED


def test_the_page_has_examples_of_both():
    assert len(EXAMPLES) >= 10
    assert len(NAMED) >= 15
