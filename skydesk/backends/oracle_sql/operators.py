"""Rules for literals, names, arithmetic and CASE."""

import re
from collections.abc import Mapping
from datetime import datetime
from math import isinf

from . import tree
from .conditions import CONDITION_RULES, compare, same_length
from .date_formats import check_calendar
from .emitter import Emitter, Rule, number_literal
from .intervals import combined, period
from .lexer import Span
from .scope import nearest
from .values import INTERVALS, Kind, Value, first_loose, in_precision, quote_text

__all__ = ["OPERATOR_RULES"]

_CHAIN_LIMIT = 300
_BINARY = {
    "BINARY_FLOAT_NAN": "CAST('nan' AS FLOAT)",
    "BINARY_FLOAT_INFINITY": "CAST('inf' AS FLOAT)",
    "BINARY_DOUBLE_NAN": "CAST('nan' AS DOUBLE)",
    "BINARY_DOUBLE_INFINITY": "CAST('inf' AS DOUBLE)",
}
_PSEUDO = frozenset({"ROWID", "USER", "UID", "ORA_ROWSCN", "CURRVAL", "NEXTVAL"})


def _literal(emitter: Emitter, node: tree.Literal) -> Value:
    if not node.text:
        return Value("NULL", Kind.NULL)
    if node.kind == "number":
        if isinf(float(node.text.rstrip("dDfF"))):
            raise emitter.context.fault(node, "the number is too large (ORA-01426)")
        return number_literal(node.text)
    if "\0" in node.text:
        raise emitter.context.fault(node, "a string cannot hold the character NUL")
    return Value(quote_text(node.text), Kind.TEXT, constant=node.text, char_length=len(node.text))


def _moment(emitter: Emitter, node: tree.Moment) -> Value:
    pattern = r"\d{4}-\d{1,2}-\d{1,2}" if node.kind == "DATE" else r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?"
    shape = "YYYY-MM-DD" if node.kind == "DATE" else "YYYY-MM-DD HH24:MI:SS"
    if not re.fullmatch(pattern, node.text):
        raise emitter.context.fault(node, f"{node.kind} {node.text!r} is not of the form '{shape}'")
    try:
        day, _, time = node.text.partition(" ")
        moment = datetime(*map(int, day.split("-")), *map(int, time.partition(".")[0].split(":") if time else ()))  # type: ignore[arg-type]
    except ValueError as error:
        raise emitter.context.fault(node, f"{node.text!r} is no date: {error}") from error
    check_calendar(emitter, moment, node)
    fraction = node.text.partition(".")[2]
    return Value(f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}{'.' + fraction if fraction else ''}'", Kind[node.kind])


def _name(emitter: Emitter, node: tree.Name) -> Value:
    ident = node.parts[0]
    if node.outer:
        raise emitter.context.refuse(node, "(+) in this place", "write LEFT JOIN ... ON ...")
    if len(node.parts) == 1 and not ident.quoted:
        found = _pseudo_column(emitter, node, ident.text)
        if found is not None:
            return found
    if len(node.parts) == 1 and ident.text in emitter.aliases:
        return emitter.aliases[ident.text]
    if len(node.parts) == 2 and node.parts[1].text in {"NEXTVAL", "CURRVAL", "ROWID", "ROWNUM"}:
        raise emitter.context.refuse(node, f"{node.parts[1].text} of a table or sequence", "take a column of the table")
    return emitter.scope.column(node)


def _pseudo_column(emitter: Emitter, node: tree.Name, name: str) -> Value | None:
    scope = emitter.scope
    if name == "ROWNUM":
        if scope.rownum is None:
            raise emitter.context.refuse(node, "ROWNUM in this place", "number the rows in a subquery: SELECT t.*, ROWNUM rn FROM ...")
        return Value(scope.base.take(scope.rownum) if scope.base else scope.rownum, Kind.INTEGER, loose=node)
    if name == "LEVEL":
        if scope.level is None:
            raise emitter.context.fault(node, "LEVEL needs CONNECT BY", "rows are made with FROM DUAL CONNECT BY LEVEL <= n")
        return Value(scope.base.take(scope.level) if scope.base else scope.level, Kind.INTEGER, loose=node)
    if name in {"SYSDATE", "CURRENT_DATE"}:
        return Value("ora_sysdate()", Kind.DATE)
    if name == "LOCALTIMESTAMP":
        return Value("ora_localtimestamp()", Kind.TIMESTAMP)
    if name in {"SYSTIMESTAMP", "CURRENT_TIMESTAMP"}:
        raise emitter.context.refuse(node, f"{name} has a time zone", "write SYSDATE or LOCALTIMESTAMP, which are UTC here")
    if name in _BINARY:
        return Value(_BINARY[name], Kind.FLOAT, narrow="FLOAT" in name)
    if name in _PSEUDO:
        raise emitter.context.refuse(node, f"{name} is not known here", "take a column of the table")
    return None


def _unary(emitter: Emitter, node: tree.Unary) -> Value:
    operand = emitter.emit(node.operand)
    if operand.kind in INTERVALS:
        return Value(f"(- {operand.sql})" if node.op == "-" else operand.sql, operand.kind, operand.loose)
    operand = emitter.to_number(operand, node.operand)
    if node.op == "+":
        return operand
    if operand.constant is not None and not operand.constant.startswith("-"):
        return number_literal(f"-{operand.constant}")
    return Value(f"(- {operand.sql})", operand.kind, operand.loose, narrow=operand.narrow, smooth=operand.smooth)


def _arithmetic(emitter: Emitter, node: tree.Arithmetic) -> Value:
    if len(node.operands) > _CHAIN_LIMIT:
        raise emitter.context.refuse(node, f"more than {_CHAIN_LIMIT} operands in a row", "put parentheses round parts of it")
    left = emitter.value(node.operands[0])
    for sign, operand in zip(node.signs, node.operands[1:], strict=True):
        right = emitter.value(operand)
        span = Span(node.start, operand.end)
        if max(left.kind, right.kind) >= Kind.DATE:
            left = combined(emitter, left, sign, right, span)
        else:
            left = _number_arithmetic(emitter.to_number(left, span), sign, emitter.to_number(right, operand))
    return left


def _number_arithmetic(left: Value, sign: str, right: Value) -> Value:
    kind, loose = max(left.kind, right.kind), first_loose(left, right)
    smooth = left.smooth or right.smooth
    if kind is Kind.FLOAT:
        left, right = in_precision(left, right)
        narrow = all(value.narrow or value.kind is not Kind.FLOAT for value in (left, right))
        return Value(f"({left.sql} {sign} {right.sql})", kind, loose, narrow=narrow)
    if sign == "/":
        safe = right.constant is not None and right.constant.strip("-0.") != ""
        sql = f"(CAST({left.sql} AS DOUBLE) / {right.sql})" if safe else f"ora_divide({left.sql}, {right.sql})"
        return Value(sql, Kind.NUMBER, loose, smooth=smooth)
    first = f"CAST({left.sql} AS BIGINT)" if left.narrow and right.narrow else left.sql
    return Value(f"({first} {sign} {right.sql})", kind, loose, smooth=smooth)


def _concat(emitter: Emitter, node: tree.Concat) -> Value:
    values = [emitter.text(operand) for operand in node.operands]
    if all(value.constant is not None for value in values):
        whole = "".join(value.constant or "" for value in values)
        return Value(quote_text(whole), Kind.TEXT, constant=whole, char_length=_joined_length(values))
    sql = f"nullif(concat({', '.join(value.sql for value in values)}), '')"
    return Value(sql, Kind.TEXT, first_loose(*values), char_length=_joined_length(values))


def _joined_length(values: list[Value]) -> int | None:
    """Give the length of strings in a row; None unless each is a CHAR."""
    lengths = [value.char_length for value in values]
    return None if None in lengths else sum(length or 0 for length in lengths)


def _case(emitter: Emitter, node: tree.Case) -> Value:
    tests, results, spans = list[str](), list[Value](), list[Span]()
    looses = list[Value]()
    for test, result in node.whens:
        condition = emitter.condition(test) if node.operand is None else _when_equal(emitter, node.operand, test)
        looses.append(condition)
        tests.append(condition.sql)
        results.append(emitter.value(result))
        spans.append(result)
    if node.default is not None:
        results.append(emitter.value(node.default))
        spans.append(node.default)
    kind = emitter.unify(results, spans)
    whens = " ".join(f"WHEN {test} THEN {result.sql}" for test, result in zip(tests, results, strict=False))
    default = f" ELSE {results[-1].sql}" if node.default is not None else ""
    char_length = same_length(results)
    return Value(f"CASE {whens}{default} END", kind, first_loose(*looses, *results), char_length=char_length)


def _when_equal(emitter: Emitter, operand: tree.Node, test: tree.Node) -> Value:
    """Compare the operand of CASE, which must be of the same family as what it is compared with."""
    emitter.unify([emitter.value(operand), emitter.value(test)], [operand, test])
    return compare(emitter, "=", operand, test)


def _tuple(emitter: Emitter, node: tree.Tuple) -> Value:
    if len(node.items) == 1:
        return emitter.emit(node.items[0])
    raise emitter.context.fault(node, "a row of values is expected nowhere but in IN and =")


def _subquery(emitter: Emitter, node: tree.Subquery) -> Value:
    relation = emitter.relation(node.query)
    if len(relation.columns) != 1:
        raise emitter.context.fault(node, f"one column is expected from this query, not {len(relation.columns)} (ORA-00913)")
    return Value(f"({relation.sql})", relation.columns[0].kind, char_length=relation.columns[0].char_length)


def _star(emitter: Emitter, node: tree.Star) -> Value:
    raise emitter.context.fault(node, "* stands alone in the select list or in COUNT(*)", nearest("COUNT", ["COUNT"]))


OPERATOR_RULES: Mapping[type, Rule] = {
    **CONDITION_RULES,
    tree.Literal: _literal,
    tree.Moment: _moment,
    tree.Period: period,
    tree.Name: _name,
    tree.Unary: _unary,
    tree.Arithmetic: _arithmetic,
    tree.Concat: _concat,
    tree.Case: _case,
    tree.Tuple: _tuple,
    tree.Subquery: _subquery,
    tree.Star: _star,
}
"""What to do with each kind of node; calls are apart."""
