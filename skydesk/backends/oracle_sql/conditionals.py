"""Functions that choose between values: NVL, DECODE, GREATEST and their like."""

from collections.abc import Mapping

from . import tree
from .conditions import comparable
from .emitter import Emitter
from .signature import Function
from .values import NUMERIC, Kind, Value, first_loose

__all__ = ["CONDITIONAL_FUNCTIONS"]


def _like_first(emitter: Emitter, first: Value, value: Value, span: tree.Node) -> Value:
    """Convert a value to the type of another, as NVL, DECODE and GREATEST do."""
    if first.kind is Kind.NULL or value.kind is Kind.NULL:
        return value
    if first.kind in NUMERIC:
        return emitter.to_number(value, span)
    if first.kind is Kind.TEXT:
        return emitter.to_text(value, span)
    if first.kind is Kind.DATE and value.kind is Kind.TIMESTAMP:
        hint = "write CAST(d AS TIMESTAMP) for the first"
        raise emitter.context.refuse(span, "a timestamp made a date: what becomes of its fraction of a second is unclear", hint)
    return value


def _alike(emitter: Emitter, nodes: list[tree.Node]) -> tuple[list[Value], Kind]:
    first = emitter.value(nodes[0])
    values = [first, *(_like_first(emitter, first, emitter.value(node), node) for node in nodes[1:])]
    return values, emitter.unify(values, nodes)


def _nvl(emitter: Emitter, call: tree.Call) -> Value:
    values, kind = _alike(emitter, call.arguments)
    return emitter.function("coalesce", kind, *values)


def _coalesce(emitter: Emitter, call: tree.Call) -> Value:
    values = [emitter.value(node) for node in call.arguments]
    return emitter.function("coalesce", emitter.unify(values, call.arguments), *values)


def _nvl2(emitter: Emitter, call: tree.Call) -> Value:
    test = emitter.value(call.arguments[0])
    (present, absent), kind = _alike(emitter, call.arguments[1:])
    sql = f"CASE WHEN {test.sql} IS NOT NULL THEN {present.sql} ELSE {absent.sql} END"
    return Value(sql, kind, first_loose(test, present, absent))


def _nullif(emitter: Emitter, call: tree.Call) -> Value:
    left, right = (emitter.value(node) for node in call.arguments)
    kind = left.kind
    if kind is Kind.NULL:
        raise emitter.context.fault(call.arguments[0], "NULLIF takes no NULL as its first argument (ORA-00932)")
    emitter.unify([left, right], call.arguments)
    one, other = comparable(emitter, left, call.arguments[0], right, call.arguments[1])
    return Value(f"CASE WHEN {one.sql} = {other.sql} THEN NULL ELSE {left.sql} END", kind, first_loose(left, right))


def _decode(emitter: Emitter, call: tree.Call) -> Value:
    """Choose by equality, where NULL equals NULL and blanks at a string's end count (SQL Language Reference, DECODE).

    The results are of the first one's type, and strings where that is NULL.
    """
    subject, rest = call.arguments[0], call.arguments[1:]
    pairs = [(rest[index], rest[index + 1]) for index in range(0, len(rest) - 1, 2)]
    result_nodes = [result for _, result in pairs] + ([rest[-1]] if len(rest) % 2 else [])
    results, kind = _alike(emitter, result_nodes)
    if results[0].kind is Kind.NULL and kind is not Kind.NULL:
        results, kind = [emitter.to_text(result, node) for result, node in zip(results, result_nodes, strict=True)], Kind.TEXT
    whens, looses = list[str](), list[Value]()
    for (search, _), result in zip(pairs, results, strict=False):
        left, right = emitter.value(subject), emitter.value(search)
        if not left.kind is right.kind is Kind.TEXT:
            left, right = comparable(emitter, left, subject, right, search)
        whens.append(f"WHEN {left.sql} IS NOT DISTINCT FROM {right.sql} THEN {result.sql}")
        looses += [left, right]
    default = f" ELSE {results[-1].sql}" if len(rest) % 2 else ""
    return Value(f"CASE {' '.join(whens)}{default} END", kind, first_loose(*looses, *results))


def _extreme(name: str) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        values, kind = _alike(emitter, call.arguments)
        missing = " OR ".join(f"{value.sql} IS NULL" for value in values)
        made = f"{name}({', '.join(value.sql for value in values)})"
        return Value(f"CASE WHEN {missing} THEN NULL ELSE {made} END", kind, first_loose(*values))

    return Function(1, 255, rule)


def _lnnvl(emitter: Emitter, call: tree.Call) -> Value:
    value = emitter.condition(call.arguments[0])
    return Value(f"({value.sql} IS NOT TRUE)", Kind.CONDITION, value.loose)


CONDITIONAL_FUNCTIONS: Mapping[str, Function] = {
    "NVL": Function(2, 2, _nvl),
    "NVL2": Function(3, 3, _nvl2),
    "COALESCE": Function(2, 255, _coalesce),
    "NULLIF": Function(2, 2, _nullif),
    "DECODE": Function(3, 255, _decode),
    "GREATEST": _extreme("greatest"),
    "LEAST": _extreme("least"),
    "LNNVL": Function(1, 1, _lnnvl),
}
"""Functions by name."""
