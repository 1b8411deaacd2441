"""HEALPix cells and positions by astropy-healpix; cells that cover regions by mocpy."""

import math

import numpy as np

from ..footprint.moc import Moc
from ..footprint.regions import Box, Circle, Polygon, Region
from ..grid import FloatArray, IntArray

__all__ = ["AstropyHealpixSky"]

_DEEPEST_COVER = 16


class AstropyHealpixSky:
    """Implements `skydesk.footprint.ports.HealpixSky`; what it stands on is imported when it is first asked."""

    def cells(self, ra_deg: FloatArray, dec_deg: FloatArray, order: int) -> IntArray:
        """Number the cells of positions; see `HealpixSky.cells`."""
        from astropy.units import deg
        from astropy_healpix import lonlat_to_healpix

        return np.asarray(lonlat_to_healpix(np.asarray(ra_deg) * deg, np.asarray(dec_deg) * deg, 2**order, order="nested"), np.int64)

    def centres(self, cells: IntArray, order: int) -> tuple[FloatArray, FloatArray]:
        """Give centres of cells; see `HealpixSky.centres`."""
        from astropy_healpix import healpix_to_lonlat

        lon, lat = healpix_to_lonlat(cells, 2**order, order="nested")
        return np.asarray(lon.to_value("deg")), np.asarray(lat.to_value("deg"))

    def covering(self, region: Region, order: int) -> Moc:
        """Cover a region; see `HealpixSky.covering`."""
        from astropy.coordinates import Latitude, Longitude
        from mocpy import MOC

        order = min(order, _DEEPEST_COVER)
        match region:
            case Circle():
                lon, lat = Longitude(region.ra_deg, "deg"), Latitude(region.dec_deg, "deg")
                moc = MOC.from_cone(lon, lat, radius=Longitude(region.radius_deg, "deg"), max_depth=order)
            case Polygon(vertices=vertices):
                ra, dec = np.array(vertices).T
                moc = MOC.from_polygon(Longitude(ra, "deg"), Latitude(dec, "deg"), max_depth=order)
            case Box():
                moc = _zone(region, order)
            case _:
                raise TypeError(f"{region!r:.100} is no region that can be covered")
        return Moc(order, np.asarray(moc.to_depth29_ranges, np.int64))


def _zone(box: Box, order: int) -> "object":
    from astropy.coordinates import SkyCoord
    from mocpy import MOC

    corners = SkyCoord([box.west_ra_deg, box.east_ra_deg], [box.south_dec_deg, math.nextafter(box.north_dec_deg, 91)], unit="deg")
    return MOC.from_zone(corners, max_depth=order)
