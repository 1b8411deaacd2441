"""Reads a file once: keeps its rows as Arrow, and says what it holds and what is wrong with it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from ...errors import InvalidRequest, SkydeskError
from ...query.model import ColumnType
from ...tables.model import MAX_FAULTS, PREVIEW_ROWS, GivenColumn, Inspection
from ...tables.names import proposed_names
from ...tables.types import type_by_name
from .binaries import BINARY_READERS
from .heads import FileTable, require_columns
from .inference import ColumnGuess, type_of_arrow
from .texts import read_text
from .unpacking import unpacked, write_upload

__all__ = ["inspect_file"]


def inspect_file(content: bytes | Path, file_name: str, target: Path, max_bytes: int) -> Inspection:
    """Read a file of any known format; its first bytes say which.

    Parameters
    ----------
    content
        The file, or its path.
    file_name
        For messages.
    target
        Where its rows are kept, an Arrow stream; its folder takes what lies between.
    max_bytes
        Largest file once it is unpacked, and most bytes of rows.

    Raises
    ------
    InvalidRequest
        It is none that is known, broken or too large.
    """
    kind = "a table"
    try:
        path = unpacked(write_upload(content, target.with_name("upload")), target.with_name("unpacked"), max_bytes)
        kind, read = _reader(path)
        table = read(path)
        require_columns(len(table.heads))
        return _kept(table, target, max_bytes)
    except SkydeskError:
        raise
    except MemoryError as error:
        raise InvalidRequest(f"{_shown(file_name)} needs more memory than there is; give fewer rows or columns") from error
    except Exception as error:  # whatever a reader makes of a file that somebody else wrote
        first = next(iter(str(error).splitlines()), type(error).__name__)[:300]
        raise InvalidRequest(f"{_shown(file_name)} cannot be read as {kind}: {first}") from error
    finally:
        for leftover in target.parent.glob("u*"):
            leftover.unlink()


def _reader(path: Path) -> tuple[str, Callable[[Path], FileTable]]:
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise InvalidRequest("the file is empty; give a line of names and rows below it")
    for test, kind, read in BINARY_READERS:
        if test(start):
            return kind, read
    return "text", read_text


def _kept(table: FileTable, target: Path, max_bytes: int) -> Inspection:
    guesses: list[ColumnGuess | None] = []
    types: list[pa.DataType] = []
    rows = size_bytes = 0
    preview: list[tuple[str | None, ...]] = []
    writer = None
    try:
        for batch in _plain(table.batches):
            if writer is None:
                types = list(batch.schema.types)
                guesses = [ColumnGuess(head.name) if pa.types.is_string(k) else None for head, k in zip(table.heads, types, strict=True)]
                writer = pa.ipc.new_stream(str(target), batch.schema)
            writer.write_batch(batch)
            size_bytes += batch.nbytes
            if size_bytes > max_bytes:
                raise InvalidRequest(f"the rows take more than {max_bytes >> 20:,} MiB; give fewer rows or columns, or load it in parts")
            if len(preview) < PREVIEW_ROWS:
                preview += _texts(batch.slice(0, PREVIEW_ROWS - len(preview)))
            for guess, values in zip(guesses, batch.columns, strict=True):
                if guess is not None:
                    guess.see(values)
            rows += batch.num_rows
        if writer is None:
            types = [pa.string()] * len(table.heads)
            guesses = [None] * len(types)
            writer = pa.ipc.new_stream(str(target), pa.schema([(f"c{n}", kind) for n, kind in enumerate(types)]))
    finally:
        if writer is not None:
            writer.close()
    faults = [*table.faults, *(fault for guess in guesses if guess is not None for fault in guess.faults)]
    count = len(table.faults) + sum(guess.fault_count for guess in guesses if guess is not None)
    return Inspection(
        rows=rows,
        columns=_columns(table, guesses, types),
        preview=tuple(preview),
        faults=tuple(sorted(faults, key=lambda fault: fault.row or 0)[:MAX_FAULTS]),
        fault_count=count,
        created_at=datetime.now(UTC),
    )


def _columns(table: FileTable, guesses: list[ColumnGuess | None], types: list[pa.DataType]) -> tuple[GivenColumn, ...]:
    found = []
    names = proposed_names(head.name for head in table.heads)
    for head, (name, note), guess, kind in zip(table.heads, names, guesses, types, strict=True):
        own = (guess.kind if guess is not None else type_of_arrow(kind)) or ColumnType.STRING
        wanted = type_by_name(name, own, *((guess.least, guess.most) if guess is not None else (None, None)))
        notes = [note, guess.reason if guess is not None else None]
        if wanted is not own:
            notes.append(f"{wanted.value}, as columns of this name are; the values are {own.value}")
        found.append(
            GivenColumn(
                given_name=head.name,
                name=name,
                type=wanted,
                unit=head.unit,
                ucd=head.ucd,
                description=head.description,
                note="; ".join(each for each in notes if each) or None,
            )
        )
    return tuple(found)


def _plain(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches with names of their own, and without rows of none."""
    for batch in batches:
        if batch.num_rows:
            yield pa.RecordBatch.from_arrays(batch.columns, names=[f"c{number}" for number in range(batch.num_columns)])


def _texts(batch: pa.RecordBatch) -> list[tuple[str | None, ...]]:
    cells = [[None if text is None else text[:200] for text in pc.cast(values, pa.string()).to_pylist()] for values in batch.columns]
    return list(zip(*cells, strict=True))


def _shown(file_name: str) -> str:
    return repr(file_name[:100]) if file_name else "the file"
