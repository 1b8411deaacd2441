"""Turn parsed expressions into values: one rule a kind of node, and Oracle's conversions between types."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import tree
from .lexer import Span
from .scope import Context, Relation, Scope
from .values import INTERVALS, NUMERIC, Kind, Value, first_loose, quote_text

__all__ = ["Emitter", "QueryRule", "Rule", "decimal_text", "family", "number_literal"]

Rule = Callable[["Emitter", Any], Value]
QueryRule = Callable[[Context, "tree.Query", Scope | None], Relation]
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")


class Emitter:
    """Gives DuckDB's words for expressions of one SELECT.

    Parameters
    ----------
    scope
        Where names are looked up.
    rules
        What to do with each kind of node.
    queries
        How a query inside an expression is translated.
    """

    def __init__(self, scope: Scope, rules: Mapping[type, Rule], queries: QueryRule) -> None:
        self.scope = scope
        self.context = scope.context
        self.rules = rules
        self.queries = queries
        self.groups: set[str] | None = None
        """Texts that the SELECT groups by; None where it does not group."""

        self.order_aliases = dict[str, Value]()
        """Names of the select list; only ORDER BY may use them."""

        self.aliases: Mapping[str, Value] = {}
        """Those of them that may be used here."""

        self.aggregates_allowed: str | None = None
        """Why aggregates may not be used here; None where they may."""

        self.windows_allowed: str | None = None

    def emit(self, node: tree.Node) -> Value:
        """Translate an expression or a condition."""
        value = self.rules[type(node)](self, node)
        if self.groups and value.loose is not None and value.sql in self.groups:
            value.loose = None
        return value

    def value(self, node: tree.Node) -> Value:
        """Translate what must be a value."""
        value = self.emit(node)
        if value.kind is Kind.CONDITION and not isinstance(node, tree.Name):
            raise self.context.fault(node, "a condition is no value", "write CASE WHEN ... THEN 1 ELSE 0 END")
        return value

    def condition(self, node: tree.Node) -> Value:
        """Translate what must be a condition."""
        value = self.emit(node)
        if value.kind is not Kind.CONDITION:
            raise self.context.fault(
                node, f"{self.context.written(node)[:40]} is no condition", "compare it with something: = < > IS NOT NULL"
            )
        return value

    def relation(self, query: tree.Query) -> Relation:
        """Translate a query inside an expression."""
        return self.queries(self.context, query, self.scope)

    def number(self, node: tree.Node) -> Value:
        """Translate what must be a number, as Oracle converts strings."""
        return self.to_number(self.value(node), node)

    def to_number(self, value: Value, span: Span) -> Value:
        """Convert a value to a number as Oracle does by itself."""
        if value.kind in NUMERIC:
            return value
        if value.kind is Kind.NULL:
            return Value("CAST(NULL AS DOUBLE)", Kind.NUMBER)
        if value.kind is Kind.TEXT:
            if value.constant is None:
                return Value(f"ora_to_number({value.sql})", Kind.NUMBER, value.loose)
            if _NUMBER.fullmatch(value.constant):
                return number_literal(value.constant.strip())
            raise self.context.fault(span, f"{value.constant!r} is not a number (ORA-01722)")
        raise self.context.fault(span, f"a number is expected, not a {_NAMES[value.kind]} (ORA-00932)")

    def text(self, node: tree.Node) -> Value:
        """Translate what must be a string, as Oracle converts numbers."""
        return self.to_text(self.value(node), node)

    def to_text(self, value: Value, span: Span) -> Value:
        """Convert a value to a string as Oracle does by itself; the sql is NULL for NULL."""
        if value.kind is Kind.TEXT:
            return value
        if value.kind is Kind.NULL:
            return Value("CAST(NULL AS VARCHAR)", Kind.TEXT)
        if value.constant is not None and value.kind in {Kind.INTEGER, Kind.DECIMAL}:
            return Value(quote_text(decimal_text(value.constant)), Kind.TEXT, constant=decimal_text(value.constant))
        if value.kind is Kind.INTEGER:
            return Value(f"CAST({value.sql} AS VARCHAR)", Kind.TEXT, value.loose)
        if value.kind is Kind.DECIMAL:
            return Value(f"ora_decimal_text({value.sql})", Kind.TEXT, value.loose)
        if value.kind in NUMERIC:
            hint = "give the format: TO_CHAR(x, '9990.999')"
            raise self.context.refuse(span, "a number with decimal places as a string, in Oracle's own format", hint)
        if value.kind is Kind.CONDITION:
            raise self.context.fault(span, "a condition is no string")
        if value.kind in INTERVALS:
            raise self.context.refuse(span, "an interval as a string", "take its parts with EXTRACT")
        raise self.context.refuse(span, "a date as a string depends on the session's format", "write TO_CHAR(d, 'YYYY-MM-DD')")

    def integer(self, node: tree.Node, what: str) -> int:
        """Give a whole number that is written in the statement.

        Raises
        ------
        QueryRefused
            It is computed, not written.
        """
        found = self.value(node)
        digits = found.constant
        if found.kind is not Kind.INTEGER or digits is None:
            raise self.context.refuse(node, f"{what} that is not written as a whole number", "write the number itself")
        return int(digits)

    def written_text(self, node: tree.Node, what: str) -> str:
        """Give a string that is written in the statement."""
        found = self.value(node)
        if found.kind is not Kind.TEXT or found.constant is None:
            raise self.context.refuse(node, f"{what} that is not written as a string", "write the string itself")
        return found.constant

    def unify(self, values: Sequence[Value], spans: Sequence[Span]) -> Kind:
        """Give the common kind of values that stand for one another (CASE, UNION, lists).

        Raises
        ------
        InvalidQuery
            They are of different families (ORA-00932).
        """
        kind = Kind.NULL
        for value, span in zip(values, spans, strict=True):
            if kind is Kind.NULL or value.kind is Kind.NULL or family(kind) == family(value.kind):
                kind = max(kind, value.kind)
            else:
                message = f"a {_NAMES[kind]} and a {_NAMES[value.kind]} cannot stand for one another (ORA-00932)"
                raise self.context.fault(span, message, "convert one with TO_CHAR, TO_NUMBER or TO_DATE")
        return kind

    def function(self, name: str, kind: Kind, *values: Value) -> Value:
        """Make a call of a DuckDB function or macro."""
        return Value(f"{name}({', '.join(value.sql for value in values)})", kind, first_loose(*values))


_NAMES = {
    Kind.NULL: "NULL",
    Kind.INTEGER: "number",
    Kind.DECIMAL: "number",
    Kind.NUMBER: "number",
    Kind.FLOAT: "number",
    Kind.TEXT: "string",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.INTERVAL: "interval",
    Kind.MONTHS: "interval of months",
    Kind.CONDITION: "condition",
}


def family(kind: Kind) -> str:
    """Give the group of kinds that compare with one another."""
    return {"timestamp": "date"}.get(_NAMES[kind], _NAMES[kind])


def number_literal(text: str) -> Value:
    """Write a number for DuckDB: whole and decimal ones exactly, with an exponent or too long as DOUBLE."""
    body = text.lstrip("+")
    if body[-1] in "dDfF":
        kind = "DOUBLE" if body[-1] in "dD" else "FLOAT"
        return Value(f"CAST('{body[:-1]}' AS {kind})", Kind.FLOAT, narrow=kind == "FLOAT")
    digits = body.lstrip("-").replace(".", "").lstrip("0")
    if "e" in body.lower() or len(digits) > 38 or len(body.partition(".")[2]) > 38:
        return Value(f"CAST('{body}' AS DOUBLE)", Kind.NUMBER)
    sql = f"({body})" if body.startswith("-") else body
    if "." not in body:
        wide = len(digits) > 18
        return Value(f"CAST({body} AS DECIMAL(38, 0))" if wide else sql, Kind.INTEGER, constant=body, narrow=len(digits) < 10)
    return Value(sql, Kind.DECIMAL, constant=body)


def decimal_text(digits: str) -> str:
    """Write a number as Oracle shows it: no zero before the point, none at the end."""
    sign, body = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, places = body.partition(".")
    whole, places = whole.lstrip("0"), places.rstrip("0")
    shown = f"{whole}.{places}" if places else whole or "0"
    return sign + shown if shown != "0" else shown
