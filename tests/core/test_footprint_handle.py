"""``sky.footprint()`` and ``skydesk footprint``, over the tiny demo survey in this process."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from mocpy import MOC

from skydesk.cli import main
from skydesk.client import SkyDesk, connect
from skydesk.errors import InvalidRequest, NotFound, UsageError
from skydesk.footprint.regions import Box, Circle
from skydesk.footprint_handle import Footprint

TILE, CORNER = "DES2134-0041", "DES2131-0124"


@pytest.fixture(scope="module", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, tiny_survey: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYDESK_SURVEY", str(tiny_survey))
        patch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path_factory.mktemp("data")))
        for name in ("SKYDESK_URL", "SKYDESK_TOKEN", "JUPYTERHUB_API_TOKEN"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def sky(tiny_survey: Path) -> Iterator[SkyDesk]:
    with connect(survey=tiny_survey) as sky:
        yield sky


@pytest.fixture(scope="module")
def footprint(sky: SkyDesk) -> Footprint:
    return sky.footprint()


def test_a_footprint_tells_what_it_is(footprint: Footprint) -> None:
    assert repr(footprint) == "<Footprint of DR2: 4 tiles, 2.04 deg2>"
    assert footprint.names == ("DES2131-0041", TILE, CORNER, "DES2134-0124")
    assert not footprint.approximate


def test_positions_of_any_frame_are_checked(footprint: Footprint) -> None:
    stars = SkyCoord([323.3626, 10.0], [-0.8233, 10.0], unit="deg")
    for frame in ("icrs", "galactic", "fk5"):
        assert footprint.contains(stars.transform_to(frame)).tolist() == [True, False]
    assert footprint.tiles_at(stars).tolist() == [TILE, ""]
    assert footprint.contains(323.3626, -0.8233)
    table = footprint.check(stars, region=Circle(ra_deg=323.36, dec_deg=-0.82, radius_deg=0.1))
    assert table.colnames == ["in_DR2", "TILENAME", "edge_arcmin", "in_region"]
    assert table["in_region"].tolist() == [True, False]
    assert table["edge_arcmin"][0] > 20
    with pytest.raises(UsageError, match="give a SkyCoord"):
        footprint.contains([1.0, 2.0])


def test_a_million_positions_are_named_at_once(footprint: Footprint) -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(322, 325, 1_000_000), rng.uniform(-3, 1, 1_000_000)
    names = footprint.tiles_at(ra, dec)
    assert np.array_equal(names != "", footprint.contains(ra, dec))
    assert set(np.unique(names)) == {"", *footprint.names}


def test_regions_and_maps_of_mocpy_select_tiles(footprint: Footprint) -> None:
    meeting = Circle(ra_deg=323.19, dec_deg=-1.05, radius_deg=0.05)
    assert footprint.tiles(meeting) == footprint.names == footprint.tiles()
    assert footprint.tiles(footprint.moc_of_order(11, [TILE])) == (TILE,)
    assert footprint.tiles(Box(west_ra_deg=10, east_ra_deg=12, south_dec_deg=-5, north_dec_deg=0)) == ()
    with pytest.raises(UsageError, match=r"or a mocpy\.MOC, got int"):
        footprint.tiles(5)


def test_the_map_is_one_of_mocpy(footprint: Footprint) -> None:
    assert isinstance(footprint.moc, MOC)
    assert footprint.moc.max_order == 11
    assert footprint.moc.sky_fraction * 41252.96 == pytest.approx(footprint.area_deg2, rel=0.02)
    assert footprint.moc.intersection(footprint.moc_of_order(11, [TILE])) == footprint.moc_of_order(11, [TILE])
    with pytest.raises(InvalidRequest, match="no tile named 'nowhere'"):
        footprint.moc_of_order(11, ["nowhere"])


def test_a_tile_is_fetched_once(footprint: Footprint, tmp_path: Path) -> None:
    tile = footprint.tile(CORNER)
    assert repr(tile) == f"<Tile {CORNER} at 322.845065 -1.411111 of DR1, DR2>"
    (file,) = tile.files("DR2", kinds=["image"], bands=["Y"])
    path = tile.download(tmp_path, file)
    assert path.stat().st_size == file["size_bytes"]
    made_at = path.stat().st_mtime_ns
    assert tile.download(tmp_path, file) == path
    assert path.stat().st_mtime_ns == made_at
    path.write_bytes(b"half of it")
    assert tile.download(tmp_path, file).stat().st_size == file["size_bytes"]
    with pytest.raises(UsageError, match="there is no folder"):
        tile.download(tmp_path / "nowhere", file)
    with pytest.raises(NotFound, match="tile not found"):
        footprint.tile("DES9999-9999")


def test_a_condition_restricts_a_query(sky: SkyDesk, footprint: Footprint) -> None:
    region = Circle(ra_deg=323.36, dec_deg=-0.82, radius_deg=0.02)
    found = sky.query(f"SELECT ALPHAWIN_J2000 RA1, DELTAWIN_J2000 DEC1 FROM DR2_MAIN WHERE {footprint.condition('DR2_MAIN', region)}")
    assert len(found) > 100
    assert region.contains(*(found.to_arrow().column(name).to_numpy() for name in ("RA1", "DEC1"))).all()
    cut = footprint.moc_of_order(12, [CORNER])
    columns = "SELECT ALPHAWIN_J2000 RA1, DELTAWIN_J2000 DEC1, TILENAME FROM DR2_MAIN"
    rows = sky.query(f"{columns} WHERE {footprint.condition('DR2_MAIN', cut)}").to_arrow()
    every = sky.query(columns, max_rows=1_000_000).to_arrow()
    inside = cut.contains_lonlat(Longitude(every.column("RA1").to_numpy(), "deg"), Latitude(every.column("DEC1").to_numpy(), "deg"))
    assert 0 < rows.num_rows == inside.sum() < every.num_rows
    assert CORNER in rows.column("TILENAME").to_pylist()


def test_a_job_gathers_the_files_of_tiles(footprint: Footprint, tmp_path: Path) -> None:
    (job,) = footprint.gather([CORNER], bands=["Y", "z"])
    job.wait(60, progress=False)
    assert job.info["files_count"] == 3
    assert job.info["size_bytes"] > sum(file["size_bytes"] for file in footprint.tile(CORNER).files("DR2", bands=["Y", "z"]))


def test_it_is_drawn_with_tiles_side_by_side(footprint: Footprint) -> None:
    import holoviews as hv

    drawn = footprint.plot()
    assert isinstance(drawn, hv.Overlay)
    assert len(drawn.get(0).data) == 4
    assert hv.render(drawn, backend="bokeh").x_range.start > hv.render(drawn, backend="bokeh").x_range.end


def test_many_positions_are_counted_under_the_tiles(footprint: Footprint) -> None:
    import holoviews as hv

    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(322.5, 324.0, 50_000), rng.uniform(-2.0, 0.0, 50_000)
    ra[:10] = np.nan
    drawn = footprint.plot(ra, dec, width=300)
    (image,) = drawn.traverse(specs=[hv.Image])
    counts = image.dimension_values(2, flat=False)
    assert np.nansum(counts) == 49_990
    assert counts.shape == (500, 500)


def test_the_command_tells_what_is_at_a_position(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["footprint", "at", "21:33:27", "-00:49:23"]) == 0
    assert capsys.readouterr().out == f"323.362500 -0.823056 is on tile {TILE}\n"
    assert main(["footprint", "at", "10", "10"]) == 0
    assert "is outside the survey; the nearest tile, DES2134-0041, is 47.009 deg away" in capsys.readouterr().out
    assert main(["footprint", "at", "M", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tile"] == TILE
    assert main(["footprint", "at", "somewhere"]) == 2
    assert "skydesk: 'somewhere' cannot be read; give a position" in capsys.readouterr().err


def test_the_command_describes_a_tile(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["footprint", "tile", TILE]) == 0
    shown = capsys.readouterr().out
    assert "unique   0.5096 deg2" in shown
    assert "DES2134-0041_r4907p01_g.fits.fz" in shown
    assert main(["footprint", "tile", "DES9999-9999"]) == 2
    assert "tile not found" in capsys.readouterr().err


def test_the_command_writes_maps_that_it_reads_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, part = tmp_path / "dr2.fits", tmp_path / "part.txt"
    assert main(["footprint", "moc", "-o", str(whole), "--order", "10"]) == 0
    assert main(["footprint", "moc", "-o", str(part), "--order", "10", "--tiles", TILE, "--within", str(whole), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["area_deg2"] == pytest.approx(0.51, rel=0.05)
    assert MOC.load(part, "ascii").intersection(MOC.load(whole)) == MOC.load(part, "ascii")
    assert main(["footprint", "moc", "-o", str(tmp_path / "dr2.png")]) == 2
    assert "must end in .fits, .json, .txt" in capsys.readouterr().err
    (tmp_path / "broken.fits").write_bytes(b"SIMPLE  = no")
    assert main(["footprint", "moc", "-o", str(part), "--within", str(tmp_path / "broken.fits")]) == 2
    assert "the FITS file" in capsys.readouterr().err


def test_the_command_checks_a_table_of_positions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "stars.csv"
    table.write_text("ra,dec,who\n323.36,-0.82,one\n10,10,two\nx,1,three\n")
    output = tmp_path / "checked.csv"
    assert main(["footprint", "check", str(table), "-o", str(output)]) == 0
    told = capsys.readouterr()
    assert "1 of 3 positions are in DR2" in told.out
    assert "1 rows have no position that can be read: row 3, ra" in told.err
    assert output.read_text().splitlines()[1] == f'"323.36","-0.82","one",true,true,"{TILE}",28.783333333333275,'.removesuffix(",")
    assert main(["footprint", "check", str(tmp_path / "none.csv")]) == 2
    assert "cannot be read: no such file" in capsys.readouterr().err


def test_the_command_fetches_files_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "tiles.txt"
    names.write_text(f"{CORNER}\nDES2131-0041\n")
    for _ in range(2):
        assert main(["footprint", "files", f"@{names}", "-o", str(tmp_path), "--bands", "Y"]) == 0
        assert "2 files of 2 tiles" in capsys.readouterr().err
    assert sorted(path.name[:12] for path in tmp_path.glob("*/*.fits.fz")) == ["DES2131-0041", CORNER]
