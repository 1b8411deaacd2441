"""Queries by the rules: what a user may read, how much, how long, and how many at once."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from ..access import User
from ..errors import Cancelled, Fault, InternalError, InvalidQuery, InvalidRequest, NotAllowed, NotFound, SkydeskError
from .acting import acting_for
from .arrow import schema_of
from .limits import LimitedRows
from .model import Column, Explanation, HistoryEntry, QueryRequest, Table
from .output import output_faults
from .ports import Catalog, KeepsAccounts, QueryHistory
from .rules import MAX_STATEMENT_CHARS, number_faults, require_numbers, require_text
from .running import RunningQueries

__all__ = ["MAX_QUICK_BYTES", "QueryService", "QuickPage"]

MAX_QUICK_BYTES = 64 << 20
"""Largest page of a quick query, bytes: it is held in memory and sent at once."""

_SERVICE = "query"
_log = logging.getLogger("skydesk.query")


class Example(Protocol):
    """A query to begin with, as the survey file has it."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def description(self) -> str:
        """What it shows."""

    @property
    def sql(self) -> str:
        """The statement."""


class QuerySurvey(Protocol):
    """What the service needs of a survey."""

    @property
    def name(self) -> str:
        """Its short name."""

    @property
    def examples(self) -> Sequence[Example]:
        """Queries to begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickPage:
    """The first rows of a result, all in memory."""

    columns: tuple[Column, ...]
    table: pa.Table
    """The rows; the schema carries units, UCDs and descriptions in its fields' metadata."""

    truncated: bool
    """True where the statement gives more rows than these."""

    row_limit: int
    elapsed_seconds: float
    """From the call to the page."""

    database_seconds: float
    """Part of it that was spent in the catalogue: translating, running, fetching."""

    release: str | None
    """The release that the statement reads, where it is one."""

    @property
    def rows(self) -> int:
        """Number of rows of the page."""
        return int(self.table.num_rows)

    @property
    def batches(self) -> list[pa.RecordBatch]:
        """The rows as record batches."""
        return list(self.table.to_batches())


class QueryService:
    """Checks, explains and runs statements for users; safe from several threads.

    Parameters
    ----------
    catalog
        What is asked.
    survey
        The survey that the catalogue is of.
    history
        Remembers what was run.
    quick_per_user, quick_total
        Quick queries that run at the same time, of one user and of all.
    streams_per_user, streams_total
        Streams that are open at the same time, of one user and of all.
    wait_seconds
        How long a further one waits before it is refused.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        survey: QuerySurvey,
        history: QueryHistory,
        quick_per_user: int = 4,
        quick_total: int = 8,
        streams_per_user: int = 2,
        streams_total: int = 4,
        wait_seconds: float = 5,
    ) -> None:
        self._catalog = catalog
        self._survey = survey
        self._history = history
        self._quick = RunningQueries(per_user=quick_per_user, total=quick_total, wait_seconds=wait_seconds)
        self._streams = RunningQueries(per_user=streams_per_user, total=streams_total, wait_seconds=wait_seconds)

    def accounts(self) -> KeepsAccounts:
        """The catalogue as a keeper of people's own accounts; raises `NotFound` where it keeps none."""
        if not isinstance(self._catalog, KeepsAccounts):
            raise NotFound("the catalogue is not asked with accounts of people's own")
        return self._catalog

    def check(self, user: User, sql: str) -> tuple[Column, ...]:
        """Give the columns that a statement would return, without running it.

        Raises
        ------
        NotAllowed
            The user may not query, or not read a release that the statement reads.
        InvalidQuery, QueryRefused
            As in `Catalog.check`.
        """
        self._require_readable(user, sql)
        with acting_for(user.name, user.groups):
            return self._catalog.check(sql, readable=user.entitlements.releases)

    def explain(self, user: User, sql: str) -> Explanation:
        """Tell how the database would carry a statement out; errors as in `check`."""
        self._require_readable(user, sql)
        with acting_for(user.name, user.groups):
            return self._catalog.explain(sql, readable=user.entitlements.releases)

    def quick(self, user: User, sql: str, query_id: str | None = None) -> QuickPage:
        """Run a statement and give its first rows.

        Parameters
        ----------
        query_id
            A UUID by which `cancel` can name the run.

        Raises
        ------
        Conflict
            A query of this id runs already.
        LimitExceeded
            Too many queries run, or the page is too large.
        DeadlineExceeded, Cancelled
            It was stopped.
        NotAllowed, InvalidQuery, QueryRefused
            As in `check`.
        """
        user.require_service(_SERVICE)
        limits = user.entitlements.query
        begin = time.monotonic()
        with self._recorded(user, sql, "quick") as run, self._quick.admit(user.name, query_id) as cancellation:
            asked = time.monotonic()
            releases = self._require_readable(user, sql)
            with (
                acting_for(user.name, user.groups),
                self._catalog.stream(
                    sql,
                    max_rows=limits.quick_rows + 1,
                    limit_seconds=limits.quick_seconds,
                    cancellation=cancellation,
                    readable=user.entitlements.releases,
                ) as stream,
            ):
                limited = LimitedRows(stream, max_rows=None, max_bytes=min(MAX_QUICK_BYTES, limits.max_result_bytes))
                table = pa.Table.from_batches(list(limited), schema=schema_of(stream.columns))
            answered = time.monotonic()
            page = QuickPage(
                columns=stream.columns,
                table=table.slice(0, limits.quick_rows),
                truncated=table.num_rows > limits.quick_rows,
                row_limit=limits.quick_rows,
                elapsed_seconds=answered - begin,
                database_seconds=answered - asked,
                release=next(iter(releases)) if len(releases) == 1 else None,
            )
            run.rows = page.rows
            return page

    @contextmanager
    def stream(
        self, user: User, sql: str, max_rows: int | None = None, limit_seconds: float | None = None, query_id: str | None = None
    ) -> Iterator[LimitedRows]:
        """Run a statement and stream all its rows, within the user's limits.

        Parameters
        ----------
        max_rows
            Rows wanted at the most; more than the user's limit stands for that limit.
        limit_seconds
            Longest run, seconds; more than the user's limit stands for that limit.

        Raises
        ------
        InvalidRequest
            A number is out of range.
        LimitExceeded
            Too many streams are open, or, while reading, the result passes the user's rows or bytes.
        DeadlineExceeded, Cancelled, NotAllowed, InvalidQuery, QueryRefused
            As in `quick`.
        """
        user.require_service(_SERVICE)
        limits = user.entitlements.query
        require_numbers(max_rows, limit_seconds)
        allowed = limits.max_rows
        with self._recorded(user, sql, "stream") as run, self._streams.admit(user.name, query_id) as cancellation:
            self._require_readable(user, sql)
            stream = self._catalog.stream(
                sql,
                max_rows=allowed + 1 if max_rows is None else min(max_rows, allowed + 1),
                limit_seconds=min(limits.max_seconds, limit_seconds or limits.max_seconds),
                cancellation=cancellation,
                readable=user.entitlements.releases,
            )
            with ExitStack() as stack:
                with acting_for(user.name, user.groups):  # only here: who reads the stream may do so in another thread
                    rows = stack.enter_context(stream)
                run.counted = LimitedRows(rows, max_rows=allowed, max_bytes=limits.max_result_bytes)
                yield run.counted

    def cancel(self, user: User, query_id: str) -> None:
        """Stop a quick query or a stream of this user's own.

        Raises
        ------
        InvalidRequest
            The id is not a UUID.
        NotFound
            The user has none of this id that runs.
        """
        try:
            self._quick.cancel(user.name, query_id)
        except NotFound:
            self._streams.cancel(user.name, query_id)

    def schema(self, user: User) -> tuple[Table, ...]:
        """Every table of the releases that the user may read, with columns and row counts."""
        user.require_service(_SERVICE)
        return tuple(table for table in self._catalog.tables() if user.entitlements.allows_release(table.release))

    def table(self, user: User, name: str) -> Table:
        """One table by name, letter case ignored.

        Raises
        ------
        NotFound
            There is none that this user may see.
        """
        for table in self.schema(user):
            if table.name.casefold() == name.casefold():
                return table
        raise NotFound(f"there is no table {name!r}")

    def functions(self) -> tuple[str, ...]:
        """Names of the functions that statements may call."""
        return self._catalog.functions()

    def examples(self) -> tuple[Example, ...]:
        """Queries to begin with."""
        return tuple(self._survey.examples)

    def history(self, user: User, limit: int = 100) -> tuple[HistoryEntry, ...]:
        """What the user ran, latest first."""
        user.require_service(_SERVICE)
        return self._history.entries(user.name, limit)

    def clear_history(self, user: User) -> None:
        """Forget what the user ran."""
        user.require_service(_SERVICE)
        self._history.clear(user.name)

    def validate_job(self, user: User, request: QueryRequest) -> None:
        """Check the request of a query job before it is taken.

        Raises
        ------
        NotAllowed
            The user may not query, or not read a release that the statement reads.
        InvalidQuery, QueryRefused
            Nothing but the statement is wrong.
        InvalidRequest
            Something else is wrong too; every fault is named, the statement's in the field ``sql``.
        """
        user.require_service(_SERVICE)
        faults = [] if request.output is None else output_faults(request.output)
        faults += number_faults(request.max_rows, None)
        try:
            self._require_readable(user, request.sql)
            with acting_for(user.name, user.groups):
                self._catalog.check(request.sql)
        except InvalidQuery as error:
            if not faults:
                raise
            where = "" if error.line is None else f"line {error.line}, column {error.column}: "
            faults.insert(0, Fault(field="sql", message=where + str(error)))
        if faults:
            raise InvalidRequest(faults)

    def job_limits(self, user: User) -> Mapping[str, int | list[str]]:
        """The limits of this user that a query job's request carries beside the `QueryRequest`; `run_query` holds to them."""
        limits = user.entitlements.query
        releases = sorted(user.entitlements.releases)
        most = {"max_result_rows": limits.max_rows, "max_result_bytes": limits.max_result_bytes}
        return {**most, "readable_releases": releases, "owner_groups": sorted(user.groups)}

    def remember_job(self, user: User, sql: str, outcome: str = "ok", elapsed_seconds: float = 0, rows: int | None = None) -> None:
        """Put a job's statement into its owner's history."""
        self._history.add(user.name, sql, "job", outcome, elapsed_seconds, rows)

    def _require_readable(self, user: User, sql: str) -> frozenset[str]:
        user.require_service(_SERVICE)
        require_text(sql)
        with acting_for(user.name, user.groups):
            releases = self._catalog.releases_read(sql)
        closed = sorted(name for name in releases if not user.entitlements.allows_release(name))
        if closed:
            raise NotAllowed(f"release {', '.join(closed)} is not open to {user.name}; ask for a group that grants it")
        return releases

    @contextmanager
    def _recorded(self, user: User, sql: str, kind: str) -> Iterator["_Run"]:
        run, begin, outcome = _Run(), time.monotonic(), "ok"
        try:
            yield run
        except SkydeskError as error:
            outcome = error.code
            raise
        except GeneratorExit:
            outcome = Cancelled.code
            raise
        except BaseException:
            outcome = InternalError.code
            raise
        finally:
            self._remember(user, sql[:MAX_STATEMENT_CHARS], kind, outcome, time.monotonic() - begin, run.row_count)

    def _remember(self, user: User, sql: str, kind: str, outcome: str, elapsed_seconds: float, rows: int | None) -> None:
        try:
            self._history.add(user.name, sql, kind, outcome, elapsed_seconds, rows)
        except SkydeskError:
            _log.exception("the history of %s lacks a %s query: a result is worth more than its record", user.name, kind)


class _Run:
    """What is known of a run when it ends."""

    rows: int | None = None
    counted: LimitedRows | None = None

    @property
    def row_count(self) -> int | None:
        return self.rows if self.counted is None else self.counted.rows
