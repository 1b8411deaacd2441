"""The columns of the object tables: drawn about the truth with each release's errors, or measured on the images."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy_healpix import lonlat_to_healpix
from numpy.typing import NDArray

from ..grid import FloatArray, TileGrid
from .objects import LEAST_SIGNAL_TO_NOISE, Objects, aperture_error
from .recipe import BANDS, EXTINCTION, FWHM_ARCSEC, PIXEL_SCALE_ARCSEC, SATURATION_ADU, ZERO_POINT_MAG, noise_adu
from .render import APERTURE_PIXELS
from .sky import reddening

__all__ = ["Columns", "Measured", "Positions", "object_columns", "positions"]

Columns = dict[str, NDArray[Any]]

_FIRST_ID = {"DR1": 160_000_000, "DR2": 1_040_000_000}
_NOT_MEASURED = 99.0
_EXACT = ("ALPHAWIN_J2000", "DELTAWIN_J2000", "RA", "DEC", "GALACTIC_L", "GALACTIC_B")
_DECIMALS = {"FLUX_RADIUS": 4, "FLUX": 2, "SPREAD": 6, "EBV": 5}
"""By part of a column's name; others have 4."""

_NSIDES = (32, 64, 1024, 4096, 16384)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured on the images, one row an object, one column a band."""

    aperture_flux: NDArray[np.float32]
    """ADU, shape (n, 5, 12)."""

    mask_bits: NDArray[np.int32]
    """Shape (n, 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where a release says that the objects are."""

    ra_deg: FloatArray
    dec_deg: FloatArray
    tile_name: NDArray[np.str_]
    x: FloatArray
    """Pixels in the object's tile, from 1."""

    y: FloatArray


def positions(objects: Objects, grid: TileGrid, release: str, seed: int) -> Positions:
    """Measure the objects' positions: the truth with an error that goes with seeing and signal to noise."""
    error_deg = (0.008 + 0.35 / np.maximum(objects.signal_to_noise(release)[:, 1:4].max(axis=1), 3)) / 3600
    rng = _rng(seed, f"{release} position")
    ra = (objects.sources.ra_deg + error_deg * rng.standard_normal(len(objects))) % 360
    dec = objects.sources.dec_deg + error_deg * rng.standard_normal(len(objects))
    names = grid.names(np.round(ra, 6), np.round(dec, 6))
    x, y = np.empty(len(ra)), np.empty(len(ra))
    for name in np.unique(names):
        here = names == name
        x[here], y[here] = grid.named(str(name)).pixels_of(ra[here], dec[here])
    return Positions(ra_deg=ra, dec_deg=dec, tile_name=names, x=x, y=y)


def object_columns(objects: Objects, measured: Measured, places: Positions, release: str, seed: int) -> Columns:
    """Make every column of a release's MAIN, MAGNITUDE and FLUX tables.

    Rows come sorted by HPIX_16384; only objects that the release is deep enough to list are among them.
    """
    columns = _place_columns(places)
    columns |= _photometry(objects, measured, release, seed)
    columns |= _shapes(objects, places, release, seed)
    columns |= _quality(objects, measured, release, seed)
    columns |= _morphology(objects, columns, release, seed)
    columns["COADD_OBJECT_ID"] = _identifiers(places.tile_name, release, seed)
    strength = np.sqrt((objects.signal_to_noise(release)[:, 1:4] ** 2).sum(axis=1))
    listed = np.flatnonzero(strength > LEAST_SIGNAL_TO_NOISE[release])
    order = listed[np.lexsort((columns["COADD_OBJECT_ID"][listed], columns["HPIX_16384"][listed]))]
    return {name: _rounded(name, values[order]) for name, values in columns.items()}


def _rounded(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Drop digits far below the error, so that the file is a quarter smaller; positions on the sky keep all."""
    if values.dtype.kind != "f" or name in _EXACT:
        return values
    decimals = next((decimals for part, decimals in _DECIMALS.items() if part in name), 4)
    return np.round(values, decimals)


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _by_band(name: str, values: NDArray[Any]) -> Columns:
    """Split an array of shape (n, 5) into a column a band; ``{band}`` in the name stands for the band."""
    return {name.format(band=band.upper()): values[:, number] for number, band in enumerate(BANDS)}


def _place_columns(places: Positions) -> Columns:
    columns: Columns = {
        "ALPHAWIN_J2000": places.ra_deg,
        "DELTAWIN_J2000": places.dec_deg,
        "RA": np.round(places.ra_deg, 6),
        "DEC": np.round(places.dec_deg, 6),
        "TILENAME": places.tile_name,
        "XWIN_IMAGE": places.x,
        "YWIN_IMAGE": places.y,
        "EBV_SFD98": reddening(places.ra_deg, places.dec_deg),
    }
    galactic = SkyCoord(places.ra_deg, places.dec_deg, unit="deg").galactic
    columns |= {"GALACTIC_L": galactic.l.deg, "GALACTIC_B": galactic.b.deg}
    for nside in _NSIDES:
        columns[f"HPIX_{nside}"] = lonlat_to_healpix(columns["RA"] * u.deg, columns["DEC"] * u.deg, nside, order="nested")
    return columns


def _identifiers(tile_name: NDArray[np.str_], release: str, seed: int) -> NDArray[np.int64]:
    """Numbers that grow from tile to tile with gaps, as those of a survey do."""
    steps = _rng(seed, f"{release} identifier").integers(1, 6, len(tile_name))
    identifiers = np.empty(len(tile_name), np.int64)
    identifiers[np.argsort(tile_name, kind="stable")] = _FIRST_ID[release] + np.cumsum(steps)
    return identifiers


def _drawn(true: FloatArray, area_pixels: FloatArray, release: str, seed: int, name: str) -> tuple[FloatArray, FloatArray]:
    """Draw fluxes and give their errors; the shallower release repeats the deeper one's draw with more noise on it."""
    error = {depth: aperture_error(true, area_pixels, depth) for depth in ("DR1", "DR2")}
    flux = true + error["DR2"] * _rng(seed, name).standard_normal(true.shape)
    if release == "DR1":
        flux += np.sqrt(error["DR1"] ** 2 - error["DR2"] ** 2) * _rng(seed, f"DR1 {name}").standard_normal(true.shape)
    return flux, error[release]


def _magnitudes(flux: FloatArray, error: FloatArray, floor_mag: float = 0.0) -> tuple[FloatArray, FloatArray]:
    good = flux > 0
    safe = np.where(good, flux, 1)
    mag = np.where(good, ZERO_POINT_MAG - 2.5 * np.log10(safe), _NOT_MEASURED)
    return mag, np.where(good, np.minimum(np.hypot(1.0857 * error / safe, floor_mag), _NOT_MEASURED), _NOT_MEASURED)


def _photometry(objects: Objects, measured: Measured, release: str, seed: int) -> Columns:
    columns: Columns = {}
    kron = _kron_pixels(objects)
    for name, kept, area in (("AUTO", 0.97, np.pi * kron**2), ("PETRO", 0.98, np.pi * (1.15 * kron) ** 2)):
        columns |= _flux_columns(name, *_drawn(kept * objects.flux, area, release, seed, name))
    for number, radius in enumerate(APERTURE_PIXELS):
        flux, area = measured.aperture_flux[:, :, number].astype(float), np.full(objects.flux.shape, np.pi * radius**2)
        error = {depth: aperture_error(flux, area, depth) for depth in ("DR1", "DR2")}
        if release == "DR1":
            extra = np.sqrt(error["DR1"] ** 2 - error["DR2"] ** 2)
            flux = flux + extra * _rng(seed, f"aperture {number}").standard_normal(flux.shape)
        columns |= _flux_columns(f"APER_{number + 1}", flux, error[release])
    columns |= _by_band("PETRO_RADIUS_{band}", 1.15 * kron)
    columns |= _psf_photometry(objects, release, seed)
    reddened = reddening(objects.sources.ra_deg, objects.sources.dec_deg)
    for kind in ("MAG_AUTO", "WAVG_MAG_PSF"):
        for band, factor in zip(BANDS, EXTINCTION, strict=True):
            mag = columns[f"{kind}_{band.upper()}"]
            columns[f"{kind}_{band.upper()}_DERED"] = np.where(mag < 90, mag - factor * reddened, mag)
    return columns


def _kron_pixels(objects: Objects) -> FloatArray:
    return np.asarray(np.hypot(2.5 * objects.sources.radius_arcsec[:, None], 1.8 * np.array(FWHM_ARCSEC)) / PIXEL_SCALE_ARCSEC)


def _flux_columns(name: str, flux: FloatArray, error: FloatArray) -> Columns:
    mag, mag_error = _magnitudes(flux, error)
    values = {"FLUX": flux, "FLUXERR": error, "MAG": mag, "MAGERR": mag_error}
    return {key: column for kind, array in values.items() for key, column in _by_band(f"{kind}_{name}_{{band}}", array).items()}


def _psf_photometry(objects: Objects, release: str, seed: int) -> Columns:
    """Fluxes by the point spread function in single exposures, averaged; none where one exposure is too shallow."""
    area = np.broadcast_to(2.27 * np.array(FWHM_ARCSEC) ** 2 / PIXEL_SCALE_ARCSEC**2, objects.flux.shape)
    flux, error = _drawn(objects.flux, area, release, seed, "PSF")
    flux = flux * (1 + 0.003 * _rng(seed, "PSF zero point").standard_normal(flux.shape))
    lost = (_epochs(objects, release, seed) == 0) | (flux <= 0)
    mag, mag_error = _magnitudes(flux, error, floor_mag=0.002)
    columns = _by_band("WAVG_FLUX_PSF_{band}", np.where(lost, -_NOT_MEASURED, flux))
    columns |= _by_band("WAVG_FLUXERR_PSF_{band}", np.where(lost, -_NOT_MEASURED, error))
    columns |= _by_band("WAVG_MAG_PSF_{band}", np.where(lost, _NOT_MEASURED, mag))
    return columns | _by_band("WAVG_MAGERR_PSF_{band}", np.where(lost, _NOT_MEASURED, mag_error))


def _epochs(objects: Objects, release: str, seed: int) -> NDArray[np.int64]:
    """Number of single exposures that show each object: about four in DR1 and eight in DR2, fewer towards the limit of one."""
    taken = {"DR1": 4, "DR2": 8}[release]
    single = objects.signal_to_noise("DR2") / np.sqrt(8)
    return np.asarray(_rng(seed, f"{release} epochs").binomial(taken, np.clip((single - 2.5) / 3, 0, 0.97)))


def _shapes(objects: Objects, places: Positions, release: str, seed: int) -> Columns:
    """Sizes and angles: those of the seeing and of the source, with errors that go with signal to noise."""
    sources, seeing = objects.sources, np.array(FWHM_ARCSEC) / PIXEL_SCALE_ARCSEC
    snr, rng = np.maximum(objects.signal_to_noise(release), 1), _rng(seed, f"{release} shape")
    half = sources.radius_arcsec[:, None] / PIXEL_SCALE_ARCSEC
    blur, squeeze = np.abs(1 + 0.3 / snr * rng.standard_normal((2, *snr.shape)))
    one = np.hypot(0.47 * seeing, 0.6 * half) * blur
    other = np.hypot(0.47 * seeing, 0.6 * half * sources.axis_ratio[:, None]) * squeeze
    major, minor = np.maximum(one, other), np.minimum(one, other)
    angle = np.where(half > 0, (270 - sources.angle_deg[:, None]) % 180 - 90, rng.uniform(-90, 90, snr.shape))
    columns = _ellipse_columns("", major, minor, angle) | _ellipse_columns("ERR", major / snr, minor / snr, angle)
    for axis, place in (("X", places.x), ("Y", places.y)):
        columns |= _by_band(f"{axis}WIN_IMAGE_{{band}}", place[:, None] + 0.5 * major / snr * rng.standard_normal(snr.shape))
    columns |= _by_band("FWHM_IMAGE_{band}", np.hypot(seeing, 1.2 * half) * blur)
    columns |= _by_band("FLUX_RADIUS_{band}", np.hypot(0.65 * seeing, half) * blur)
    columns |= _by_band("KRON_RADIUS_{band}", np.clip(_kron_pixels(objects) / major / 2.5, 3.5, None))
    columns |= _by_band("ISOAREA_IMAGE_{band}", np.round(6 * np.log(snr) * major * minor))
    return columns | _detection_shapes(objects, major[:, 1:4], minor[:, 1:4], angle[:, 2], snr)


def _ellipse_columns(kind: str, major: FloatArray, minor: FloatArray, angle_deg: FloatArray) -> Columns:
    """Axes, angle and second moments of the windowed ellipse, or of its error (``ERR``)."""
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return (
        _by_band(f"{kind}AWIN_IMAGE_{{band}}", major)
        | _by_band(f"{kind}BWIN_IMAGE_{{band}}", minor)
        | _by_band(f"{kind}THETAWIN_IMAGE_{{band}}", angle_deg)
        | _by_band(f"{kind}X2WIN_IMAGE_{{band}}", (major * cosine) ** 2 + (minor * sine) ** 2)
        | _by_band(f"{kind}Y2WIN_IMAGE_{{band}}", (major * sine) ** 2 + (minor * cosine) ** 2)
        | _by_band(f"{kind}XYWIN_IMAGE_{{band}}", (major**2 - minor**2) * sine * cosine)
    )


def _detection_shapes(objects: Objects, major: FloatArray, minor: FloatArray, angle: FloatArray, snr: FloatArray) -> Columns:
    strength = np.sqrt((snr[:, 1:4] ** 2).sum(axis=1))
    major, minor = major.mean(axis=1), minor.mean(axis=1)
    return {
        "A_IMAGE": major,
        "B_IMAGE": minor,
        "THETA_J2000": angle % 180 - 90,
        "ERRA_IMAGE": major / strength,
        "ERRB_IMAGE": minor / strength,
        "ERRTHETA_IMAGE": angle,
        "KRON_RADIUS": np.clip(_kron_pixels(objects)[:, 2] / major / 2.5, 3.5, None),
    }


def _quality(objects: Objects, measured: Measured, release: str, seed: int) -> Columns:
    rng = _rng(seed, f"{release} quality")
    peak = objects.flux / objects.area_pixels * 0.9
    neighbour = objects.neighbour_arcsec[:, None]
    flags = np.where(neighbour < 3.0, 2, 0) | np.where(neighbour < 1.6, 1, 0) | np.where(peak > SATURATION_ADU, 4, 0)
    flags = flags | np.where(measured.mask_bits & 1, 16, 0)
    columns = _by_band("FLAGS_{band}", flags) | _by_band("IMAFLAGS_ISO_{band}", measured.mask_bits)
    columns |= _by_band("NEPOCHS_{band}", _epochs(objects, release, seed))
    columns |= _by_band("NITER_MODEL_{band}", rng.integers(4, 25, objects.flux.shape))
    level = np.abs(noise_adu(release) * 0.05 * rng.standard_normal(objects.flux.shape))
    return columns | _by_band("BACKGROUND_{band}", level)


def _morphology(objects: Objects, columns: Mapping[str, NDArray[Any]], release: str, seed: int) -> Columns:
    snr = np.maximum(objects.signal_to_noise(release), 1)
    rng = _rng(seed, f"{release} morphology")
    size = objects.sources.radius_arcsec[:, None]
    true = np.where(size > 0, 0.004 + 0.03 * np.minimum(size / 0.8, 1.2), 0.0)
    error = 0.0005 + 0.05 / snr
    coadd = true + error * rng.standard_normal(snr.shape)
    lost = np.stack([columns[f"NEPOCHS_{band.upper()}"] == 0 for band in BANDS], axis=1)
    mean_error = 0.0004 + 0.06 / snr
    mean = np.where(lost, -_NOT_MEASURED, true + mean_error * rng.standard_normal(snr.shape))
    mean_error = np.where(lost, _NOT_MEASURED, mean_error)
    star = 1 / (1 + np.exp(np.clip((coadd - 0.003) / np.maximum(error, 0.001), -30, 30)))
    out = _by_band("SPREAD_MODEL_{band}", coadd) | _by_band("SPREADERR_MODEL_{band}", error) | _by_band("CLASS_STAR_{band}", star)
    out |= _by_band("WAVG_SPREAD_MODEL_{band}", mean) | _by_band("WAVG_SPREADERR_MODEL_{band}", mean_error)
    out["EXTENDED_CLASS_COADD"] = _extended(coadd[:, 2], error[:, 2])
    out["EXTENDED_CLASS_WAVG"] = np.where(lost[:, 2], -9, _extended(mean[:, 2], mean_error[:, 2]))
    return out


def _extended(spread: FloatArray, error: FloatArray) -> NDArray[np.int64]:
    """Class 0 to 3 by three inequalities (DES Collaboration 2018, section 4.5)."""
    return (spread + 3 * error > 0.005).astype(np.int64) + (spread + error > 0.003) + (spread - error > 0.003)
