"""Finding the image files of tiles below the survey's folder, with few looks at the disk."""

import re
import time
from bisect import bisect_left
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from ...errors import NotFound, ServiceUnavailable
from ...survey import Survey

__all__ = ["ImageFiles"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+.-]{0,127}")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DIGITS = re.compile(r"[0-9]{1,18}")
_FRESH_SECONDS = 30.0
_MOST_FOLDERS = 20_000


class ImageFiles:
    """The image files of a survey, by tile, band and release.

    Of several versions of one tile the newest attempt is taken: the highest {reqnum}, then the highest {attnum}. What a folder holds is
    looked up once in half a minute.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._template = _parts(survey.image_path)
        self._folders: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()
        self._lock = Lock()

    def find(self, tile: str, band: str, release: str) -> Path | None:
        """Give the file of a tile in a band; None where there is none.

        Names that could lead elsewhere (with ``/``, ``*``, or a dot in front) and unknown bands and releases have no file.

        Raises
        ------
        ServiceUnavailable
            A folder cannot be read.
        """
        if not _NAME.fullmatch(tile) or band not in self._survey.bands:
            return None
        try:
            release = self._survey.release(release).name.lower()
        except NotFound:
            return None
        values = {"tile": tile, "band": band, "release": release}
        found = self._matches("", 0, values)
        return self._survey.folder / max(found)[1] if found else None

    def has_any(self, tile: str, release: str) -> bool:
        """Tell whether there is a file in any band."""
        return any(self.find(tile, band, release) is not None for band in self._survey.bands)

    def forget(self) -> None:
        """Look anew at each folder."""
        with self._lock:
            self._folders.clear()

    def _matches(self, folder: str, depth: int, known: dict[str, str]) -> list[tuple[tuple[int, int], str]]:
        """Versions of an image below a folder, with the numbers that order them; the template's parts from ``depth`` on are left."""
        last = depth + 1 == len(self._template)
        tokens = _filled(self._template[depth], known)
        if not last and len(tokens) == 1:
            return self._matches(f"{folder}{tokens[0]}/", depth + 1, known)
        found: list[tuple[tuple[int, int], str]] = []
        names = self._names(folder)
        for name in names[bisect_left(names, tokens[0]) :]:
            if not name.startswith(tokens[0]):
                break
            numbers = _numbers(name, tokens)
            if numbers is None:
                continue
            if last:
                newest = known | numbers
                found.append(((int(newest.get("reqnum", 0)), int(newest.get("attnum", 0))), folder + name))
            else:
                found += self._matches(f"{folder}{name}/", depth + 1, known | numbers)
        return found

    def _names(self, folder: str) -> list[str]:
        """Names in a folder, sorted; none where it is not there."""
        now = time.monotonic()
        with self._lock:
            seen = self._folders.get(folder)
        if seen is not None and now - seen[0] < _FRESH_SECONDS:
            return seen[1]
        try:
            names = sorted(path.name for path in (self._survey.folder / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            names = []
        except OSError as error:
            raise ServiceUnavailable(f"the folder {folder or '.'} of the survey cannot be read: {error.strerror}") from error
        with self._lock:
            self._folders[folder] = (now, names)
            while len(self._folders) > _MOST_FOLDERS:
                self._folders.popitem(last=False)
        return names


def _parts(template: str) -> list[list[str]]:
    """Parts of a path, each as literal text and names of placeholders by turns."""
    return [_PLACEHOLDER.split(part) for part in template.split("/") if part not in ("", ".")]


def _filled(part: list[str], known: dict[str, str]) -> list[str]:
    """Put what is known into a part; what is left is literal text and names of numbers by turns."""
    found = [part[0]]
    for name, literal in zip(part[1::2], part[2::2], strict=True):
        if name in known:
            found[-1] += known[name] + literal
        else:
            found += [name, literal]
    return found


def _numbers(name: str, tokens: list[str]) -> dict[str, str] | None:
    """The numbers in a name by those of their placeholders; None where it does not fit."""
    found: dict[str, str] = {}
    at = len(tokens[0])
    for number, literal in zip(tokens[1::2], tokens[2::2], strict=True):
        digits = _DIGITS.match(name, at)
        if digits is None or found.setdefault(number, digits[0]) != digits[0] or not name.startswith(literal, digits.end()):
            return None
        at = digits.end() + len(literal)
    return found if at == len(name) else None
