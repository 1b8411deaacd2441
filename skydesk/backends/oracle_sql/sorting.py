"""ORDER BY, OFFSET and FETCH."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from . import tree
from .emitter import Emitter
from .rownum import constant_number
from .scope import ResultColumn
from .values import Kind, Value

__all__ = ["Sorter", "direction", "limited"]


def direction(key: tree.OrderKey) -> str:
    """Say which way a key sorts; NULLs are last ascending and first descending unless the user says."""
    return f"{'DESC' if key.descending else 'ASC'} NULLS {'FIRST' if key.nulls_first else 'LAST'}"


class Sorter:
    """Writes what follows a SELECT's HAVING."""

    def __init__(self, emitter: Emitter, select: tree.Select, items: Sequence[Value], columns: Sequence[ResultColumn]) -> None:
        self.emitter = emitter
        self.select = select
        self.items = items
        self.columns = columns

    def tail(self, query: tree.Query, check: Callable[[Value], None]) -> str:
        """Give QUALIFY, ORDER BY, LIMIT and OFFSET of a query."""
        keys = [text for key in query.order for text in self._key(key, check)]
        order = f" ORDER BY {', '.join(keys)}" if keys else ""
        if self.select.distinct and needs_numbers(query, sorted_by=bool(keys)):
            hint = "put the DISTINCT in a subquery"
            raise self.emitter.context.refuse(query.fetch or query, "WITH TIES or PERCENT beside DISTINCT", hint)
        return limited(self.emitter, query, order)

    def _key(self, key: tree.OrderKey, check: Callable[[Value], None]) -> list[str]:
        position = self._position(key.operand)
        if position is not None:
            item = self.items[position]
            return [] if item.constant is not None or item.kind is Kind.NULL else [f"{item.sql} {direction(key)}"]
        self.emitter.aliases = self.emitter.order_aliases
        value = self.emitter.value(key.operand)
        self.emitter.aliases = {}
        check(value)
        if value.constant is not None or value.kind is Kind.NULL:
            return []
        if self.select.distinct and all(value.sql != item.sql for item in self.items):
            message = "with DISTINCT only selected columns can be sorted by (ORA-01791)"
            raise self.emitter.context.fault(key.operand, message, "select this column too")
        return [f"{value.sql} {direction(key)}"]

    def _position(self, node: tree.Node) -> int | None:
        """Give the index of the selected column that a key names by its place."""
        if not isinstance(node, tree.Literal) or node.kind != "number" or not (node.text or "").isdigit():
            return None
        position = int((node.text or "")[:9])
        if not 1 <= position <= len(self.items):
            message = f"ORDER BY {position}: there are {len(self.items)} columns (ORA-01785)"
            raise self.emitter.context.fault(node, message)
        return position - 1


def needs_numbers(query: tree.Query, *, sorted_by: bool) -> bool:
    """Tell whether rows must be numbered to know which are wanted: for PERCENT, and WITH TIES of a sorted query."""
    return query.fetch is not None and (query.fetch.percent or (query.fetch.ties and sorted_by))


def limited(emitter: Emitter, query: tree.Query, order: str) -> str:
    """Write ORDER BY with OFFSET and FETCH (SQL Language Reference, SELECT, row_limiting_clause).

    Parameters
    ----------
    order
        The ORDER BY in DuckDB's words, with a blank before it; empty where the query is not sorted.
    """
    fetch, first = query.fetch, 0 if query.offset is None else _count(emitter, query.offset)
    if query.offset is not None and first is None:
        return f"{order} LIMIT 0"
    if fetch is None or not needs_numbers(query, sorted_by=bool(order)):
        limit = "" if fetch is None else f" LIMIT {_count(emitter, fetch.count) or 0}"
        return f"{order}{limit}{f' OFFSET {first}' if query.offset is not None else ''}"
    if fetch.percent:
        share = _number(emitter, fetch.count) or Fraction(0)
        divisor = 100 * share.denominator
        wanted = f"(count(*) OVER () * {max(0, share.numerator)} + {divisor - 1}) // {divisor}"
    else:
        wanted = str(_count(emitter, fetch.count) or 0)
    number = f"row_number() OVER ({order.strip()})"
    last = f"rank() OVER ({order.strip()})" if fetch.ties and order else number
    conditions = [f"{last} <= {first} + {wanted}", *([f"{number} > {first}"] if first else [])]
    return f" QUALIFY {' AND '.join(conditions)}{order}"


def _number(emitter: Emitter, node: tree.Node) -> Fraction | None:
    """Give a number that is written out; None for NULL."""
    if isinstance(node, tree.Literal) and node.kind == "null":
        return None
    number = constant_number(node)
    if number is None:
        raise emitter.context.refuse(node, "a number of rows that is computed from data", "write the number itself")
    return number


def _count(emitter: Emitter, node: tree.Node) -> int | None:
    number = _number(emitter, node)
    return None if number is None else max(0, int(number // 1))
