"""What an own table is, and what is known of a file before it becomes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import Fault
from ..query.model import Column, ColumnType

__all__ = [
    "MAX_COLUMNS",
    "MAX_FAULTS",
    "PREVIEW_ROWS",
    "SERVICE",
    "ColumnWords",
    "Correction",
    "GivenColumn",
    "Grant",
    "Inspection",
    "MatchRequest",
    "OwnTable",
    "Quota",
    "TablePatch",
]

SERVICE = "tables"
"""Name of the service that groups grant."""

MAX_COLUMNS = 1000
"""Most columns of a table, as in Oracle (Database Reference, "Logical Database Limits")."""

MAX_FAULTS = 1000
"""Faults that are named; the rest is counted."""

PREVIEW_ROWS = 50
"""Rows of a file that are shown before it is loaded."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Grant:
    """Who else may read a table."""

    kind: str
    """``user`` or ``group``."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTable:
    """One table of a user's."""

    owner: str
    name: str
    """Upper case, as Oracle has it."""

    description: str = ""
    rows: int
    size_bytes: int
    """On disk, compressed."""

    columns: tuple[Column, ...]
    indexes: tuple[str, ...] = ()
    """Columns by which rows are looked up quickly."""

    created_at: datetime
    changed_at: datetime
    grants: tuple[Grant, ...] = ()
    version: str
    """Names the rows: another append, another version."""

    def column(self, name: str) -> Column | None:
        """The column of this name, letter case ignored; None where there is none."""
        return next((column for column in self.columns if column.name == name.upper()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of the limits is used."""

    used_bytes: int
    limit_bytes: int
    tables: int
    max_tables: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenColumn:
    """One column of a file, as it is, and as it would be loaded."""

    given_name: str
    name: str
    """Proposed: what Oracle takes, and different for each column."""

    type: ColumnType
    """Proposed, by the rules of `skydesk.tables.types`."""

    unit: str | None = None
    ucd: str | None = None
    description: str = ""
    note: str | None = None
    """What is worth a look; None where nothing is."""

    @property
    def column(self) -> Column:
        """The column that it would become."""
        return Column(name=self.name, type=self.type, unit=self.unit, ucd=self.ucd, description=self.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found in a file."""

    id: str = ""
    """Given by who keeps it."""

    rows: int
    columns: tuple[GivenColumn, ...]
    preview: tuple[tuple[str | None, ...], ...]
    """The first rows as texts, None where a cell is empty."""

    faults: tuple[Fault, ...] = ()
    fault_count: int = 0
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a user wants otherwise than it was proposed."""

    given_name: str
    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnWords:
    """What is said of a column; None leaves it as it is."""

    unit: str | None = None
    ucd: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePatch:
    """What is to change; None leaves it as it is."""

    name: str | None = None
    description: str | None = None
    columns: Mapping[str, ColumnWords] = field(default_factory=dict)
    indexes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRequest:
    """A positional match of an own table with a table of the catalogue."""

    table: str
    """Name of the own table, or ``owner.name``."""

    catalog_table: str
    radius_arcsec: float
    nearest: bool = True
    """False for all partners within the radius."""

    columns: tuple[str, ...] = ()
    """Columns of the catalogue's table that are wanted."""

    into: str
    """Name of the table to make."""

    description: str = ""
