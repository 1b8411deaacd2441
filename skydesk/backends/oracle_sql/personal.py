"""Users' own tables, as far as the one who asks may see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...query.model import Column
from . import tree

__all__ = ["NO_PERSONAL_TABLES", "PersonalTable", "PersonalTables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTable:
    """One table of a user's."""

    key: str
    """Names the rows: another version of the table, another key."""

    owner: str
    name: str
    """Upper case."""

    sql: str
    """How DuckDB reads it."""

    columns: tuple[Column, ...]
    description: str = ""

    @property
    def full_name(self) -> str:
        """Owner and name, as no table of the catalogue is called."""
        return f"{self.owner}.{self.name}"


class PersonalTables:
    """The tables that a person may name, found as Oracle finds them: one's own by the name alone, others' by owner and name.

    Parameters
    ----------
    person
        Who asks; empty for nobody.
    tables
        What that person may read.
    """

    def __init__(self, person: str, tables: Collection[PersonalTable]) -> None:
        self.person = person
        self.tables = tuple(tables)
        self._found = {(table.owner, table.name): table for table in tables}
        self._owners = {owner.upper(): owner for owner, _ in sorted(self._found)}
        self._owners |= {owner: owner for owner, _ in self._found}

    def own(self, name: str) -> PersonalTable | None:
        """The person's table of this name; None where there is none."""
        return self._found.get((self.person, name))

    def owner(self, ident: tree.Ident) -> str | None:
        """Who is meant by a name before a table; None where nobody is whose tables the person may read."""
        return self._owners.get(ident.text)

    def of(self, owner: str, name: str) -> PersonalTable | None:
        """An owner's table of this name; None where there is none that the person may read."""
        return self._found.get((owner, name))

    def names(self, owner: str | None = None) -> Sequence[str]:
        """Names of the tables of an owner, of the person for None."""
        return [table.name for table in self.tables if table.owner == (self.person if owner is None else owner)]


NO_PERSONAL_TABLES = PersonalTables("", ())
