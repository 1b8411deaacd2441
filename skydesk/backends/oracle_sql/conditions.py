"""Rules for comparisons and what joins them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import tree
from .emitter import Emitter, Rule, family
from .lexer import Span
from .values import NUMERIC, TEMPORAL, Kind, Value, first_loose, in_precision, quote_text, settled

__all__ = ["CONDITION_RULES", "LIST_LIMIT", "comparable", "compare", "comparison", "in_table", "same_length"]

LIST_LIMIT = 65_535
"""Values of one list, as Oracle takes them from 23ai on (1000 before that)."""

_LISTED = {"number": Kind.INTEGER, "string": Kind.TEXT}


def compare(emitter: Emitter, op: str, left_node: tree.Node, right_node: tree.Node) -> Value:
    """Compare two values as Oracle converts them."""
    return comparison(emitter, op, emitter.value(left_node), left_node, emitter.value(right_node), right_node)


def comparison(emitter: Emitter, op: str, left: Value, left_span: Span, right: Value, right_span: Span) -> Value:
    """Compare two translated values."""
    left, right = comparable(emitter, left, left_span, right, right_span)
    return Value(f"({left.sql} {op} {right.sql})", Kind.CONDITION, first_loose(left, right))


def comparable(emitter: Emitter, left: Value, left_span: Span, right: Value, right_span: Span) -> tuple[Value, Value]:
    """Convert two values so that they compare as in Oracle; strings become numbers beside numbers."""
    if left.kind is Kind.TEXT and right.kind in NUMERIC:
        left = emitter.to_number(left, left_span)
    elif right.kind is Kind.TEXT and left.kind in NUMERIC:
        right = emitter.to_number(right, right_span)
    elif left.char_length is not None and right.char_length is not None:
        left, right = _unpadded(left), _unpadded(right)
    elif {left.kind, right.kind} & TEMPORAL and Kind.TEXT in {left.kind, right.kind}:
        span = left_span if left.kind is Kind.TEXT else right_span
        hint = "write DATE '2020-12-31' or TO_DATE('...', 'YYYY-MM-DD')"
        raise emitter.context.refuse(span, "a string compared with a date depends on the session's format", hint)
    emitter.unify([left, right], [left_span, right_span])
    left, right = in_precision(left, right)
    if Kind.NUMBER in {left.kind, right.kind} and Kind.FLOAT not in {left.kind, right.kind}:
        left, right = (value if value.smooth else replace(value, sql=settled(value)) for value in (left, right))
    return left, right


def same_length(values: Sequence[Value]) -> int | None:
    """Give the length that strings of type CHAR have in common; those of several lengths make a VARCHAR2."""
    lengths = {value.char_length for value in values if value.kind is not Kind.NULL}
    return lengths.pop() if len(lengths) == 1 else None


def _unpadded(value: Value) -> Value:
    sql = f"rtrim({value.sql}, ' ')" if value.constant is None else quote_text(value.constant.rstrip(" "))
    return Value(sql, Kind.TEXT, value.loose)


def _compare(emitter: Emitter, node: tree.Compare) -> Value:
    if isinstance(node.right, tree.Subquery) and node.quantifier:
        left = emitter.value(node.left)
        relation = emitter.relation(node.right.query)
        if len(relation.columns) != 1:
            raise emitter.context.fault(node.right, "one column is expected from this query")
        comparison(emitter, "=", left, node.left, Value("x", relation.columns[0].kind), node.right)
        return Value(f"({left.sql} {node.op} {node.quantifier} ({relation.sql}))", Kind.CONDITION, left.loose)
    if node.quantifier:
        items = node.right.items if isinstance(node.right, tree.Tuple) else [node.right]
        joined = " OR " if node.quantifier == "ANY" else " AND "
        parts = [compare(emitter, node.op, node.left, item) for item in items]
        return Value(f"({joined.join(part.sql for part in parts)})", Kind.CONDITION, first_loose(*parts))
    if isinstance(node.left, tree.Tuple) and len(node.left.items) > 1:
        return _compare_rows(emitter, node, node.left)
    return compare(emitter, node.op, node.left, node.right)


def _compare_rows(emitter: Emitter, node: tree.Compare, left: tree.Tuple) -> Value:
    if node.op not in {"=", "<>"}:
        raise emitter.context.fault(node, "rows can be equal or not, but not less or greater")
    right = node.right
    if isinstance(right, tree.Subquery):
        raise emitter.context.refuse(right, "a row compared with a query", "write IN instead of =")
    while isinstance(right, tree.Tuple) and len(right.items) == 1:
        right = right.items[0]
    if not isinstance(right, tree.Tuple) or len(right.items) != len(left.items):
        raise emitter.context.fault(right, f"{len(left.items)} values are expected here")
    parts = [compare(emitter, "=", a, b) for a, b in zip(left.items, right.items, strict=True)]
    sql = " AND ".join(part.sql for part in parts)
    return Value(f"({sql})" if node.op == "=" else f"(NOT ({sql}))", Kind.CONDITION, first_loose(*parts))


def _is_test(emitter: Emitter, node: tree.IsTest) -> Value:
    word = "NOT " if node.negated else ""
    if node.what == "NULL":
        value = emitter.emit(node.operand)
        return Value(f"({value.sql} IS {word}NULL)", Kind.CONDITION, value.loose)
    value = emitter.number(node.operand)
    test = {"NAN": "isnan", "INFINITE": "isinf"}[node.what]
    return Value(f"({word}{test}(CAST({value.sql} AS DOUBLE)))", Kind.CONDITION, value.loose)


def _between(emitter: Emitter, node: tree.Between) -> Value:
    low, high = compare(emitter, ">=", node.operand, node.low), compare(emitter, "<=", node.operand, node.high)
    sql = f"({low.sql} AND {high.sql})"
    return Value(f"(NOT {sql})" if node.negated else sql, Kind.CONDITION, first_loose(low, high))


def _in(emitter: Emitter, node: tree.In) -> Value:
    word = "NOT IN" if node.negated else "IN"
    if len(node.items) > LIST_LIMIT:
        message = f"{len(node.items):,} values in a list; at most {LIST_LIMIT:,} are taken (ORA-01795)"
        raise emitter.context.refuse(node.operand, message, "ask in several statements, or by what the objects have in common")
    found = _in_literals(emitter, node, word)
    if found is not None:
        return found
    nodes = node.nodes
    if len(nodes) == 1 and isinstance(nodes[0], tree.Subquery):
        return _in_query(emitter, node, nodes[0], word)
    if isinstance(node.operand, tree.Tuple) and len(node.operand.items) > 1:
        rows = [_compare_rows(emitter, tree.Compare(node.start, node.end, "=", node.operand, item), node.operand) for item in nodes]
        sql = f"({' OR '.join(row.sql for row in rows)})"
        return Value(f"(NOT {sql})" if node.negated else sql, Kind.CONDITION, first_loose(*rows))
    operand = emitter.value(node.operand)
    items = list[str]()
    looses = list[Value]()
    for item in nodes:
        left, right = comparable(emitter, operand, node.operand, emitter.value(item), item)
        if left.sql != operand.sql:
            parts = [compare(emitter, "=", node.operand, each) for each in nodes]
            sql = f"({' OR '.join(part.sql for part in parts)})"
            return Value(f"(NOT {sql})" if node.negated else sql, Kind.CONDITION, first_loose(*parts))
        items.append(right.sql)
        looses.append(right)
    return Value(f"({operand.sql} {word} ({', '.join(items)}))", Kind.CONDITION, first_loose(operand, *looses))


def _in_literals(emitter: Emitter, node: tree.In, word: str) -> Value | None:
    """Translate a long list that needs no conversion, as it is written; None for any other."""
    if not isinstance(node.items, tree.LiteralList) or len(node.items) > LIST_LIMIT:
        return None
    operand = emitter.value(node.operand)
    if operand.kind is not _LISTED[node.items.kind] or operand.constant is not None or operand.char_length is not None:
        return None
    return Value(f"({operand.sql} {word} ({node.items.text}))", Kind.CONDITION, operand.loose)


def in_table(emitter: Emitter, node: tree.In) -> str | None:
    """Translate ``x [NOT] IN (...)`` of many whole numbers as a look-up in a table of them; None for any other list.

    DuckDB reads the one string that holds them a tenth as long as so many numbers, and finds the rows through the index
    of ``x`` where there is one. A condition of WHERE may be written so; inside expressions a query is not taken everywhere.
    """
    found = _in_literals(emitter, node, "IN")
    if found is None or not isinstance(node.items, tree.LiteralList) or node.items.kind != "number":
        return None
    word = "NOT IN" if node.negated else "IN"
    numbers = "".join(node.items.text.split())
    return f"({emitter.value(node.operand).sql} {word} (SELECT unnest({emitter.context.number_list(numbers)})))"


def _in_query(emitter: Emitter, node: tree.In, subquery: tree.Subquery, word: str) -> Value:
    relation = emitter.relation(subquery.query)
    several = isinstance(node.operand, tree.Tuple) and len(node.operand.items) > 1
    nodes = node.operand.items if several and isinstance(node.operand, tree.Tuple) else [node.operand]
    if len(relation.columns) != len(nodes):
        raise emitter.context.fault(subquery, f"this query gives {len(relation.columns)} columns where {len(nodes)} are expected")
    values = [emitter.value(each) for each in nodes]
    for value, column, each in zip(values, relation.columns, nodes, strict=True):
        if Kind.NULL not in {value.kind, column.kind} and family(value.kind) != family(column.kind):
            raise emitter.context.fault(
                each, f"a {family(value.kind)} is compared with a query's {family(column.kind)}", "convert one of them"
            )
        if value.char_length is not None and column.char_length not in {None, value.char_length}:
            raise emitter.context.refuse(
                each, "strings of type CHAR and of several lengths in IN (SELECT ...)", "write RTRIM(...) on both sides"
            )
    left = f"({', '.join(value.sql for value in values)})" if several else values[0].sql
    return Value(f"({left} {word} ({relation.sql}))", Kind.CONDITION, first_loose(*values))


def _like(emitter: Emitter, node: tree.Like) -> Value:
    operand, pattern = emitter.text(node.operand), emitter.text(node.pattern)
    escape = ""
    if node.escape is not None:
        character = emitter.written_text(node.escape, "an escape character")
        if len(character) != 1:
            raise emitter.context.fault(node.escape, "the escape must be one character (ORA-01425)")
        if pattern.constant is None:
            raise emitter.context.refuse(node.pattern, "ESCAPE with a pattern that is not written as a string", "write the pattern itself")
        mark = re.escape(character)
        if re.search(f"{mark}(?![%_{mark}])", re.sub(f"{mark}[%_{mark}]", "", pattern.constant)):
            raise emitter.context.fault(node.pattern, f"{character} must stand before %, _ or itself (ORA-01424)")
        escape = f" ESCAPE {quote_text(character)}"
    word = "NOT LIKE" if node.negated else "LIKE"
    return Value(f"({operand.sql} {word} {pattern.sql}{escape})", Kind.CONDITION, first_loose(operand, pattern))


def _exists(emitter: Emitter, node: tree.Exists) -> Value:
    return Value(f"EXISTS ({emitter.relation(node.query).sql})", Kind.CONDITION)


def _not(emitter: Emitter, node: tree.Not) -> Value:
    value = emitter.condition(node.operand)
    return Value(f"(NOT {value.sql})", Kind.CONDITION, value.loose)


def _logic(emitter: Emitter, node: tree.Logic) -> Value:
    parts = [emitter.condition(operand) for operand in node.operands]
    return Value(f"({f' {node.op} '.join(part.sql for part in parts)})", Kind.CONDITION, first_loose(*parts))


CONDITION_RULES: Mapping[type, Rule] = {
    tree.Compare: _compare,
    tree.IsTest: _is_test,
    tree.Between: _between,
    tree.In: _in,
    tree.Like: _like,
    tree.Exists: _exists,
    tree.Not: _not,
    tree.Logic: _logic,
}
"""What to do with each kind of condition."""
