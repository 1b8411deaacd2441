"""CSV and its kin: columns set apart by comma, tab, semicolon, bar or spaces, all cells as texts."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from ...errors import Fault, InvalidRequest
from ...tables.model import MAX_FAULTS
from ...tables.types import NULL_TEXTS
from .heads import FileTable, Head, require_columns

__all__ = ["read_text"]

_BLOCK_BYTES = 8 << 20
_CHUNK_BYTES = 4 << 20
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?\s*")
_NULLS = list(NULL_TEXTS)


def read_text(path: Path) -> FileTable:
    """Read a text.

    Raises
    ------
    InvalidRequest
        It is no text, has no line of names, or too many columns.
    """
    path = _as_utf8(path)
    names, delimiter, skipped = _header(path)
    require_columns(len(names))
    if delimiter == " ":
        path, delimiter = _with_tabs(path), "\t"
    faults: list[Fault] = []
    return FileTable(
        heads=tuple(Head(name=name) for name in names), batches=_batches(path, names, delimiter, skipped, faults), faults=faults
    )


def _batches(path: Path, names: list[str], delimiter: str, skipped: int, faults: list[Fault]) -> Iterator[pa.RecordBatch]:
    columns = [f"c{number}" for number in range(len(names))]
    ragged = _Ragged(len(names), faults)
    try:
        reader = pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=columns, skip_rows=skipped),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=False, invalid_row_handler=ragged),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=_NULLS,
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        yield from reader
    except pa.ArrowInvalid as error:
        if not str(error).startswith("Empty CSV"):
            raise InvalidRequest(f"the text cannot be read: {str(error).partition(chr(10))[0][:200]}") from error
    if ragged.count > len(faults):
        faults.append(Fault(message=f"and {ragged.count - len(faults):,} more rows with too few or too many cells"))


class _Ragged:
    """Hears of rows with too few or too many cells; they are left out, and the table with them."""

    def __init__(self, columns: int, faults: list[Fault]) -> None:
        self._columns, self._faults = columns, faults
        self.count = 0

    def __call__(self, row: Any) -> str:
        self.count += 1
        if len(self._faults) < MAX_FAULTS:
            number = None if row.number is None else row.number
            message = f"has {row.actual_columns} cells, but there are {self._columns} columns: {row.text[:60]!r}"
            self._faults.append(Fault(row=number, message=message))
        return "skip"


def _header(path: Path) -> tuple[list[str], str, int]:
    """Names, delimiter, and lines before the first row."""
    with path.open(encoding="utf-8", newline="") as file:
        comments, skipped = [], 0
        for line in file:
            skipped += 1
            if line.startswith("#"):
                comments.append(line)
            elif line.strip():
                break
        else:
            raise InvalidRequest("the file is empty; give a line of names and rows below it")
    delimiter = _delimiter(line)
    names = _cells(line, delimiter)
    if all(_NUMBER.fullmatch(name) for name in names):
        told = _cells(comments[-1].lstrip("# "), _delimiter(comments[-1].lstrip("# "))) if comments else []
        if len(told) != len(names):
            raise InvalidRequest([Fault(row=skipped, message="the first line holds numbers, not names; put a line of names above it")])
        return told, delimiter, skipped - 1
    return names, delimiter, skipped


def _delimiter(line: str) -> str:
    outside = re.sub(r'"[^"]*"', "", line)
    found = Counter({mark: outside.count(mark) for mark in ",\t;|"}).most_common(1)[0]
    if found[1]:
        return found[0]
    return " " if len(line.split()) > 1 else ","


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    try:
        return [cell.strip() for cell in next(csv.reader([line.strip("\r\n")], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise InvalidRequest(f"the line of names cannot be read: {error}; a name with a line break is not taken") from error


def _with_tabs(path: Path) -> Path:
    """The same with one tab for all the space between two cells."""
    target = path.with_suffix(".tabs")
    with path.open("rb") as source, target.open("wb") as made:
        for line in source:
            made.write(b"\t".join(line.split()) + b"\n")
    return target


def _as_utf8(path: Path) -> Path:
    """The same in UTF-8, without a mark before it."""
    with path.open("rb") as file:
        start = file.read(4)
    encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
    if encoding == "utf-8" and _check_bytes(path):
        return path
    target = path.with_suffix(".utf8")
    errors = "strict" if encoding != "utf-8" else None
    try:
        with (
            path.open(encoding=encoding if errors else "latin-1", newline="") as source,
            target.open("w", encoding="utf-8", newline="") as made,
        ):
            while text := source.read(_CHUNK_BYTES):
                made.write(text)
    except UnicodeError as error:
        raise InvalidRequest(f"the text is not {encoding.upper()}, though it begins so; save it as UTF-8") from error
    return target


def _check_bytes(path: Path) -> bool:
    """Tell whether a file is UTF-8; NUL, which no text has, is told with its line."""
    lines, is_utf8, rest = 0, True, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            place = chunk.find(b"\0")
            if place >= 0:
                line = lines + chunk.count(b"\n", 0, place) + 1
                raise InvalidRequest([Fault(row=line, message="there is a NUL byte in this line; the file is no text, or broken")])
            lines += chunk.count(b"\n")
            if is_utf8:
                is_utf8, rest = _is_utf8(rest + chunk)
    return is_utf8 and not rest


def _is_utf8(data: bytes) -> tuple[bool, bytes]:
    """Whether all of it is UTF-8, and a character that is not yet whole."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.end == len(data) and error.reason == "unexpected end of data":
            return True, data[error.start :]
        return False, b""
    return True, b""
