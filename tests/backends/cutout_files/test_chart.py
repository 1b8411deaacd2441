"""Finding charts: the lines of the sky, and that a picture comes of every field."""

import io
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy.coordinates import Angle
from PIL import Image

from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.cutout_files.axes import declination_lines, ra_text, right_ascension_lines, sexagesimal
from skydesk.cutout.chart import chart_request
from skydesk.cutout.ports import BandCut, ChartObject, ChartRequest
from skydesk.cutout.projection import TanProjection
from tests.backends.cutout_files.cuts import TILE, cut_of, noise

SCALE = 0.263 / 3600
BLUE, ORANGE = (20, 87, 200), (194, 65, 12)


def field(shape: tuple[int, int] = (120, 120), *, blank: bool = False) -> BandCut:
    """A cut with the tile's centre in its middle."""
    sci = np.full(shape, np.nan, np.float32) if blank else noise(shape)
    first = (5000 - shape[1] // 2, 5000 - shape[0] // 2)
    return cut_of({"SCI": sci}, x=first[0], y=first[1], ra_deg=TILE.ra_deg, dec_deg=TILE.dec_deg)


def star(number: int, east: float, north: float, mag: float) -> ChartObject:
    ra = TILE.ra_deg + east / 3600 / math.cos(math.radians(TILE.dec_deg))
    return ChartObject(object_id=number, ra_deg=ra, dec_deg=TILE.dec_deg + north / 3600, mag=mag)


def request_of(*objects: ChartObject) -> ChartRequest:
    return chart_request("DESJ021914.5649-054140.0000", TILE.ra_deg, TILE.dec_deg, (0.5, 0.5), objects, 20.0)[0]


def picture(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        assert not image.text  # type: ignore[attr-defined]
        return np.asarray(image.convert("RGB")).astype(int)


def pixels_like(seen: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(seen - np.array(colour)).max(axis=2) < 30).sum())


BOTH = (star(1, 0, 0, 21), star(2, 8, -6, 17))
FIELDS = {
    "empty": ((120, 120), ()),
    "target": ((120, 120), BOTH[:1]),
    "both": ((120, 120), BOTH),
    "one on the other": ((120, 120), (star(1, 0, 0, 21), star(2, 0.01, 0, 17))),
    "no magnitude": ((120, 120), (star(3, 5, 5, math.nan),)),
    "tall": ((120, 40), BOTH),
    "wide": ((30, 120), BOTH),
    "one pixel": ((1, 1), BOTH),
}


@pytest.mark.parametrize(("shape", "objects"), FIELDS.values(), ids=FIELDS)
def test_every_field_has_a_chart(shape: tuple[int, int], objects: tuple[ChartObject, ...]) -> None:
    request = request_of(*objects)
    seen = picture(FileRenderer().chart(field(shape), request))
    assert pixels_like(seen, BLUE) > 20
    assert (pixels_like(seen, ORANGE) > 20) or shape == (1, 1)


def test_a_field_without_pixels_has_a_chart() -> None:
    assert picture(FileRenderer().chart(field(blank=True), request_of())).shape[2] == 3


def test_the_same_chart_has_the_same_bytes_also_from_several_threads() -> None:
    request, cut = request_of(star(1, 0, 0, 21), star(2, 8, -6, 17)), field()
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: FileRenderer().chart(cut, request), range(4)))
    assert len(drawn) == 1


def test_names_with_signs_of_formulas_are_drawn_as_they_are() -> None:
    request = chart_request("$\\frac{ & _^", TILE.ra_deg, TILE.dec_deg, (0.5, 0.5), (), 20.0)[0]
    assert picture(FileRenderer().chart(field(), request)).size


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(-0.5, 0, "−00°30′00″"), (12.9999999, 1, "+13°00′00.0″"), (-1e-9, 2, "+00°00′00.00″"), (59.99999999, 0, "+60°00′00″")],
)
def test_angles_are_written_without_seconds_of_60(value: float, decimals: int, text: str) -> None:
    assert sexagesimal(value, "°′″", decimals, signed=True) == text


def test_right_ascensions_near_24_hours_are_written_as_0() -> None:
    assert ra_text(359.9999999, 1) == "00h00m00.0s"
    assert ra_text(15.0, 0) == "01h00m00s"


@pytest.mark.parametrize("size_pixels", [23, 228, 2738])
@pytest.mark.parametrize("place", [(34.8, -5.7), (0.0005, -60.2), (359.9999, 2.0), (120.0, -85.0)], ids=["plain", "0h", "24h", "south"])
def test_lines_of_the_sky_run_where_they_say(place: tuple[float, float], size_pixels: int) -> None:
    middle = (size_pixels + 1) / 2
    projection = TanProjection(crval_deg=place, crpix=(middle, middle), cd_deg=(-SCALE, 0, 0, SCALE))
    across = right_ascension_lines(projection, size_pixels, size_pixels)
    up = declination_lines(projection, size_pixels, size_pixels)
    assert 2 <= len(across) <= 6
    assert 2 <= len(up) <= 6
    assert len({line.text for line in across}) == len(across)
    for line in across:
        ra, _ = projection.sky_of(line.x + 1, line.y + 1)
        assert np.abs((ra - Angle(line.text).deg + 180) % 360 - 180).max() < 1e-8
    for line in up:
        _, dec = projection.sky_of(line.x + 1, line.y + 1)
        said = Angle(line.text.replace("−", "-").replace("°", "d").replace("′", "m").replace("″", "s")).deg
        assert np.abs(dec - said).max() < 1e-8
