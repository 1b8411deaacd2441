"""The `Catalog` port on an Oracle database."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import oracledb

from ...access import ALL
from ...errors import InvalidQuery, NotFound, ServiceUnavailable
from ...query.acting import acting_person
from ...query.model import Cancellation, Column, Explanation, OwnAccount, Table
from ..duckdb_catalog.types import unique_names
from ..oracle_sql import translate
from ..oracle_sql.lexer import refusal
from .account import Account
from .builtins import BUILTINS
from .calls import Deadline
from .codes import Kind
from .dictionary import Dictionary, Known, read_dictionary
from .failures import kind_of
from .own_accounts import OwnAccounts
from .plans import read_plan
from .rows import OracleRows
from .sessions import Session, Sessions
from .statement import Statement, read_statement
from .types import Fetched, column_type

__all__ = ["OracleCatalog"]

_PREPARE_SECONDS = 15.0
_DICTIONARY_SECONDS = 10.0
_DOWN_SECONDS = 2.0
"""How often a database that is down is tried again."""
_T = TypeVar("_T")


class _Survey(Protocol):
    @property
    def tables(self) -> Sequence[Table]: ...


class OracleCatalog:
    """A survey's catalogue in Oracle: read-only, safe from several threads. Nothing is asked of the database before it is needed.

    What a user writes goes to the database as it is. Before, it is looked through: it must be one SELECT that reads the survey's
    tables and calls Oracle's own functions; and it runs in a transaction that is read only.

    Parameters
    ----------
    account
        Where and as whom to log on.
    survey
        The survey whose tables can be read.
    connections
        Sessions that one login may have at the same time; further statements wait.
    refresh_seconds
        How often comments and numbers of rows are read anew, seconds.
    patience_seconds
        How long a statement that has twice as long to run waits for a database that is down, seconds.
    """

    def __init__(
        self, account: Account, *, survey: _Survey, connections: int = 16, refresh_seconds: float = 3600, patience_seconds: float = 300
    ) -> None:
        self._patience_seconds = patience_seconds
        self._account = account
        self._tables = {table.name: table for table in survey.tables}
        self._columns = {table.name: table.columns for table in survey.tables}
        self._source = {(table.name, column.name): column for table in survey.tables for column in table.columns}
        self._sessions = Sessions(account, count=connections)
        self._own_accounts = None if account.credentials is None else OwnAccounts(account.credentials, self._sessions)
        self._dictionary = Dictionary(tuple(survey.tables), self._read_dictionary, refresh_seconds=refresh_seconds)

    def close(self) -> None:
        """Close every session; statements that still run are cut off."""
        self._sessions.close()

    def check(self, sql: str, *, readable: frozenset[str] | None = None) -> tuple[Column, ...]:
        """Have Oracle parse a statement without running it; see `Catalog.check`."""
        statement = self._statement(sql, readable)
        deadline = Deadline(_PREPARE_SECONDS)
        with self._begun("check", deadline, lambda session: self._describe(session, statement)) as fetched:
            return tuple(each.column for each in fetched)

    def explain(self, sql: str, *, readable: frozenset[str] | None = None) -> Explanation:
        """Tell how Oracle would carry the statement out; see `Catalog.explain`."""
        statement = self._statement(sql, readable)

        def explained(session: Session) -> Explanation:
            self._describe(session, statement)
            return session.call(lambda connection: read_plan(connection, statement.text), statement.text)

        with self._begun("explain", Deadline(_PREPARE_SECONDS), explained) as explanation:
            return explanation

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
    ) -> Iterator[OracleRows]:
        """Run a statement and stream its rows; see `Catalog.stream`."""
        statement = self._statement(sql, readable)

        def begun(session: Session) -> OracleRows:
            fetched = self._describe(session, statement)
            rows = OracleRows(session, statement.text, fetched, max_rows=max_rows, batch_rows=batch_rows)
            rows.begin()
            return rows

        with self._begun("query", Deadline(limit_seconds, cancellation), begun) as rows:
            yield rows

    def tables(self) -> tuple[Table, ...]:
        """Every table with its columns, and the rows that the database's statistics count; see `Catalog.tables`."""
        return self._dictionary.tables()

    def functions(self) -> tuple[str, ...]:
        """Names of the functions that a statement may call."""
        return tuple(sorted(BUILTINS))

    def releases_read(self, sql: str) -> frozenset[str]:
        """Names of the releases whose tables the statement reads."""
        return frozenset(self._tables[name].release for name in self._statement(sql, None).tables)

    def account_of(self, person: str) -> OwnAccount | None:
        """Tell of a person's own account; see `KeepsAccounts.account_of`."""
        return self._accounts().get(person)

    def keep_account(self, person: str, user: str, password: str) -> OwnAccount:
        """Store a person's own account; see `KeepsAccounts.keep_account`."""
        return self._accounts().keep(person, user, password)

    def forget_account(self, person: str) -> None:
        """Forget a person's own account."""
        self._accounts().forget(person)

    def _accounts(self) -> OwnAccounts:
        if self._own_accounts is None:
            raise NotFound("the catalogue is not asked with accounts of people's own")
        return self._own_accounts

    @contextmanager
    def _begun(self, action: str, deadline: Deadline, begin: Callable[[Session], _T]) -> Iterator[_T]:
        """Begin work in a session; anew where that is lost or the database is down, since nothing has been given out yet."""
        lost, patience = False, self._patience(deadline)
        while True:
            with ExitStack() as stack:
                try:
                    begun = self._begin(stack, action, deadline, begin)
                except ServiceUnavailable as error:
                    kind = kind_of(error.__cause__) if isinstance(error.__cause__, oracledb.Error) else None
                    if (kind is Kind.LOST and not lost) or (kind is Kind.DOWN and patience.reason() is None):
                        lost = lost or kind is Kind.LOST
                    else:
                        raise
                else:
                    yield begun
                    return
            if kind is Kind.DOWN:
                deadline.pause(_DOWN_SECONDS)

    def _patience(self, deadline: Deadline) -> Deadline:
        """Until when to wait for a database that is down; not at all for what has little time itself."""
        left = deadline.remaining_seconds()
        return Deadline(self._patience_seconds if left is None or left >= 2 * self._patience_seconds else 0)

    def _begin(self, stack: ExitStack, action: str, deadline: Deadline, begin: Callable[[Session], _T]) -> _T:
        return begin(stack.enter_context(self._sessions.borrow(person=acting_person(), action=action, deadline=deadline)))

    def _statement(self, sql: str, readable: frozenset[str] | None) -> Statement:
        statement = read_statement(sql, self._tables, self._account.owner)
        if statement.dictionary is not None and not self._may_list_all(readable):
            span, name = statement.dictionary
            raise refusal(sql, span, f"{name} lists tables of every release", "the schema browser lists yours")
        return statement

    def _may_list_all(self, readable: frozenset[str] | None) -> bool:
        return readable is None or ALL in readable or readable >= {table.release for table in self._tables.values()}

    def _describe(self, session: Session, statement: Statement) -> list[Fetched]:
        described = session.call(lambda connection: _parsed(connection, statement.text), statement.text)
        sources = self._sources(statement, [each.name for each in described])
        names = unique_names([each.name for each in described])
        fetched = []
        for name, each, source in zip(names, described, sources, strict=True):
            kind = column_type(each, None if source is None else source.type)
            column = Column(name=name, type=kind) if source is None else replace(source, name=name, type=kind)
            fetched.append(Fetched(column=column, described=each, computed=source is None))
        return fetched

    def _sources(self, statement: Statement, names: Sequence[str]) -> list[Column | None]:
        """The survey's column that each result column is, where our own reading of the statement tells so without doubt."""
        try:
            translation = translate(statement.text, self._columns, owners=frozenset({self._account.owner}))
        except InvalidQuery:
            return [None] * len(names)
        times = Counter(names)
        return [self._source.get(translation.source_of.get(name, ("", ""))) if times[name] == 1 else None for name in names]

    def _read_dictionary(self) -> Known:
        with self._sessions.borrow(person="", action="dictionary", deadline=Deadline(_DICTIONARY_SECONDS)) as session:
            return session.call(lambda connection: read_dictionary(connection, self._account.owner))


def _parsed(connection: oracledb.Connection, text: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.parse(text)
        return list(cursor.description or ())
