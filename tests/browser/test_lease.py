"""Labs by group on the page where they are started, and one lent for a minute and a half: it counts down, warns and is extended."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from .conftest import MakeDemo, missing
from .demo import Demo, wait_until
from .hub import AXE, axe_violations, log_in, start_profile
from .lab import LONG_MS, Lab
from .watch import Watch

pytestmark = pytest.mark.xdist_group("pages of the hub")

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

[profiles.long]
title = "Long"
cpu = [1, 4]
memory_gib = [2, 8]
longest_hours = 24
idle_minutes = 60

[profiles.gpu]
title = "GPU"
cpu = [1, 4]
memory_gib = [2, 8]
gpus = 1
longest_hours = 1
idle_minutes = 60
holders = 1
hold_minutes = 4

[groups.limited]
title = "Limited"
services = ["query", "jobs"]
releases = ["*"]
profiles = ["brief"]

[groups.default]
title = "Default"
services = ["query", "jobs"]
releases = ["*"]
profiles = ["brief", "long"]

[groups.advanced]
title = "Advanced"
services = ["query", "jobs"]
releases = ["*"]
profiles = ["long"]

[groups.gpu]
title = "GPU users"
profiles = ["gpu"]

[groups.admin]
title = "Administrators"
services = ["query", "jobs"]
releases = ["*"]
"""

FORMS = {"henrietta": ["Brief"], "vera": ["Brief", "Long"], "cecilia": ["Long", "GPU"]}
"""What each account may choose from."""


@pytest.fixture(scope="module")
def short_demo(make_demo: MakeDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose labs last a minute and a half."""
    policy = tmp_path_factory.mktemp("policy") / "policy.toml"
    policy.write_text(POLICY)
    with make_demo("short", policy=policy) as demo:
        yield demo


@pytest.mark.parametrize("account", FORMS)
def test_a_person_chooses_from_the_labs_of_their_groups(account: str, short_demo: Demo, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    log_in(page, short_demo, account, "spawn")
    expect(page.locator(".skydesk-title")).to_have_text(FORMS[account])
    expect(page.get_by_role("radio")).to_have_count(len(FORMS[account]))
    if "GPU" in FORMS[account]:
        expect(page.locator(".skydesk-profile", has_text="GPU")).to_contain_text("1 of 1 GPUs free now")


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
    # and the same from the command palette
    lab.page.keyboard.press("Control+Shift+C")
    lab.page.keyboard.type("Time Left")
    lab.page.keyboard.press("Enter")
    popup = lab.page.get_by_role("dialog", name="This lab")
    expect(popup).to_contain_text("none left")
    expect(popup.get_by_role("button", name=re.compile("Extend"))).to_have_count(0)
    expect(warning).to_have_count(0)


def test_who_waits_for_a_gpu_is_offered_it_for_minutes_when_it_becomes_free(
    short_demo: Demo, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.allow("/hub/spawn", 409)
    holder = start_profile(new_context(), short_demo, "annie", "GPU", watch)
    page = new_context().new_page()
    log_in(page, short_demo, "cecilia", "spawn")
    gpu = page.locator(".skydesk-profile", has_text="GPU")
    expect(gpu).to_contain_text("0 of 1 GPUs free now")
    page.get_by_role("radio", name=re.compile("^GPU")).check()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("you are number 1 of 1 in the queue")).to_be_visible()

    holder.page.goto(f"{short_demo.url}/hub/home")
    holder.page.get_by_role("button", name="Stop My Server").click()

    def offered() -> bool:
        page.goto(f"{short_demo.url}/hub/spawn")
        return "It is your turn" in gpu.inner_text()

    wait_until(offered, seconds=30, what="the turn")
    expect(gpu).to_contain_text(re.compile("a place is kept for you for [34] min"))
    page.get_by_role("radio", name=re.compile("^GPU")).check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/user/cecilia/lab**", timeout=LONG_MS)


def look_behind(lab: Lab, item: Locator) -> Locator:
    """Open by keyboard what is behind the time left."""
    item.focus()
    lab.page.keyboard.press("Enter")
    popup = lab.page.get_by_role("dialog", name="This lab")
    expect(popup).to_be_visible()
    return popup
