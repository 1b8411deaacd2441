"""Names of positions, and of the files and folders made of them."""

import re

from .model import Product

__all__ = ["file_name", "objects_file_name", "position_name", "position_of_name"]

_TICKS = 10_000
"""Parts of a second that a name tells apart."""

_MINUTE, _HOUR, _DAY = 60 * _TICKS, 3600 * _TICKS, 24 * 3600 * _TICKS
_ENDINGS = {
    Product.FITS: ".fits",
    Product.LUPTON: "_lupton.png",
    Product.STIFF: "_stiff.png",
    Product.CHART: "_chart.png",
}
_NAME = re.compile(r"[A-Za-z]{0,16}[ _]?J?(\d\d)(\d\d)(\d\d(?:\.\d+)?)([-+\N{MINUS SIGN}])(\d\d)(\d\d)(\d\d(?:\.\d+)?)", re.ASCII)


def position_name(ra_deg: float, dec_deg: float, prefix: str = "DESJ") -> str:
    """Name a position by its sexagesimal coordinates: ``DESJ021914.5649-054140.0000``.

    Whole ten-thousandths of a second are counted before they are split, so that seconds are never 60, 24 h is 0 h, and a
    declination that rounds to zero is +0.

    Parameters
    ----------
    ra_deg
        ICRS, degrees; any turn.
    dec_deg
        ICRS, degrees, from -90 to 90.
    prefix
        What the name begins with.
    """
    ra, dec = round(ra_deg * (_HOUR / 15)) % _DAY, round(abs(dec_deg) * _HOUR)
    sign = "-" if dec_deg < 0 and dec else "+"
    return f"{prefix}{_digits(ra)}{sign}{_digits(dec)}"


def position_of_name(name: str) -> tuple[float, float] | None:
    """Read a name such as `position_name` gives, with any prefix and any number of decimals.

    Returns
    -------
    tuple of float or None
        ICRS right ascension, 0 <= ra < 360, and declination, degrees; None where it is no such name, or where minutes or
        seconds reach 60, hours 24 or degrees pass 90.
    """
    match = _NAME.fullmatch(name.strip())
    if match is None:
        return None
    hours, ra_minutes, sign, degrees, dec_minutes = (int(match[i]) if i != 4 else match[i] for i in (1, 2, 4, 5, 6))
    ra_seconds, dec_seconds = float(match[3]), float(match[7])
    if not (int(hours) < 24 and max(int(ra_minutes), int(dec_minutes)) < 60 and max(ra_seconds, dec_seconds) < 60):
        return None
    ra = (int(hours) + (int(ra_minutes) + ra_seconds / 60) / 60) * 15
    dec = int(degrees) + (int(dec_minutes) + dec_seconds / 60) / 60
    if dec > 90:
        return None
    return ra, dec if sign == "+" else -dec


def file_name(name: str, product: Product, bands: str | tuple[str, ...]) -> str:
    """Name a file: ``<name>_g.fits``, ``<name>_irg_lupton.png``, ``<name>_irg_stiff.png``, ``<name>_i_chart.png``.

    Parameters
    ----------
    name
        The position's name.
    bands
        One band, or the triplet for red, green and blue.
    """
    return f"{name}_{''.join(bands)}{_ENDINGS[product]}"


def objects_file_name(name: str, band: str) -> str:
    """Name the table of a finding chart's objects: ``<name>_i_objects.csv``."""
    return f"{name}_{band}_objects.csv"


def _digits(ticks: int) -> str:
    minutes, seconds = divmod(ticks, _MINUTE)
    return f"{minutes // 60:02d}{minutes % 60:02d}{seconds // _TICKS:02d}.{seconds % _TICKS:04d}"
