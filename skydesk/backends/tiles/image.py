"""One file: its extensions sorted into planes by who reads them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from ...errors import InvalidImage, ServiceUnavailable
from .cards import image_cards
from .checksum import CheckedData
from .descriptor import Descriptor
from .gzip_plane import GzipPlane
from .header import Extension, extensions
from .layout import LARGEST_SIDE, dtype_of, layout_of
from .planes import FitsioPlane, PlainPlane
from .rice_plane import RicePlane
from .seek_index import CACHE_BYTES

__all__ = ["Plane", "SurveyImage"]

Plane: TypeAlias = RicePlane | GzipPlane | PlainPlane | FitsioPlane

_UNNAMED = ("", "COMPRESSED_IMAGE", "IMAGE")
"""Names that say nothing; the first image of a file is SCI then, as in older files of the survey."""


class SurveyImage:
    """An open image file of a tile; see `TileImage`.

    Raises
    ------
    InvalidImage
        The file is no FITS file with images that can be read.
    ServiceUnavailable
        It cannot be read now.
    FileNotFoundError
        It is not there.
    """

    def __init__(self, path: Path, *, cache_folder: Path | None, cache_bytes: int = CACHE_BYTES) -> None:
        self.path = path
        self._cache: dict[str, Any] = {"cache_folder": cache_folder, "cache_bytes": cache_bytes}
        try:
            self._file = Descriptor(path)
            self.identity = self._file.identity
            self.planes = tuple(self._planes())
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ServiceUnavailable(f"{path.name} cannot be read: {error.strerror}") from error
        if not self.planes:
            raise InvalidImage(f"{path.name} has no image in it")
        names = [plane.name for plane in self.planes]
        if len(set(names)) < len(names):
            raise InvalidImage(f"{path.name} has planes of one name, got {', '.join(names)}")

    def is_current(self) -> bool:
        """Tell whether the file is still the one that was opened.

        Raises
        ------
        ServiceUnavailable
            That cannot be told now.
        FileNotFoundError
            It is gone.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ServiceUnavailable(f"{self.path.name} cannot be read: {error.strerror}") from error
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) == self.identity

    def _planes(self) -> Iterator[Plane]:
        first = True
        for extension in extensions(self._file.read, self._file.size, self.path.name):
            if extension.is_compressed_image or extension.is_image:
                yield self._plane(extension, _name(extension, first=first))
                first = False

    def _plane(self, extension: Extension, name: str) -> Plane:
        header = extension.header
        if not extension.is_image:
            return self._compressed_plane(extension, name)
        axes = header.integer("NAXIS")
        if axes != 2:
            raise header.fault(f"has {axes} axes; images of 2 can be cut")
        width, height = (header.integer(f"NAXIS{axis}", least=1, most=LARGEST_SIDE) for axis in (1, 2))
        cards, dtype = header.cards, dtype_of(header, header.integer("BITPIX"))
        if header.number("BSCALE", 1) == 1 and header.number("BZERO", 0) in _PLAIN_ZEROS.get(dtype.name, (0,)):
            place = {"begin": extension.begin, "width": width, "height": height}
            return PlainPlane(name, cards, file=self._file, label=header.label, dtype=dtype, **place)
        return self._fitsio_plane(extension, name, cards, width, height)

    def _compressed_plane(self, extension: Extension, name: str) -> Plane:
        header, layout = extension.header, layout_of(extension)
        cards = image_cards(header)
        if layout is None:
            width, height = (header.integer(f"ZNAXIS{axis}", least=1, most=LARGEST_SIDE) for axis in (1, 2))
            return self._fitsio_plane(extension, name, cards, width, height)
        if layout.compression == "RICE_1":
            return RicePlane(name, cards, layout=layout, extension=extension, file=self._file, path=self.path, **self._cache)
        return GzipPlane(name, cards, layout=layout, file=self._file, data=self._checked(extension))

    def _fitsio_plane(self, extension: Extension, name: str, cards: tuple[bytes, ...], width: int, height: int) -> FitsioPlane:
        return FitsioPlane(
            name,
            cards,
            path=self.path,
            number=extension.number,
            label=extension.header.label,
            width=width,
            height=height,
            file=self._file,
            data=self._checked(extension),
        )

    def _checked(self, extension: Extension) -> CheckedData:
        return CheckedData(extension, self._file, self.path, **self._cache)


_PLAIN_ZEROS = {"int8": (-(2**7),), "uint16": (2**15,), "uint32": (2**31,)}


def _name(extension: Extension, *, first: bool) -> str:
    name = extension.header.text("EXTNAME").upper()
    if name in _UNNAMED:
        return "SCI" if first else name if name == "IMAGE" else f"HDU{extension.number}"
    return name
