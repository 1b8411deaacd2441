"""The footprint of a release as a notebook holds it: everything but files and properties of tiles is worked out on the spot."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from .backends.healpix_sky import AstropyHealpixSky
from .errors import InvalidRequest, UsageError
from .footprint.membership import TileSet
from .footprint.moc import Moc, moc_of_tiles, tiles_of_moc, usual_order
from .footprint.regions import Box, Circle, Polygon, Region
from .footprint.sphere import BoolArray
from .grid import FloatArray, TileGrid
from .job_handle import JobHandle
from .transport import Transport

if TYPE_CHECKING:
    from astropy.table import Table
    from mocpy import MOC

__all__ = ["Footprint", "TileHandle"]

_CHUNK_BYTES = 1 << 20
_SHADED_PIXELS = 500


class TileHandle:
    """One tile: what is known of it, and its files.

    Parameters
    ----------
    transport
        What carries the calls.
    value
        The Tile of docs/api.md.
    """

    def __init__(self, transport: Transport, value: Mapping[str, Any]) -> None:
        self._transport = transport
        self.info = value
        self.name = str(value["name"])
        self.ra_deg, self.dec_deg = float(value["ra_deg"]), float(value["dec_deg"])
        self.unique_area_deg2 = float(value["unique_area_deg2"])

    def __repr__(self) -> str:
        releases = ", ".join(each["release"] for each in self.info["releases"])
        return f"<Tile {self.name} at {self.ra_deg:.6f} {self.dec_deg:+.6f} of {releases}>"

    def files(self, release: str | None = None, *, kinds: Iterable[str] = (), bands: Iterable[str] = ()) -> list[Mapping[str, Any]]:
        """List files: ``kind title band name size_bytes path`` each; of one release, of some kinds, of some bands."""
        wanted_kinds, wanted_bands = set(kinds), set(bands)
        return [
            file
            for each in self.info["releases"]
            if release in {None, each["release"]}
            for file in each["files"]
            if (not wanted_kinds or file["kind"] in wanted_kinds) and (not wanted_bands or file["band"] in {"", *wanted_bands})
        ]

    def download(self, folder: str | Path, file: Mapping[str, Any]) -> Path:
        """Fetch one of `files`; one that is there with its whole size is not fetched again.

        Raises
        ------
        UsageError
            There is no such folder.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}; make it first")
        path = folder / Path(file["name"]).name
        if path.is_file() and path.stat().st_size == file["size_bytes"]:
            return path
        partial = path.with_name(path.name + ".partial")
        with self._transport.open("GET", quote(file["path"], safe="/")) as source, partial.open("wb") as target:
            while piece := source.read(_CHUNK_BYTES):
                target.write(piece)
        return partial.replace(path)


class Footprint:
    """Where a release of the survey is.

    Parameters
    ----------
    transport
        What carries the calls.
    layer
        The Layer of docs/api.md.
    """

    def __init__(self, transport: Transport, layer: Mapping[str, Any]) -> None:
        self._transport = transport
        self._sky = AstropyHealpixSky()
        self.release = str(layer["release"])
        self.outline: list[list[list[float]]] = list(layer["outline"])
        self.tile_set = TileSet.of_runs(TileGrid(**layer["grid"]), layer["runs"], approximate=bool(layer["approximate"]))

    def __repr__(self) -> str:
        about = "about " if self.approximate else ""
        return f"<Footprint of {self.release}: {about}{len(self.tile_set):,} tiles, {self.area_deg2:.2f} deg2>"

    @property
    def approximate(self) -> bool:
        """True where the survey's outline stands in for the release's own list of tiles."""
        return self.tile_set.approximate

    @property
    def area_deg2(self) -> float:
        """Area of all tiles, square degrees; nothing is counted twice."""
        return self.tile_set.area_deg2

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tiles, southward, in a strip eastward."""
        return self.tile_set.names

    def contains(self, ra: Any, dec: Any = None) -> BoolArray:
        """Tell which positions lie in the footprint, a million in a tenth of a second.

        Parameters
        ----------
        ra
            An `astropy.coordinates.SkyCoord` of any frame; or right ascensions, ICRS, degrees.
        dec
            Declinations, ICRS, degrees; None with a SkyCoord.
        """
        return self.tile_set.contains(*_degrees(ra, dec))

    def tiles_at(self, ra: Any, dec: Any = None) -> Any:
        """Name the tile of each position, empty where there is none; positions as in `contains`."""
        index = self.tile_set.index_of(*_degrees(ra, dec))
        return np.array([*self.names, ""])[index]

    def edge_arcmin(self, ra: Any, dec: Any = None) -> FloatArray:
        """Measure how far positions are from the footprint's edge, arcmin, positive inside; see `TileSet.edge_arcmin`."""
        return self.tile_set.edge_arcmin(*_degrees(ra, dec))

    def tile(self, name: str) -> TileHandle:
        """Ask for a tile: its corners, depth, seeing and files; raises `NotFound` with what would do."""
        answer = self._transport.request("GET", f"footprint/tiles/{quote(name, safe='')}")
        return TileHandle(self._transport, answer.require_json())

    def tiles(self, region: Any = None) -> tuple[str, ...]:
        """Name the tiles that a region reaches, all for None.

        Parameters
        ----------
        region
            A `Circle`, `Box` or `Polygon` of `skydesk.footprint.regions`, or a `mocpy.MOC`.
        """
        if region is None:
            return self.names
        if isinstance(region, Circle | Box | Polygon):
            return self.tile_set.reached_by(region).names
        return tiles_of_moc(self.tile_set, _moc_of(region), self._sky).names

    @cached_property
    def moc(self) -> "MOC":
        """The footprint as a `mocpy.MOC`, of order 11 unless it is small."""
        return self.moc_of_order()

    def moc_of_order(self, order: int | None = None, tiles: Sequence[str] | None = None) -> "MOC":
        """Give the footprint, or some tiles, as a `mocpy.MOC` of an order from 0 to 14; None for one that suits their area.

        Raises
        ------
        InvalidRequest
            The order is out of range, or a tile is none of the grid's.
        """
        from mocpy import MOC

        chosen = self.tile_set
        if tiles is not None:
            chosen, unknown = TileSet.of_names(self.tile_set.grid, tiles)
            if unknown:
                raise InvalidRequest(f"the grid has no tile named {unknown[0]!r:.60}")
        order = usual_order(chosen) if order is None else order
        made = moc_of_tiles(chosen, order, self._sky)
        return MOC.from_depth29_ranges(order, made.ranges.astype(np.uint64))

    def check(self, ra: Any, dec: Any = None, *, region: Any = None) -> "Table":
        """Check positions: a table with ``in_<release>``, ``TILENAME``, ``edge_arcmin`` and, with a region, ``in_region``."""
        from astropy.table import Table

        ra_deg, dec_deg = (np.atleast_1d(values) for values in _degrees(ra, dec))
        columns = {
            f"in_{self.release}": self.contains(ra_deg, dec_deg),
            "TILENAME": self.tiles_at(ra_deg, dec_deg),
            "edge_arcmin": self.edge_arcmin(ra_deg, dec_deg),
        }
        if region is not None:
            columns["in_region"] = self.inside(region, ra_deg, dec_deg)
        table = Table(columns)
        table["edge_arcmin"].unit = "arcmin"
        return table

    def condition(self, table: str, region: Any) -> str:
        """Write a condition that restricts a statement on a table to a region, for its WHERE clause.

        Raises
        ------
        InvalidRequest
            The table has no columns for it, or the region cannot be had so; says what would do.
        """
        answer = self._transport.request("POST", "footprint/condition", {"table": table, "region": _region_to_json(region)})
        return str(answer.require_json()["sql"])

    def gather(
        self,
        tiles: Sequence[str] | Region,
        *,
        kinds: Sequence[str] = ("image",),
        bands: Sequence[str] = (),
        name: str | None = None,
        allow_duplicate: bool = False,
    ) -> list[JobHandle]:
        """Have jobs gather the files of tiles in your jobs folder: as many jobs as your limits make of it.

        Raises
        ------
        InvalidRequest
            A tile, a kind or a band is wrong; every fault is named.
        LimitExceeded
            There are too many, or as many jobs as you may have wait already.
        """
        body: dict[str, Any] = {"release": self.release, "kinds": list(kinds), "bands": list(bands)}
        body |= {"tiles": list(tiles)} if isinstance(tiles, Sequence) else {"region": _region_to_json(tiles)}
        body |= {"name": name} if name else {}
        body |= {"allow_duplicate": True} if allow_duplicate else {}
        answer = self._transport.request("POST", "footprint/jobs", body).require_json()
        return [JobHandle(self._transport, job) for job in answer["jobs"]]

    @property
    def hips(self) -> Mapping[str, Any]:
        """What there is of the release in colour: ``available``, ``order``, ``job_phase`` and more of the Pyramid of docs/api.md."""
        found: Mapping[str, Any] = self._transport.request("GET", self._hips_path).require_json()
        return found

    def make_hips(self, order: int | None = None, *, again: bool = False) -> JobHandle:
        """Have a job make the colour pyramid (HiPS) of the release, or give yours that does so already.

        Parameters
        ----------
        order
            Of the deepest cells, 3 to 13; None for one that suits the images' pixels.
        again
            Make it although it is there; for administrators.

        Raises
        ------
        Conflict
            It is there already, or somebody else's job makes it.
        LimitExceeded
            It would be larger than a job of yours may make.
        """
        asked: dict[str, Any] = {"again": again} | ({} if order is None else {"order": order})
        return JobHandle(self._transport, self._transport.request("POST", self._hips_path, asked).require_json())

    @property
    def _hips_path(self) -> str:
        return f"footprint/hips/{quote(self.release, safe='')}"

    def plot(self, ra: Any = None, dec: Any = None, **options: Any) -> Any:
        """Draw tiles and outline with HoloViews: right ascension, degrees, runs to the left.

        Parameters
        ----------
        ra, dec
            Positions as in `contains`, of which there may be millions: how many there are is drawn under the tiles, by datashader.
        options
            Given to ``opts`` of the drawing.
        """
        import holoviews as hv

        if not hv.Store.registry:
            hv.extension("bokeh")
        centre = self._middle_deg()
        boxes = []
        for tile in self.tile_set:
            west, east = tile.unique_ra_deg
            left = (west - centre + 180) % 360 - 180 + centre
            boxes.append((left, tile.unique_dec_deg[0], left + (east - west) % 360, tile.unique_dec_deg[1], tile.name))
        drawn = hv.Rectangles(boxes, kdims=["west", "south", "east", "north"], vdims="tile")
        lines = [[((ra - centre + 180) % 360 - 180 + centre, dec) for ra, dec in [*polygon, polygon[0]]] for polygon in self.outline]
        usual = {"xlabel": "right ascension [deg]", "ylabel": "declination [deg]", "invert_xaxis": True, "title": repr(self)[1:-1]}
        if ra is not None:
            drawn = self._shaded(*_degrees(ra, dec), centre) * drawn.opts(fill_alpha=0)
        return (drawn * hv.Path(lines)).opts(**(usual | options))

    @staticmethod
    def _shaded(ra_deg: FloatArray, dec_deg: FloatArray, centre_deg: float) -> Any:
        """Count positions by the pixels of a picture."""
        import holoviews as hv
        from holoviews.operation.datashader import rasterize

        known = np.isfinite(ra_deg) & np.isfinite(dec_deg)
        places = ((ra_deg[known] - centre_deg + 180) % 360 - 180 + centre_deg, dec_deg[known])
        counted = rasterize(hv.Points(places, kdims=["west", "south"]), dynamic=False, width=_SHADED_PIXELS, height=_SHADED_PIXELS)
        return counted.opts(cnorm="eq_hist", cmap="viridis")

    def _middle_deg(self) -> float:
        """Right ascension about which the footprint lies, as a direction's mean."""
        ra, _ = self.tile_set.grid.centres_of(self.tile_set.rows, self.tile_set.columns)
        angle = np.radians(ra)
        return float(np.degrees(np.arctan2(np.sin(angle).sum(), np.cos(angle).sum()))) % 360

    def inside(self, region: Any, ra_deg: FloatArray, dec_deg: FloatArray) -> BoolArray:
        """Tell which positions, ICRS, degrees, lie in a region; what is not finite does not."""
        known = np.isfinite(ra_deg) & np.isfinite(dec_deg)
        found = np.zeros(known.shape, np.bool_)
        if isinstance(region, Circle | Box | Polygon):
            found[known] = region.contains(ra_deg[known] % 360, dec_deg[known])
        else:
            found[known] = _moc_of(region).contains_cells(self._sky.cells(ra_deg[known] % 360, dec_deg[known], 29))
        return found


def _degrees(ra: Any, dec: Any) -> tuple[FloatArray, FloatArray]:
    if dec is None:
        if not hasattr(ra, "icrs"):
            raise UsageError("give a SkyCoord, or right ascension and declination in degrees")
        ra, dec = ra.icrs.ra.deg, ra.icrs.dec.deg
    return np.asarray(ra, np.float64), np.asarray(dec, np.float64)


def _moc_of(region: Any) -> Moc:
    if isinstance(region, Moc):
        return region
    if not hasattr(region, "to_depth29_ranges"):
        raise UsageError(
            f"a region is a Circle, a Box or a Polygon of skydesk.footprint.regions, or a mocpy.MOC, got {type(region).__name__}"
        )
    return Moc(int(region.max_order), np.asarray(region.to_depth29_ranges, np.int64))


def _region_to_json(region: Any) -> dict[str, Any]:
    match region:
        case Circle():
            return {"circle": {"ra_deg": region.ra_deg, "dec_deg": region.dec_deg, "radius_arcmin": region.radius_deg * 60}}
        case Box():
            sides = ("west_ra_deg", "east_ra_deg", "south_dec_deg", "north_dec_deg")
            return {"box": {side: getattr(region, side) for side in sides}}
        case Polygon():
            return {"polygon": [list(vertex) for vertex in region.vertices]}
        case _:
            from .backends.moc_files import MocpyFiles
            from .footprint.model import MocFormat

            content = MocpyFiles().write(_moc_of(region), MocFormat.FITS)
            return {"moc_base64": base64.b64encode(content).decode()}
