"""Cutouts: from positions, pasted or of a query, to the gallery; faults, the preview, full screen, themes and keyboard."""

import io
import re
import tarfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from .conftest import PICTURES, OpenLab
from .cutouts import CutoutPanel, Gallery
from .hub import axe_violations
from .lab import Lab

POSITIONS = "RA,DEC,XSIZE\n323.3626,-0.8233,1\n323.3626,-0.8233,1\n323.3590,-0.8200,\n10,10,\n"
FAULTY = "RA,DEC,XSIZE\n323.3626,-0.8233,1\n323.36,-95.2,\n323.36,-0.82,99\nabc,-0.82,1\n"
STARS = "SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G FROM DR2_MAIN WHERE MAG_AUTO_G < 17 AND ROWNUM <= 4"
THEMES = {"dark": "JupyterLab Dark", "light": "JupyterLab Light"}


@pytest.fixture
def lab(open_lab: OpenLab) -> Iterator[Lab]:
    """Cecilia's lab: empty form, light theme, and without jobs afterwards."""
    lab = open_lab("cecilia")
    yield lab
    with lab.cookies() as client:
        ids = [job["id"] for job in client.get("jobs").json()["jobs"]]
        client.post("jobs/delete", json={"ids": ids}).raise_for_status()
        theme = {"raw": '{"theme": "JupyterLab Light"}'}
        client.put(f"{lab.base}/lab/api/settings/@jupyterlab/apputils-extension:themes", json=theme).raise_for_status()


def test_pasted_positions_become_images_in_the_gallery(lab: Lab) -> None:
    page, panel, gallery = lab.page, CutoutPanel.of(lab), Gallery(lab.page)
    panel.paste(POSITIONS)
    expect(panel.fact("4 positions")).to_be_visible()
    expect(panel.fact("1 outside the survey")).to_be_visible()
    expect(panel.fact("1 duplicate")).to_be_visible()
    expect(panel.fact("2 rows override the size")).to_be_visible()
    panel.root.get_by_role("checkbox", name="Colour picture, Lupton").check()
    panel.root.get_by_label("Size, arcmin").fill("0.5")
    expect(panel.estimate).to_contain_text("8 files of 2 positions")
    job_id = panel.submit("the heart of M2")
    panel.button("Open gallery").click()
    gallery.wait_for_images(3)
    words = gallery.cells.evaluate_all("cells => cells.map(cell => cell.getAttribute('aria-label'))")
    assert [re.search(r"(done|duplicate|outside the survey)", each)[1] for each in words] == [  # type: ignore[index]
        "done",
        "duplicate",
        "done",
        "outside the survey",
    ]
    expect(gallery.root.locator(".sky-gal__how")).to_have_text("completed · 4 rows")

    gallery.root.get_by_role("listbox", name="Images").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(gallery.dialog.locator("h3")).to_have_text("DESJ213327.0240-004923.8800")
    expect(gallery.dialog.locator(".sky-gal__mags td").first).to_have_text(re.compile(r"^\d\d\.\d\d$"))
    picture = gallery.dialog.locator(".sky-gal__large img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [228, 114]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(picture).to_be_visible()
    expect(gallery.dialog.locator(".sky-gal__facts")).to_contain_text("0.5 × 0.5 arcmin")
    page.keyboard.press("Escape")
    expect(gallery.dialog).to_have_count(0)

    page.keyboard.press("Home")
    page.keyboard.press("Space")
    with page.expect_download() as download:
        gallery.root.get_by_role("button", name="Download 1", exact=True).click()
    with tarfile.open(fileobj=io.BytesIO(download.value.path().read_bytes())) as archive:
        names = sorted(name.rpartition("/")[2].removeprefix("DESJ213327.0240-004923.8800_") for name in archive.getnames())
    assert names == ["g.fits", "i.fits", "irg_lupton.png", "r.fits"]

    jobs = lab.jobs()
    jobs.details("the heart of M2").get_by_role("button", name="Open gallery").click()
    expect(gallery.cells).to_have_count(4)
    with lab.cookies() as client:
        client.post("jobs/delete", json={"ids": [job_id]}).raise_for_status()
    expect(gallery.root.get_by_text("This job was deleted")).to_be_visible()


def test_every_fault_is_marked_before_anything_is_submitted(lab: Lab) -> None:
    panel = CutoutPanel.of(lab)
    panel.paste(FAULTY)
    expect(panel.root.locator(".sky-cut__faultbar")).to_contain_text("3 faults")
    bad = panel.root.locator("[role=gridcell][aria-invalid=true]")
    expect(bad).to_have_count(3)
    expect(panel.root.locator(".sky-cut__reasons")).to_contain_text("Row 2, DEC:")
    panel.root.locator(".sky-cut__grid").focus()
    lab.page.keyboard.press("F8")
    expect(panel.root.locator(".sky-cut__reasons")).to_contain_text("Row 3, XSIZE:")
    panel.root.get_by_label("only faults").check()
    expect(panel.root.locator(".sky-cut__row")).to_have_count(3)
    expect(panel.button("Submit job")).to_have_attribute("aria-disabled", "true")
    expect(panel.root.locator(".sky-cut__foot")).to_contain_text("Mend 3 faults in the positions first.")
    assert axe_violations(lab.page, "#skydesk-cutout") == []
    panel.paste(POSITIONS)
    expect(panel.root.locator(".sky-cut__faultbar")).to_have_count(0)
    expect(panel.button("Submit job")).not_to_have_attribute("aria-disabled", "true")


def test_the_preview_follows_the_stretch_and_the_chosen_row(lab: Lab) -> None:
    panel = CutoutPanel.of(lab)
    panel.paste("RA,DEC\n323.3626,-0.8233\n323.3590,-0.8200\n")
    panel.root.get_by_role("checkbox", name="Colour picture, Lupton").check()
    picture = panel.root.locator(".sky-cut__picture img")
    expect(picture).to_be_visible()
    with lab.page.expect_response(lambda response: "stretch=200" in response.url and response.status == 200):
        panel.root.get_by_label("Stretch").fill("200")
    with lab.page.expect_response(lambda response: "cutout/preview" in response.url and "row=2" in response.url and response.status == 200):
        panel.root.locator(".sky-cut__row").nth(1).click()
    expect(panel.root.locator(".sky-cut__preview figcaption")).to_have_text("Row 2 of 2 · i r g")
    expect(picture).to_have_attribute("alt", "Preview of row 2, i r g")


def test_a_querys_rows_and_a_jobs_file_are_cut_by_one_click(lab: Lab) -> None:
    query = lab.query()
    query.run(STARS).get_by_role("button", name="Cutouts", exact=True).click()
    panel = CutoutPanel.of(lab)
    expect(panel.fact("4 positions")).to_be_visible()
    expect(panel.root.locator(".sky-cut__source")).to_contain_text("From the 4 rows of SELECT COADD_OBJECT_ID")
    query = lab.query()
    query.submit(STARS.replace("<= 4", "<= 3"), name="three stars", file_name="three.fits")
    jobs = lab.jobs()
    jobs.wait("three stars", "completed")
    jobs.details("three stars").get_by_role("button", name="Cut images at the positions of three.fits").click()
    panel = CutoutPanel.of(lab)
    expect(panel.fact("3 positions")).to_be_visible()
    expect(panel.root.locator(".sky-cut__source")).to_have_text("From three.fits of three stars")


def test_an_example_is_cut_and_shown_in_both_themes_without_a_violation(lab: Lab) -> None:
    page, gallery = lab.page, Gallery(lab.page)
    panel = CutoutPanel.of(lab)
    panel.root.get_by_role("button", name="M2 and what is near it").click()
    count = int(panel.fact("positions").inner_text().split()[0])
    panel.submit("an example with a name that is rather longer than the narrow panel is wide")
    panel.button("Open gallery").click()
    gallery.wait_for_images(count)
    expect(gallery.root.locator(".sky-gal__how")).to_contain_text("completed")
    for theme, name in THEMES.items():
        lab.menu("Settings", "Theme", name)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", name)
        expect(gallery.root.locator(".sky-root")).to_have_attribute("data-sky-theme", theme)
        assert axe_violations(page, "#skydesk-cutout") == []
        assert axe_violations(page, "#skydesk-gallery") == []
        gallery.cells.first.click()
        expect(gallery.dialog.locator(".sky-gal__large img")).to_be_visible()
        assert axe_violations(page, ".sky-gal__full") == []
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"gallery-full-{theme}.png")
        page.keyboard.press("Escape")
        page.screenshot(path=PICTURES / f"gallery-{theme}.png")
    panel.root.get_by_role("button", name=re.compile("^Open .*wide")).click()
    expect(page.locator("#jp-main-dock-panel #skydesk-cutout")).to_be_visible()
    assert axe_violations(page, "#skydesk-cutout") == []
    overflow = page.locator(".sky-root").evaluate_all("roots => roots.filter(root => root.scrollWidth > root.clientWidth + 1).length")
    assert overflow == 0
