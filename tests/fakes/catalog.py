"""A catalogue in memory that understands a handful of statements."""

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Lock

import pyarrow as pa

from skydesk.errors import DeadlineExceeded, InvalidQuery, QueryRefused
from skydesk.query.arrow import schema_of
from skydesk.query.model import Cancellation, Column, ColumnType, Explanation, PlanStep, Table

_COUNT = Column(name="COUNT(*)", type=ColumnType.INT64)
_STATEMENT = re.compile(
    r"\s*select\s+(?P<items>.+?)\s+from\s+(?P<tables>\w+(?:\s+(?!order\b)\w+)?(?:\s*,\s*\w+(?:\s+(?!order\b)\w+)?)*)"
    r"(?:\s+order\s+by\s+(?P<order>\w+)(?P<down>\s+desc)?)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    items: tuple[tuple[int, str], ...]
    """Number of the table in ``tables`` and name of the column; empty for ``COUNT(*)``."""

    columns: tuple[Column, ...]
    tables: tuple[Table, ...]
    order: tuple[int, str] | None
    descending: bool


class FakeCatalog:
    """Carries out ``SELECT <columns | * | COUNT(*)> FROM <tables> [ORDER BY <column> [DESC]]`` on tables in memory.

    Several tables give their cross product, so that an endless statement can be written. What it ran is in ``ran``, for
    readers of which releases in ``readable``.
    """

    def __init__(self, tables: Sequence[tuple[Table, pa.Table]]) -> None:
        self._tables = tuple(replace(table, row_count=data.num_rows) for table, data in tables)
        self._data = {table.name: data.select([column.name for column in table.columns]) for table, data in tables}
        self._lock = Lock()
        self.ran: list[str] = []
        self.readable: list[frozenset[str] | None] = []

    def check(self, sql: str, *, readable: frozenset[str] | None = None) -> tuple[Column, ...]:
        return self._plan(sql).columns

    def explain(self, sql: str, *, readable: frozenset[str] | None = None) -> Explanation:
        plan = self._plan(sql)
        steps = tuple(PlanStep(id=number, parent=None, operation="SCAN", object=table.name) for number, table in enumerate(plan.tables, 1))
        return Explanation(plan="\n".join(f"SCAN {step.object}" for step in steps), statement=sql.strip(), steps=steps)

    @contextmanager
    def stream(
        self,
        sql: str,
        *,
        max_rows: int | None = None,
        limit_seconds: float | None = None,
        batch_rows: int = 50_000,
        cancellation: Cancellation | None = None,
        readable: frozenset[str] | None = None,
    ) -> Iterator["_FakeRows"]:
        plan = self._plan(sql)
        stop = _Stop(limit_seconds, cancellation or Cancellation())
        stop.check()
        with self._lock:
            self.ran.append(sql)
            self.readable.append(readable)
        yield _FakeRows(plan.columns, itertools.islice(self._rows(plan, stop), max_rows), batch_rows, stop)

    def tables(self) -> tuple[Table, ...]:
        return self._tables

    def functions(self) -> tuple[str, ...]:
        return ("COUNT",)

    def releases_read(self, sql: str) -> frozenset[str]:
        return frozenset(table.release for table in self._plan(sql).tables)

    def _plan(self, sql: str) -> _Plan:
        if not re.match(r"\s*select\b", sql, re.IGNORECASE):
            raise QueryRefused("only one SELECT statement is carried out", hint="begin with SELECT")
        found = _STATEMENT.fullmatch(sql)
        if found is None:
            raise QueryRefused("the fake catalogue does not understand this statement", hint="SELECT columns FROM tables ORDER BY column")
        tables, aliases = [], []
        for part in re.finditer(r"(\w+)(?:\s+(\w+))?", found["tables"]):
            tables.append(self._table(sql, part[1], found.start("tables") + part.start(1)))
            aliases.append((part[2] or part[1]).upper())
        scope = list(zip(aliases, tables, strict=True))
        items, columns = _items(sql, found, scope)
        order = found["order"] and _find(sql, scope, None, found["order"], found.start("order"))[0]
        return _Plan(items=items, columns=columns, tables=tuple(tables), order=order, descending=bool(found["down"]))

    def _table(self, sql: str, name: str, start: int) -> Table:
        for table in self._tables:
            if table.name.upper() == name.upper():
                return table
        raise _at(sql, start, name, f"there is no table {name}")

    def _rows(self, plan: _Plan, stop: "_Stop") -> Iterator[tuple[object, ...]]:
        everything = itertools.product(*(self._data[table.name].to_pylist() for table in plan.tables))
        if not plan.items:
            yield (sum(stop.check() is None for _ in everything),)
            return
        if plan.order is not None:
            number, name = plan.order
            everything = iter(sorted(everything, key=lambda row: (row[number][name] is None, row[number][name]), reverse=plan.descending))
        for row in everything:
            yield tuple(row[number][name] for number, name in plan.items)


class _FakeRows:
    def __init__(self, columns: tuple[Column, ...], rows: Iterator[tuple[object, ...]], batch_rows: int, stop: "_Stop") -> None:
        self.columns = columns
        self._rows = rows
        self._batch_rows = batch_rows
        self._stop = stop
        self._done = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        schema = schema_of(self.columns)
        while rows := list(itertools.islice(self._rows, self._batch_rows)):
            self._stop.check()
            values = zip(*rows, strict=True)
            arrays = [pa.array(list(column), type=field.type) for column, field in zip(values, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        self._done = True

    def fraction_done(self) -> float | None:
        return 1.0 if self._done else None


class _Stop:
    def __init__(self, limit_seconds: float | None, cancellation: Cancellation) -> None:
        self._ends_at = None if limit_seconds is None else time.monotonic() + limit_seconds
        self._limit_seconds = limit_seconds
        self._cancellation = cancellation

    def check(self) -> None:
        self._cancellation.check()
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            raise DeadlineExceeded(f"stopped after {self._limit_seconds:g} s")


class HeldCatalog(FakeCatalog):
    """A `FakeCatalog` whose statements wait, once they have begun, until ``release`` is set or they are stopped."""

    def __init__(self, tables: Sequence[tuple[Table, pa.Table]]) -> None:
        super().__init__(tables)
        self.release = Event()

    @contextmanager
    def stream(self, sql: str, *, cancellation: Cancellation | None = None, **options: object) -> Iterator[_FakeRows]:
        with super().stream(sql, cancellation=cancellation, **options) as rows:
            while not self.release.wait(0.005):
                rows._stop.check()
            yield rows


def _items(sql: str, found: re.Match[str], scope: list[tuple[str, Table]]) -> tuple[tuple[tuple[int, str], ...], tuple[Column, ...]]:
    if re.fullmatch(r"count\(\*\)", found["items"], re.IGNORECASE):
        return (), (_COUNT,)
    items, columns = [], []
    for part in re.finditer(r"[^,]+", found["items"]):
        text, start = part[0].strip(), found.start("items") + part.start() + len(part[0]) - len(part[0].lstrip())
        if text == "*":
            every = [((number, column.name), column) for number, (_, table) in enumerate(scope) for column in table.columns]
            items += [place for place, _ in every]
            columns += [column for _, column in every]
            continue
        item = re.fullmatch(r"(?:(\w+)\.)?(\w+)(?:\s+(?:as\s+)?(\w+))?", text, re.IGNORECASE)
        if item is None:
            raise _at(sql, start, text, f"the fake catalogue does not understand {text}")
        place, column = _find(sql, scope, item[1], item[2], start + item.start(2))
        items.append(place)
        columns.append(replace(column, name=item[3].upper()) if item[3] else column)
    return tuple(items), _told_apart(columns)


def _find(sql: str, scope: list[tuple[str, Table]], alias: str | None, name: str, start: int) -> tuple[tuple[int, str], Column]:
    for number, (known, table) in enumerate(scope):
        if alias is not None and known != alias.upper():
            continue
        for column in table.columns:
            if column.name.upper() == name.upper():
                return (number, column.name), column
    raise _at(sql, start, name, f"there is no column {name}")


def _told_apart(columns: Sequence[Column]) -> tuple[Column, ...]:
    seen: Counter[str] = Counter()
    result = []
    for column in columns:
        name = f"{column.name}_{seen[column.name]}" if seen[column.name] else column.name
        seen[column.name] += 1
        result.append(replace(column, name=name))
    return tuple(result)


def _at(sql: str, start: int, text: str, message: str) -> InvalidQuery:
    before = sql[:start]
    return InvalidQuery(message, line=before.count("\n") + 1, column=start - before.rfind("\n"), length=len(text))
