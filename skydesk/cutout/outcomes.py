"""Outcomes of rows as the lines of ``outcomes.jsonl``.

The file stands in a folder that its owner's lab may write to, so a line that is not as we write it is no outcome.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, BinaryIO

from .model import Outcome, RowOutcome

__all__ = ["LONGEST_LINE_BYTES", "OUTCOMES_FILE", "line_of", "lines_of", "outcome_of"]

OUTCOMES_FILE = "outcomes.jsonl"
"""Name of the file in a job's folder."""

LONGEST_LINE_BYTES = 1 << 16
_LONGEST_NAME, _LONGEST_MESSAGE = 200, 4000
_MOST_FILES, _MOST_TILES = 500, 100
_LARGEST_COUNT = 2**53
_FIELDS = tuple(field.name for field in fields(RowOutcome))


def line_of(outcome: RowOutcome) -> bytes:
    """Write an outcome down as one line."""
    message = outcome.message if len(outcome.message) <= _LONGEST_MESSAGE else f"{outcome.message[: _LONGEST_MESSAGE - 1]}…"
    value = {name: getattr(outcome, name) for name in _FIELDS} | {"message": message, "stitched": dict(outcome.stitched)}
    return json.dumps(value, allow_nan=False).encode() + b"\n"


def outcome_of(line: bytes) -> RowOutcome | None:
    """Read an outcome; None where the line is torn, or is none that `line_of` gives.

    Folder and file names are plain ones below the job's folder; whether the files are there is another question.
    """
    if len(line) > LONGEST_LINE_BYTES or not line.endswith(b"\n"):
        return None
    try:
        value = json.loads(line)
        return _outcome(value) if isinstance(value, dict) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def lines_of(file: BinaryIO, start: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Read the whole lines of a file, however long somebody made them, one at a time.

    Parameters
    ----------
    start
        Place of the first line, bytes.

    Yields
    ------
    tuple
        Where the line begins, where the next does, bytes, and the line; that is empty where it is too long for an outcome.
    """
    file.seek(start)
    begin = start
    while line := file.readline(LONGEST_LINE_BYTES):
        end, last = begin + len(line), line
        while not last.endswith(b"\n"):
            if not (last := file.readline(LONGEST_LINE_BYTES)):
                return
            end, line = end + len(last), b""
        yield begin, end, line
        begin = end


def _outcome(value: dict[str, Any]) -> RowOutcome:
    folder, files, stitched = value["folder"], value["files"], value["stitched"]
    if not isinstance(files, list) or len(files) > _MOST_FILES or not isinstance(stitched, dict) or len(stitched) > _MOST_TILES:
        raise ValueError("too many")
    parts = _text(folder, 2 * _LONGEST_NAME + 1).split("/")
    if folder and len(parts) == 2:
        folder = "/".join(map(_plain, parts))
    elif folder or files:
        raise ValueError("not a folder")
    return RowOutcome(
        row=_count(value["row"]),
        outcome=Outcome(value["outcome"]),
        message=_text(value["message"], _LONGEST_MESSAGE),
        tile=_text(value["tile"], _LONGEST_NAME),
        name=_text(value["name"], _LONGEST_NAME),
        folder=folder,
        files=tuple(map(_plain, files)),
        size_bytes=_count(value["size_bytes"]),
        blank_pixels=_count(value["blank_pixels"]),
        stitched={_text(tile, _LONGEST_NAME): _count(count) for tile, count in stitched.items()},
    )


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError("not a short text")
    value.encode()
    return value


def _plain(value: Any) -> str:
    """One part of a path: visible, printable, and no more than that."""
    name = _text(value, _LONGEST_NAME)
    if not name or name.startswith(".") or "/" in name or "\\" in name or not name.isprintable() or len(name.encode()) > 255:
        raise ValueError("not a plain name")
    return name


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST_COUNT:
        raise ValueError("not a count")
    return value
