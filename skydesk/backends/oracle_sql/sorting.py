"""ORDER BY, OFFSET and FETCH."""

from collections.abc import Callable, Sequence

from . import tree
from .emitter import Emitter
from .rownum import constant_number
from .scope import ResultColumn
from .values import Kind, Value

__all__ = ["Sorter", "direction", "fetch_limit"]


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
        fetch = query.fetch
        if fetch is not None and fetch.ties and keys:
            if self.select.distinct or query.offset is not None or fetch.percent:
                hint = "take RANK() OVER (ORDER BY ...) in a subquery and cut with WHERE"
                raise self.emitter.context.refuse(fetch, "WITH TIES beside DISTINCT, OFFSET or PERCENT", hint)
            count = _count(self.emitter, fetch.count)
            return f" QUALIFY rank() OVER ({order.strip()}) <= {count}{order}"
        return order + fetch_limit(self.emitter, query)

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


def fetch_limit(emitter: Emitter, query: tree.Query) -> str:
    """Write LIMIT and OFFSET."""
    text = ""
    if query.fetch is not None:
        if query.fetch.percent:
            hint = "write FETCH FIRST n ROWS ONLY, or take PERCENT_RANK() in a subquery"
            raise emitter.context.refuse(query.fetch, "FETCH FIRST n PERCENT", hint)
        text = f" LIMIT {_count(emitter, query.fetch.count)}"
    if query.offset is not None:
        text += f" OFFSET {_count(emitter, query.offset)}"
    return text


def _count(emitter: Emitter, node: tree.Node) -> int:
    number = constant_number(node)
    if number is None:
        if isinstance(node, tree.Literal) and node.kind == "null":
            return 0
        raise emitter.context.refuse(node, "a number of rows that is computed from data", "write the number itself")
    return max(0, int(number // 1))
