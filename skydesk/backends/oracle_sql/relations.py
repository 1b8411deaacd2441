"""FROM: tables of the catalogue, subqueries, joins, samples."""

from collections.abc import Callable
from dataclasses import dataclass

from . import tree
from .dictionary import DICTIONARY_VIEWS, dictionary_view
from .emitter import Emitter, QueryRule, family
from .personal import PersonalTable
from .pivot import pivoted
from .scope import Context, Relation, Scope, Source, SourceColumn, nearest
from .values import Kind, kind_of, quote

__all__ = ["From", "translate_from"]

_NARROW = frozenset({"int16", "int32", "float32"})


@dataclass(slots=True)
class From:
    """One entry of FROM in DuckDB's words, and the names it gives."""

    sql: str
    sources: list[Source]
    merged: dict[str, SourceColumn]
    is_dual: bool = False


@dataclass(slots=True)
class _Translator:
    context: Context
    parent: Scope | None
    queries: QueryRule
    emitter: Callable[[Scope], Emitter]


def translate_from(
    context: Context, node: tree.FromItem, parent: Scope | None, queries: QueryRule, emitter: Callable[[Scope], Emitter]
) -> From:
    """Translate one entry of FROM.

    Raises
    ------
    InvalidQuery
        It names a table that does not exist.
    QueryRefused
        It is of a kind that is not carried out here.
    """
    return _from(_Translator(context, parent, queries, emitter), node)


def _from(work: _Translator, node: tree.FromItem) -> From:
    if isinstance(node, tree.Join):
        return _join(work, node)
    found = _derived(work, node) if isinstance(node, tree.Derived) else _table(work, node)
    if node.pivot is not None:
        name = node.alias.text if node.alias else None
        found = _pivot(work, found, node.pivot, name)
    return found


def _pivot(work: _Translator, found: From, pivot: tree.Pivot, name: str | None) -> From:
    scope = Scope(work.context, work.parent)
    scope.sources = found.sources
    relation = pivoted(work.emitter(scope), found.sources[0], found.sql, pivot)
    return _named(work.context, relation, name, name or "pivot")


def _named(context: Context, relation: Relation, name: str | None, wanted: str) -> From:
    alias = context.alias(wanted)
    columns = [SourceColumn(c.name, f"{alias}.{quote(c.sql_name)}", c.kind, c.origin, c.narrow, c.char_length) for c in relation.columns]
    return From(f"({relation.sql}) AS {alias}", [Source(name, columns)], {})


def _derived(work: _Translator, node: tree.Derived) -> From:
    relation = work.queries(work.context, node.query, work.parent)
    name = node.alias.text if node.alias else None
    return _named(work.context, relation, None if node.pivot else name, name or "q")


def _table(work: _Translator, node: tree.TableName) -> From:
    context, name = work.context, node.parts[-1].text
    shown = node.alias.text if node.alias and not node.pivot else name
    if len(node.parts) == 1:
        for ctes in reversed(context.ctes):
            if name in ctes:
                return _cte(context, ctes[name], shown, node)
    personal = _personal(context, node)
    if personal is not None:
        return _of_columns(context, node, shown, personal.sql, personal)
    _check_owner(context, node)
    columns = context.tables.get(name)
    if columns is None:
        return _built_in(context, node, shown)
    context.used_tables.add(name)
    return _of_columns(context, node, shown, quote(name), None)


def _of_columns(context: Context, node: tree.TableName, shown: str, sql: str, personal: PersonalTable | None) -> From:
    """A table that has columns of its own: the catalogue's or, where there is one, a user's."""
    alias, name = context.alias(shown), node.parts[-1].text
    full_name, owner = (name, None) if personal is None else (personal.full_name, personal.owner)
    source = Source(shown, [], None if node.alias else name, owner)
    for column in context.tables[name] if personal is None else personal.columns:
        narrow = column.type.value in _NARROW
        written = f"{alias}.{quote(column.name)}"
        source.columns.append(SourceColumn(column.name, written, kind_of(column), (full_name, column.name), narrow))
    return From(f"{sql} AS {alias}{_sample(context, node.sample)}", [source], {})


def _personal(context: Context, node: tree.TableName) -> PersonalTable | None:
    """The user's own table that is meant; None where it is not for one to be meant."""
    name, personal = node.parts[-1].text, context.personal
    if len(node.parts) == 1:
        found = None if name in context.tables else personal.own(name)
    else:
        owner = None if len(node.parts) > 2 or node.parts[0].text in context.owners else personal.owner(node.parts[0])
        if owner is None:
            return None
        found = personal.of(owner, name)
        if found is None:
            raise context.fault(node.parts[-1], f"unknown table {name}", nearest(name, personal.names(owner)))
    if found is not None:
        context.used_personal[found.key] = found
    return found


def _cte(context: Context, relation: Relation | None, shown: str, node: tree.TableName) -> From:
    if relation is None:
        raise context.refuse(node, "a query of WITH that reads itself", "rows are made with CONNECT BY LEVEL on DUAL")
    alias = context.alias(shown)
    columns = [SourceColumn(c.name, f"{alias}.{quote(c.sql_name)}", c.kind, c.origin, c.narrow, c.char_length) for c in relation.columns]
    return From(f"{relation.sql} AS {alias}{_sample(context, node.sample)}", [Source(shown, columns)], {})


def _check_owner(context: Context, node: tree.TableName) -> None:
    owners = [part.text for part in node.parts[:-1]]
    if not owners or (len(owners) == 1 and (owners[0] in context.owners or owners[0] in {"SYS", "PUBLIC"})):
        return
    hint = f"leave the owner out: {node.parts[-1].text}"
    raise context.fault(node, f"unknown owner {'.'.join(owners)}", hint)


def _built_in(context: Context, node: tree.TableName, shown: str) -> From:
    name = node.parts[-1].text
    if name == "DUAL":
        alias = context.alias(shown)
        source = Source(shown, [SourceColumn("DUMMY", f'{alias}."DUMMY"', Kind.TEXT)], None if node.alias else name)
        return From(f"(SELECT 'X' AS \"DUMMY\") AS {alias}", [source], {}, is_dual=True)
    if name in DICTIONARY_VIEWS:
        return _named(context, dictionary_view(context, name), shown, shown)
    if name.startswith(("ALL_", "USER_", "DBA_", "V$")):
        hint = f"known are {', '.join(sorted(DICTIONARY_VIEWS))}"
        raise context.refuse(node, f"the dictionary view {name}", hint)
    known = [*context.tables, *context.personal.names(), *(cte for ctes in context.ctes for cte in ctes)]
    raise context.fault(node.parts[-1], f"unknown table {name}", nearest(name, known) or "the schema browser lists the tables")


def _sample(context: Context, sample: tree.Sample | None) -> str:
    if sample is None:
        return ""
    if not 0.000001 <= float(sample.percent.rstrip("dDfF")) < 100:
        raise context.fault(sample, f"SAMPLE({sample.percent}) must be from 0.000001 to less than 100 percent (ORA-30562)")
    percent = float(sample.percent.rstrip("dDfF"))
    if sample.seed is None:
        return f" TABLESAMPLE {'system' if sample.block else 'bernoulli'}({percent!r} PERCENT)"
    if not sample.seed.isdigit() or len(sample.seed) > 10 or int(sample.seed) > 4294967295:
        raise context.fault(sample, f"SEED({sample.seed}) must be a whole number from 0 to 4294967295")
    return f" TABLESAMPLE {'system' if sample.block else 'bernoulli'}({percent!r} PERCENT) REPEATABLE ({sample.seed})"


def _join(work: _Translator, node: tree.Join) -> From:
    left, right = _from(work, node.left), _from(work, node.right)
    joined = From("", [*left.sources, *right.sources], {**left.merged, **right.merged})
    if node.kind == "CROSS":
        joined.sql = f"{left.sql} CROSS JOIN {_right(node, right)}"
        return joined
    if node.on is not None:
        scope = Scope(work.context, work.parent)
        scope.sources, scope.merged = joined.sources, joined.merged
        emitter = work.emitter(scope)
        emitter.aggregates_allowed = emitter.windows_allowed = "in ON"
        joined.sql = f"{left.sql} {node.kind} JOIN {_right(node, right)} ON {emitter.condition(node.on).sql}"
        return joined
    return _merged_join(work.context, node, left, right, joined)


def _right(node: tree.Join, right: From) -> str:
    return f"({right.sql})" if isinstance(node.right, tree.Join) else right.sql


def _merged_join(context: Context, node: tree.Join, left: From, right: From, joined: From) -> From:
    """Join by USING or NATURAL: each common column is one column of the result."""
    names = {ident.text: ident for ident in node.using or []}
    if node.natural:
        right_names = [column.name for source in right.sources for column in source.columns]
        names = {c.name: tree.Ident(node.start, node.end, c.name) for s in left.sources for c in s.columns if c.name in right_names}
    conditions = list[str]()
    for name, ident in names.items():
        one, other = _single(context, left, name, ident), _single(context, right, name, ident)
        if family(one.kind) != family(other.kind):
            raise context.fault(ident, f"{name} is a {family(one.kind)} on one side and a {family(other.kind)} on the other")
        trimmed = one.char_length is not None and other.char_length is not None
        conditions.append(f"(rtrim({one.sql}, ' ') = rtrim({other.sql}, ' '))" if trimmed else f"({one.sql} = {other.sql})")
        sql = {"RIGHT": other.sql, "FULL": f"coalesce({one.sql}, {other.sql})"}.get(node.kind, one.sql)
        origin = other.origin if node.kind == "RIGHT" else one.origin
        joined.merged[name] = SourceColumn(name, sql, max(one.kind, other.kind), None if node.kind == "FULL" else origin)
    joined.sql = f"{left.sql} {node.kind} JOIN {_right(node, right)} ON {' AND '.join(conditions) or 'TRUE'}"
    return joined


def _single(context: Context, side: From, name: str, ident: tree.Ident) -> SourceColumn:
    if name in side.merged:
        return side.merged[name]
    found = [column for source in side.sources for column in source.columns if column.name == name]
    if len(found) != 1:
        every = [column.name for source in side.sources for column in source.columns]
        message = f"column {name} is ambiguous" if found else f"unknown column {name}"
        raise context.fault(ident, message, None if found else nearest(name, every))
    return found[0]
