"""The columns of a table of positions, by every name that they go by."""

import re

from .model import POSITION_COLUMNS

__all__ = ["COLUMN_DESCRIPTIONS", "canonical_name"]

COLUMN_DESCRIPTIONS = {
    "RA": "right ascension, ICRS: degrees, or hours as in 10:12:33.4",
    "DEC": "declination, ICRS: degrees, as a number or as in -00:30:05",
    "COADD_OBJECT_ID": "object of the catalogue, in place of RA and DEC",
    "XSIZE": "width, arcmin",
    "YSIZE": "height, arcmin",
    "COLORS_FITS": "bands of the FITS files: g,r,i",
    "RGB_STIFF_COLORS": "bands of the STIFF-like pictures for red, green and blue: irg; several as in irg;gri",
    "RGB_LUPTON_COLORS": "bands of the Lupton pictures for red, green and blue: irg; several as in irg;gri",
    "RGB_MINIMUM": "flux that is black in Lupton pictures, ADU",
    "RGB_STRETCH": "flux range of the linear part of Lupton pictures, ADU",
    "RGB_ASINH": "softening Q of Lupton pictures",
    "MAKE_FITS": "1 for FITS files, 0 for none",
    "MAKE_RGB_STIFF": "1 for STIFF-like pictures, 0 for none",
    "MAKE_RGB_LUPTON": "1 for Lupton pictures, 0 for none",
    "DISCARD_FITS_FILES": "1 to keep no FITS files beside pictures, 0 to keep them",
}
"""What each of `POSITION_COLUMNS` holds."""

_ALIASES = {
    "RA": ("ra_deg", "raj2000", "ra_j2000", "_raj2000", "_ra", "alphawin_j2000", "alpha_j2000", "alpha", "right_ascension", "ra_icrs"),
    "DEC": (
        "dec_deg",
        "dej2000",
        "dec_j2000",
        "_dej2000",
        "_de",
        "deltawin_j2000",
        "delta_j2000",
        "delta",
        "declination",
        "dec_icrs",
        "decl",
    ),
    "COADD_OBJECT_ID": ("coadd_objects_id", "object_id", "objectid", "coadd_id"),
    "NAME": ("name", "names", "object", "target", "target_name", "object_name", "main_id", "source_name"),
}
_KNOWN = (
    {name.casefold(): name for name in POSITION_COLUMNS}
    | {"de": "DEC", "de_icrs": "DEC", "decj2000": "DEC"}
    | {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
)
_UNIT = re.compile(r"\s*[\[(][^\])]*[\])]\s*$")


def canonical_name(name: str) -> str | None:
    """Give the column that a name stands for, one of `POSITION_COLUMNS` or ``NAME``; None where it stands for none."""
    plain = _UNIT.sub("", name[:100]).strip().strip("\"'").casefold()
    return _KNOWN.get(re.sub(r"[\s.-]+", "_", plain))
