"""What is asked of the catalogue and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from threading import Lock

from ..errors import Cancelled

__all__ = [
    "Cancellation",
    "Column",
    "ColumnType",
    "Compression",
    "Explanation",
    "Format",
    "HistoryEntry",
    "Output",
    "OwnAccount",
    "PlanStep",
    "QueryRequest",
    "ResultFile",
    "ResultMetadata",
    "Table",
]


class ColumnType(StrEnum):
    """Types of catalogue columns; each has one Arrow, one FITS and one VOTable type."""

    BOOLEAN = "boolean"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table or of a result."""

    name: str
    """As users write it; upper case for Oracle-like catalogues."""

    type: ColumnType
    unit: str | None = None
    """VOUnit string (``deg``, ``mag``, ``pix``); None where the column has none."""

    ucd: str | None = None
    """IVOA UCD1+ (``pos.eq.ra;meta.main``); None where none fits."""

    description: str = ""
    binary: bool = field(default=True, compare=False)
    """For floats: True where Oracle holds them as BINARY_FLOAT or BINARY_DOUBLE, which have NaN and infinity; False for NUMBER,
    where division by zero is an error. Results do not carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the catalogue."""

    name: str
    release: str
    description: str = ""
    row_count: int | None = None
    """Rows, or None where not known."""

    columns: tuple[Column, ...] = ()


class Format(StrEnum):
    """File formats a result can be written in; the value is the usual file ending."""

    CSV = "csv"
    TAB = "tab"
    FITS = "fits"
    HDF5 = "h5"
    PARQUET = "parquet"
    VOTABLE = "vot"
    ECSV = "ecsv"
    ARROW = "arrow"


class Compression(StrEnum):
    """How a result file is compressed; which formats take which is the writer's table."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The file that a query job writes."""

    file_name: str
    """Plain name with its ending, no folder: ``m2.fits``, ``m2.csv.gz``."""

    format: Format
    compression: Compression = Compression.NONE
    split_bytes: int = 1_000_000_000
    """A file that passes this size, bytes, is closed and the next one begun: ``m2_000001.fits``, ``m2_000002.fits``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRequest:
    """One statement and where its rows go. The payload of a query job is exactly this."""

    sql: str
    output: Output | None = None
    """None for a result that is not written to a file."""

    max_rows: int | None = None
    """Rows wanted at the most; None for as many as the user's limits allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How the database would carry a statement out."""

    plan: str
    """The plan, as text of several lines."""

    statement: str
    """The statement as the database is given it."""

    steps: tuple["PlanStep", ...] = ()
    """The same plan as a tree, each step after the one that it serves; empty where the database tells no more than the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step of a plan; those that serve it give it their rows."""

    id: int
    parent: int | None
    """`id` of the step that this one serves; None for the whole statement."""

    operation: str
    """As the database calls it: ``HASH JOIN``, ``TABLE ACCESS FULL``."""

    object: str = ""
    """Table or index; empty where there is none."""

    rows: int | None = None
    """Rows that the database expects; None where it does not tell."""

    cost: float | None = None
    """The database's own measure of the work, up to and with this step; None where it does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """A person's own account in the database, as whom the catalogue is asked; its password is never told."""

    user: str
    stored_at: datetime
    """Aware, UTC."""

    warning: str | None = None
    """What the database said when it was stored, such as that the password will soon expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMetadata:
    """What is written into a result file beside its rows."""

    sql: str
    survey: str
    release: str | None
    """The release that the statement reads, where it is one."""

    created_at: datetime
    """Aware, UTC."""

    job_id: str | None = None
    skydesk_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One finished file."""

    name: str
    size_bytes: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One statement that a user ran."""

    id: int
    sql: str
    kind: str
    """``quick`` or ``job``."""

    outcome: str
    """``ok``, or the code of the error it ended with."""

    ran_at: datetime
    elapsed_seconds: float
    rows: int | None = None


class Cancellation:
    """A wish to stop that one thread states and another hears; safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reason: str | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """True once `cancel` was called."""
        return self._reason is not None

    def cancel(self, reason: str = "cancelled by the user") -> None:
        """Ask for the work to stop; the first reason given stands."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once when `cancel` is; at once if it was already."""
        with self._lock:
            if self._reason is None:
                self._callbacks.append(callback)
                return
        callback()

    def forget(self, callback: Callable[[], None]) -> None:
        """Take a callback back."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def check(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self._reason is not None:
            raise Cancelled(self._reason)
