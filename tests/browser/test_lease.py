"""A lab that is lent for little more than a minute: it counts down, warns and is extended."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from .conftest import missing
from .demo import Demo, free_port, wait_until
from .hub import AXE, axe_violations, start_profile
from .lab import Lab
from .watch import Watch

POLICY = """
[profiles.brief]
title = "Brief"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
longest_hours = 0.025
idle_minutes = 60
extensions = 1
extension_hours = 0.05
warnings_minutes = [1.4, 1]

[groups.default]
title = "Default"
services = ["query", "jobs"]
releases = ["*"]
profiles = ["brief"]
"""


@pytest.fixture
def short_demo(installed: Path, tiny_survey: Path, tmp_path: Path) -> Iterator[Demo]:
    """A demo whose labs last a minute and a half."""
    (tmp_path / "home").mkdir()
    (tmp_path / "demo").mkdir()
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    demo = Demo(tmp_path / "demo", home=tmp_path / "home", port=free_port(), policy=policy)
    try:
        demo.start()
        yield demo
    finally:
        demo.close()


def seconds_of(words: str) -> int:
    """What ``1:23 · Brief`` says, in seconds."""
    found = re.match(r"(\d+):(\d\d)", words)
    assert found, words
    return 60 * int(found[1]) + int(found[2])


def test_a_lab_counts_down_warns_once_and_is_extended_once(
    short_demo: Demo, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    if not AXE.exists():
        missing("axe-core (npm ci in widgets/views)")
    lab = start_profile(new_context(), short_demo, "vera", "Brief", watch)
    item = lab.page.locator(".skydesk-LeaseStatus button")
    expect(item).to_have_text(re.compile(r"^[01]:\d\d · Brief$"))
    expect(item).to_have_attribute("title", re.compile(r"^This lab ends \w+ \d+ \w+, \d\d:\d\d:\d\d"))
    before = seconds_of(item.inner_text())
    wait_until(lambda: seconds_of(item.inner_text()) < before, seconds=5, what="the countdown")

    warning = lab.page.locator(".Toastify__toast", has_text="This lab ends in")
    expect(warning).to_have_count(1)
    expect(warning).to_contain_text("You can extend it by 3 min.")
    assert axe_violations(lab.page, ".skydesk-LeaseStatus") == []
    popup = look_behind(lab, item)
    expect(popup).to_contain_text("1 left, 3 min each")
    assert axe_violations(lab.page, ".skydesk-LeasePopup") == []
    lab.page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(item).to_be_focused()

    left = seconds_of(item.inner_text())
    warning.get_by_role("button", name="Extend").click()
    expect(lab.page.locator(".Toastify__toast", has_text="This lab now lasts until")).to_be_visible()
    wait_until(lambda: seconds_of(item.inner_text()) > left + 120, seconds=10, what="the later end")
    popup = look_behind(lab, item)
    expect(popup).to_contain_text("none left")
    expect(popup.get_by_role("button", name=re.compile("Extend"))).to_have_count(0)
    expect(warning).to_have_count(0)


def look_behind(lab: Lab, item: Locator) -> Locator:
    """Open by keyboard what is behind the time left."""
    item.focus()
    lab.page.keyboard.press("Enter")
    popup = lab.page.get_by_role("dialog", name="This lab")
    expect(popup).to_be_visible()
    return popup
