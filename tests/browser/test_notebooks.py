"""Results in notebooks, and the panels in notebooks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenLab
from .demo import Demo
from .lab import Lab, QueryPanel
from .statements import DECK

SLOW_MS = 120_000


@pytest.fixture
def lab(open_lab: OpenLab) -> Iterator[Lab]:
    """Vera's lab; kernels that are left end with the test."""
    lab = open_lab("vera")
    lab.shut_down_kernels()
    yield lab
    lab.shut_down_kernels()


def test_a_jobs_notebook_runs_as_it_is_and_draws_hex_tiles(lab: Lab) -> None:
    lab.query().submit(DECK, name="m2 hex tiles", file_name="m2.fits")
    jobs = lab.jobs()
    jobs.wait("m2 hex tiles", "completed")
    jobs.details("m2 hex tiles").get_by_role("button", name="Open in notebook").click()
    lab.run_all()
    expect_drawing(lab.page)


def test_a_quick_querys_notebook_runs_as_it_is_and_draws(lab: Lab) -> None:
    result = lab.query().run(DECK)
    result.get_by_role("button", name="Open in notebook").click()
    lab.run_all()
    expect_drawing(lab.page)


def expect_drawing(page: Page) -> None:
    """A plot stands there, with something drawn in it, and no cell has failed."""
    canvas = page.locator(".jp-OutputArea-output canvas").first
    expect(canvas).to_be_attached(timeout=SLOW_MS)
    canvas.scroll_into_view_if_needed()
    expect(canvas).to_be_visible()
    page.wait_for_function(COLOURED, arg=canvas.element_handle(), timeout=SLOW_MS)
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0


# Hex tiles in viridis: hundreds of pixels that are neither grey nor white.
COLOURED = """canvas => {
    if (!canvas.width || !canvas.height) return false;
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let at = 0; at < data.length; at += 4) {
        const rgb = data.subarray(at, at + 3);
        if (data[at + 3] > 200 && Math.max(...rgb) - Math.min(...rgb) > 60) coloured++;
    }
    return coloured > 500;
}"""


@pytest.fixture
def widget_notebook(demo: Demo) -> str:
    """A notebook in vera's home that shows both panels."""
    cells = [
        "from skydesk_widgets import JobsPanel, QueryPanel\npanel = QueryPanel()\npanel",
        "JobsPanel()",
        "print('rows', len(panel.result), panel.result.to_arrow().column_names)",
    ]
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}},
        "cells": [
            {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
            for number, source in enumerate(cells)
        ],
    }
    path: Path = demo.folder / "home" / "vera" / "widgets.ipynb"
    path.write_text(json.dumps(content))
    return path.name


def test_the_panels_work_in_cells_and_the_result_follows(lab: Lab, widget_notebook: str) -> None:
    lab.page.goto(f"{lab.base}/lab/tree/{widget_notebook}")
    lab.wait()
    lab.wait_for_kernel()
    cells = lab.page.locator(".jp-Notebook .jp-CodeCell")
    run_cell(cells.nth(0))
    panel = QueryPanel(lab, cells.nth(0).locator(".sky-root"))
    expect(panel.editor).to_be_visible(timeout=SLOW_MS)
    panel.write("SELECT RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 7")
    lab.page.keyboard.press("Control+Enter")
    grid = panel.root.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "8", timeout=SLOW_MS)
    run_cell(cells.nth(2))
    expect(cells.nth(2).locator(".jp-OutputArea-output")).to_contain_text("rows 7 ['RA', 'DEC']")
    run_cell(cells.nth(1))
    jobs = cells.nth(1).locator(".sky-root")
    expect(jobs.get_by_role("heading", name="Jobs")).to_be_visible(timeout=SLOW_MS)
    panel.fill_in("SELECT RA FROM DR2_MAIN WHERE ROWNUM <= 4", name="from a cell").click()
    expect(jobs.get_by_role("row", name=re.compile("^from a cell, completed"))).to_be_visible(timeout=SLOW_MS)


def run_cell(cell: Locator) -> None:
    """Click into a cell and press Shift-Enter."""
    editor = cell.locator(".jp-InputArea-editor .cm-content")
    editor.click()
    editor.press("Shift+Enter")
