"""One SELECT: its sources, conditions, groups and columns in DuckDB's words."""

from dataclasses import dataclass, field
from math import ceil, floor

from . import tree
from .aggregates import AGGREGATES
from .conditions import in_table
from .emitter import Emitter
from .lexer import tokens
from .outer_joins import has_outer_mark, joined_sources
from .relations import From, translate_from
from .rownum import conditions_of, constant_number, is_rownum
from .rules import RULES
from .scope import Base, Context, Relation, ResultColumn, Scope, nearest
from .sorting import Sorter
from .values import INTERVALS, Kind, Value, quote

__all__ = ["translate_select"]

_NAME_LIMIT = 128
_COLUMN_LIMIT = 1000
_SOURCE_LIMIT = 200


@dataclass(slots=True)
class _Parts:
    """The clauses of a SELECT as they come to be."""

    items: list[Value] = field(default_factory=list)
    columns: list[ResultColumn] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Names of the columns so far, in lower case: DuckDB does not tell cases apart."""

    from_sql: str = ""
    base_sql: str = ""
    """What a base reads, where ROWNUM needs one."""

    where: str = ""
    group: str = ""
    having: str = ""
    is_dual: bool = False


def translate_select(context: Context, query: tree.Query, select: tree.Select, parent: Scope | None, *, outermost: bool) -> Relation:
    """Translate a SELECT together with the ORDER BY, OFFSET and FETCH of its query."""
    return _SelectTranslator(context, query, select, parent, outermost).translate()


class _SelectTranslator:
    def __init__(self, context: Context, query: tree.Query, select: tree.Select, parent: Scope | None, outermost: bool) -> None:
        self.context = context
        self.query = query
        self.select = select
        self.outermost = outermost
        self.scope = Scope(context, parent)
        self.parts = _Parts()
        after_where = [select.items, select.group, select.having, query.order]
        nodes = list(tree.walk(after_where))
        calls = [node for node in nodes if isinstance(node, tree.Call)]
        self.grouped = select.group is not None or select.having is not None or any(map(_is_aggregate, calls))
        self.numbers_rows = any(map(is_rownum, nodes))
        self.reorders = self.grouped or select.distinct or bool(query.order) or any(call.window for call in calls)

    def translate(self) -> Relation:
        """Translate clause by clause, in the order in which Oracle carries them out."""
        self._sources_and_where()
        emitter = self._emitter()
        if self.select.group is not None:
            self._group(emitter)
        if self.grouped and emitter.groups is None:
            emitter.groups = set()
        self.scope.asked_from_below.clear()
        self._items(emitter)
        if self.select.having is not None:
            condition = emitter.condition(self.select.having)
            self._check_grouped(emitter, condition)
            self.parts.having = f" HAVING {condition.sql}"
        sorter = Sorter(emitter, self.select, self.parts.items, self.parts.columns)
        tail = sorter.tail(self.query, lambda value: self._check_grouped(emitter, value))
        self._check_below(emitter)
        return Relation(self._assembled(tail), self.parts.columns)

    def _emitter(self, scope: Scope | None = None) -> Emitter:
        from .queries import translate_query

        return Emitter(scope or self.scope, RULES, translate_query)

    def _sources_and_where(self) -> None:
        from .queries import translate_query

        if len(self.select.sources) > _SOURCE_LIMIT:
            hint = "put parts of it into WITH"
            raise self.context.refuse(self.select.sources[_SOURCE_LIMIT], f"more than {_SOURCE_LIMIT} tables in FROM", hint)
        sources = [translate_from(self.context, item, self.scope.parent, translate_query, self._emitter) for item in self.select.sources]
        for node, entry in zip(self.select.sources, sources, strict=True):
            self._add(node, entry)
        if self.select.connect is not None:
            sources = [self._generator(self.select.connect, sources)]
        conditions = conditions_of(self.context, self.select.where)
        emitter = self._emitter()
        emitter.aggregates_allowed = emitter.windows_allowed = "in WHERE"
        marked = [condition for condition in conditions.others if has_outer_mark(condition)]
        if marked and any(isinstance(item, tree.Join) for item in self.select.sources):
            raise self.context.fault(marked[0], "(+) does not go together with JOIN (ORA-25156)", "write LEFT JOIN throughout")
        from_sql = joined_sources(emitter, sources, marked) if marked else ", ".join(entry.sql for entry in sources)
        others = [self._where(emitter, each) for each in conditions.others if not any(each is one for one in marked)]
        where = f" WHERE {' AND '.join(others)}" if others else ""
        limit = "" if conditions.limit is None else f" LIMIT {conditions.limit}"
        moved = self.reorders or self.query.offset is not None or self.query.fetch is not None
        if self.numbers_rows or (limit and moved):
            self.scope.base = Base(self.context.alias("rows"))
            self.scope.rownum = self.scope.rownum or "row_number() OVER ()"
            self.parts.base_sql = f"{from_sql}{where}{limit}"
            self.parts.from_sql = f"({{base}}) AS {self.scope.base.alias}"
        else:
            self.parts.from_sql, self.parts.where = from_sql, where + limit

    def _where(self, emitter: Emitter, node: tree.Node) -> str:
        """Translate a condition that must hold; a long list of numbers becomes a table, which DuckDB looks up through its index."""
        if isinstance(node, tree.In) and self.scope.parent is None:
            return in_table(emitter, node) or emitter.condition(node).sql
        return emitter.condition(node).sql

    def _add(self, node: tree.FromItem, entry: From) -> None:
        for source in entry.sources:
            if source.name is not None and any(source.name == other.name for other in self.scope.sources):
                raise self.context.fault(node, f"two tables are called {source.name} here", "give each its own alias")
            self.scope.sources.append(source)
        self.scope.merged.update(entry.merged)

    def _generator(self, condition: tree.Node, sources: list[From]) -> From:
        """Make the rows of ``FROM DUAL CONNECT BY LEVEL <= n``; the first is always there."""
        last = _last_level(condition)
        if last is None or len(sources) != 1 or not sources[0].is_dual:
            hint = "rows are made with FROM DUAL CONNECT BY LEVEL <= n; for hierarchies join the table to itself"
            raise self.context.refuse(condition, "CONNECT BY of this kind", hint)
        alias = self.context.alias("levels")
        self.scope.level = f"{alias}.range"
        if self.select.where is None:
            self.scope.rownum = self.scope.level
        return From(f"{sources[0].sql} CROSS JOIN range(1, {max(last, 1) + 1}) AS {alias}", sources[0].sources, {})

    def _group(self, emitter: Emitter) -> None:
        emitter.aggregates_allowed = emitter.windows_allowed = "in GROUP BY"
        groups = set[str]()
        texts = [self._group_text(emitter, item, groups) for item in self.select.group or []]
        emitter.aggregates_allowed = emitter.windows_allowed = None
        self.parts.group = f" GROUP BY {', '.join(texts)}"
        emitter.groups = groups

    def _group_text(self, emitter: Emitter, item: tree.GroupItem, groups: set[str]) -> str:
        if item.kind:
            inner = [self._group_text(emitter, each, groups) for each in item.items if isinstance(each, tree.GroupItem)]
            return f"{item.kind} ({', '.join(inner)})"
        texts = []
        for node in item.items:
            value = emitter.value(node)
            groups.add(value.sql)
            texts.append(value.sql if value.constant is None else f"CAST({value.sql} AS VARCHAR)")
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

    def _items(self, emitter: Emitter) -> None:
        for item in self.select.items:
            if isinstance(item.value, tree.Star):
                self._star(emitter, item.value)
                continue
            value = emitter.value(item.value)
            self._check_grouped(emitter, value)
            self._add_item(self._title(item), value, item)
            if item.alias is not None:
                emitter.order_aliases.setdefault(item.alias.text, value)

    def _add_item(self, name: str, value: Value, span: tree.Node) -> None:
        if len(self.parts.items) == _COLUMN_LIMIT:
            raise self.context.fault(span, f"more than {_COLUMN_LIMIT} columns (ORA-01792)", "name those that you need")
        sql_name, number = name, 0
        while sql_name.lower() in self.parts.taken:
            number += 1
            sql_name = f"{name}_{number}"
        self.parts.taken.add(sql_name.lower())
        if self.outermost:
            value, name = self._final(value, span), sql_name
        self.parts.items.append(value)
        self.parts.columns.append(ResultColumn(name, sql_name, value.kind, value.origin, value.narrow, value.char_length))

    def _final(self, value: Value, span: tree.Node) -> Value:
        if value.kind is Kind.NULL:
            return Value("CAST(NULL AS VARCHAR)", Kind.NULL)
        if value.kind in INTERVALS:
            raise self.context.refuse(span, "an interval as a result", "add it to a date, or take its parts with EXTRACT")
        return value

    def _title(self, item: tree.Item) -> str:
        if item.alias is not None:
            return item.alias.text
        if isinstance(item.value, tree.Name):
            return item.value.parts[-1].text
        text, title = self.context.written(item.value), ""
        for token in tokens(text):
            title += "".join(text[token.start : token.end].split()).upper()
            if len(title) >= _NAME_LIMIT:
                break
        return title[:_NAME_LIMIT]

    def _star(self, emitter: Emitter, star: tree.Star) -> None:
        sources = self.scope.sources
        if star.qualifier:
            source = self.scope.named(star.qualifier)
            if source is None:
                known = [each.name for each in sources if each.name]
                shown = ".".join(part.text for part in star.qualifier)
                raise self.context.fault(star.qualifier[0], f"{shown} is no table or alias of this query", nearest(shown, known))
            sources = [source]
        elif len(self.select.items) > 1:
            raise self.context.fault(star, "* beside other columns needs its table before it", "write t.* with the table's name or alias")
        columns = [] if star.qualifier else list(self.scope.merged.values())
        merged = set() if star.qualifier else set(self.scope.merged)
        columns += [column for source in sources for column in source.columns if column.name not in merged]
        for column in columns:
            sql = self.scope.base.take(column.sql) if self.scope.base else column.sql
            loose = None if emitter.groups is not None and sql in emitter.groups else star
            value = Value(sql, column.kind, loose, column.origin, narrow=column.narrow, char_length=column.char_length)
            self._check_grouped(emitter, value)
            self._add_item(column.name, value, star)

    def _check_grouped(self, emitter: Emitter, value: Value) -> None:
        if emitter.groups is None or value.loose is None:
            return
        shown = self.context.written(value.loose)
        hint = f"add {shown} to GROUP BY, or aggregate it"
        code = "ORA-00979" if self.select.group is not None else "ORA-00937"
        raise self.context.fault(value.loose, f"{shown} is neither grouped by nor aggregated ({code})", hint)

    def _check_below(self, emitter: Emitter) -> None:
        for sql, span in self.scope.asked_from_below:
            if emitter.groups is not None and sql not in emitter.groups:
                self._check_grouped(emitter, Value(sql, Kind.NULL, span))

    def _assembled(self, tail: str) -> str:
        parts, distinct = self.parts, "DISTINCT " if self.select.distinct else ""
        items = ", ".join(f"{v.sql} AS {quote(c.sql_name)}" for v, c in zip(parts.items, parts.columns, strict=True))
        from_sql = parts.from_sql
        if self.scope.base is not None:
            taken = ", ".join(f"{sql} AS {name}" for sql, name in self.scope.base.names.items()) or "1 AS c"
            from_sql = from_sql.replace("{base}", f"SELECT {taken} FROM {self.parts.base_sql}", 1)
        return f"SELECT {distinct}{items} FROM {from_sql}{parts.where}{parts.group}{parts.having}{tail}"


def _is_aggregate(call: tree.Call) -> bool:
    return call.window is None and call.name.text in AGGREGATES


def _last_level(condition: tree.Node) -> int | None:
    """Read n out of ``LEVEL <= n`` or ``ROWNUM <= n``; None for any other condition."""
    if not isinstance(condition, tree.Compare) or condition.op not in {"<", "<="} or not isinstance(condition.left, tree.Name):
        return None
    parts, bound = condition.left.parts, constant_number(condition.right)
    if len(parts) != 1 or parts[0].text not in {"LEVEL", "ROWNUM"} or bound is None:
        return None
    return ceil(bound) - 1 if condition.op == "<" else floor(bound)
