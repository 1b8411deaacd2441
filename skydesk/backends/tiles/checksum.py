"""Holding the data of an extension to their checksum (FITS standard 4.0, section 4.4.2.7 and appendix J)."""

from pathlib import Path
from threading import Lock

import numpy as np

from ...errors import InvalidImage
from .descriptor import Descriptor
from .header import Extension
from .seek_index import Entries, SeekIndex, index_key, index_name

__all__ = ["CheckedData", "check_sum"]

_CHUNK_BYTES = 1 << 22


def check_sum(extension: Extension, file: Descriptor) -> None:
    """Hold the data to their DATASUM, where the header has one.

    Raises
    ------
    InvalidImage
        They differ, or are cut off.
    OSError
        The disk does not answer.
    """
    from . import floats

    header, told = extension.header, _told(extension)
    if not told:
        return
    total, at, end = 0, extension.begin, extension.begin + extension.size
    while at < end:
        part = file.read(at, min(_CHUNK_BYTES, end - at))
        if not part:
            raise header.fault("is cut off while it is read")
        at += len(part)
        total += int(floats.sum_words(np.frombuffer(bytearray(part) + bytes(-len(part) % 4), np.uint32)))
    if (total - int(told)) % 0xFFFFFFFF:
        raise header.fault("differs from its DATASUM: the file was damaged; fetch it again, or mend the keyword if that is wrong")


class CheckedData:
    """Data that are held to their checksum before they are used, once; that it was done is kept where indexes are.

    Parameters
    ----------
    extension
        Says where the data are, and their checksum.
    file
        The file, open.
    path
        Where it is.
    cache_folder
        Where to keep that it was done; None to do it in every process.
    cache_bytes
        Size of the cache folder.
    """

    def __init__(self, extension: Extension, file: Descriptor, path: Path, *, cache_folder: Path | None, cache_bytes: int) -> None:
        self._extension = extension
        self._file = file
        self._path = path.absolute()
        self._cache_folder = cache_folder
        self._cache_bytes = cache_bytes
        self._lock = Lock()
        self._is_done = not _told(extension)
        self._fault = ""

    def check(self) -> None:
        """Do it, if it was not done.

        Raises
        ------
        InvalidImage
            The data differ from their checksum, now or when they were looked at before.
        OSError
            The disk does not answer.
        """
        if self._is_done:
            return
        with self._lock:
            if not self._is_done and not self._fault:
                self._look()
        if self._fault:
            raise InvalidImage(self._fault)

    def _look(self) -> None:
        file, number, cards = self._file, self._extension.number, self._extension.header.cards
        key = index_key(self._path, number, file.size, file.changed_ns, cards)
        try:
            SeekIndex.get(self._cache_folder, index_name(self._path, number), key, 1, self._entry, most_bytes=self._cache_bytes)
        except InvalidImage as error:
            self._fault = str(error)
        else:
            self._is_done = True

    def _entry(self) -> Entries:
        """One entry, which says nothing but that it is there."""
        check_sum(self._extension, self._file)
        return np.zeros(1, np.uint32), np.zeros(1, np.int32)


def _told(extension: Extension) -> str:
    told = extension.header.text("DATASUM").strip()
    return told if told.isdecimal() else ""
