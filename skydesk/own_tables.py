"""Tables of one's own, from a notebook: `sky.tables`."""

import base64
import gzip
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .errors import Fault, InvalidRequest, NotFound, ServiceUnavailable, UsageError
from .job_handle import JobHandle
from .query.model import Column, ColumnType, Table
from .web.errors import error_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from .transport import Transport

__all__ = ["OwnTableInfo", "OwnTables"]

_PACK_BYTES = 1 << 20
_LARGEST_BYTES = 46 << 20
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PAR1", b"\x89HDF")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTableInfo:
    """What is known of one own table, or of one that somebody granted."""

    owner: str
    name: str
    description: str
    rows: int
    size_bytes: int
    """On disk."""

    columns: tuple[Column, ...]
    indexes: tuple[str, ...]
    grants: tuple[tuple[str, str], ...]
    """``user`` or ``group``, and whose name, of one's own tables."""

    own: bool

    @property
    def sql_name(self) -> str:
        """How a statement names it."""
        owner = self.owner.upper() if self.owner.isidentifier() and self.owner.isascii() else f'"{self.owner}"'
        return self.name if self.own else f"{owner}.{self.name}"


class OwnTables:
    """The tables of who asks, and those that others granted. Called, it lists the catalogue's tables.

    Parameters
    ----------
    transport
        What carries the calls.
    catalogue
        Lists the catalogue's tables.
    """

    def __init__(self, transport: "Transport", catalogue: "Callable[[], tuple[Table, ...]]") -> None:
        self._transport = transport
        self._catalogue = catalogue

    def __call__(self) -> tuple[Table, ...]:
        """Every table of the catalogue that you may read, without its columns."""
        return self._catalogue()

    def list(self) -> tuple[OwnTableInfo, ...]:
        """Your tables by name, then those that others granted to you."""
        return tuple(map(_info, self._json("GET", "tables")["tables"]))

    def get(self, name: str) -> OwnTableInfo:
        """One of them, by its name or as ``owner.name``; raises `NotFound` where there is none."""
        owner, _, plain = name.rpartition(".")
        for table in self.list():
            if table.name == plain.upper() and (table.own if not owner else table.owner.casefold() == owner.casefold()):
                return table
        raise NotFound(f"there is no table {name!r:.200} of yours, and none that was granted to you; tables.list() has them")

    def inspect(self, source: Any) -> Mapping[str, Any]:
        """Tell what would become of a file or a table, without loading it; see docs/api.md, Inspection."""
        return self._json("POST", "tables/inspect", _upload(source))

    def load(
        self,
        name: str,
        source: Any,
        *,
        description: str = "",
        types: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        leave_out: Collection[str] = (),
    ) -> OwnTableInfo:
        """Make a new table: all rows, or nothing.

        Parameters
        ----------
        name
            At most 128 of A-Z, 0-9, ``_``, ``$`` and ``#``, a letter first.
        source
            The path of a file; a pandas, astropy or Arrow table, the `Result` of a query, or a mapping of columns; a `JobHandle`, whose
            first result file is meant; or a SELECT statement, which runs in the service.
        description
            What it is.
        types, names
            Other types and names than the proposed ones, by the names that columns have in the source.
        leave_out
            Columns of the source that are not wanted.

        Raises
        ------
        InvalidRequest
            Names or values do not fit; every fault is named with row and column.
        Conflict
            You have a table of this name.
        LimitExceeded
            It is more than you may have.
        """
        body = {"name": name, "description": description, **self._source(source, types or {}, names or {}, leave_out)}
        return self._made("tables", body)

    def append(self, name: str, source: Any, *, names: Mapping[str, str] | None = None, leave_out: Collection[str] = ()) -> OwnTableInfo:
        """Add rows to a table, by the names of columns: all, or none. Sources and errors as in `load`."""
        return self._made(f"tables/{_part(name)}/append", self._source(source, {}, names or {}, leave_out))

    def rename(self, name: str, new_name: str) -> OwnTableInfo:
        """Give a table another name."""
        return _info(self._json("PATCH", f"tables/{_part(name)}", {"name": new_name}))

    def describe(
        self, name: str, description: str | None = None, *, columns: Mapping[str, Mapping[str, str]] | None = None
    ) -> OwnTableInfo:
        """Say what a table is, and its columns.

        Parameters
        ----------
        description
            None to leave it.
        columns
            By name, each with some of ``unit``, ``ucd`` and ``description``.
        """
        body: dict[str, Any] = {} if description is None else {"description": description}
        if columns:
            body["columns"] = [{"name": column, **words} for column, words in columns.items()]
        return _info(self._json("PATCH", f"tables/{_part(name)}", body))

    def index(self, name: str, columns: Sequence[str]) -> OwnTableInfo:
        """Have rows looked up quickly by just these columns."""
        return _info(self._json("PATCH", f"tables/{_part(name)}", {"indexes": list(columns)}))

    def grant(self, name: str, *, users: Collection[str] = (), groups: Collection[str] = ()) -> OwnTableInfo:
        """Let users or groups read a table, beside those who may already."""
        return self._grants(name, set(self.get(name).grants) | _grantees(users, groups))

    def revoke(self, name: str, *, users: Collection[str] = (), groups: Collection[str] = ()) -> OwnTableInfo:
        """Let users or groups read a table no more."""
        return self._grants(name, set(self.get(name).grants) - _grantees(users, groups))

    def drop(self, name: str) -> None:
        """Remove a table of yours; raises `NotFound` where you have none of this name."""
        self._transport.request("DELETE", f"tables/{_part(name)}").raise_for_status()

    def quota(self) -> Mapping[str, int]:
        """How much you use: ``used_bytes``, ``limit_bytes``, ``tables``, ``max_tables``."""
        quota: Mapping[str, int] = self._json("GET", "tables")["quota"]
        return quota

    def match(
        self,
        table: str,
        catalog_table: str,
        into: str,
        *,
        radius_arcsec: float = 1.0,
        nearest: bool = True,
        columns: Sequence[str] = (),
    ) -> OwnTableInfo:
        """Make a table of the pairs of a table's positions with those of the catalogue; see `skydesk.client.SkyDesk.match`."""
        body = {"table": table, "catalog_table": catalog_table, "into": into, "radius_arcsec": radius_arcsec, "nearest": nearest}
        return self._made("tables/match", body | {"columns": list(columns)})

    def unused_name(self) -> str:
        """A name that no table of yours has."""
        return f"M_{secrets.token_hex(6).upper()}"

    def _source(self, source: Any, types: Mapping[str, str], names: Mapping[str, str], leave_out: Collection[str]) -> dict[str, Any]:
        if isinstance(source, str) and _is_statement(source):
            if types or names or leave_out:
                raise UsageError("a statement chooses types, names and columns itself; write CAST, AS and what is wanted into it")
            return {"source": {"sql": source}}
        body = {"job_id": source.id} if isinstance(source, JobHandle) else _upload(source)
        found = self._json("POST", "tables/inspect", body)
        chosen: dict[str, Any] = {"source": {"inspection": found["id"]}}
        if not (types or names or leave_out):
            return chosen
        given = {column["given_name"] for column in found["columns"]}
        unknown = sorted({*types, *names, *leave_out} - given)
        if unknown:
            raise InvalidRequest(
                Fault(field=each, message=f"is no column of the source, which has {', '.join(sorted(given))[:500]}") for each in unknown
            )
        return chosen | {
            "columns": [
                {
                    "given_name": column["given_name"],
                    "name": names.get(column["given_name"], column["name"]),
                    "type": types.get(column["given_name"], column["type"]),
                }
                for column in found["columns"]
                if column["given_name"] not in leave_out
            ]
        }

    def _grants(self, name: str, grants: Collection[tuple[str, str]]) -> OwnTableInfo:
        body = {"grants": [{"kind": kind, "name": grantee} for kind, grantee in sorted(grants)]}
        return _info(self._json("PUT", f"tables/{_part(name)}/grants", body))

    def _made(self, path: str, body: Mapping[str, Any]) -> OwnTableInfo:
        """Follow the lines of a load to the last, which has the table or the error."""
        last: Mapping[str, Any] = {}
        with self._transport.open("POST", path, body) as lines:
            for line in lines:
                last = json.loads(line)
        if "error" in last:
            raise error_from_json(500, last)
        if "table" not in last:
            raise ServiceUnavailable("the service broke off while the table was made; nothing of it is left, so try again")
        return _info(last["table"])

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return self._transport.request(method, path, body).require_json()


def _upload(source: Any) -> dict[str, Any]:
    name, content = _content(source)
    if len(content) > _PACK_BYTES and not content.startswith(_PACKED):
        content = gzip.compress(content, compresslevel=1)
    if len(content) > _LARGEST_BYTES:
        raise UsageError(f"{name} takes {len(content) >> 20} MiB packed, and {_LARGEST_BYTES >> 20} MiB are the most; append it in parts")
    return {"file_name": name, "content_base64": base64.b64encode(content).decode()}


def _content(source: Any) -> tuple[str, bytes]:
    if isinstance(source, str | Path):
        path = Path(source)
        try:
            return path.name, path.read_bytes()
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read {source!s:.200}: {getattr(error, 'strerror', None) or error}") from error
    return _parquet(source)


def _parquet(source: Any) -> tuple[str, bytes]:
    """A table of a notebook's as Parquet; an astropy table as VOTable, which keeps its units and masks."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    if hasattr(source, "colnames"):
        sink = io.BytesIO()
        source.write(sink, format="votable")
        return "table.vot", sink.getvalue()
    if isinstance(source, Mapping):
        source = pa.table(dict(source))
    elif hasattr(source, "to_arrow"):
        source = source.to_arrow()
    elif hasattr(source, "columns") and hasattr(source, "iloc"):
        source = pa.Table.from_pandas(source, preserve_index=False)
    if not isinstance(source, pa.Table):
        raise UsageError(f"{type(source).__name__} is nothing that a table is made of; give a path, a table, a job or a statement")
    sink = pa.BufferOutputStream()
    pq.write_table(source, sink, compression="zstd")
    return "table.parquet", sink.getvalue().to_pybytes()


def _is_statement(text: str) -> bool:
    first = text.lstrip().lstrip("(").partition("(")[0].split(maxsplit=1)
    return bool(first) and first[0].upper() in {"SELECT", "WITH"}


def _grantees(users: Collection[str], groups: Collection[str]) -> set[tuple[str, str]]:
    if isinstance(users, str) or isinstance(groups, str):
        raise UsageError("users and groups are lists of names, such as users=['vera']")
    return {("user", name) for name in users} | {("group", name.casefold()) for name in groups}


def _part(name: str) -> str:
    if name in {"", ".", ".."}:
        raise NotFound(f"there is no table {name!r}")
    return quote(name, safe="")


def _info(value: Mapping[str, Any]) -> OwnTableInfo:
    return OwnTableInfo(
        owner=value["owner"],
        name=value["name"],
        description=value["description"],
        rows=value["rows"],
        size_bytes=value["size_bytes"],
        columns=tuple(
            Column(name=c["name"], type=ColumnType(c["type"]), unit=c["unit"], ucd=c["ucd"], description=c["description"] or "")
            for c in value["columns"]
        ),
        indexes=tuple(value["indexes"]),
        grants=tuple((grant["kind"], grant["name"]) for grant in value["grants"]),
        own=value["own"],
    )
