"""Rules for literals, arithmetic, comparisons and conditions."""

import re
from collections.abc import Mapping
from datetime import datetime

from . import tree
from .emitter import Emitter, Rule, family, number_literal
from .lexer import Span
from .scope import nearest
from .values import NUMERIC, TEMPORAL, Kind, Value, first_loose, quote_text

__all__ = ["OPERATOR_RULES"]

_CHAIN_LIMIT = 300
_UNITS = {"DAY": "days", "HOUR": "hours", "MINUTE": "minutes", "SECOND": "seconds"}
_PSEUDO = frozenset({"ROWID", "USER", "UID", "ORA_ROWSCN", "CURRVAL", "NEXTVAL"})


def _literal(emitter: Emitter, node: tree.Literal) -> Value:
    if not node.text:
        return Value("NULL", Kind.NULL)
    if node.kind == "number":
        return number_literal(node.text)
    if "\0" in node.text:
        raise emitter.context.fault(node, "a string cannot hold the character NUL")
    return Value(quote_text(node.text), Kind.TEXT, constant=node.text)


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
    fraction = node.text.partition(".")[2]
    sql = f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}{'.' + fraction if fraction else ''}'"
    return Value(_four_digit_year(sql, moment), Kind[node.kind])


def _four_digit_year(sql: str, moment: datetime) -> str:
    return sql if moment.year > 999 else sql.replace(f"'{moment:%Y}-", f"'{moment.year:04d}-")


def _period(emitter: Emitter, node: tree.Period) -> Value:
    if node.unit in {"YEAR", "MONTH"}:
        raise emitter.context.refuse(node, "intervals of months and years", "write ADD_MONTHS(d, n)")
    if node.unit not in _UNITS:
        raise emitter.context.fault(node, f"an interval has no unit {node.unit}", "take DAY, HOUR, MINUTE or SECOND")
    if not re.fullmatch(r"[+-]?\d{1,9}", node.text):
        raise emitter.context.refuse(node, f"the interval {node.text!r}", "write a whole number of one unit: INTERVAL '90' MINUTE")
    return Value(f"to_{_UNITS[node.unit]}({int(node.text)})", Kind.INTERVAL)


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
    if name in _PSEUDO:
        raise emitter.context.refuse(node, f"{name} is not known here", "take a column of the table")
    return None


def _unary(emitter: Emitter, node: tree.Unary) -> Value:
    operand = emitter.emit(node.operand)
    if operand.kind is Kind.INTERVAL:
        return Value(f"(- {operand.sql})" if node.op == "-" else operand.sql, Kind.INTERVAL, operand.loose)
    operand = emitter.to_number(operand, node.operand)
    if node.op == "+":
        return operand
    if operand.constant is not None and not operand.constant.startswith("-"):
        return number_literal(f"-{operand.constant}")
    return Value(f"(- {operand.sql})", operand.kind, operand.loose, narrow=operand.narrow)


def _arithmetic(emitter: Emitter, node: tree.Arithmetic) -> Value:
    if len(node.operands) > _CHAIN_LIMIT:
        raise emitter.context.refuse(node, f"more than {_CHAIN_LIMIT} operands in a row", "put parentheses round parts of it")
    left = emitter.value(node.operands[0])
    for sign, operand in zip(node.signs, node.operands[1:], strict=True):
        right = emitter.value(operand)
        span = Span(node.start, operand.end)
        if sign in "+-" and (left.kind >= Kind.DATE or right.kind >= Kind.DATE):
            left = _date_arithmetic(emitter, left, sign, right, span)
        else:
            left = _number_arithmetic(emitter.to_number(left, span), sign, emitter.to_number(right, operand))
    return left


def _number_arithmetic(left: Value, sign: str, right: Value) -> Value:
    kind, loose = max(left.kind, right.kind), first_loose(left, right)
    if sign == "/":
        if kind is Kind.FLOAT:
            return Value(f"({left.sql} / {right.sql})", kind, loose)
        safe = right.constant is not None and right.constant.strip("-0.") != ""
        sql = f"(CAST({left.sql} AS DOUBLE) / {right.sql})" if safe else f"ora_divide({left.sql}, {right.sql})"
        return Value(sql, Kind.NUMBER, loose)
    first = f"CAST({left.sql} AS BIGINT)" if left.narrow and right.narrow else left.sql
    return Value(f"({first} {sign} {right.sql})", kind, loose)


def _date_arithmetic(emitter: Emitter, left: Value, sign: str, right: Value, span: Span) -> Value:
    loose = first_loose(left, right)
    if sign == "+" and left.kind not in TEMPORAL and right.kind in TEMPORAL:
        left, right = right, left
    if left.kind in TEMPORAL and right.kind is Kind.INTERVAL:
        return Value(f"({left.sql} {sign} {right.sql})", left.kind, loose)
    if left.kind is right.kind is Kind.INTERVAL:
        return Value(f"({left.sql} {sign} {right.sql})", Kind.INTERVAL, loose)
    if left.kind is Kind.TIMESTAMP or right.kind is Kind.TIMESTAMP:
        hint = "add INTERVAL '1' DAY, or cut the time off with TRUNC(t)"
        raise emitter.context.refuse(span, "numbers added to timestamps, and differences of timestamps", hint)
    if left.kind is Kind.DATE and right.kind is Kind.DATE and sign == "-":
        return Value(f"ora_days_between({left.sql}, {right.sql})", Kind.NUMBER, loose)
    if left.kind is Kind.DATE and right.kind in NUMERIC:
        days = right.sql if sign == "+" else f"(- {right.sql})"
        return Value(f"ora_add_days({left.sql}, {days})", Kind.DATE, loose)
    if Kind.NULL in {left.kind, right.kind}:
        return Value("CAST(NULL AS TIMESTAMP)", Kind.DATE, loose)
    message = f"{family(left.kind)} {sign} {family(right.kind)} has no meaning (ORA-00932)"
    raise emitter.context.fault(span, message)


def _concat(emitter: Emitter, node: tree.Concat) -> Value:
    values = [emitter.text(operand) for operand in node.operands]
    if all(value.constant is not None for value in values):
        whole = "".join(value.constant or "" for value in values)
        return Value(quote_text(whole), Kind.TEXT, constant=whole)
    return Value(f"nullif(concat({', '.join(value.sql for value in values)}), '')", Kind.TEXT, first_loose(*values))


def _case(emitter: Emitter, node: tree.Case) -> Value:
    tests, results, spans = list[str](), list[Value](), list[Span]()
    looses = list[Value]()
    for test, result in node.whens:
        condition = emitter.condition(test) if node.operand is None else compare(emitter, "=", node.operand, test)
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
    return Value(f"CASE {whens}{default} END", kind, first_loose(*looses, *results))


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
    elif left.kind is Kind.TEXT and right.kind is Kind.TEXT and left.constant is not None and right.constant is not None:
        left = Value(quote_text(left.constant.rstrip(" ")), Kind.TEXT)
        right = Value(quote_text(right.constant.rstrip(" ")), Kind.TEXT)
    elif {left.kind, right.kind} & TEMPORAL and Kind.TEXT in {left.kind, right.kind}:
        span = left_span if left.kind is Kind.TEXT else right_span
        hint = "write DATE '2020-12-31' or TO_DATE('...', 'YYYY-MM-DD')"
        raise emitter.context.refuse(span, "a string compared with a date depends on the session's format", hint)
    emitter.unify([left, right], [left_span, right_span])
    return left, right


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
    if len(node.items) == 1 and isinstance(node.items[0], tree.Subquery):
        return _in_query(emitter, node, node.items[0], word)
    if isinstance(node.operand, tree.Tuple) and len(node.operand.items) > 1:
        rows = [_compare_rows(emitter, tree.Compare(node.start, node.end, "=", node.operand, item), node.operand) for item in node.items]
        sql = f"({' OR '.join(row.sql for row in rows)})"
        return Value(f"(NOT {sql})" if node.negated else sql, Kind.CONDITION, first_loose(*rows))
    operand = emitter.value(node.operand)
    items = list[str]()
    looses = list[Value]()
    for item in node.items:
        left, right = comparable(emitter, operand, node.operand, emitter.value(item), item)
        if left.sql != operand.sql:
            parts = [compare(emitter, "=", node.operand, each) for each in node.items]
            sql = f"({' OR '.join(part.sql for part in parts)})"
            return Value(f"(NOT {sql})" if node.negated else sql, Kind.CONDITION, first_loose(*parts))
        items.append(right.sql)
        looses.append(right)
    return Value(f"({operand.sql} {word} ({', '.join(items)}))", Kind.CONDITION, first_loose(operand, *looses))


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


def _tuple(emitter: Emitter, node: tree.Tuple) -> Value:
    if len(node.items) == 1:
        return emitter.emit(node.items[0])
    raise emitter.context.fault(node, "a row of values is expected nowhere but in IN and =")


def _subquery(emitter: Emitter, node: tree.Subquery) -> Value:
    relation = emitter.relation(node.query)
    if len(relation.columns) != 1:
        raise emitter.context.fault(node, f"one column is expected from this query, not {len(relation.columns)} (ORA-00913)")
    return Value(f"({relation.sql})", relation.columns[0].kind)


def _star(emitter: Emitter, node: tree.Star) -> Value:
    raise emitter.context.fault(node, "* stands alone in the select list or in COUNT(*)", nearest("COUNT", ["COUNT"]))


OPERATOR_RULES: Mapping[type, Rule] = {
    tree.Literal: _literal,
    tree.Moment: _moment,
    tree.Period: _period,
    tree.Name: _name,
    tree.Unary: _unary,
    tree.Arithmetic: _arithmetic,
    tree.Concat: _concat,
    tree.Case: _case,
    tree.Compare: _compare,
    tree.IsTest: _is_test,
    tree.Between: _between,
    tree.In: _in,
    tree.Like: _like,
    tree.Exists: _exists,
    tree.Not: _not,
    tree.Logic: _logic,
    tree.Tuple: _tuple,
    tree.Subquery: _subquery,
    tree.Star: _star,
}
"""What to do with each kind of node; calls are apart."""
