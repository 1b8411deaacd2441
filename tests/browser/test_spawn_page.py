"""The hub's spawn page: three people see three forms, in both themes, by keyboard and with a screen reader's rules."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import missing
from .demo import Demo
from .hub import AXE, axe_violations, log_in

pytestmark = pytest.mark.xdist_group("pages of the hub")

LABS = {
    "henrietta": ["Small"],
    "vera": ["Small", "Standard"],
    "cecilia": ["Small", "Standard", "Large", "Pretend GPU"],
}


def spawn_page(context: BrowserContext, demo: Demo, account: str) -> Page:
    page = context.new_page()
    log_in(page, demo, account, "spawn")
    return page


@pytest.mark.parametrize("account", LABS)
def test_each_person_is_offered_the_labs_of_their_groups(
    account: str, pages_demo: Demo, new_context: Callable[..., BrowserContext]
) -> None:
    page = spawn_page(new_context(), pages_demo, account)
    expect(page.locator(".skydesk-title")).to_have_text(LABS[account])
    expect(page.get_by_role("radio")).to_have_count(len(LABS[account]))
    expect(page.get_by_role("radio", checked=True)).to_have_count(1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_the_form_is_readable_in_both_themes_and_on_a_phone(
    theme: str, width: int, pages_demo: Demo, new_context: Callable[..., BrowserContext]
) -> None:
    if not AXE.exists():
        missing("axe-core (npm ci in widgets/views)")
    page = spawn_page(new_context(size=(width, 800)), pages_demo, "cecilia")
    page.evaluate("theme => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
    assert axe_violations(page, "#spawn_form .skydesk-profiles") == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_lab_is_chosen_by_keyboard_alone(pages_demo: Demo, new_context: Callable[..., BrowserContext]) -> None:
    page = spawn_page(new_context(), pages_demo, "cecilia")
    page.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name="Pretend GPU")).to_be_checked()
    expect(page.get_by_text("of 2 GPUs free now")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Start")).to_be_focused()
