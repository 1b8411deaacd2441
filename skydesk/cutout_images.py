"""Cutouts as a notebook holds them: arrays, headers, pictures."""

import base64
import io
import json
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .cutout.outcomes import OUTCOMES_FILE
from .errors import NotFound, ServiceUnavailable, UsageError

__all__ = ["BandImage", "Cutout", "Cutouts", "read_cutouts"]

_SHOWN = 60


class BandImage:
    """One position in one band.

    Parameters
    ----------
    content
        A FITS file.
    """

    def __init__(self, content: bytes) -> None:
        from astropy.io import fits

        self._planes = {}
        with fits.open(io.BytesIO(content), memmap=False) as hdus:
            for hdu in hdus:
                if hdu.data is not None:
                    self._planes[str(hdu.header.get("EXTNAME", "SCI"))] = (np.asarray(hdu.data), hdu.header.copy())

    @property
    def array(self) -> NDArray[Any]:
        """The image, ADU, shape (rows, columns), south first; NaN where no tile covers it."""
        return self._plane("SCI")

    @property
    def mask(self) -> NDArray[Any]:
        """Bits of what is wrong with each pixel; 0 for nothing."""
        return self._plane("MSK")

    @property
    def weight(self) -> NDArray[Any]:
        """Inverse variance of each pixel."""
        return self._plane("WGT")

    @property
    def header(self) -> Any:
        """The image's header, of astropy."""
        return self._planes["SCI"][1]

    @cached_property
    def wcs(self) -> Any:
        """Where the pixels are on the sky, of astropy."""
        import warnings

        from astropy.wcs import WCS, FITSFixedWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            return WCS(self.header)

    def _plane(self, name: str) -> NDArray[Any]:
        if name not in self._planes:
            raise NotFound(f"this cutout has no {name}; ask for planes=('SCI', 'MSK', 'WGT')")
        return self._planes[name][0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutout:
    """What was made of one position. Array, mask, weight, header and WCS are those of its first band; `band` gives others."""

    row: int
    """Row of the positions, from 0."""

    outcome: str
    """``done``, ``partly``, ``outside``, ``failed`` or ``duplicate``."""

    message: str
    name: str
    tile: str
    folder: str
    file_names: tuple[str, ...]
    open_file: Callable[[str], bytes]
    """Gives the content of one of `file_names`."""

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands of which there is a FITS file."""
        return tuple(name.removesuffix(".fits").rpartition("_")[2] for name in self.file_names if name.endswith(".fits"))

    def band(self, name: str) -> BandImage:
        """Give the image in one band; raises `NotFound` where there is none."""
        found = next((file for file in self.file_names if file.endswith(f"_{name}.fits")), None)
        if found is None:
            has = f"it has {', '.join(self.bands)}" if self.bands else f"it has none: {self.message or self.outcome}"
            raise NotFound(f"row {self.row + 1} has no image in {name}; {has}")
        if name not in self._images:
            self._images[name] = BandImage(self.open_file(found))
        return self._images[name]

    @cached_property
    def _images(self) -> dict[str, BandImage]:
        return {}

    @property
    def _first(self) -> BandImage:
        return self.band(self.bands[0] if self.bands else "any band")

    @property
    def array(self) -> NDArray[Any]:
        """See `BandImage.array`."""
        return self._first.array

    @property
    def mask(self) -> NDArray[Any]:
        """See `BandImage.mask`."""
        return self._first.mask

    @property
    def weight(self) -> NDArray[Any]:
        """See `BandImage.weight`."""
        return self._first.weight

    @property
    def header(self) -> Any:
        """See `BandImage.header`."""
        return self._first.header

    @property
    def wcs(self) -> Any:
        """See `BandImage.wcs`."""
        return self._first.wcs

    def picture(self, product: str = "lupton") -> bytes:
        """Give a PNG that was made: ``lupton``, ``stiff`` or ``chart``; raises `NotFound` where there is none."""
        found = next((name for name in self.file_names if name.endswith(f"_{product}.png")), None)
        if found is None:
            raise NotFound(f"row {self.row + 1} has no {product} picture; ask for products=({product!r},)")
        return self.open_file(found)

    def rgb(self, bands: Sequence[str] | None = None, *, minimum: float = 1.0, stretch: float = 50.0, q: float = 10.0) -> NDArray[np.uint8]:
        """Make a colour picture of three bands (`astropy.visualization.make_lupton_rgb`).

        Parameters
        ----------
        bands
            For red, green and blue; None for the last three that there are, the reddest first.
        minimum, stretch
            Flux that is black, and range of the linear part, ADU.
        q
            Softening.

        Returns
        -------
        NDArray
            Shape (rows, columns, 3), north first.
        """
        from astropy.visualization import make_lupton_rgb

        chosen = tuple(reversed(self.bands[:3])) if bands is None else tuple(bands)
        if len(chosen) != 3:
            raise UsageError(f"a colour picture needs three bands, got {', '.join(chosen) or 'none'}")
        planes = [np.nan_to_num(self.band(band).array) for band in chosen]
        return np.ascontiguousarray(np.asarray(make_lupton_rgb(*planes, minimum=minimum, stretch=stretch, Q=q), np.uint8)[::-1])

    def _repr_png_(self) -> bytes | None:
        """Show the best picture that there is."""
        made = [name for ending in ("_lupton.png", "_stiff.png", "_chart.png") for name in self.file_names if name.endswith(ending)]
        if made:
            return self.open_file(made[0])
        if not self.bands:
            return None
        return _png(self.rgb() if len(self.bands) >= 3 else _grey(self.array))

    def __repr__(self) -> str:
        return f"<Cutout {self.row + 1} {self.name} {self.outcome}{': ' + self.message if self.message else ''}>"


class Cutouts(Sequence[Cutout]):
    """Cutouts in the order of their positions.

    Parameters
    ----------
    cutouts
        One a row.
    """

    def __init__(self, cutouts: Sequence[Cutout]) -> None:
        self._cutouts = tuple(cutouts)

    @staticmethod
    def open(folder: str | Path) -> "Cutouts":
        """Open the folder of a cutout job, or of ``skydesk cutout -o``; files are read when they are asked for."""
        root = Path(folder)
        try:
            lines = (root / OUTCOMES_FILE).read_bytes().splitlines()
        except OSError as error:
            raise UsageError(f"{root} is no folder of cutouts: {OUTCOMES_FILE} cannot be read") from error
        return Cutouts(_cutouts(lines, lambda path: (root / path).read_bytes()))

    @overload
    def __getitem__(self, place: int) -> Cutout: ...
    @overload
    def __getitem__(self, place: slice) -> "Cutouts": ...
    def __getitem__(self, place: int | slice) -> "Cutout | Cutouts":
        """One cutout, or some of them."""
        return Cutouts(self._cutouts[place]) if isinstance(place, slice) else self._cutouts[place]

    def __len__(self) -> int:
        return len(self._cutouts)

    def __repr__(self) -> str:
        counts = {outcome: sum(each.outcome == outcome for each in self) for outcome in dict.fromkeys(each.outcome for each in self)}
        return f"<Cutouts {', '.join(f'{count} {outcome}' for outcome, count in counts.items()) or 'none'}>"

    def _repr_html_(self) -> str:
        """A mosaic of the first sixty."""
        more = f"<p>{len(self) - _SHOWN:,} more</p>" if len(self) > _SHOWN else ""
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(map(_figure, self[:_SHOWN]))}</div>{more}'


def read_cutouts(stream: Any) -> Cutouts:
    """Read the tar of ``POST cutout/quick``.

    Raises
    ------
    ServiceUnavailable
        It did not arrive whole.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                file = archive.extractfile(member)
                files[member.name] = file.read() if file is not None else b""
    except tarfile.TarError as error:
        raise ServiceUnavailable(f"the images did not arrive whole ({error}); try again") from error
    if OUTCOMES_FILE not in files:
        raise ServiceUnavailable("the images did not arrive whole; try again")
    return Cutouts(_cutouts(files[OUTCOMES_FILE].splitlines(), files.__getitem__))


def _cutouts(lines: Sequence[bytes], read: Callable[[str], bytes]) -> list[Cutout]:
    outcomes = [json.loads(line) for line in lines if line.strip()]
    return [_cutout(outcome, read) for outcome in sorted(outcomes, key=lambda outcome: int(outcome["row"]))]


def _cutout(outcome: Mapping[str, Any], read: Callable[[str], bytes]) -> Cutout:
    folder = str(outcome["folder"])
    return Cutout(
        row=int(outcome["row"]),
        outcome=str(outcome["outcome"]),
        message=str(outcome["message"]),
        name=str(outcome["name"]),
        tile=str(outcome["tile"]),
        folder=folder,
        file_names=tuple(outcome["files"]),
        open_file=lambda name: read(f"{folder}/{name}"),
    )


def _figure(cutout: Cutout) -> str:
    picture = cutout._repr_png_()
    caption = escape(f"{cutout.row + 1} {cutout.name} {cutout.message if picture is None else ''}".strip())
    if picture is None:
        return f'<figure style="margin:0;width:160px"><figcaption>{caption}</figcaption></figure>'
    source = base64.b64encode(picture).decode()
    image = f'<img alt="{caption}" width="160" src="data:image/png;base64,{source}">'
    return f'<figure style="margin:0;width:160px">{image}<figcaption style="font-size:80%">{caption}</figcaption></figure>'


def _grey(array: NDArray[Any]) -> NDArray[np.uint8]:
    """A grey picture of one band, north first, from the 1st to the 99.5th percentile."""
    finite = array[np.isfinite(array)]
    low, high = np.percentile(finite, [1, 99.5]) if finite.size else (0.0, 1.0)
    scaled = np.clip(np.nan_to_num((array - low) / max(high - low, 1e-30)), 0, 1)
    return np.repeat((scaled[::-1, :, None] * 255).astype(np.uint8), 3, axis=2)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of 8-bit colours (RFC 2083)."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks(head, zlib.compress(rows.tobytes(), 3)))


def _chunks(head: bytes, data: bytes) -> Iterator[bytes]:
    for kind, content in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b"")):
        yield struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
