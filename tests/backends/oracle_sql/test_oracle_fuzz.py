"""Random expressions give on DuckDB what a few rules of the manual give in plain Python."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skydesk.backends.oracle_sql import translate
from tests.backends.oracle_sql import evaluator

QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])

NUMBERS = st.one_of(st.none(), st.integers(-3, 3))
TEXTS = st.sampled_from([None, "", "a", "ab", "ba", "aba", " b ", "A", "é"])
DATES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda date: date.replace(microsecond=0))


def _number(value):
    return "null" if value is None else f"({value})"


def _text(value):
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def _date(value):
    return f"to_date('{value:%Y-%m-%d %H:%M:%S}', 'YYYY-MM-DD HH24:MI:SS')"


@pytest.fixture
def value_of(connection, tables):
    def run(expression):
        ((found,),) = connection.execute(translate(f"select {expression} from dual", tables).statement).fetchall()
        return found

    return run


def _compared(op, left, right):
    if left is None or right is None:
        return None
    return {"=": left == right, "<>": left != right, "<": left < right, ">=": left >= right}[op]


def _comparisons():
    def build(op, left, right):
        return f"{_number(left)} {op} {_number(right)}", _compared(op, left, right)

    return st.builds(build, st.sampled_from(["=", "<>", "<", ">="]), NUMBERS, NUMBERS)


def _ranges():
    def build(value, low, high, negated):
        truth = evaluator.junction("AND", [_compared(">=", value, low), _compared(">=", high, value)])
        word = "not between" if negated else "between"
        return f"{_number(value)} {word} {_number(low)} and {_number(high)}", evaluator.negation(truth) if negated else truth

    return st.builds(build, NUMBERS, NUMBERS, NUMBERS, st.booleans())


def _lists():
    def build(value, items, negated):
        truth = evaluator.junction("OR", [_compared("=", value, item) for item in items])
        word = "not in" if negated else "in"
        return f"{_number(value)} {word} ({', '.join(map(_number, items))})", evaluator.negation(truth) if negated else truth

    return st.builds(build, NUMBERS, st.lists(NUMBERS, min_size=1, max_size=3), st.booleans())


def _tests_for_null():
    return st.builds(lambda value: (f"{_number(value)} is null", value is None), NUMBERS)


def _combined(inner):
    def junction(word, parts):
        truth = evaluator.junction(word, [each for _, each in parts])
        return "(" + f" {word.lower()} ".join(sql for sql, _ in parts) + ")", truth

    junctions = st.builds(junction, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3))
    negations = inner.map(lambda pair: (f"not ({pair[0]})", evaluator.negation(pair[1])))
    return junctions | negations | inner.map(lambda pair: (f"lnnvl({pair[0]})", pair[1] is not True))


CONDITIONS = st.recursive(_comparisons() | _ranges() | _lists() | _tests_for_null(), _combined, max_leaves=6)


@QUICK
@given(condition=CONDITIONS)
def test_conditions_follow_three_valued_logic(condition, value_of):
    sql, truth = condition
    letter = {True: "T", False: "F", None: "U"}[truth]
    assert value_of(f"case when {sql} then 'T' when not ({sql}) then 'F' else 'U' end") == letter


def _strings():
    leaves = TEXTS.map(lambda text: (_text(text), evaluator.text_of(text)))

    def combined(inner):
        def choice(subject, search, result, default):
            value = evaluator.chosen(subject[1], [(search[1], result[1])], default[1])
            return f"decode({subject[0]}, {search[0]}, {result[0]}, {default[0]})", value

        def pad(name, text, width, fill):
            sql = f"{name}({text[0]}, {width}, {fill[0]})"
            return sql, evaluator.padded(text[1], width, fill[1], left=name == "lpad")

        return st.one_of(
            st.builds(lambda a, b: (f"({a[0]} || {b[0]})", evaluator.joined(a[1], b[1])), inner, inner),
            st.builds(lambda a, b: (f"nvl({a[0]}, {b[0]})", b[1] if a[1] is None else a[1]), inner, inner),
            st.builds(lambda a, b, c: (f"nvl2({a[0]}, {b[0]}, {c[0]})", c[1] if a[1] is None else b[1]), inner, inner, inner),
            st.builds(choice, inner, inner, inner, inner),
            st.builds(
                lambda a, start, length: (
                    f"substr({a[0]}, {start}{'' if length is None else f', {length}'})",
                    evaluator.part(a[1], start, length),
                ),
                inner,
                st.integers(-5, 5),
                st.one_of(st.none(), st.integers(-1, 4)),
            ),
            st.builds(pad, st.sampled_from(["lpad", "rpad"]), inner, st.integers(-1, 6), inner),
            st.builds(lambda a: (f"trim({a[0]})", evaluator.text_of((a[1] or "").strip(" "))), inner),
            st.builds(
                lambda a, b: (f"greatest({a[0]}, {b[0]})", None if None in {a[1], b[1]} else max(a[1], b[1])),
                inner,
                inner,
            ),
        )

    return st.recursive(leaves, combined, max_leaves=5)


@QUICK
@given(string=_strings())
def test_strings_are_joined_chosen_cut_and_padded_with_null_for_nothing(string, value_of):
    sql, expected = string
    assert value_of(sql) == expected


@QUICK
@given(text=TEXTS, wanted=st.sampled_from([None, "", "a", "b", "ab", "x"]), start=st.integers(-4, 4), occurrence=st.integers(1, 3))
def test_instr_counts_from_both_ends(text, wanted, start, occurrence, value_of):
    expected = evaluator.position(evaluator.text_of(text), evaluator.text_of(wanted), start, occurrence)
    assert value_of(f"instr({_text(text)}, {_text(wanted)}, {start}, {occurrence})") == expected


def _arithmetic():
    decimals = st.decimals(-99, 99, places=2).map(lambda number: (f"({number})", Fraction(number)))
    leaves = decimals | st.just(("null", None))

    def combined(inner):
        def build(op, left, right):
            sql = f"({left[0]} {op} {right[0]})"
            if left[1] is None or right[1] is None:
                return sql, None
            if op == "/":
                return (sql, left[1] / right[1]) if right[1] else ("null", None)
            return sql, {"+": left[1] + right[1], "-": left[1] - right[1], "*": left[1] * right[1]}[op]

        return st.builds(build, st.sampled_from("+-*/"), inner, inner)

    return st.recursive(leaves, combined, max_leaves=5)


@QUICK
@given(arithmetic=_arithmetic())
def test_arithmetic_has_fractions_and_null(arithmetic, value_of):
    sql, expected = arithmetic
    found = value_of(sql)
    if expected is None:
        assert found is None
    else:
        assert float(found) == pytest.approx(float(expected), rel=1e-10, abs=1e-9)


@QUICK
@given(
    number=st.decimals(-9999, 9999, places=4), digits=st.integers(1, 5), places=st.integers(0, 3), divisor=st.sampled_from([None, 1, 10])
)
def test_numbers_are_rounded_and_written_as_decimal_numbers_are(number, digits, places, divisor, value_of):
    shown = number if divisor is None else number / divisor
    assume(round(shown, places) != 0 or shown >= 0)
    layout = "9" * (digits - 1) + "0" + ("." + "0" * places if places else "")
    expression = f"({number})" if divisor is None else f"({number}) / {divisor}"
    assert value_of(f"to_char({expression}, '{layout}')") == evaluator.shown(shown, digits, places)
    rounded = value_of(f"round({expression}, {places})")
    text = evaluator.shown(abs(shown), 6, places).strip()
    assert Decimal(str(rounded)) == Decimal(text).copy_sign(shown)


@QUICK
@given(date=DATES, other=DATES, months=st.integers(-30, 30), days=st.integers(-400, 400), seconds=st.integers(-90_000, 90_000))
def test_dates_are_reckoned_as_the_calendar_is(date, other, months, days, seconds, value_of):
    assert value_of(f"add_months({_date(date)}, {months})") == evaluator.add_months(date, months)
    assert value_of(f"{_date(date)} + {days} + {seconds} / 86400") == date + timedelta(days=days, seconds=seconds)
    assert value_of(f"{_date(date)} - {_date(other)}") == pytest.approx((date - other) / timedelta(days=1), abs=1e-9)
    between = float(evaluator.months_between(date, other))
    assert value_of(f"months_between({_date(date)}, {_date(other)})") == pytest.approx(between, abs=1e-9)
    assert value_of(f"trunc({_date(date)}, 'IW')") == datetime.combine(date.date() - timedelta(days=date.weekday()), datetime.min.time())
    assert value_of(f"to_char({_date(date)}, 'YYYY DDD IYYY IW')") == f"{date:%Y %j} {date.isocalendar()[0]} {date.isocalendar()[1]:02}"
