"""My tables in the Query panel: a file becomes a table, is joined with the catalogue, and goes again."""

import io
import re

import pyarrow as pa
from playwright.sync_api import FilePayload, Locator, expect

from .conftest import OpenLab
from .lab import Lab, QueryPanel

OBJECTS = "SELECT COADD_OBJECT_ID, RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 3"


def objects_as_csv(lab: Lab) -> bytes:
    """Three objects of the catalogue, each with a number that begins with zeros."""
    with lab.cookies() as client:
        answer = client.post("query/quick", json={"sql": OBJECTS})
    rows = pa.ipc.open_stream(io.BytesIO(answer.content)).read_all().to_pylist()
    lines = [f"{row['COADD_OBJECT_ID']},{row['RA']},{row['DEC']},00{at}" for at, row in enumerate(rows, 7)]
    return "\n".join(["id,ra,dec,number", *lines]).encode() + b"\n"


def actions(panel: QueryPanel, mine: Locator, table: str, item: str) -> None:
    row = mine.get_by_role("treeitem").filter(has=panel.page.get_by_text(table, exact=True))
    row.click(position={"x": 4, "y": 10})
    menu = mine.get_by_role("button", name="Actions")
    # a menu closes where the page behind it scrolls
    menu.scroll_into_view_if_needed()
    menu.click()
    panel.root.get_by_role("menuitem", name=item).click()


def test_a_file_becomes_a_table_that_is_joined_and_a_result_another_and_both_are_dropped(open_lab: OpenLab) -> None:
    lab = open_lab()
    panel = lab.query()
    mine = panel.section("Schema").get_by_role("region", name="My tables")
    expect(mine).to_contain_text("You have no tables yet.")
    mine.get_by_role("button", name="New table").click()
    dialog = panel.root.get_by_role("dialog", name="New table")
    file = FilePayload(name="my objects.csv", mimeType="text/csv", buffer=objects_as_csv(lab))
    dialog.get_by_label("File with rows").set_input_files(file)
    expect(dialog.get_by_label("Name of the table")).to_have_value("MY_OBJECTS")
    expect(dialog).to_contain_text("4 columns and 3 rows in my objects.csv")
    dialog.get_by_label("Type of column number").select_option("string")
    dialog.get_by_label("Unit of column ra", exact=True).fill("deg")
    dialog.get_by_role("button", name="Load").click()
    expect(panel.notice).to_contain_text("MY_OBJECTS has 3 rows.")

    result = panel.run("SELECT M.NUMBER_, D.RA, D.DEC FROM MY_OBJECTS M JOIN DR2_MAIN D ON D.COADD_OBJECT_ID = M.ID ORDER BY M.NUMBER_")
    expect(result.locator(".sky-grid__row").first).to_contain_text("007")
    result.get_by_role("button", name="Save as my table").click()
    saving = panel.root.get_by_role("dialog", name="Save as my table")
    saving.get_by_label("Name of the table").fill("MY_JOIN")
    saving.get_by_role("button", name="Save").click()
    expect(panel.notice).to_contain_text("MY_JOIN has 3 rows.")

    panel.write("")
    panel.type("SELECT * FROM MY_J")
    expect(lab.page.locator(".cm-tooltip-autocomplete li").filter(has_text="MY_JOIN").first).to_be_visible()
    lab.page.keyboard.press("Escape")
    for table in ("MY_JOIN", "MY_OBJECTS"):
        actions(panel, mine, table, "Drop …")
        panel.root.get_by_role("dialog", name=f"Drop {table}?").get_by_role("button", name=f"Drop {table}").click()
        expect(panel.notice).to_contain_text(f"Dropped {table}.")
    expect(mine).to_contain_text("You have no tables yet.")
    expect(mine).to_contain_text(re.compile(r"0 of [\d,]+ tables"))
