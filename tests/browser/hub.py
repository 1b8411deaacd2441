"""The hub's pages in the browser: log in, choose a lab, administer."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from .demo import Demo
from .lab import LONG_MS, Lab
from .watch import Watch

__all__ = ["AXE", "AdminPage", "axe_violations", "log_in", "start_profile"]

AXE = Path(__file__).resolve().parents[2] / "widgets/views/node_modules/axe-core/axe.min.js"


def start_profile(context: BrowserContext, demo: Demo, account: str, profile: str, watch: Watch) -> Lab:
    """Log in and start a lab of a profile, as a person does, and wait for it."""
    page = context.new_page()
    log_in(page, demo, account, "spawn")
    page.get_by_role("radio", name=re.compile(f"^{profile}")).check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(f"**/user/{account}/lab**", timeout=LONG_MS)
    lab = Lab(page, f"{demo.url}/user/{account}", watch)
    lab.wait()
    return lab


def log_in(page: Page, demo: Demo, account: str, place: str) -> None:
    """Log in and go to one of the hub's own pages: ``home``, ``spawn``."""
    page.goto(f"{demo.url}/hub/login?next=%2Fhub%2F{place}")
    page.get_by_label("Username").fill(account)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/hub/{place}", timeout=LONG_MS)


def axe_violations(page: Page, selector: str) -> list[Any]:
    """What axe finds within an element; skips nothing, so it must have been installed."""
    page.evaluate(f"() => {{ {AXE.read_text()} }}")
    found: list[Any] = page.evaluate(
        """async selector => (await axe.run(selector, { resultTypes: ["violations"] })).violations
            .map(({ id, nodes }) => [id, ...nodes.map(node => node.html + " " + node.failureSummary)])""",
        selector,
    )
    return found


class AdminPage:
    """SkyDesk's page for administrators."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self.url = f"{demo.url}/services/skydesk/admin"

    def open(self, section: str) -> None:
        """Go to a section and wait until it is drawn."""
        self.page.goto(f"{self.url}#{section}")
        expect(self.page.get_by_role("tab", selected=True)).to_be_visible(timeout=LONG_MS)

    def tab(self, name: str) -> None:
        """Choose a section by its tab."""
        self.page.get_by_role("tab", name=name).click()

    def row(self, text: str) -> Locator:
        """The row that holds a text."""
        return self.page.locator("tbody tr", has_text=text)

    def button(self, name: str) -> Locator:
        """A button of the page, or of its dialog."""
        return self.page.get_by_role("button", name=name, exact=True)

    def tell_all(self, text: str) -> None:
        """Send a message to everybody."""
        self.button("New message").click()
        self.page.get_by_label("Text").fill(text)
        self.button("Send message").click()
        expect(self.row(text)).to_be_visible()

    def end(self, account: str, why: str) -> None:
        """End a user's lab."""
        self.button(f"End the lab of {account}").click()
        self.page.get_by_label(f"Why, as {account} reads it afterwards").fill(why)
        self.button("End lab").click()
        expect(self.page.get_by_text("lab is being ended")).to_be_visible()
