"""What is made of a position: checked, and put together from the form and a row's own columns."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import Fault
from .model import LARGEST_ARCMIN, SMALLEST_ARCMIN, CutoutOptions, LuptonOptions, Product

__all__ = ["PLANES", "bands_of", "effective_options", "option_faults", "size_fault", "triplets_of"]

PLANES = ("SCI", "MSK", "WGT")
"""Planes that files may have."""

_PRODUCT_COLUMNS = {"MAKE_FITS": Product.FITS, "MAKE_RGB_STIFF": Product.STIFF, "MAKE_RGB_LUPTON": Product.LUPTON}
_FIELDS = {
    "XSIZE": "x_size_arcmin",
    "YSIZE": "y_size_arcmin",
    "COLORS_FITS": "fits_bands",
    "RGB_STIFF_COLORS": "stiff_bands",
    "RGB_LUPTON_COLORS": "lupton_bands",
    "DISCARD_FITS_FILES": "discard_fits",
}
_LUPTON_FIELDS = {"RGB_MINIMUM": "minimum", "RGB_STRETCH": "stretch", "RGB_ASINH": "q"}
_FAINTEST, _BRIGHTEST = 30.0, 5.0


def effective_options(options: CutoutOptions, overrides: Mapping[str, Any]) -> CutoutOptions:
    """Let a row's own columns win over the form.

    Parameters
    ----------
    options
        The form's.
    overrides
        Checked values by column name, as `Positions.overrides` has them for a row.
    """
    if not overrides:
        return options
    changes = {_FIELDS[name]: value for name, value in overrides.items() if name in _FIELDS}
    stretch = {_LUPTON_FIELDS[name]: value for name, value in overrides.items() if name in _LUPTON_FIELDS}
    if stretch:
        changes["lupton"] = replace(options.lupton, **stretch)
    made = {product for name, product in _PRODUCT_COLUMNS.items() if overrides.get(name)}
    unmade = {product for name, product in _PRODUCT_COLUMNS.items() if overrides.get(name) is False}
    return replace(options, products=(options.products | made) - unmade, **changes)


def option_faults(options: CutoutOptions, *, bands: Sequence[str]) -> list[Fault]:
    """Name everything that is wrong with the form.

    Parameters
    ----------
    bands
        The survey's.
    """
    faults = [*_size_faults(options), *_lupton_faults(options.lupton)]
    if not options.products:
        faults.append(Fault(field="products", message=f"is empty; choose at least one of {', '.join(Product)}"))
    wanted = {"fits_bands": Product.FITS, "lupton_bands": Product.LUPTON, "stiff_bands": Product.STIFF, "chart.bands": Product.CHART}
    given = {
        "fits_bands": options.fits_bands,
        "lupton_bands": options.lupton_bands,
        "stiff_bands": options.stiff_bands,
        "chart.bands": options.chart.bands,
    }
    for name, product in wanted.items():
        triplets = product in {Product.LUPTON, Product.STIFF}
        messages = _triplets_faults(given[name], bands) if triplets else _bands_faults(given[name], bands)  # type: ignore[arg-type]
        if not given[name] and product in options.products:
            messages = [f"is empty; name at least one {'triplet of bands' if triplets else 'band'}, or take {product} out of the products"]
        faults += [Fault(field=name, message=message) for message in messages]
    faults += [Fault(field="planes", message=message) for message in _planes_faults(options.planes)]
    magnitude = options.chart.faintest_helper_mag
    if not _BRIGHTEST <= magnitude <= _FAINTEST:
        message = f"must be a magnitude from {_BRIGHTEST:g} to {_FAINTEST:g}, got {magnitude:g}"
        faults.append(Fault(field="chart.faintest_helper_mag", message=message))
    return faults


def size_fault(size_arcmin: float) -> str | None:
    """Say what is wrong with a side of a cutout; None where nothing is."""
    if SMALLEST_ARCMIN <= size_arcmin <= LARGEST_ARCMIN:
        return None
    return f"must be from {SMALLEST_ARCMIN:g} to {LARGEST_ARCMIN:g} arcmin, got {size_arcmin:g}"


def bands_of(text: str, bands: Sequence[str]) -> tuple[str, ...]:
    """Read a list of bands: ``g,r,i``, ``g r i`` or ``gri``, letter case ignored.

    Raises
    ------
    ValueError
        It is empty, or names what is no band, or one twice; the message says which.
    """
    named = _letters(text, bands)
    if messages := _bands_faults(named, bands) if named else [f"is empty; name bands of {', '.join(bands)}"]:
        raise ValueError("; ".join(messages))
    return named


def triplets_of(text: str, bands: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    """Read triplets of bands for red, green and blue: ``i,r,g`` or ``irg``, several as in ``irg;gri``.

    Raises
    ------
    ValueError
        A triplet has not three different bands, or is there twice; the message says which.
    """
    triplets = tuple(_letters(part, bands) for part in text.split(";") if part.strip())
    if messages := _triplets_faults(triplets, bands) if triplets else ["is empty; name three bands as in irg"]:
        raise ValueError("; ".join(messages))
    return tuple((red, green, blue) for red, green, blue in triplets)


def _letters(text: str, bands: Sequence[str]) -> tuple[str, ...]:
    known = {band.casefold(): band for band in bands}
    words = text.replace(",", " ").replace("/", " ").split()
    if all(word.casefold() in known for word in words):
        return tuple(known[word.casefold()] for word in words)
    return tuple(known.get(letter.casefold(), letter) for word in words for letter in word[:100])


def _bands_faults(named: Iterable[str], bands: Sequence[str]) -> list[str]:
    named = tuple(named)
    faults = [f"names {band[:20]!r}, which is no band; there are {', '.join(bands)}" for band in dict.fromkeys(named) if band not in bands]
    return faults + [f"names the band {band} more than once" for band in dict.fromkeys(named) if band in bands and named.count(band) > 1]


def _triplets_faults(triplets: Iterable[Sequence[str]], bands: Sequence[str]) -> list[str]:
    faults, seen = [], set()
    for triplet in triplets:
        shown = ",".join(band[:20] for band in triplet[:10])
        if unknown := [band for band in dict.fromkeys(triplet) if band not in bands]:
            faults.append(f"names {unknown[0][:20]!r}, which is no band; there are {', '.join(bands)}")
        elif len(triplet) != 3:
            faults.append(f"must have exactly three bands for red, green and blue, as in irg; got {shown}")
        elif len(set(triplet)) != 3:
            faults.append(f"must have three different bands; got {shown}")
        elif tuple(triplet) in seen:
            faults.append(f"names the triplet {shown} more than once")
        seen.add(tuple(triplet))
    return faults


def _planes_faults(planes: tuple[str, ...]) -> list[str]:
    faults = [f"names {plane[:20]!r}, which is no plane; there are {', '.join(PLANES)}" for plane in planes if plane not in PLANES]
    if len(set(planes)) < len(planes):
        faults.append("names a plane more than once")
    if "SCI" not in planes:
        faults.append("must have SCI, the image itself, among them")
    return faults


def _size_faults(options: CutoutOptions) -> list[Fault]:
    sizes = {"x_size_arcmin": options.x_size_arcmin, "y_size_arcmin": options.y_size_arcmin}
    return [Fault(field=name, message=message) for name, size in sizes.items() if (message := size_fault(size))]


def _lupton_faults(lupton: LuptonOptions) -> list[Fault]:
    faults = []
    if not math.isfinite(lupton.minimum):
        faults.append(Fault(field="lupton.minimum", message=f"must be a finite number, got {lupton.minimum}"))
    for name, value in (("stretch", lupton.stretch), ("q", lupton.q)):
        if not 0 < value < math.inf:
            faults.append(Fault(field=f"lupton.{name}", message=f"must be a number above 0, got {value:g}"))
    return faults
