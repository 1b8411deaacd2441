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
        found = self._matches("", 0, values, {})
        return self._survey.folder / max(found)[1] if found else None

    def has_any(self, tile: str, release: str) -> bool:
        """Tell whether there is a file in any band."""
        return any(self.find(tile, band, release) is not None for band in self._survey.bands)

    def forget(self) -> None:
        """Look anew at each folder."""
        with self._lock:
            self._folders.clear()

    def _matches(self, folder: str, depth: int, values: dict[str, str], numbers: dict[str, str]) -> list[tuple[tuple[int, int], str]]:
        """Versions of an image below a folder, with the numbers that order them; the template's parts from ``depth`` on are left."""
        part, last = self._template[depth], depth + 1 == len(self._template)
        known = values | numbers
        if not last and all(name in known for name in _PLACEHOLDER.findall(part)):
            return self._matches(f"{folder}{_filled(part, known)}/", depth + 1, values, numbers)
        pattern, prefix = _pattern(part, known), _filled(part.split("{reqnum}")[0].split("{attnum}")[0], known)
        found: list[tuple[tuple[int, int], str]] = []
        names = self._names(folder)
        for name in names[bisect_left(names, prefix) :]:
            if not name.startswith(prefix):
                break
            match = pattern.fullmatch(name)
            if match is None:
                continue
            here = numbers | match.groupdict()
            if last:
                found.append(((int(here.get("reqnum", 0)), int(here.get("attnum", 0))), folder + name))
            else:
                found += self._matches(f"{folder}{name}/", depth + 1, values, here)
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


def _parts(template: str) -> list[str]:
    return [part for part in template.split("/") if part not in ("", ".")]


def _filled(part: str, values: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], part)


def _pattern(part: str, known: dict[str, str]) -> re.Pattern[str]:
    """A part of the template as a pattern: what is known as it is, the numbers as groups, each once."""
    pieces, at, named = [], 0, set()
    for match in _PLACEHOLDER.finditer(part):
        pieces.append(re.escape(part[at : match.start()]))
        at, name = match.end(), match[1]
        pieces.append(re.escape(known[name]) if name in known else f"(?P={name})" if name in named else rf"(?P<{name}>\d{{1,18}})")
        named.add(name)
    return re.compile("".join(pieces) + re.escape(part[at:]), re.ASCII)
