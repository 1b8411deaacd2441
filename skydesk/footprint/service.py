"""The footprint by the rules: tiles, files, searches, checks, maps and densities of the releases that a user may read."""

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from ..access import User
from ..cutout.model import NO_OBJECT, Positions
from ..cutout.object_positions import ObjectPositions
from ..cutout.position_text import PositionTable
from ..cutout.positions import NameList, check_positions
from ..errors import Fault, InvalidRequest, NotAllowed, NotFound
from ..grid import FloatArray, IntArray, Tile
from ..query.model import Cancellation
from ..query.ports import Catalog
from ..survey import Survey
from ..survey_footprint import Outline
from .catalogue import CatalogueReader, ListedTile
from .conditions import Condition, condition_of
from .density import DensityMaps, density_of_positions, density_of_rows
from .membership import TileSet
from .moc import TILE_ORDER, Moc, moc_of_tiles, tiles_of_moc, usual_order
from .model import BandQuality, Checked, Density, MocFormat, Place, TileOfRelease, TileProperties
from .outlines import outline_of
from .ports import HealpixSky, MocFiles, TileFiles
from .regions import Polygon, Region
from .search import Kind, Wanted, read_search

__all__ = ["MOST_POSITIONS", "FootprintService", "Layer"]

MOST_POSITIONS = 1_000_000
"""Positions of one check."""

_SERVICE = "footprint"
_KEPT = 64
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The tiles of one release, as a globe or a notebook wants them: all at once."""

    release: str
    tiles: TileSet
    objects: IntArray | None
    """Objects of each tile, in the order of `tiles`; None where the survey does not list them."""

    outline: Outline
    """Polygons round the tiles; where the survey's outline stands in for the list of tiles, that outline."""


class FootprintService:
    """Answers questions about tiles and sky; safe from several threads.

    Parameters
    ----------
    survey
        The survey.
    catalog
        Its catalogue.
    sky, mocs, files
        What positions, maps and files are asked of.
    names
        Where names of objects are looked up; None for none.
    """

    def __init__(
        self, survey: Survey, catalog: Catalog, *, sky: HealpixSky, mocs: MocFiles, files: TileFiles, names: NameList | None = None
    ) -> None:
        self.survey = survey
        self.mocs = mocs
        self._sky = sky
        self.files = files
        self._names = names
        self._reader = CatalogueReader(catalog, survey)
        self._objects = ObjectPositions(catalog, survey)
        self._densities = DensityMaps(self._reader, survey)
        self._lock = threading.Lock()
        self._kept: dict[Hashable, Any] = {}

    @property
    def file_kinds(self) -> tuple[tuple[str, str], ...]:
        """Kinds of files that tiles may have, with their titles."""
        return self.files.kinds

    def releases(self, user: User) -> tuple[str, ...]:
        """Name the releases that the user may read and whose footprint is known."""
        user.require_service(_SERVICE)
        names = (release.name for release in self.survey.releases if user.entitlements.allows_release(release.name))
        return tuple(name for name in names if self._known_layer(name) is not None)

    def layer(self, user: User, release: str | None = None) -> Layer:
        """Give the tiles of a release, the default one for None.

        Raises
        ------
        NotFound
            There is no such release, or neither a list of tiles nor an outline tells its footprint.
        NotAllowed
            The user may not read it.
        """
        name = self._release(user, release)
        layer = self._known_layer(name)
        if layer is None:
            raise NotFound(f"the footprint of {name} is not known: its catalogue has no list of tiles, and its survey file no outline")
        return layer

    def search(self, user: User, text: str, release: str | None = None) -> Place:
        """Find what a text names; errors as `layer`.

        Raises
        ------
        InvalidRequest
            The text cannot be read; says what would do.
        NotFound
            The grid has no tile of this name, or the release no object of this number.
        """
        layer = self.layer(user, release)
        wanted = read_search(text, prefix=self.survey.grid.prefix, names=self._names)
        ra, dec = self._position_of(wanted, layer.release)
        nearest = layer.tiles.nearest(ra, dec)
        index = int(layer.tiles.index_of(ra, dec))
        return Place(
            kind=wanted.kind.value,
            label=wanted.text,
            ra_deg=ra,
            dec_deg=dec,
            tile=layer.tiles.names[index] if index >= 0 else None,
            nearest_tile=nearest.tile.name if nearest else None,
            distance_deg=nearest.distance_deg if nearest else None,
        )

    def tile(self, user: User, name: str) -> TileProperties:
        """Tell what is known of a tile in every release that has it and that the user may read.

        Raises
        ------
        NotFound
            The grid has no tile of this name, or none of the releases has it; says how far the nearest is.
        """
        tile = self._tile_named(name)
        layers = [self.layer(user, release) for release in self.releases(user)]
        having = [layer for layer in layers if tile in layer.tiles]
        if not having:
            raise NotFound(f"{tile.name} is a tile of the grid, but of no release that you may read{_nearest_of(layers, tile)}")
        return TileProperties(tile=tile, releases=tuple(self._of_release(layer, tile) for layer in having))

    def file(self, user: User, tile: str, release: str, name: str) -> Path:
        """Give the path of one file of a tile; raises `NotFound` where it has none of this name."""
        return self.files.path(self._tile_named(tile).name, self._release(user, release), name)

    def tiles(self, user: User, release: str | None, region: Region | Moc) -> TileSet:
        """Give the tiles of a release that a region or a map reaches."""
        tiles = self.layer(user, release).tiles
        if not isinstance(region, Moc):
            return tiles.reached_by(region)
        return tiles_of_moc(tiles, region, self._sky, within=self.moc(user, release, TILE_ORDER))

    def check(
        self, user: User, ra_deg: FloatArray, dec_deg: FloatArray, releases: Sequence[str] = (), region: Region | Moc | None = None
    ) -> Checked:
        """Tell which positions lie in which releases, on which tile, how far from the edge, and whether in a region.

        Parameters
        ----------
        ra_deg, dec_deg
            ICRS, degrees, of one length; what is not finite lies nowhere.
        releases
            Names; all that the user may read where there are none. The first counts for tile and edge.

        Raises
        ------
        InvalidRequest
            The columns differ in length, or are too long.
        """
        if len(ra_deg) != len(dec_deg):
            raise InvalidRequest(f"ra and dec must have the same length, got {len(ra_deg)} and {len(dec_deg)}")
        if len(ra_deg) > MOST_POSITIONS:
            raise InvalidRequest(f"at most {MOST_POSITIONS:,} positions are checked at once, got {len(ra_deg):,}; split them")
        layers = [self.layer(user, name) for name in releases or self.releases(user)]
        if not layers:
            raise NotFound("the footprint of no release that you may read is known")
        return checked(layers, ra_deg, dec_deg, self.inside(ra_deg, dec_deg, region) if region is not None else None)

    def read_positions(self, user: User, table: PositionTable, *, both: bool = False) -> tuple[Positions, tuple[Fault, ...]]:
        """Check a table of positions, and look up those that are given by object; what is wrong has no position.

        Parameters
        ----------
        both
            True where a row may have object and position, as results of queries have.
        """
        release = self._release(user, None)
        found = check_positions(table, bands=self.survey.bands, names=self._names, both=both)
        positions = found.positions
        unknown = np.flatnonzero(np.isnan(positions.ra_deg) & (positions.object_id != NO_OBJECT))
        if len(unknown):
            ra, dec = positions.ra_deg.copy(), positions.dec_deg.copy()
            ra[unknown], dec[unknown] = self._objects.find(positions.object_id[unknown], release)
            positions = replace(positions, ra_deg=ra, dec_deg=dec)
        return positions, found.faults

    def inside(self, ra_deg: FloatArray, dec_deg: FloatArray, region: Region | Moc) -> Any:
        """Tell which positions, degrees, lie in a region or a map."""
        known = np.isfinite(ra_deg) & np.isfinite(dec_deg) & (np.abs(dec_deg) <= 90)
        found = np.zeros(known.shape, np.bool_)
        ra, dec = ra_deg[known] % 360, dec_deg[known]
        found[known] = region.contains_cells(self._sky.cells(ra, dec, 29)) if isinstance(region, Moc) else region.contains(ra, dec)
        return found

    def moc(self, user: User, release: str | None, order: int | None = None, tiles: Sequence[str] | None = None) -> Moc:
        """Give the coverage map of a release, or of some of the survey's tiles; of the order that suits them for None.

        Raises
        ------
        InvalidRequest
            The order is out of range, or a name is that of no tile; every one is named.
        """
        layer = self.layer(user, release)
        chosen = layer.tiles if tiles is None else self._chosen(tiles)
        order = usual_order(chosen) if order is None else order
        if tiles is None:
            moc: Moc = self._keep(("moc", layer.release, order), lambda: moc_of_tiles(chosen, order, self._sky))
            return moc
        return moc_of_tiles(chosen, order, self._sky)

    def area_deg2(self, user: User, release: str | None, tiles: Sequence[str] | None = None) -> float:
        """Give the exact area of a release, or of some of the survey's tiles, square degrees; errors as `moc`."""
        return (self.layer(user, release).tiles if tiles is None else self._chosen(tiles)).area_deg2

    def covering(self, region: Region, order: int) -> Moc:
        """Give a coverage map over a region."""
        return self._sky.covering(region, order)

    def written(self, moc: Moc, form: MocFormat) -> bytes:
        """Write a map as a file."""
        return self.mocs.write(moc, form)

    def condition(self, user: User, table: str, region: Region | Moc) -> Condition:
        """Write a condition that restricts a statement on a table to a region or a map.

        Raises
        ------
        NotFound
            There is no such table.
        NotAllowed
            The user may not read its release.
        InvalidRequest
            The table lacks the columns for it.
        """
        user.require_service(_SERVICE)
        found = self._reader.table(table.upper())
        if found is None:
            raise NotFound(f"there is no table {table[:100]!r}")
        self._release(user, found.release)
        return condition_of(found, region, self._sky)

    def density_kinds(self, user: User, release: str | None = None) -> Mapping[str, str]:
        """Name the density maps of a release with their titles."""
        return self._densities.kinds(self._release(user, release))

    def density(self, user: User, release: str | None, kind: str, cancellation: Cancellation | None = None) -> Density:
        """Give a density map of a release; raises `NotFound` for a kind that it has not."""
        name = self._release(user, release)
        density: Density = self._keep(("density", name, kind), lambda: self._densities.make(name, kind, cancellation))
        return density

    def density_of_rows(self, table: pa.Table) -> Density:
        """Give the density map of a statement's rows: positions, RA and DEC, are counted, pixels and numbers are taken as they are.

        Raises
        ------
        InvalidRequest
            The columns are neither.
        """
        if [name.upper() for name in table.column_names] == ["RA", "DEC"]:
            return density_of_positions(table, self._sky)
        return density_of_rows(table, None)

    def _chosen(self, names: Sequence[str]) -> TileSet:
        chosen, unknown = TileSet.of_names(self.survey.grid, names)
        if unknown:
            raise InvalidRequest([Fault(field="tiles", message=f"the grid has no tile named {name!r:.60}") for name in unknown[:100]])
        return chosen

    def _release(self, user: User, name: str | None) -> str:
        user.require_service(_SERVICE)
        release = self.survey.release(name).name
        if not user.entitlements.allows_release(release):
            raise NotAllowed(f"release {release} is not open to {user.name}; ask for a group that grants it")
        return release

    def _known_layer(self, release: str) -> Layer | None:
        return self._keep(("layer", release), lambda: self._read_layer(release))

    def _read_layer(self, release: str) -> Layer | None:
        outline, grid = self.survey.footprint.outline, self.survey.grid
        listed = self._listed(release)
        if listed is not None:
            tiles, _ = TileSet.of_names(grid, listed)
            numbers = [listed[name].objects for name in tiles.names]
            objects = None if None in numbers else np.array(numbers, np.int64)
            return Layer(release=release, tiles=tiles, objects=objects, outline=outline_of(tiles))
        if not outline:
            return None
        tiles = TileSet.of_regions(grid, [Polygon(vertices=polygon) for polygon in outline])
        return Layer(release=release, tiles=tiles, objects=None, outline=outline)

    def _listed(self, release: str) -> dict[str, ListedTile] | None:
        return self._keep(("listed", release), lambda: self._reader.listed_tiles(release))

    def _of_release(self, layer: Layer, tile: Tile) -> TileOfRelease:
        listed = (self._listed(layer.release) or {}).get(tile.name)
        told = {} if listed is None else listed.quality
        measured: Mapping[str, BandQuality] = self._keep(
            ("quality", layer.release, tile.name), lambda: self._reader.quality(tile, layer.release)
        )
        bands = [_joined(told.get(band), measured.get(band), band) for band in self.survey.bands]
        return TileOfRelease(
            release=layer.release,
            approximate=layer.tiles.approximate,
            objects=None if listed is None else listed.objects,
            bands=tuple(bands) if told or measured else (),
            files=self.files.files(tile.name, layer.release),
        )

    def _position_of(self, wanted: Wanted, release: str) -> tuple[float, float]:
        if wanted.position is not None:
            return wanted.position
        if wanted.kind is Kind.TILE:
            tile = self._tile_named(wanted.text)
            return tile.ra_deg, tile.dec_deg
        ra, dec = (float(values[0]) for values in self._objects.find(np.array([int(wanted.text)]), release))
        if np.isnan(ra):
            raise NotFound(f"{release} has no object {wanted.text}")
        return ra, dec

    def _tile_named(self, name: str) -> Tile:
        try:
            return self.survey.grid.named(name.strip().upper() if len(name) < 100 else "")
        except NotFound as error:
            raise NotFound(
                f"tile not found: the grid has no tile named {name[:60]!r}; names are like {self.survey.grid.tile(50, 0).name}"
            ) from error

    def _keep(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Make something once; the latest are kept."""
        with self._lock:
            if key in self._kept:
                found: _T = self._kept[key]
                return found
        made = make()
        with self._lock:
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = made
        return made


def checked(layers: Sequence[Layer], ra_deg: FloatArray, dec_deg: FloatArray, in_region: Any = None) -> Checked:
    """Check positions against the tiles of releases; see `FootprintService.check`."""
    first = layers[0].tiles
    index = first.index_of(ra_deg, dec_deg)
    inside = {layer.release: index >= 0 if layer is layers[0] else layer.tiles.contains(ra_deg, dec_deg) for layer in layers}
    names = np.array([*first.names, ""])
    return Checked(inside=inside, tiles=names[index], edge_arcmin=first.edge_arcmin(ra_deg, dec_deg), in_region=in_region)


def _nearest_of(layers: Sequence[Layer], tile: Tile) -> str:
    every = [nearest for layer in layers if (nearest := layer.tiles.nearest(tile.ra_deg, tile.dec_deg))]
    if not every:
        return ""
    nearest = min(every, key=lambda each: each.distance_deg)
    return f"; the nearest that is, {nearest.tile.name}, begins {nearest.distance_deg:.2f} deg from its centre"


def _joined(told: BandQuality | None, measured: BandQuality | None, band: str) -> BandQuality:
    """What the list of tiles tells, and where it does not what was measured."""
    first, second = told or BandQuality(band=band), measured or BandQuality(band=band)
    return replace(
        first,
        depth_mag=second.depth_mag if first.depth_mag is None else first.depth_mag,
        seeing_arcsec=second.seeing_arcsec if first.seeing_arcsec is None else first.seeing_arcsec,
        epochs=second.epochs if first.epochs is None else first.epochs,
    )
