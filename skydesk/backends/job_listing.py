"""Listings: files of a job that are too many for its manifest, one JSON object a line with their folder and names.

A listing stands in a folder that its owner's lab may write to. Lines that are not as we write them are passed over; nothing holds more
than one line in memory. The name in a listing is a promise of the user's own folder only: who opens it does so through no link.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .job_manifest import is_plain_name, open_plain

__all__ = ["LISTING", "LONGEST_LINE_BYTES", "is_listed", "listed_names", "names_in"]

LISTING = "outcomes.jsonl"
"""Name of the listing that a task appends to; an attempt that has one can be resumed."""

LONGEST_LINE_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20


def listed_names(listing: Path) -> Iterator[str]:
    """Name the files that a listing has, relative to its folder, and that are there; nothing where it cannot be read."""
    try:
        file = open_plain(listing)
    except OSError:
        return
    with file:
        while line := file.readline(LONGEST_LINE_BYTES + 1):
            for name in names_in(line):
                if _is_there(listing.parent / name):
                    yield name


def is_listed(listing: Path, name: str) -> bool:
    """Tell whether a listing has a file that is there.

    The bytes of its folder are looked for, so that even a long listing takes only milliseconds.
    """
    folder = name.rpartition("/")[0]
    if not folder or not is_plain_name(name):
        return False
    needle = json.dumps(folder).encode()
    try:
        file = open_plain(listing)
    except OSError:
        return False
    with file:
        tail, begin = b"", 0
        while chunk := file.read(_CHUNK_BYTES):
            text = tail + chunk
            found = -1
            while (found := text.find(needle, found + 1)) >= 0:
                if name in names_in(_line_around(file, begin - len(tail) + found)):
                    return _is_there(listing.parent / name)
            tail, begin = text[-len(needle) + 1 :], begin + len(chunk)
            file.seek(begin)
    return False


def names_in(line: bytes) -> tuple[str, ...]:
    """Give the files of one line, relative to the listing's folder; none where it is not as we write it.

    An entry without a size of its own has files that are another entry's.
    """
    if len(line) > LONGEST_LINE_BYTES or not line.endswith(b"\n"):
        return ()
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(entry, dict):
        return ()
    folder, files = entry.get("folder"), entry.get("files")
    if entry.get("size_bytes") == 0:
        return ()
    if not isinstance(folder, str) or not isinstance(files, list):
        return ()
    names = (f"{folder}/{file}" for file in files if isinstance(file, str) and "/" not in file)
    return tuple(name for name in names if is_plain_name(name))


def _line_around(file: Any, place: int) -> bytes:
    """The line that holds a byte; nothing where it is too long."""
    begin = max(0, place - LONGEST_LINE_BYTES)
    file.seek(begin)
    before = file.read(place - begin)
    file.seek(begin + before.rfind(b"\n") + 1)
    line: bytes = file.readline(LONGEST_LINE_BYTES + 1)
    return line


def _is_there(path: Path) -> bool:
    try:
        with open_plain(path):
            return True
    except (OSError, ValueError):
        return False
