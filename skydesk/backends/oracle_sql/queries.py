"""Whole queries: WITH, set operations, and what stands in parentheses."""

from . import tree
from .emitter import Emitter, family
from .rules import RULES
from .scope import Context, Relation, ResultColumn, Scope
from .selects import translate_select
from .sorting import direction, limited
from .values import Kind, quote

__all__ = ["translate_query", "translate_statement"]

_OPERAND_LIMIT = 200


def translate_statement(context: Context, query: tree.Query) -> Relation:
    """Translate the query that is the whole statement; its columns get names that differ."""
    return _query(context, query, None, outermost=True)


def translate_query(context: Context, query: tree.Query, parent: Scope | None) -> Relation:
    """Translate a query inside another."""
    return _query(context, query, parent, outermost=False)


def _query(context: Context, query: tree.Query, parent: Scope | None, *, outermost: bool) -> Relation:
    named = dict[str, Relation | None]()
    context.ctes.append(named)
    parts = [_cte(context, cte, named, parent) for cte in query.ctes]
    body = query.body
    if isinstance(body, tree.Select):
        relation = translate_select(context, query, body, parent, outermost=outermost)
    else:
        relation = _compound(context, query, body, parent, outermost=outermost)
    context.ctes.pop()
    if parts:
        relation.sql = f"WITH {', '.join(parts)} {relation.sql}"
    return relation


def _cte(context: Context, cte: tree.Cte, named: dict[str, Relation | None], parent: Scope | None) -> str:
    name = cte.name.text
    if name in named:
        raise context.fault(cte.name, f"WITH names {name} twice (ORA-32039)")
    named[name] = None
    relation = translate_query(context, cte.query, parent)
    columns = relation.columns
    if cte.columns:
        if len(cte.columns) != len(columns):
            raise context.fault(cte.columns[0], f"{len(cte.columns)} names for {len(columns)} columns (ORA-32038)")
        renamed = zip(cte.columns, columns, strict=True)
        columns = [
            ResultColumn(ident.text, column.sql_name, column.kind, column.origin, column.narrow, column.char_length)
            for ident, column in renamed
        ]
    alias = context.alias(name, shadows=True)
    named[name] = Relation(alias, columns)
    return f"{alias} AS ({relation.sql})"


def _compound(
    context: Context, query: tree.Query, body: tree.SetOperation | tree.Query, parent: Scope | None, *, outermost: bool
) -> Relation:
    if isinstance(body, tree.Query):
        relation = _query(context, body, parent, outermost=outermost)
        if not query.order and query.fetch is None and query.offset is None:
            return relation
        relation.sql = f"({relation.sql})"
    else:
        relation = _set_operation(context, body, parent)
    alias = context.alias("u")
    order = [f"{alias}.{quote(_sorted_by(context, key, relation).sql_name)} {direction(key)}" for key in query.order]
    tail = f" ORDER BY {', '.join(order)}" if order else ""
    emitter = Emitter(Scope(context, parent), RULES, translate_query)
    relation.sql = f"SELECT * FROM ({relation.sql}) AS {alias}{limited(emitter, query, tail)}"
    return relation


def _sorted_by(context: Context, key: tree.OrderKey, relation: Relation) -> ResultColumn:
    node, count = key.operand, len(relation.columns)
    if isinstance(node, tree.Literal) and node.kind == "number" and (node.text or "") in map(str, range(1, count + 1)):
        return relation.columns[int(node.text or "") - 1]
    if isinstance(node, tree.Name) and len(node.parts) == 1:
        names = [column.name for column in relation.columns]
        if node.parts[0].text in names:
            return relation.columns[names.index(node.parts[0].text)]
    hint = "name a column of the first query, or give its number"
    raise context.fault(node, "a set operation is sorted by its columns only (ORA-01785)", hint)


def _set_operation(context: Context, body: tree.SetOperation, parent: Scope | None) -> Relation:
    """Join queries from left to right: Oracle's set operators bind alike, DuckDB's do not."""
    if len(body.operands) > _OPERAND_LIMIT:
        hint = "put parts of it into WITH, or list the values in IN (...)"
        raise context.refuse(body.operands[_OPERAND_LIMIT], f"more than {_OPERAND_LIMIT} queries joined by set operators", hint)
    first = _query(context, body.operands[0], parent, outermost=False)
    columns, sql = first.columns, f"({first.sql})"
    for number, (op, operand) in enumerate(zip(body.ops, body.operands[1:], strict=True)):
        other = _query(context, operand, parent, outermost=False)
        if len(other.columns) != len(columns):
            raise context.fault(operand, f"{len(other.columns)} columns where the first query has {len(columns)} (ORA-01789)")
        pairs = zip(columns, other.columns, strict=True)
        columns = [_unified(context, operand, left, right) for left, right in pairs]
        if number and op.startswith("INTERSECT"):
            sql = f"({sql})"
        sql = f"{sql} {op} ({other.sql})"
    return Relation(sql, columns)


def _unified(context: Context, span: tree.Node, left: ResultColumn, right: ResultColumn) -> ResultColumn:
    if Kind.NULL not in {left.kind, right.kind} and family(left.kind) != family(right.kind):
        message = f"column {left.name} is a {family(left.kind)} in the first query and a {family(right.kind)} here (ORA-01790)"
        raise context.fault(span, message, "convert one with TO_CHAR, TO_NUMBER or TO_DATE")
    origin = left.origin if left.origin == right.origin else None
    char_length = left.char_length if left.char_length == right.char_length else None
    return ResultColumn(left.name, left.sql_name, max(left.kind, right.kind), origin, left.narrow and right.narrow, char_length)
