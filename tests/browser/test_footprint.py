"""The footprint on its globe: search, turn, choose, properties and files, and the way to the Cutouts panel; pictures of each projection."""

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from .conftest import PICTURES, OpenLab
from .cutouts import CutoutPanel
from .hub import axe_violations
from .lab import LONG_MS, Lab

GOLDEN = Path(__file__).parents[1] / "data/globe"
SIDE = 240
COLOURFUL = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 44) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return colours.size > 1500;
}"""
"""Tells whether there are more colours than lines and areas have."""

THEMES = {"dark": "JupyterLab Dark", "light": "JupyterLab Light"}


@dataclass(slots=True)
class FootprintPanel:
    """The Footprint panel, in front."""

    lab: Lab
    root: Locator

    @staticmethod
    def of(lab: Lab) -> "FootprintPanel":
        """Bring the panel to the front and wait for its globe and the survey on it."""
        panel = FootprintPanel(lab, lab.show("footprint"))
        expect(panel.root.locator("canvas")).to_be_visible(timeout=LONG_MS)
        expect(panel.root.get_by_role("button", name="Whole sky")).to_be_enabled(timeout=LONG_MS)
        return panel

    @property
    def globe(self) -> Locator:
        """The picture of the sky."""
        return self.root.locator("canvas")

    @property
    def answer(self) -> Locator:
        """What the last search has found."""
        return self.root.locator(".sky-foot__answer")

    def search(self, text: str) -> None:
        """Search as a person does: type it, press Enter, wait for the answer."""
        field = self.root.get_by_role("searchbox")
        field.fill(text)
        with self.lab.page.expect_response(lambda response: "footprint/search" in response.url):
            field.press("Enter")

    def picture(self) -> Image.Image:
        """What the globe shows now."""
        data = self.globe.evaluate("canvas => canvas.toDataURL()")
        return Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB")

    def tile(self, name: str) -> Locator:
        """The properties of a tile."""
        return self.root.get_by_role("region", name=f"Tile {name}")


@pytest.fixture
def lab(open_lab: OpenLab) -> Iterator[Lab]:
    """Cecilia's lab; the light theme afterwards."""
    lab = open_lab("cecilia")
    lab.page.emulate_media(reduced_motion="reduce")
    yield lab
    with lab.cookies() as client:
        theme = {"raw": '{"theme": "JupyterLab Light"}'}
        client.put(f"{lab.base}/lab/api/settings/@jupyterlab/apputils-extension:themes", json=theme).raise_for_status()


def test_a_search_finds_a_tile_whose_files_and_centre_can_be_used(lab: Lab) -> None:
    panel = FootprintPanel.of(lab)
    panel.search("M 2")
    expect(panel.answer).to_contain_text("M 2 is on DES2134-0041")
    tile = panel.tile("DES2134-0041")
    expect(tile).to_contain_text("Unique area")
    expect(tile.get_by_role("list", name="Files of DES2134-0041 in DR2").get_by_role("listitem").first).to_contain_text("MB")
    expect(tile.get_by_role("table", name="Depth and seeing in DR2")).to_be_visible()
    with lab.page.expect_download() as download:
        tile.get_by_role("button", name=re.compile("^Download DES2134-0041_.*fits")).first.click()
    assert download.value.suggested_filename.startswith("DES2134-0041")
    tile.get_by_role("button", name="Query this tile").click()
    expect(lab.page.locator("#skydesk-query .cm-content")).to_contain_text("TILENAME = 'DES2134-0041'")
    panel = FootprintPanel.of(lab)
    panel.tile("DES2134-0041").get_by_role("button", name="Open in Cutouts").click()
    cutouts = CutoutPanel.of(lab)
    expect(cutouts.fact("1 position")).to_be_visible()
    expect(cutouts.root.locator(".sky-cut__source")).to_have_text("From M 2 on DES2134-0041")


def test_outside_the_survey_and_no_tile_are_different_answers(lab: Lab) -> None:
    for status in (400, 404):
        lab.watch.allow("/footprint/search", status)
    panel = FootprintPanel.of(lab)
    panel.search("DES0219-0541")
    expect(panel.answer).to_contain_text(re.compile(r"DES0219-0541 is outside the survey; the nearest tile, DES2134-\d{4}, is 70\.8° away"))
    panel.search("DES9999-0541")
    expect(panel.answer).to_contain_text("Tile not found")
    panel.search("10, 95")
    expect(panel.answer).to_contain_text("dec")
    panel.search("(21:33:27.0, -00:49:23.7)")
    expect(panel.answer).to_contain_text("is on DES2134-0041")


def test_the_globe_is_turned_and_its_tiles_are_chosen_by_pointer_and_keyboard(lab: Lab) -> None:
    page, panel = lab.page, FootprintPanel.of(lab)
    panel.root.get_by_role("button", name="Fit the survey").click()
    box = panel.globe.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    where = panel.root.locator(".sky-foot__where")
    page.mouse.click(middle[0] + 20, middle[1] - 20)
    expect(panel.root.get_by_text("1 tile selected")).to_be_visible()
    page.keyboard.down("Shift")
    page.mouse.click(middle[0] - 20, middle[1] + 20)
    page.keyboard.up("Shift")
    expect(panel.root.get_by_text("2 tiles selected")).to_be_visible()
    with page.expect_download() as download:
        panel.root.get_by_role("button", name="MOC", exact=True).click()
        page.get_by_role("menuitem", name="FITS").click()
    assert download.value.suggested_filename == "2_tiles_moc.fits"
    expect(panel.root.get_by_text(re.compile(r"the map covers 1\.0[12]\d deg²"))).to_be_visible()

    before = panel.picture()
    page.mouse.move(*middle)
    words = where.inner_text()
    page.mouse.down()
    page.mouse.move(middle[0] + 30, middle[1] + 10, steps=4)
    page.mouse.up()
    page.mouse.move(*middle)
    expect(where).not_to_have_text(words)
    assert np.asarray(before).tolist() != np.asarray(panel.picture()).tolist()
    expect(panel.root.get_by_text("2 tiles selected")).to_be_visible()
    panel.globe.press("Escape")
    expect(panel.root.get_by_text("4 tiles, 2.0 deg² in DR2")).to_be_visible()
    panel.root.get_by_role("button", name="Fit the survey").click()
    panel.globe.press("ArrowLeft")
    panel.globe.press("Enter")
    expect(panel.root.get_by_text("1 tile selected")).to_be_visible()
    panel.globe.press("Escape")
    panel.root.get_by_role("textbox", name="Your positions").fill("RA,DEC\n323.36,-0.82\n10,10\n")
    panel.root.get_by_role("button", name="Are they in?").click()
    expect(panel.root.get_by_text("of 2: 1 in DR1, 1 in DR2")).to_be_visible()


def test_positions_of_a_query_a_map_and_the_colour_image_come_onto_the_globe(lab: Lab) -> None:
    with lab.cookies() as client:
        answer = client.post("footprint/hips/DR2", json={"order": 7})
        assert answer.status_code in {201, 409}, answer.text
    page, panel = lab.page, FootprintPanel.of(lab)
    under = panel.root.get_by_role("region", name="Colour image").get_by_label("Under the lines")

    result = lab.query().run("SELECT RA, DEC FROM DR2_MAIN WHERE TILENAME = 'DES2134-0041' FETCH FIRST 30 ROWS ONLY")
    result.get_by_role("button", name="Globe").click()
    own = panel.root.get_by_role("region", name="Your positions")
    expect(own.get_by_text("of 30: 30 in DR1, 30 in DR2")).to_be_visible(timeout=LONG_MS)
    with page.expect_download() as download:
        own.get_by_role("button", name="CSV").click()
    head, first, *_ = Path(download.value.path()).read_text().splitlines()
    assert head == "RA,DEC,in_DR1,in_DR2,TILENAME,edge_arcmin"
    assert first.split(",")[2:5] == ["true", "true", "DES2134-0041"]

    brought = panel.root.get_by_role("region", name="Your coverage map")
    lab.watch.allow("/footprint/map", 400)
    brought.get_by_label("A coverage map").set_input_files({"name": "broken.moc", "mimeType": "text/plain", "buffer": b"a picture"})
    expect(brought.get_by_text("the file is no MOC")).to_be_visible()
    brought.get_by_label("A coverage map").set_input_files({"name": "mine.moc", "mimeType": "text/plain", "buffer": b"8/469336-469337"})
    expect(brought.get_by_text(re.compile(r"0\.10 deg² at order 8, of which 0\.\d\d deg² are in DR2"))).to_be_visible()
    panel.root.get_by_role("button", name="Query this map").click()
    expect(page.locator("#skydesk-query .cm-content")).to_contain_text(re.compile(r"WHERE \(HPIX_\d+ BETWEEN"))

    panel = FootprintPanel.of(lab)
    expect(under).to_be_checked(timeout=LONG_MS)
    panel.search("M 2")
    for _ in range(6):
        panel.globe.press("+")
    page.wait_for_function(COLOURFUL, arg=panel.globe.element_handle(), timeout=LONG_MS)
    page.screenshot(path=PICTURES / "footprint-image.png")
    under.uncheck()
    page.wait_for_function(f"canvas => !({COLOURFUL})(canvas)", arg=panel.globe.element_handle(), timeout=LONG_MS)


@pytest.mark.parametrize("projection", ["orthographic", "mollweide", "mcbryde"])
def test_the_picture_of_each_projection_is_as_it_was_when_somebody_looked_at_it(lab: Lab, projection: str) -> None:
    panel = FootprintPanel.of(lab)
    panel.root.get_by_role("button", name=re.compile("^Open the globe wide")).click()
    expect(lab.page.locator("#jp-main-dock-panel #skydesk-footprint")).to_be_visible()
    panel.root.get_by_label("Projection").select_option(projection)
    panel.root.get_by_label("Labels of the grid").uncheck()
    panel.root.get_by_label("Bright objects").uncheck()
    panel.root.get_by_label("Ecliptic").check()
    panel.globe.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = panel.picture()
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    PICTURES.mkdir(exist_ok=True)
    picture.save(PICTURES / f"globe-{projection}.png")
    golden = Image.open(GOLDEN / f"{projection}.png").convert("RGB")
    assert picture.size == golden.size
    difference = np.abs(np.asarray(picture, float) - np.asarray(golden, float))
    # other fonts write the scale's words otherwise: a few pixels may differ much, the picture may not
    assert difference.mean() < 1.0
    assert (difference.max(axis=2) > 40).mean() < 0.01


def test_the_panel_has_no_violation_narrow_and_wide_in_both_themes(lab: Lab) -> None:
    page, panel = lab.page, FootprintPanel.of(lab)
    panel.search("M 2")
    expect(panel.tile("DES2134-0041").get_by_role("table", name="Depth and seeing in DR2")).to_be_visible()
    panel.root.get_by_label("Density of DR2").select_option("count")
    expect(panel.root.locator(".sky-foot__ramp")).to_be_visible()
    PICTURES.mkdir(exist_ok=True)
    for width in ("narrow", "wide"):
        for theme, name in THEMES.items():
            lab.menu("Settings", "Theme", name)
            expect(page.locator("body")).to_have_attribute("data-jp-theme-name", name)
            expect(panel.root.locator(".sky-root")).to_have_attribute("data-sky-theme", theme)
            assert axe_violations(page, "#skydesk-footprint") == []
            page.screenshot(path=PICTURES / f"footprint-{width}-{theme}.png")
        overflow = panel.root.locator(".sky-root").evaluate("root => root.scrollWidth > root.clientWidth + 1")
        assert not overflow
        if width == "narrow":
            panel.root.get_by_role("button", name=re.compile("^Open the globe wide")).click()
            expect(page.locator("#jp-main-dock-panel #skydesk-footprint")).to_be_visible()
