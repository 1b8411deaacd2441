"""Names: which tables and columns can be seen from where in a statement."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from ...errors import InvalidQuery, QueryRefused
from ...query.model import Column
from . import tree
from .lexer import Span, fault, refusal
from .personal import NO_PERSONAL_TABLES, PersonalTable, PersonalTables
from .values import Kind, Value, quote

__all__ = ["Base", "Context", "Relation", "ResultColumn", "Scope", "Source", "SourceColumn", "nearest"]


_MARK = re.compile("\0(\\d+)\0")


@dataclass(slots=True)
class SourceColumn:
    """One column that a table or a subquery in FROM gives."""

    name: str
    sql: str
    kind: Kind
    origin: tuple[str, str] | None = None
    narrow: bool = False
    char_length: int | None = None


@dataclass(slots=True)
class Source:
    """A table or a subquery in FROM, by the name it has there."""

    name: str | None
    columns: list[SourceColumn]
    owner_name: str | None = None
    """The table's own name, where no alias hides it."""

    owner: str | None = None
    """Who owns it, where it is a user's own table."""


@dataclass(slots=True)
class ResultColumn:
    """One column that a query gives; ``sql_name`` is what it is called in DuckDB."""

    name: str
    sql_name: str
    kind: Kind
    origin: tuple[str, str] | None = None
    narrow: bool = False
    char_length: int | None = None


@dataclass(slots=True)
class Relation:
    """A translated query."""

    sql: str
    columns: list[ResultColumn]


@dataclass(slots=True)
class Base:
    """The rows of a SELECT before grouping and sorting, as a subquery that numbers or cuts them.

    Columns that the rest of the SELECT wants are taken by their text and get a name of their own.
    """

    alias: str
    names: dict[str, str] = field(default_factory=dict)

    def take(self, sql: str) -> str:
        """Give the way to read ``sql`` outside the subquery."""
        return f"{self.alias}.{self.names.setdefault(sql, f'c{len(self.names) + 1}')}"


class Context:
    """What holds for a whole statement: its text, the catalogue, aliases given so far."""

    def __init__(
        self,
        text: str,
        tables: Mapping[str, Sequence[Column]],
        owners: frozenset[str],
        listed: Collection[str] | None = None,
        personal: PersonalTables = NO_PERSONAL_TABLES,
    ) -> None:
        self.text = text
        self.tables = tables
        self.owners = owners
        self.listed = {name: columns for name, columns in tables.items() if listed is None or name in listed}
        """Tables that the dictionary views show."""

        self.personal = personal
        self.used_personal = dict[str, PersonalTable]()
        self.reads_dictionary = False
        self.used_tables = set[str]()
        self.ctes = list[dict[str, Relation | None]]()
        """Named queries that can be seen, innermost last; None for one that is being translated."""

        self._aliases = dict[str, int]()
        self._number_lists = list[str]()

    def number_list(self, numbers: str) -> str:
        """Give the mark that stands for a long list of whole numbers until `filled`; no text of a user's can be one."""
        self._number_lists.append(numbers)
        return f"\0{len(self._number_lists) - 1}\0"

    def filled(self, sql: str) -> str:
        """Put every list of numbers at its mark."""
        return _MARK.sub(lambda mark: _number_array(self._number_lists[int(mark[1])]), sql)

    def shape(self, sql: str) -> str:
        """Put the same short list at every mark: the statement, whatever the numbers."""
        return _MARK.sub(_number_array("0"), sql)

    def fault(self, span: Span, message: str, hint: str | None = None) -> InvalidQuery:
        """Make an error that points at ``span``."""
        return fault(self.text, span, message, hint)

    def refuse(self, span: Span, message: str, hint: str) -> QueryRefused:
        """Make a refusal that points at ``span``."""
        return refusal(self.text, span, message, hint)

    def alias(self, wanted: str, *, shadows: bool = False) -> str:
        """Give a name that no other table of the statement has, quoted.

        A name made up here is no table's, so that it hides none; where the alias ``shadows`` (WITH does), the wanted one is not either.
        """
        name = stem = wanted.lower()
        while name in self._aliases or ((shadows or name != stem) and name.upper() in self.tables):
            self._aliases[stem] = self._aliases.get(stem, 1) + 1
            name = f"{stem}_{self._aliases[stem]}"
        self._aliases.setdefault(name, 1)
        return quote(name)

    def written(self, span: Span) -> str:
        """Give the text of a piece, as the user wrote it."""
        return self.text[span.start : span.end]


class Scope:
    """The sources of one SELECT, inside the scope of the query round it."""

    def __init__(self, context: Context, parent: "Scope | None") -> None:
        self.context = context
        self.parent = parent
        self.sources = list[Source]()
        self.merged = dict[str, SourceColumn]()
        self.base: Base | None = None
        self.rownum: str | None = None
        self.level: str | None = None
        self.asked_from_below = list[tuple[str, Span]]()

    def column(self, name: tree.Name) -> Value:
        """Find a column.

        Raises
        ------
        InvalidQuery
            No source has it, or more than one.
        """
        scope: Scope | None = self
        while scope is not None:
            found = scope._own(name)
            if found is not None:
                sql = scope.base.take(found.sql) if scope.base else found.sql
                if scope is not self:
                    scope.asked_from_below.append((sql, name))
                loose = name if scope is self else None
                return Value(sql, found.kind, loose, found.origin, narrow=found.narrow, char_length=found.char_length)
            scope = scope.parent
        raise self._unknown(name)

    def named(self, qualifier: Sequence[tree.Ident]) -> Source | None:
        """Find a source of this scope by the parts before a column."""
        wanted = qualifier[-1].text
        if len(qualifier) == 1:
            return next((source for source in self.sources if source.name == wanted), None)
        if len(qualifier) == 2:
            owner = None if qualifier[0].text in self.context.owners else self.context.personal.owner(qualifier[0])
            if owner is not None or qualifier[0].text in self.context.owners:
                return next((source for source in self.sources if source.owner_name == wanted and source.owner == owner), None)
        return None

    def _own(self, name: tree.Name) -> SourceColumn | None:
        wanted = name.parts[-1].text
        if len(name.parts) > 1:
            source = self.named(name.parts[:-1])
            if source is None:
                return None
            found = [column for column in source.columns if column.name == wanted]
            if not found:
                names = [column.name for column in source.columns]
                raise self.context.fault(name.parts[-1], f"{name.parts[-2].text} has no column {wanted}", nearest(wanted, names))
            if wanted in self.merged:
                raise self.context.fault(name, f"{wanted} is in USING and belongs to no single table", f"write {wanted} alone")
        elif wanted in self.merged:
            return self.merged[wanted]
        else:
            found = [column for source in self.sources for column in source.columns if column.name == wanted]
        if len(found) > 1:
            owners = [source.name for source in self.sources if source.name and any(c.name == wanted for c in source.columns)]
            hint = "write " + " or ".join(f"{owner}.{wanted}" for owner in owners) if len(owners) > 1 else "give each column its own alias"
            raise self.context.fault(name, f"column {wanted} is ambiguous", hint)
        return found[0] if found else None

    def _unknown(self, name: tree.Name) -> InvalidQuery:
        ident = name.parts[-1]
        if len(name.parts) > 1:
            qualifier = ".".join(part.text for part in name.parts[:-1])
            known = [source.name for scope in self.chain() for source in scope.sources if source.name]
            span = Span(name.parts[0].start, name.parts[-2].end)
            return self.context.fault(span, f"{qualifier} is no table or alias of this query", nearest(qualifier, known))
        names = [column.name for scope in self.chain() for source in scope.sources for column in source.columns]
        hint = nearest(ident.text, names)
        if ident.quoted and ident.text.upper() in names:
            hint = f"quoted names keep their case: write {ident.text.upper()}"
        elif ident.quoted:
            hint = f"strings take single quotes: '{ident.text}'"
        return self.context.fault(name, f"unknown column {ident.text}", hint)

    def chain(self) -> "Iterable[Scope]":
        """Yield this scope and those round it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """Suggest the existing name that is most like a wrong one."""
    found = get_close_matches(wanted.upper(), list(dict.fromkeys(names)), n=1, cutoff=0.6)
    return f"did you mean {found[0]}" if found else None


def _number_array(numbers: str) -> str:
    return f"CAST('[{numbers}]' AS BIGINT[])"
