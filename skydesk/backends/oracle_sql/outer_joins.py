"""Oracle's old outer joins: ``WHERE a.id = b.id(+)`` keeps the rows of ``a`` that have no partner."""

from dataclasses import dataclass, field

from . import tree
from .emitter import Emitter
from .relations import From

__all__ = ["has_outer_mark", "joined_sources"]


@dataclass(slots=True)
class _Optional:
    """A table that is filled with NULLs where it has no partner."""

    conditions: list[tree.Node] = field(default_factory=list)
    partners: set[int] = field(default_factory=set)


def has_outer_mark(node: object) -> bool:
    """Tell whether ``(+)`` stands in a condition."""
    return any(isinstance(each, tree.Name) and each.outer for each in tree.walk(node))


def joined_sources(emitter: Emitter, sources: list[From], conditions: list[tree.Node]) -> str:
    """Write FROM with a LEFT JOIN for each table that is marked.

    Parameters
    ----------
    sources
        The entries of FROM, all of which the emitter's scope knows.
    conditions
        The conditions of WHERE that hold a mark.

    Raises
    ------
    InvalidQuery
        Marks on two tables in one condition (ORA-01468), or tables that are each other's partners (ORA-01416).
    QueryRefused
        A mark in a condition that cannot be moved into ON exactly.
    """
    optional = dict[int, _Optional]()
    for condition in conditions:
        _collect(emitter, sources, condition, optional)
    for index, each in optional.items():
        if not each.partners - {index}:
            hint = "write LEFT JOIN ... ON ..."
            raise emitter.context.refuse(each.conditions[0], "(+) without a condition that joins two tables", hint)
    done = [index for index in range(len(sources)) if index not in optional]
    sql = " CROSS JOIN ".join(sources[index].sql for index in done)
    waiting = dict(optional)
    while waiting:
        ready = next((index for index, each in waiting.items() if each.partners <= {*done, index}), None)
        if ready is None:
            first = next(iter(waiting.values())).conditions[0]
            raise emitter.context.fault(first, "two tables cannot be outer joined to each other (ORA-01416)")
        on = " AND ".join(emitter.condition(condition).sql for condition in waiting.pop(ready).conditions)
        sql = f"{sql} LEFT JOIN {sources[ready].sql} ON {on}"
        done.append(ready)
    return sql


def _collect(emitter: Emitter, sources: list[From], condition: tree.Node, optional: dict[int, _Optional]) -> None:
    context = emitter.context
    plain = isinstance(condition, (tree.Compare, tree.Between, tree.Like, tree.IsTest))
    if not plain or any(isinstance(each, (tree.Subquery, tree.Query)) for each in tree.walk(condition)):
        raise context.refuse(condition, "(+) beside OR, IN, NOT or a query (ORA-01719)", "write LEFT JOIN ... ON ...")
    marked, partners = set[int](), set[int]()
    for name in [each for each in tree.walk(condition) if isinstance(each, tree.Name)]:
        index = _source_index(emitter, sources, name)
        if name.outer:
            if index is None:
                raise context.fault(name, "(+) belongs to a column of a table in FROM")
            marked.add(index)
            name.outer = False
        elif index is not None:
            partners.add(index)
    if len(marked) > 1:
        raise context.fault(condition, "a condition can mark only one table with (+) (ORA-01468)", "write FULL JOIN ... ON ...")
    entry = optional.setdefault(marked.pop(), _Optional())
    entry.conditions.append(condition)
    entry.partners |= partners


def _source_index(emitter: Emitter, sources: list[From], name: tree.Name) -> int | None:
    if len(name.parts) == 1 and name.parts[0].text in {"ROWNUM", "SYSDATE", "LEVEL", "CURRENT_DATE", "LOCALTIMESTAMP"}:
        return None
    sql = emitter.scope.column(name).sql
    for index, entry in enumerate(sources):
        if any(column.sql == sql for source in entry.sources for column in source.columns):
            return index
    return None
