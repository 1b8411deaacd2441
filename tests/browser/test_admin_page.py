"""The administrators' page: what it shows, a message that reaches a lab, and a lab that is ended with words for its owner."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import missing
from .demo import Demo, wait_until
from .hub import AXE, AdminPage, axe_violations, log_in, start_profile
from .lab import LONG_MS, Lab
from .watch import Watch

pytestmark = pytest.mark.xdist_group("pages of the hub")

SECTIONS = ("labs", "queue", "budgets", "jobs", "messages", "health", "statistics", "audit")


def test_an_administrator_sees_labs_tells_everybody_something_and_ends_a_lab(
    pages_demo: Demo, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    if not AXE.exists():
        missing("axe-core (npm ci in widgets/views)")
    # the lab goes away while its page still asks
    watch.allow("/user/annie/", 503)
    watch.allow("/user/annie/", 424)
    context = new_context()
    lab = start_profile(context, pages_demo, "annie", "Small", watch)
    item = lab.page.locator(".skydesk-LeaseStatus button")
    expect(item).to_have_text(re.compile(r"^8 h · Small$|^7 h \d+ min · Small$"))

    page = context.new_page()
    page.goto(f"{pages_demo.url}/hub/admin")
    page.get_by_role("link", name="Open SkyDesk administration").click()
    admin = AdminPage(page, pages_demo)
    expect(admin.row("annie")).to_contain_text("Small")
    expect(admin.row("annie")).to_contain_text("running")
    admin.tab("Messages")
    text = "The hub is upgraded at six; save your work before. " * 4
    admin.tell_all(text.strip())
    toast = lab.page.locator(".Toastify__toast", has_text="annie: The hub is upgraded at six")
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Read all").click()
    expect(lab.page.get_by_role("dialog", name="This lab")).to_contain_text(text.strip())
    lab.page.keyboard.press("Escape")

    write_a_file(lab, "half a thought")
    admin.tab("Labs")
    with lab.page.expect_response("**/lab/ending*"):
        admin.end("annie", "the node is repaired")
    expect(lab.page.locator(".Toastify__toast", has_text="This lab ends")).to_contain_text("Saved untitled.txt")
    lab.page.close()
    wait_until(lambda: stopped(page, pages_demo), seconds=30, what="the end of the lab")
    page.goto(f"{pages_demo.url}/hub/spawn")
    last = page.locator("#skydesk-last-end")
    expect(last).to_contain_text("the node is repaired")
    expect(last).to_contain_text("untitled.txt")

    admin.open("messages")
    admin.button("Withdraw").click()
    admin.button("Withdraw message").click()
    expect(page.get_by_text("No message is shown")).to_be_visible()
    admin.tab("Audit log")
    for act in ("sent a message", "ended a lab", "withdrew a message"):
        expect(admin.row(act)).to_contain_text("done")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_section_violates_a_rule_of_axe_or_is_wider_than_the_page(
    scheme: str, pages_demo: Demo, new_context: Callable[..., BrowserContext]
) -> None:
    if not AXE.exists():
        missing("axe-core (npm ci in widgets/views)")
    page = new_context(size=(700, 700)).new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    log_in(page, pages_demo, "annie", "home")
    admin = AdminPage(page, pages_demo)
    for section in SECTIONS:
        admin.open(section)
        expect(page.locator(".sky-admin__panel").locator("table, .sky-empty, .sky-admin__health").first).to_be_visible()
        assert axe_violations(page, "html") == [], section
        assert page.evaluate("document.documentElement.scrollWidth") <= 700, section
    expect(page.locator(".sky-root")).to_have_attribute("data-sky-theme", scheme)


def test_who_has_no_rights_is_refused_in_a_sentence(new_context: Callable[..., BrowserContext], pages_demo: Demo, watch: Watch) -> None:
    watch.allow("/services/skydesk/admin", 403)
    page = new_context().new_page()
    log_in(page, pages_demo, "vera", "home")
    page.goto(f"{pages_demo.url}/services/skydesk/admin")
    expect(page.locator("body")).to_contain_text("the admin service is not open to vera")


def stopped(page: Page, demo: Demo) -> bool:
    """Whether the hub's home page offers to start a lab, and so none runs."""
    page.goto(f"{demo.url}/hub/home")
    return page.locator("#start", has_text="Start My Server").count() > 0


def write_a_file(lab: Lab, text: str) -> None:
    """Write into a new text file, and leave it unsaved."""
    lab.page.locator(".jp-LauncherCard", has_text="Text File").click()
    editor = lab.page.locator(".jp-FileEditor .cm-content")
    expect(editor).to_be_visible(timeout=LONG_MS)
    editor.click()
    lab.page.keyboard.type(text)
    expect(lab.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(1)
