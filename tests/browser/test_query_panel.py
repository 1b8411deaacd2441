"""The Query panel: write, check, run, cancel, look things up."""

import re
import time

from playwright.sync_api import Locator, expect

from .conftest import OpenLab
from .demo import wait_until
from .statements import DECK, ENDLESS

EXAMPLES = [
    "Sample basic information",
    "Limit by region and number of rows",
    "Stars in the globular cluster M2",
    "Map of star counts",
    "Map of galaxy counts and mean magnitude",
    "Bright galaxies",
    "Members of a galaxy cluster",
]


def test_the_seven_examples_are_listed_and_each_runs_and_gives_rows(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    examples = panel.section("Examples")
    expect(examples.locator(".sky-list__title")).to_have_text(EXAMPLES)
    for title in EXAMPLES:
        examples.get_by_role("button", name=title).click()
        with lab.page.expect_response(lambda response: "/query/quick" in response.url) as answer:
            panel.button("Quick").click()
        assert answer.value.status == 200, title
        expect(panel.root.locator(".sky-query__summary")).to_have_text(re.compile(r"[1-9][\d,]* rows?\b"))
        expect(lab.result.locator(".sky-grid__row").first).to_be_visible()


def test_the_decks_query_runs_as_it_stands_and_says_that_there_are_more_rows(open_lab: OpenLab) -> None:
    lab = open_lab()
    result = lab.query().run(DECK)
    expect(result.locator(".sky-result__summary")).to_contain_text("First 1,000 rows")
    expect(result.locator(".sky-result__summary")).to_contain_text("There are more; submit a job for all.")
    heads = result.get_by_role("columnheader")
    expect(heads.filter(has_text="COADD_OBJECT_ID")).to_be_visible()
    expect(heads.filter(has_text=re.compile(r"^RA\s*\[deg\]"))).to_be_visible()
    expect(heads.filter(has_text=re.compile(r"^G_PSF\s*\[mag\]"))).to_be_visible()
    expect(result.get_by_role("grid")).to_have_attribute("aria-rowcount", "1001")


def test_check_marks_the_place_of_an_error_and_hints_at_a_way_out(open_lab: OpenLab) -> None:
    lab = open_lab()
    lab.watch.allow("/query/check", 400)
    panel = lab.query()
    panel.write("SELECT RA,\n  DECX FROM DR2_MAIN")
    panel.more("Check")
    expect(panel.notice).to_contain_text("Line 2, column 3: unknown column DECX")
    expect(panel.notice).to_contain_text("did you mean DEC")
    expect(panel.root.locator(".cm-lintRange-error")).to_have_text("DECX")
    panel.write("SELECT RA,\n  DEC FROM DR2_MAIN")
    panel.more("Check")
    expect(panel.notice).to_contain_text("The query is right: 2 columns (RA, DEC).")
    expect(panel.root.locator(".cm-lintRange-error")).to_have_count(0)


def test_control_enter_runs_and_an_error_of_a_run_is_marked_too(open_lab: OpenLab) -> None:
    lab = open_lab()
    lab.watch.allow("/query/quick", 400)
    panel = lab.query()
    panel.write("SELECT RA FROM DR2_MAIM")
    lab.page.keyboard.press("Control+Enter")
    expect(panel.notice).to_contain_text("did you mean DR2_MAIN")
    expect(panel.root.locator(".cm-lintRange-error")).to_have_text("DR2_MAIM")
    expect(panel.editor).to_be_focused()
    panel.write("SELECT RA FROM DR2_MAIN WHERE ROWNUM < 4")
    lab.page.keyboard.press("Control+Enter")
    expect(lab.result.get_by_role("grid")).to_have_attribute("aria-rowcount", "4")
    expect(panel.editor).to_be_focused()
    expect(panel.notice).to_have_count(0)


def test_completion_offers_tables_columns_and_functions(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    panel.editor.click()
    panel.type("SELECT * FROM DR2_MA")
    offers = lab.page.locator(".cm-tooltip-autocomplete li")
    expect(offers.filter(has_text="DR2_MAGNITUDE").first).to_be_visible()
    panel.type("IN")
    lab.page.keyboard.press("Tab")
    expect(panel.editor).to_have_text(re.compile(r"SELECT \* FROM DR2_MAIN$"))
    panel.type(" WHERE WAVG_MAG_PSF_")
    expect(offers.filter(has_text="WAVG_MAG_PSF_G").first).to_be_visible()
    panel.type("I < 20 AND AB")
    expect(offers.filter(has_text=re.compile(r"^ABS(?![A-Z])")).first).to_be_visible()


def test_explain_shows_the_plan_and_clear_can_be_undone(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    panel.write("SELECT RA FROM DR2_MAIN WHERE MAG_AUTO_I < 21.25")
    panel.more("Explain")
    dialog = panel.root.get_by_role("dialog", name="How the database would run it")
    expect(dialog.get_by_label("Plan")).to_contain_text("dr2_main", ignore_case=True)
    lab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    panel.more("Clear")
    expect(panel.editor).to_have_text("SELECT … FROM …")
    panel.button("Undo").click()
    expect(panel.editor).to_contain_text("21.25")


def test_what_was_run_is_in_the_history_and_comes_back_by_a_click(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    panel.run("SELECT COUNT(*) HISTORIC FROM DR2_COVERAGE")
    panel.more("Clear")
    history = panel.section("History")
    entry = history.get_by_role("button", name="SELECT COUNT(*) HISTORIC FROM DR2_COVERAGE").first
    expect(entry).to_contain_text("✓ 1 row")
    entry.click()
    expect(panel.editor).to_have_text("SELECT COUNT(*) HISTORIC FROM DR2_COVERAGE")


def test_an_endless_statement_is_cancelled_at_once(open_lab: OpenLab) -> None:
    lab = open_lab()
    lab.watch.allow("/query/quick", 409)
    panel = lab.query()
    panel.write(ENDLESS)
    panel.button("Quick").click()
    expect(panel.root.locator(".sky-query__running")).to_have_text(re.compile(r"Running · (0\.[5-9]|[1-9]\S*) s of 30 s at most"))
    pressed_at = time.monotonic()
    panel.button("Cancel").click()
    expect(panel.notice).to_contain_text("Cancelled; the query was stopped.")
    assert time.monotonic() - pressed_at < 10
    assert panel.run("SELECT RA FROM DR2_MAIN WHERE ROWNUM < 2").is_visible()


def test_data_that_holds_html_is_shown_as_text(open_lab: OpenLab) -> None:
    lab = open_lab()
    lab.page.on("dialog", lambda dialog: (lab.watch.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    panel = lab.query()
    hostile = '<img src="x" onerror=alert(1)>'
    sql = f"SELECT '<b>x</b>' B, '<script>alert(2)</script>' S, NULL N, 'null' W FROM DR2_MAIN WHERE ROWNUM < 3 -- {hostile}"
    result = panel.run(sql.replace(" B,", ' "<img src=x onerror=alert(1)>",'))
    cells = result.locator(".sky-grid__row").first.get_by_role("gridcell")
    expect(cells).to_have_text(["<b>x</b>", "<script>alert(2)</script>", "null", "null"])
    expect(result.get_by_role("columnheader").filter(has_text="<img src=x onerror=alert(1)>")).to_be_visible()
    assert result.locator("img, b, script").count() == 0
    expect(cells.nth(2).locator(".sky-grid__null")).to_be_visible()
    assert cells.nth(3).locator(".sky-grid__null").count() == 0
    history = panel.section("History")
    expect(history.locator(".sky-list__sql").first).to_contain_text(hostile)
    assert history.locator("img").count() == 0


def test_the_grid_sorts_resizes_and_copies(open_lab: OpenLab) -> None:
    lab = open_lab()
    result = lab.query().run("SELECT COADD_OBJECT_ID, RA, MAG_AUTO_G FROM DR2_MAIN WHERE ROWNUM <= 50 ORDER BY COADD_OBJECT_ID")
    ra = result.get_by_role("columnheader").filter(has_text="RA")
    ra.click()
    expect(ra).to_have_attribute("aria-sort", "ascending")
    ascending = column(result, 1)
    assert ascending == sorted(ascending)
    ra.click()
    expect(ra).to_have_attribute("aria-sort", "descending")
    descending = column(result, 1)
    assert descending == sorted(descending, reverse=True)
    assert descending[0] > ascending[0]

    before = ra.bounding_box()
    assert before
    edge = ra.locator(".sky-grid__handle").bounding_box()
    assert edge
    lab.page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + 10)
    lab.page.mouse.down()
    lab.page.mouse.move(edge["x"] + edge["width"] / 2 + 80, edge["y"] + 10, steps=4)
    lab.page.mouse.up()
    after = ra.bounding_box()
    assert after
    assert round(after["width"] - before["width"]) == 80
    expect(ra).to_have_attribute("aria-sort", "descending")

    cell = result.locator(".sky-grid__row").first.get_by_role("gridcell").nth(0)
    cell.click()
    lab.page.keyboard.press("Shift+ArrowRight")
    lab.page.keyboard.press("Shift+ArrowDown")
    lab.page.keyboard.press("Control+C")
    copied = lab.evaluate("() => navigator.clipboard.readText()")
    lines = copied.splitlines()
    assert lines[0] == "COADD_OBJECT_ID\tRA"
    assert len(lines) == 3
    assert lines[1].split("\t")[0] == cell.inner_text()


def column(result: Locator, number: int) -> list[float]:
    """The numbers of a column, of the rows that are drawn, from above."""
    rows = result.locator(".sky-grid__row").evaluate_all(
        """(rows, number) => rows
            .map(row => [+row.getAttribute("aria-rowindex"), row.querySelectorAll("[role=gridcell]")[number].textContent])
            .sort((a, b) => a[0] - b[0]).map(pair => pair[1])""",
        number,
    )
    return [float(text.replace(",", "")) for text in rows]


def test_the_schema_browser_tells_rows_types_units_and_inserts_by_a_click(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    panel.editor.click()
    panel.type("SELECT ")
    lab.page.keyboard.press("Escape")
    schema = panel.section("Schema")
    tree = schema.get_by_role("tree")
    expect(tree.get_by_role("treeitem").filter(has_text="DR2_MAIN").first).to_contain_text("8,542")
    filter_field = schema.get_by_label("Filter tables and columns")
    filter_field.fill("wavg_mag_psf_i")
    item = tree.get_by_role("treeitem").filter(has_text="WAVG_MAG_PSF_I").first
    expect(item).to_contain_text("float32 · mag")
    item.click()
    expect(panel.editor).to_contain_text("SELECT WAVG_MAG_PSF_I")
    expect(panel.editor).to_be_focused()
    details = schema.locator(".sky-schema__details")
    expect(details).to_contain_text("UCD")
    expect(details).to_contain_text("phot.mag;em.opt.I")
    filter_field.fill("no such thing")
    expect(schema.get_by_text("Nothing found")).to_be_visible()


def test_file_name_format_and_compression_keep_in_step(open_lab: OpenLab) -> None:
    panel = open_lab().query()
    file_name, output = panel.root.get_by_label("Output file"), panel.root.get_by_label("Format", exact=True)
    compression = panel.root.get_by_label("Compression")
    file_name.fill("m2.csv.gz")
    expect(output).to_have_value("csv")
    expect(compression).to_have_value("gzip")
    output.select_option("fits")
    expect(file_name).to_have_value(re.compile(r"^m2\.fits"))
    file_name.fill("../m2.fits")
    expect(panel.root.locator(".sky-field__fault")).to_contain_text("a plain name, without folders")
    panel.button(re.compile("Job options")).click()
    panel.root.get_by_label("E-mail when it has ended").check()
    panel.root.get_by_label("E-mail address").fill("vera")
    expect(panel.root.locator(".sky-field__fault").last).to_contain_text("an address such as name@example.org")


def test_what_was_written_is_there_after_a_reload_and_in_the_wide_panel(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    panel.write("SELECT RA FROM DR2_MAIN -- kept")
    panel.widen()
    expect(panel.root.locator(".sky-query--wide")).to_be_visible()
    expect(panel.editor).to_contain_text("-- kept")
    expect(panel.button("Check")).to_be_visible()
    panel.editor.press("End")
    panel.type(" twice")
    with lab.cookies() as client:
        wait_until(lambda: "kept twice" in client.get(f"{lab.base}/lab/api/workspaces/default").text, seconds=15, what="the kept query")
    lab.open(keep_layout=True)
    expect(lab.page.locator("#skydesk-query .cm-content")).to_contain_text("-- kept twice")
