"""A footprint job's folder: copies of the survey's files, one line a tile."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from ..cutout.model import RowOutcome
from ..errors import ServiceUnavailable
from ..query.model import Cancellation
from .cutout_results import JobResults
from .cutout_results.place import Place
from .job_manifest import open_plain

__all__ = ["CopyingFolder"]

_PIECE_BYTES = 16 << 20
_NO_QUICK_WAY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


class CopyingFolder:
    """Implements `skydesk.footprint.task.BulkFolder`.

    Parameters
    ----------
    folder
        Of this attempt; with what an earlier one left.
    results
        What keeps the lines.
    """

    def __init__(self, folder: Path, results: JobResults) -> None:
        self._place = Place(folder)
        self._results = results

    def earlier(self) -> Mapping[int, RowOutcome]:
        """Read what is finished; see `BulkFolder.earlier`."""
        return self._results.earlier()

    def add(self, outcome: RowOutcome) -> None:
        """Keep what became of a tile; see `BulkFolder.add`."""
        self._results.add(outcome)

    def copy(self, source: Path, folder: str, name: str, cancellation: Cancellation) -> int:
        """Copy one file; see `BulkFolder.copy`. A file system that can share blocks does."""
        try:
            original = open_plain(source)
        except OSError as error:
            raise ServiceUnavailable(f"{name} of {folder} cannot be read: {(error.strerror or 'unknown reason').lower()}") from error
        with original, self._place.new_file(name, folder) as file:
            return _copied(original.fileno(), file.fileno(), cancellation)


def _copied(source: int, target: int, cancellation: Cancellation) -> int:
    size = 0
    while True:
        cancellation.check()
        try:
            count = os.copy_file_range(source, target, _PIECE_BYTES)
        except OSError as error:
            if error.errno not in _NO_QUICK_WAY or size:
                raise
            return _copied_by_hand(source, target, cancellation)
        if count == 0:
            return size
        size += count


def _copied_by_hand(source: int, target: int, cancellation: Cancellation) -> int:
    size = 0
    while piece := os.read(source, _PIECE_BYTES):
        cancellation.check()
        view = memoryview(piece)
        while view:
            view = view[os.write(target, view) :]
        size += len(piece)
    return size
