"""PIVOT: rows to columns, as groups with one filtered aggregate a value."""

from collections.abc import Iterator

from . import tree
from .emitter import Emitter
from .scope import Context, Relation, ResultColumn, Source
from .values import Value, quote

__all__ = ["pivoted"]


def pivoted(emitter: Emitter, source: Source, from_sql: str, pivot: tree.Pivot) -> Relation:
    """Translate PIVOT.

    Every column that is neither aggregated nor pivoted groups the rows (SQL Language Reference, SELECT, pivot_clause).
    """
    context = emitter.context
    wanted = {name.parts[-1].text for name in pivot.columns}
    read = {name.parts[-1].text for item in pivot.aggregates for name in tree.walk(item.value) if isinstance(name, tree.Name)}
    if len(pivot.columns) != 1:
        raise context.refuse(pivot, "PIVOT of several columns", "join them to one with || in a subquery")
    column = pivot.columns[0]
    kept = [each for each in source.columns if each.name not in wanted | read]
    emitter.scope.column(column)
    result = [ResultColumn(each.name, each.name, each.kind, each.origin, each.narrow, each.char_length) for each in kept]
    items = [f"{each.sql} AS {quote(each.name)}" for each in kept]
    for name, sql, value in _cells(emitter, pivot, column):
        result.append(ResultColumn(name, name, value.kind))
        items.append(f"{sql} AS {quote(name)}")
    names = [each.name.lower() for each in result]
    if len(set(names)) < len(names):
        raise context.fault(pivot, "PIVOT makes two columns of one name", "give the values aliases")
    groups = f" GROUP BY {', '.join(each.sql for each in kept)}" if kept else ""
    return Relation(f"SELECT {', '.join(items)} FROM {from_sql}{groups}", result)


def _cells(emitter: Emitter, pivot: tree.Pivot, column: tree.Name) -> Iterator[tuple[str, str, Value]]:
    context = emitter.context
    if len(pivot.aggregates) > 1 and not all(item.alias for item in pivot.aggregates):
        raise context.fault(pivot.aggregates[0], "several aggregates in PIVOT need an alias each (ORA-56901)")
    for item in pivot.values:
        if not isinstance(item.value, (tree.Literal, tree.Unary)):
            raise context.refuse(item, "PIVOT of values that are not written out", "write the values themselves")
        title = item.alias.text if item.alias else _title(context, item.value)
        for aggregate in pivot.aggregates:
            call = aggregate.value
            simple = isinstance(call, tree.Call) and call.name.text in {"COUNT", "SUM", "AVG", "MIN", "MAX", "MEDIAN"}
            if not simple or not isinstance(call, tree.Call) or call.window or call.keep:
                raise context.refuse(aggregate, "this aggregate in PIVOT", "take COUNT, SUM, AVG, MIN, MAX or MEDIAN")
            argument = tree.Literal(call.start, call.end, "number", "1") if call.star else call.arguments[0]
            chosen = tree.Call(call.start, call.end, call.name, [_where_equal(column, item.value, argument)], distinct=call.distinct)
            result = emitter.value(chosen)
            name = f"{title}_{aggregate.alias.text}" if aggregate.alias else title
            yield name, result.sql, result


def _title(context: Context, value: tree.Node) -> str:
    """Give the name that a value makes: strings keep their quotes and their case."""
    text = context.written(value)
    return text if isinstance(value, tree.Literal) and value.kind == "string" else text.upper()


def _where_equal(column: tree.Name, value: tree.Node, argument: tree.Node) -> tree.Case:
    """Make ``CASE WHEN column = value THEN argument END``."""
    test = tree.Compare(value.start, value.end, "=", column, value)
    return tree.Case(value.start, value.end, None, [(test, argument)], None)
