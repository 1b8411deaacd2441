"""Pixels of an image and positions on the sky: the gnomonic projection as a FITS header states it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InvalidImage
from ..grid import FloatArray

__all__ = ["TanProjection", "header_values", "tangent_offsets"]

_DISTORTIONS = ("A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER", "CPDIS1", "CPDIS2", "CQDIS1", "CQDIS2")
_FRAMES = ("ICRS", "FK5")
_LEAST_COSINE = 1e-9
"""Cosine of the angle from the tangent point below which a position counts as 90 degrees away."""

_CORNERS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")


@dataclass(frozen=True, slots=True, kw_only=True)
class TanProjection:
    """A TAN image: a plane that touches the sky at one point (Calabretta & Greisen 2002, section 5.1.3).

    Raises
    ------
    InvalidImage
        The matrix has no inverse, or a number is not finite.
    """

    crval_deg: tuple[float, float]
    """ICRS right ascension and declination of the tangent point, degrees."""

    crpix: tuple[float, float]
    """Pixel x and y of the tangent point, as FITS counts them: the centre of the first pixel is (1, 1)."""

    cd_deg: tuple[float, float, float, float]
    """CD1_1, CD1_2, CD2_1 and CD2_2: degrees on the plane a pixel."""

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (*self.crval_deg, *self.crpix, *self.cd_deg))):
            raise InvalidImage("the header's WCS has a number that is not finite")
        if abs(self._determinant) < 1e-24:
            raise InvalidImage(f"the header's CD matrix {self.cd_deg} has no inverse")

    @classmethod
    def from_cards(cls, cards: Iterable[bytes]) -> "TanProjection":
        """Read the projection from a header.

        Parameters
        ----------
        cards
            Cards of 80 bytes each.

        Raises
        ------
        InvalidImage
            It is not a plain TAN of right ascension and declination in degrees: another projection, a distortion, a turned sphere.
        """
        values = header_values(cards)
        _check_kind(values)
        number = _Numbers(values)
        missing = [key for key in _CORNERS if key not in values]
        if missing:
            raise InvalidImage(f"the header lacks {', '.join(missing)}; a position cannot be found on the image")
        crval, crpix = (number("CRVAL1"), number("CRVAL2")), (number("CRPIX1"), number("CRPIX2"))
        if any(f"CD{i}_{j}" in values for i in (1, 2) for j in (1, 2)):
            cd = (number("CD1_1"), number("CD1_2"), number("CD2_1"), number("CD2_2"))
        else:
            if "CDELT1" not in values or "CDELT2" not in values:
                raise InvalidImage("the header has neither a CD matrix nor CDELT1 and CDELT2; the size of a pixel is not known")
            scale = number("CDELT1"), number("CDELT2")
            matrix = number("PC1_1", 1.0), number("PC1_2"), number("PC2_1"), number("PC2_2", 1.0)
            cd = (scale[0] * matrix[0], scale[0] * matrix[1], scale[1] * matrix[2], scale[1] * matrix[3])
        return cls(crval_deg=crval, crpix=crpix, cd_deg=cd)

    @property
    def _determinant(self) -> float:
        a, b, c, d = self.cd_deg
        return a * d - b * c

    @property
    def pixel_scale_arcsec(self) -> float:
        """Side of a square with the area of a pixel at the tangent point, arcsec."""
        return math.sqrt(abs(self._determinant)) * 3600

    def pixels_of(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Project positions onto the image.

        Parameters
        ----------
        ra_deg, dec_deg
            ICRS positions, degrees, of one shape.

        Returns
        -------
        tuple of FloatArray
            Pixel x and y as FITS counts them; NaN for positions 90 degrees and more from the tangent point.
        """
        xi, eta = tangent_offsets(ra_deg, dec_deg, *self.crval_deg)
        a, b, c, d = self.cd_deg
        scale = 1 / self._determinant
        return self.crpix[0] + (d * xi - b * eta) * scale, self.crpix[1] + (a * eta - c * xi) * scale

    def pixel_of(self, ra_deg: float, dec_deg: float) -> tuple[float, float]:
        """Project one position, as `pixels_of` does, in a hundredth of its time."""
        offset, dec, dec0 = math.radians(ra_deg - self.crval_deg[0]), math.radians(dec_deg), math.radians(self.crval_deg[1])
        sin_dec, cos_dec, cos_offset = math.sin(dec), math.cos(dec), math.cos(offset)
        below = sin_dec * math.sin(dec0) + cos_dec * math.cos(dec0) * cos_offset
        if below <= _LEAST_COSINE:
            return math.nan, math.nan
        xi = math.degrees(cos_dec * math.sin(offset) / below)
        eta = math.degrees((sin_dec * math.cos(dec0) - cos_dec * math.sin(dec0) * cos_offset) / below)
        a, b, c, d = self.cd_deg
        scale = 1 / self._determinant
        return self.crpix[0] + (d * xi - b * eta) * scale, self.crpix[1] + (a * eta - c * xi) * scale

    def sky_of(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Find the positions of pixels: the inverse of `pixels_of`.

        Returns
        -------
        tuple of FloatArray
            ICRS right ascension, 0 <= ra < 360, and declination, degrees.
        """
        a, b, c, d = self.cd_deg
        u, v = np.asarray(x, float) - self.crpix[0], np.asarray(y, float) - self.crpix[1]
        xi, eta = np.radians(a * u + b * v), np.radians(c * u + d * v)
        dec0 = math.radians(self.crval_deg[1])
        below = math.cos(dec0) - eta * math.sin(dec0)
        ra = (np.degrees(np.arctan2(xi, below)) + self.crval_deg[0]) % 360
        dec = np.degrees(np.arctan2(math.sin(dec0) + eta * math.cos(dec0), np.hypot(xi, below)))
        return np.where(ra == 360, 0.0, ra), dec

    def whole_shift(self, other: "TanProjection") -> tuple[int, int] | None:
        """Tell by how many whole pixels another image is shifted, where both lie on one plane and one pixel grid; else None.

        Returns
        -------
        tuple of int or None
            What is to be added to a pixel of this image to get the same one of the other.
        """
        if self.crval_deg != other.crval_deg or not np.allclose(self.cd_deg, other.cd_deg, rtol=1e-12, atol=0):
            return None
        shift = other.crpix[0] - self.crpix[0], other.crpix[1] - self.crpix[1]
        whole = round(shift[0]), round(shift[1])
        return whole if abs(shift[0] - whole[0]) < 1e-6 and abs(shift[1] - whole[1]) < 1e-6 else None


def tangent_offsets(ra_deg: ArrayLike, dec_deg: ArrayLike, ra0_deg: float, dec0_deg: float) -> tuple[FloatArray, FloatArray]:
    """Project positions onto the plane that touches the sky at one point (Calabretta & Greisen 2002, equations 12 and 54).

    Returns
    -------
    tuple of FloatArray
        Offsets to the east and to the north, degrees on the plane; NaN for positions 90 degrees and more away.
    """
    offset = np.radians(np.asarray(ra_deg, float) - ra0_deg)
    dec, dec0 = np.radians(np.asarray(dec_deg, float)), math.radians(dec0_deg)
    sin_dec, cos_dec, cos_offset = np.sin(dec), np.cos(dec), np.cos(offset)
    below = sin_dec * math.sin(dec0) + cos_dec * math.cos(dec0) * cos_offset
    below = np.where(below > _LEAST_COSINE, below, np.nan)
    xi = cos_dec * np.sin(offset) / below
    eta = (sin_dec * math.cos(dec0) - cos_dec * math.sin(dec0) * cos_offset) / below
    return np.degrees(xi), np.degrees(eta)


def header_values(cards: Iterable[bytes]) -> Mapping[str, str]:
    """Give the values of a header's cards by keyword, as text: strings without their quotes, no comments; the first of each keyword."""
    values: dict[str, str] = {}
    for card in cards:
        if card[8:10] == b"= ":
            values.setdefault(card[:8].decode("ascii", "replace").strip(), _value(card[10:].decode("ascii", "replace")))
    return MappingProxyType(values)


def _value(text: str) -> str:
    text = text.strip()
    if not text.startswith("'"):
        return text.partition("/")[0].strip()
    end = 1
    while (end := text.find("'", end)) >= 0 and text[end + 1 : end + 2] == "'":
        end += 2
    return text[1 : end if end >= 0 else None].replace("''", "'").rstrip()


class _Numbers:
    """Reads numbers from a header's values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def __call__(self, key: str, default: float = 0.0) -> float:
        text = self.values.get(key)
        try:
            return default if text is None else float(text.upper().replace("D", "E"))
        except ValueError:
            raise InvalidImage(f"the header's {key} is no number: {text!r}") from None


def _check_kind(values: Mapping[str, str]) -> None:
    number = _Numbers(values)
    kinds = values.get("CTYPE1", ""), values.get("CTYPE2", "")
    if kinds != ("RA---TAN", "DEC--TAN"):
        raise InvalidImage(f"the header's CTYPE1 and CTYPE2 must be 'RA---TAN' and 'DEC--TAN', got {kinds[0]!r} and {kinds[1]!r}")
    for key in ("CUNIT1", "CUNIT2"):
        if values.get(key, "deg").casefold() not in {"deg", "degree", "degrees"}:
            raise InvalidImage(f"the header's {key} must be deg, got {values[key]!r}")
    frame = values.get("RADESYS", values.get("RADECSYS", "ICRS"))
    if frame.upper() not in _FRAMES:
        raise InvalidImage(f"the header's RADESYS must be {' or '.join(_FRAMES)}, got {frame!r}")
    bent = [key for key in _DISTORTIONS if key in values]
    bent += [key for key in values if key.startswith(("PV1_", "PV2_")) and number(key) != 0]
    if bent:
        raise InvalidImage(f"the header has {', '.join(sorted(bent))}; only a plain TAN projection can be cut")
    if number("LONPOLE", 180.0) != 180 or number("CROTA1") != 0 or number("CROTA2") != 0:
        raise InvalidImage("the header turns the sphere or the image with LONPOLE or CROTA; only a plain TAN projection can be cut")
