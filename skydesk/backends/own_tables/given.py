"""Files that users have given: each kept as Arrow beside what was found in it, in a folder a user."""

import contextlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from ...errors import Fault, NotFound, ServiceUnavailable
from ...query.model import ColumnType
from ...tables.model import GivenColumn, Inspection
from ..owner_folders import owner_folder
from .inspection import inspect_file

__all__ = ["FolderGivenFiles"]

_ID = re.compile(r"[0-9a-f]{32}")
_ROWS, _WORDS = "rows.arrow", "words.json"


class FolderGivenFiles:
    """Files that users have given; see `skydesk.tables.ports.GivenFiles`.

    Parameters
    ----------
    root
        Where users' folders are made.
    most
        Files of one user that are kept.
    lifetime_seconds
        How long one is kept.
    max_bytes
        Largest file once it is unpacked, and largest table in memory's form, bytes.
    """

    def __init__(self, root: Path, *, most: int = 10, lifetime_seconds: float = 86_400, max_bytes: int = 2 << 30) -> None:
        self._root, self._most, self._lifetime, self._max_bytes = root, most, timedelta(seconds=lifetime_seconds), max_bytes

    def inspect(self, owner: str, content: bytes | Path, file_name: str) -> Inspection:
        """See `GivenFiles.inspect`."""
        id_ = secrets.token_hex(16)
        half = self._root / owner_folder(owner) / f".{id_}"
        try:
            half.mkdir(parents=True, mode=0o700)
            found = replace(inspect_file(content, file_name, half / _ROWS, self._max_bytes), id=id_)
            (half / _WORDS).write_text(json.dumps(asdict(found) | {"created_at": found.created_at.isoformat()}))
            half.rename(half.with_name(id_))
        except OSError as error:
            raise ServiceUnavailable(f"the file cannot be kept: {error.strerror}; try again later") from error
        finally:
            shutil.rmtree(half, ignore_errors=True)
        self._tidy(owner)
        return found

    def get(self, owner: str, inspection_id: str) -> Inspection:
        """See `GivenFiles.get`."""
        try:
            found = _inspection(json.loads((self._folder(owner, inspection_id) / _WORDS).read_text()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _gone(inspection_id) from error
        if datetime.now(UTC) - found.created_at > self._lifetime:
            self.remove(owner, inspection_id)
            raise _gone(inspection_id)
        return found

    def batches(self, owner: str, inspection_id: str) -> Iterator[pa.RecordBatch]:
        """See `GivenFiles.batches`."""
        path = self._folder(owner, inspection_id) / _ROWS
        try:
            with pa.memory_map(str(path)) as source:
                yield from pa.ipc.open_stream(source)
        except OSError as error:
            raise _gone(inspection_id) from error

    def remove(self, owner: str, inspection_id: str) -> None:
        """See `GivenFiles.remove`."""
        shutil.rmtree(self._folder(owner, inspection_id), ignore_errors=True)

    def _folder(self, owner: str, inspection_id: str) -> Path:
        folder = self._root / owner_folder(owner) / inspection_id
        if not _ID.fullmatch(inspection_id) or not folder.is_dir():
            raise _gone(inspection_id)
        return folder

    def _tidy(self, owner: str) -> None:
        """Forget what is too old or too much; somebody else may do the same at the same time."""
        with contextlib.suppress(OSError):
            found = sorted(((entry.stat().st_mtime, entry) for entry in (self._root / owner_folder(owner)).iterdir()), reverse=True)
            oldest = datetime.now(UTC).timestamp() - self._lifetime.total_seconds()
            for place, (changed, entry) in enumerate(found):
                if place >= self._most or changed < oldest:
                    shutil.rmtree(entry, ignore_errors=True)


def _inspection(words: dict[str, Any]) -> Inspection:
    return Inspection(
        id=words["id"],
        rows=words["rows"],
        columns=tuple(GivenColumn(**column | {"type": ColumnType(column["type"])}) for column in words["columns"]),
        preview=tuple(map(tuple, words["preview"])),
        faults=tuple(Fault(**fault) for fault in words["faults"]),
        fault_count=words["fault_count"],
        created_at=datetime.fromisoformat(words["created_at"]),
    )


def _gone(inspection_id: str) -> NotFound:
    return NotFound(f"there is no file {inspection_id[:64]!r} of yours any more; give it again")
