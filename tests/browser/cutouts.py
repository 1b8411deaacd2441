"""The Cutouts panel and the gallery, in a person's words."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from .lab import LONG_MS, Lab

__all__ = ["CutoutPanel", "Gallery"]


@dataclass(slots=True)
class CutoutPanel:
    """The Cutouts panel, in front."""

    lab: Lab
    root: Locator

    @staticmethod
    def of(lab: Lab) -> "CutoutPanel":
        """Bring the panel of a lab to the front and wait for its form."""
        panel = CutoutPanel(lab, lab.show("cutout"))
        expect(panel.root.get_by_label("Release")).to_be_visible(timeout=LONG_MS)
        return panel

    def button(self, name: str) -> Locator:
        """A button, by its name."""
        return self.root.get_by_role("button", name=name, exact=True)

    def paste(self, text: str) -> None:
        """Put positions into the field, in the place of what is there, and wait until they were read."""
        with self.lab.page.expect_response(lambda response: re.search(r"cutout/positions(\?|$)", response.url) is not None):
            self.root.locator("textarea").fill(text)

    def fact(self, text: str) -> Locator:
        """One of the things said of the positions."""
        return self.root.locator(".sky-cut__fact", has_text=text)

    @property
    def estimate(self) -> Locator:
        """What the job will come to."""
        return self.root.locator(".sky-cut__estimate")

    def submit(self, name: str) -> str:
        """Submit a job and give its id."""
        self.root.get_by_label("Job name").fill(name)
        expect(self.estimate).to_contain_text("file")
        with self.lab.page.expect_response(lambda response: re.search(r"cutout/jobs(\?|$)", response.url) is not None) as answer:
            self.button("Submit job").click()
        assert answer.value.status == 201, answer.value.text()
        return str(answer.value.json()["id"])


@dataclass(slots=True)
class Gallery:
    """The gallery in the main area."""

    page: Page

    @property
    def root(self) -> Locator:
        """The panel."""
        return self.page.locator("#skydesk-gallery")

    @property
    def cells(self) -> Locator:
        """The images that are in the page."""
        return self.root.locator(".sky-gal__cell")

    @property
    def dialog(self) -> Locator:
        """What fills the screen."""
        return self.page.locator(".sky-gal__full")

    def wait_for_images(self, count: int) -> None:
        """Wait until so many pictures have been drawn."""
        loaded = "cells => cells.filter(cell => cell.querySelector('img')?.naturalWidth > 0).length"
        expect(self.cells.locator("img")).to_have_count(count, timeout=LONG_MS)
        self.page.wait_for_function(f"wanted => ({loaded})([...document.querySelectorAll('.sky-gal__cell')]) === wanted", arg=count)
