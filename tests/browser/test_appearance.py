"""Light and dark, narrow and wide, by keyboard alone, and without a violation that axe knows of."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import ROOT, OpenLab, missing
from .lab import Lab
from .statements import DECK

AXE = ROOT / "widgets/views/node_modules/axe-core/axe.min.js"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    if not Path(AXE).exists():
        missing("axe-core (npm ci in widgets/views)")
    return AXE.read_text()


@pytest.fixture
def lab(open_lab: OpenLab) -> Iterator[Lab]:
    """Henrietta's lab, without jobs at first; light again at the end."""
    lab = open_lab("henrietta")
    yield lab
    with lab.cookies() as client:
        ids = [job["id"] for job in client.get("jobs").json()["jobs"]]
        client.post("jobs/delete", json={"ids": ids}).raise_for_status()
        theme = {"raw": '{"theme": "JupyterLab Light"}'}
        client.put(f"{lab.base}/lab/api/settings/@jupyterlab/apputils-extension:themes", json=theme).raise_for_status()


@pytest.mark.parametrize("theme", THEMES)
def test_no_panel_violates_a_rule_of_axe_or_stands_out_of_its_place(lab: Lab, theme: str, axe: str) -> None:
    lab.menu("Settings", "Theme", THEMES[theme])
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", THEMES[theme])
    lab.evaluate(f"() => {{ {axe} }}")
    lab.watch.allow("/query/check", 400)

    jobs = lab.jobs()
    expect(jobs.root.get_by_text("No jobs yet")).to_be_visible()
    expect(jobs.root.locator(".sky-root")).to_have_attribute("data-sky-theme", theme)
    examine(lab, "no jobs")

    query = lab.query()
    examine(lab, "an empty query")
    query.write("SELECT RA,\n  DECX FROM DR2_MAIN")
    query.more("Check")
    expect(query.notice).to_be_visible()
    examine(lab, "an error")
    query.section("Schema")
    query.section("Examples")
    query.section("History")
    query.button(re.compile("Job options")).click()
    examine(lab, "everything open")
    query.editor.click(position={"x": 20, "y": 8})
    lab.page.keyboard.press("End")
    query.type(" MA")
    expect(query.root.locator(".cm-tooltip-autocomplete")).to_be_visible()
    examine(lab, "suggestions")
    lab.page.keyboard.press("Escape")
    query.run(DECK)
    examine(lab, "rows beside the narrow panel")
    query.submit(DECK, name="a job with a rather long name that no narrow list has room for")
    query.submit("SELECT TO_NUMBER(TILENAME) X FROM DR2_MAIN", name="wrong")

    jobs = lab.jobs()
    jobs.wait("a job with a rather long name that no narrow list has room for", "completed")
    jobs.wait("wrong", "failed")
    examine(lab, "jobs")
    jobs.details("wrong")
    examine(lab, "a job's details")
    jobs.button("Delete").click()
    expect(jobs.root.get_by_role("dialog")).to_be_visible()
    examine(lab, "a question")
    lab.page.keyboard.press("Escape")
    jobs.widen()
    examine(lab, "jobs, wide")

    query = lab.query()
    query.widen()
    expect(query.root.locator(".sky-query--wide .sky-grid__row").first).to_be_visible()
    examine(lab, "query, wide")
    query.button("Examples").click()
    expect(query.root.get_by_role("dialog")).to_be_visible()
    examine(lab, "examples, wide")


def examine(lab: Lab, state: str) -> None:
    """Run axe over all of our panels that can be seen, and see that none is wider than its place."""
    found: dict[str, Any] = lab.evaluate(
        """async () => {
            const roots = [...document.querySelectorAll(".sky-root")].filter(root => root.checkVisibility() && root.clientWidth > 0);
            const { violations } = await axe.run({ include: roots }, { resultTypes: ["violations"] });
            return {
                panels: roots.length,
                doubles: [...document.querySelectorAll(".sky-root [id]")].map(e => e.id).filter((id, at, all) => all.indexOf(id) < at),
                overflows: roots.filter(root => root.scrollWidth > root.clientWidth + 1).map(root => root.parentElement.parentElement.id),
                violations: violations.map(({ id, nodes }) => [id, ...nodes.map(node => node.html + " " + node.failureSummary)]),
            };
        }"""
    )
    assert found["panels"] > 0, state
    assert found["violations"] == [], state
    assert found["overflows"] == [], state
    assert found["doubles"] == [], state


def test_a_query_becomes_a_job_that_is_looked_at_and_deleted_by_keyboard_alone(lab: Lab) -> None:
    press, page = lab.page.keyboard.press, lab.page
    query, jobs = page.locator("#skydesk-query"), page.locator("#skydesk-jobs")
    lab.cards.filter(has_text="Jobs").focus()
    press("Enter")
    expect(jobs.get_by_text("No jobs yet")).to_be_visible()
    lab.cards.filter(has_text="Query").focus()
    press("Enter")
    expect(query.locator(".cm-content")).to_be_focused()
    page.keyboard.type("SELECT RA FROM DR2_MAIN WHERE ROWNUM <= 5 ", delay=5)
    press("Control+Enter")
    expect(lab.result.get_by_role("grid")).to_have_attribute("aria-rowcount", "6")
    expect(query.locator(".cm-content")).to_be_focused()
    press("Escape")
    tab_to(lab, query.get_by_role("button", name="Submit"))
    press("Enter")
    show = query.get_by_role("button", name="Show in jobs")
    expect(show).to_be_visible()
    tab_to(lab, show)
    press("Enter")

    details = jobs.get_by_role("region", name=re.compile("^Job "))
    expect(details.locator(".sky-jobs__standing")).to_contain_text("completed")
    tab_to(lab, details.get_by_role("button", name="Run again"))
    press("Enter")
    rows = jobs.locator(".sky-jobs__row")
    expect(rows).to_have_count(2)
    expect(details).to_be_focused()
    press("Escape")
    expect(jobs.get_by_role("grid", name="Jobs")).to_be_focused()
    press("Home")
    press("Shift+ArrowDown")
    expect(jobs.locator(".sky-jobs__row[aria-selected=true]")).to_have_count(2)
    press("Delete")
    question = jobs.get_by_role("dialog", name="Delete 2 jobs?")
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    press("Escape")
    expect(question).to_have_count(0)
    expect(rows).to_have_count(2)
    expect(jobs.get_by_role("grid", name="Jobs")).to_be_focused()
    press("Delete")
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    press("Tab")
    expect(question.get_by_role("button", name="Delete 2 jobs")).to_be_focused()
    press("Enter")
    expect(jobs.get_by_text("No jobs yet")).to_be_visible()


def tab_to(lab: Lab, target: Locator, *, most: int = 25) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(most):
        lab.page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} is not within {most} presses of Tab")
