"""Users' own tables, as the one for whom a statement runs may read them."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock
from typing import Protocol

from ...query.acting import acting_groups, acting_person
from ...tables.model import OwnTable
from ..oracle_sql import NO_PERSONAL_TABLES, PersonalTable, PersonalTables

__all__ = ["OwnTableSource", "OwnTables"]

_REMEMBERED = 256


class OwnTableSource(Protocol):
    """Where own tables are; `skydesk.backends.own_tables.DuckdbTableStore` is one."""

    @property
    def root(self) -> Path:
        """The folder that holds all of them."""

    def visible(self, person: str, groups: Collection[str] = ()) -> Sequence[OwnTable]:
        """The tables that a person may read."""

    def path(self, owner: str, version: str) -> Path:
        """The DuckDB file with the rows of a version of a table."""


class OwnTables:
    """What each person may read. Safe from several threads.

    Parameters
    ----------
    source
        Where the tables are; None for a catalogue without.
    """

    def __init__(self, source: OwnTableSource | None) -> None:
        self._source = source
        self._lock = Lock()
        self._remembered: OrderedDict[str, tuple[tuple[OwnTable, ...], PersonalTables]] = OrderedDict()

    def of_acting_person(self) -> PersonalTables:
        """What the one for whom this is done may read; the same object as long as it is the same tables."""
        person = acting_person()
        tables = tuple(self._source.visible(person, acting_groups())) if self._source is not None and person else ()
        if not tables:
            return NO_PERSONAL_TABLES
        with self._lock:
            known = self._remembered.get(person)
            if known is None or known[0] != tables:
                known = (tables, PersonalTables(person, [_personal(table) for table in tables]))
                self._remembered[person] = known
            self._remembered.move_to_end(person)
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return known[1]

    def files(self, personal: PersonalTables, keys: Collection[str]) -> dict[str, Path]:
        """The files of some of a person's tables, by the names under which statements know them."""
        if self._source is None:
            return {}
        return {table.key: self._source.path(table.owner, table.key) for table in personal.tables if table.key in keys}


def _personal(table: OwnTable) -> PersonalTable:
    sql = f'"{table.version}"."main"."data"'
    return PersonalTable(
        key=table.version, owner=table.owner, name=table.name, sql=sql, columns=table.columns, description=table.description
    )
