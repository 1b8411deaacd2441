"""Each statement of the table gives on DuckDB what Oracle documents, or is refused by name with a way out."""

from datetime import datetime
from decimal import Decimal

import pytest

from skydesk.backends.duckdb_catalog.failures import translated
from skydesk.backends.oracle_sql import translate
from skydesk.errors import InvalidQuery, QueryRefused
from tests.backends.oracle_sql.statements import GROUPS, written_out

ANSWERS = [(group, written_out(sql), [(value,)]) for group in GROUPS for sql, value in group.values]
ANSWERS += [(group, sql, rows) for group in GROUPS for sql, rows in group.answers]
FAULTS = [(group, written_out(sql), words) for group in GROUPS for sql, words in group.faults]
REFUSALS = [(group, written_out(sql), *words) for group in GROUPS for sql, *words in group.refusals]


def _names(entries):
    return [f"{group.section}: {sql}"[:110] for group, sql, *_ in entries]


def _typed(value):
    """Give the family of types of a value beside it, numbers with the 14 digits that all ways of reckoning share."""
    if isinstance(value, (int, float, Decimal)):
        return "number", repr(float(f"{value:.14g}") + 0.0)
    return type(value).__name__, value


def _comparable(rows, *, in_order):
    found = [tuple(map(_typed, row)) for row in rows]
    return found if in_order else sorted(found, key=repr)


@pytest.mark.parametrize(("group", "sql", "expected"), ANSWERS, ids=_names(ANSWERS))
def test_the_answer_is_the_one_that_oracle_documents(group, sql, expected, connection, tables):
    rows = connection.execute(translate(sql, tables).statement).fetchall()
    in_order = "order by" in sql
    assert _comparable(rows, in_order=in_order) == _comparable(expected, in_order=in_order)


@pytest.mark.parametrize(("group", "sql", "words"), FAULTS, ids=_names(FAULTS))
def test_what_oracle_fails_on_fails_here_too(group, sql, words, connection, tables):
    with pytest.raises(InvalidQuery) as caught, translated():
        connection.execute(translate(sql, tables).statement).fetchall()
    assert words in f"{caught.value} {caught.value.hint}"
    assert not isinstance(caught.value, QueryRefused)


@pytest.mark.parametrize(("group", "sql", "words", "way_out"), REFUSALS, ids=_names(REFUSALS))
def test_what_is_not_carried_out_exactly_is_refused_by_name_with_a_way_out(group, sql, words, way_out, tables):
    with pytest.raises(QueryRefused) as caught:
        translate(sql, tables)
    assert words in str(caught.value)
    assert way_out in caught.value.hint
    assert caught.value.line
    assert caught.value.column
    assert caught.value.length


def test_the_table_is_long_enough_to_mean_something():
    assert len({sql for _, sql, *_ in [*ANSWERS, *FAULTS, *REFUSALS]}) >= 600
    assert len({sql for _, sql, _ in ANSWERS}) >= 400


def test_no_statement_stands_in_the_table_twice():
    statements = [sql for _, sql, *_ in [*ANSWERS, *FAULTS, *REFUSALS]]
    assert len(statements) == len(set(statements))


def test_every_group_says_where_its_answers_are_from():
    for group in GROUPS:
        assert group.source.startswith(("SQL Language Reference 19c, chapter ", "Oracle Database Reference 19c, ")) or not group.values
        assert group.section


def test_the_expected_values_are_of_types_that_results_have():
    kinds = {type(value) for _, _, rows in ANSWERS for row in rows for value in row}
    assert kinds == {int, float, str, datetime, type(None)}
