"""The footprint: positions to tiles, checks of a million positions, coverage maps, and what travels to a globe."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.footprint.membership import TileSet
from skydesk.footprint.moc import moc_of_tiles
from skydesk.footprint.regions import Polygon
from skydesk.footprint.service import Layer, checked
from skydesk.grid import TileGrid
from skydesk.survey import load_survey, shipped_survey

from .measure import figure, median_ms, seconds_of

__all__ = ["figures"]

COUNT = 1_000_000
REPEATS = 7
ORDER = 11


def figures() -> list[dict[str, Any]]:
    """Medians over the outline of the Dark Energy Survey, 10,340 tiles; positions are spread over the whole sky."""
    survey = load_survey(shipped_survey("des"))
    grid, sky = survey.grid, AstropyHealpixSky()
    tiles = TileSet.of_regions(grid, [Polygon(vertices=polygon) for polygon in survey.footprint.outline])
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, COUNT), np.degrees(np.arcsin(rng.uniform(-1, 1, COUNT)))
    layer = Layer(release="DR2", tiles=tiles, objects=None, outline=survey.footprint.outline)
    return [
        _rate(grid, ra, dec),
        _inside(tiles, ra, dec),
        _whole_check(layer, ra, dec),
        *_map(tiles, sky),
        _wire(layer),
    ]


def _rate(grid: TileGrid, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> dict[str, Any]:
    seconds = median_ms(lambda _: grid.find(ra, dec), range(REPEATS)) / 1e3
    rows, columns = grid.find(ra, dec)
    some = np.flatnonzero(rows >= 0)[:20_000]
    brute: list[NDArray[np.int64]] = []
    seconds_by_hand = seconds_of(lambda: brute.append(_nearest(grid, ra[some], dec[some])))
    if not np.array_equal(brute[0], np.stack([rows[some], columns[some]])):
        raise AssertionError("a position is on another tile than the nearest centre says")
    rate, by_hand = COUNT / seconds / 1e6, len(some) / seconds_by_hand / 1e6
    return figure("position to tile", rate, "M/s", target="> 10 M/s", ok=rate > 10, peer="nearest centre by trying all", peer_value=by_hand)


def _nearest(grid: TileGrid, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.int64]:
    """Row and column of the nearest centre in the nearest strip, every one tried."""
    strips = grid.first_dec_deg - np.arange(grid.rows) * grid.step_deg
    rows = np.abs(dec[:, None] - strips).argmin(axis=1)
    columns = np.empty(len(ra), np.int64)
    for row in np.unique(rows).tolist():
        here = np.flatnonzero(rows == row)
        centres, _ = grid.centres_of(np.full(grid.columns(row), row), np.arange(grid.columns(row)))
        columns[here] = np.abs((ra[here][:, None] - centres + 180) % 360 - 180).argmin(axis=1)
    return np.stack([rows, columns])


def _inside(tiles: TileSet, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> dict[str, Any]:
    sky = AstropyHealpixSky()
    moc = moc_of_tiles(tiles, ORDER, sky)
    ours = median_ms(lambda _: tiles.contains(ra, dec), range(REPEATS))
    theirs = median_ms(lambda _: _by_mocpy(moc.ranges, ra, dec), range(3))
    return figure("1 M positions in the footprint", ours, target=500, peer="mocpy, order 11", peer_value=theirs)


def _by_mocpy(ranges: NDArray[np.int64], ra: NDArray[np.float64], dec: NDArray[np.float64]) -> Any:
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    return MOC.from_depth29_ranges(ORDER, ranges.astype(np.uint64)).contains_lonlat(Longitude(ra, "deg"), Latitude(dec, "deg"))


def _whole_check(layer: Layer, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> dict[str, Any]:
    milliseconds = median_ms(lambda _: checked([layer], ra, dec), range(REPEATS))
    return figure("1 M positions: inside, tile name, edge", milliseconds, target=500)


def _map(tiles: TileSet, sky: AstropyHealpixSky) -> list[dict[str, Any]]:
    ours = median_ms(lambda _: moc_of_tiles(tiles, ORDER, sky), range(REPEATS))
    theirs = median_ms(lambda _: _map_by_mocpy(tiles), range(1))
    off = abs(moc_of_tiles(tiles, ORDER, sky).area_deg2 / tiles.area_deg2 - 1)
    return [
        figure("MOC of DR2, order 11", ours, target=1000, peer="mocpy, a polygon a tile", peer_value=theirs),
        figure("its area off the tiles' own", off * 100, "%", target=0.1),
    ]


def _map_by_mocpy(tiles: TileSet) -> Any:
    from astropy.coordinates import SkyCoord
    from mocpy import MOC

    corners = []
    for tile in tiles:
        (west, east), (south, north) = tile.unique_ra_deg, tile.unique_dec_deg
        corners.append(SkyCoord([west, east, east, west], [south, south, north, north], unit="deg"))
    maps = MOC.from_polygons(corners, max_depth=ORDER)
    return maps[0].union(*maps[1:])


def _wire(layer: Layer) -> dict[str, Any]:
    value = {"runs": layer.tiles.runs(), "outline": layer.outline, "objects": "A" * (len(layer.tiles) * 16 // 3)}
    return figure("a release for the globe, with objects a tile", len(json.dumps(value)) / 1000, "kB", target=300)
