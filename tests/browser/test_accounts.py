"""Three accounts log in, and each sees its own services and no other."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from .conftest import OpenLab, sign_in
from .demo import Demo
from .lab import Lab
from .watch import Watch

SERVICES = {
    "henrietta": ["Query", "Cutouts", "Footprint", "Jobs"],
    "vera": ["Query", "Cutouts", "Footprint", "Jobs"],
    "cecilia": ["Query", "Cutouts", "Weather", "Footprint", "Jobs"],
}


def test_a_wrong_password_is_refused_and_the_right_one_opens_the_lab(
    new_context: Callable[..., BrowserContext], demo: Demo, watch: Watch
) -> None:
    watch.allow("/hub/login", 403)
    context = new_context()
    page = context.new_page()
    page.goto(demo.url)
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password").fill("guess")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Invalid username or password")).to_be_visible()
    lab = sign_in(context, demo, "vera")
    expect(lab.tab("query")).to_be_visible()


@pytest.mark.parametrize("account", SERVICES)
def test_an_account_has_a_card_and_a_panel_for_each_of_its_services_and_no_other(account: str, open_lab: OpenLab) -> None:
    lab = open_lab(account)
    expect(lab.cards).to_have_text(SERVICES[account])
    tabs = lab.page.locator(".jp-SideBar .lm-TabBar-tab[data-id^='skydesk-']")
    expect(tabs).to_have_count(len(SERVICES[account]))
    for tab, title in zip(tabs.all(), SERVICES[account], strict=True):
        assert tab.get_attribute("title") == title


def test_a_card_opens_its_panel(open_lab: OpenLab) -> None:
    lab = open_lab("cecilia")
    lab.cards.get_by_text("Weather").click()
    expect(lab.page.locator("#skydesk-weather")).to_have_text("clear skies")
    lab.cards.get_by_text("Query").click()
    expect(lab.page.locator("#skydesk-query .cm-content")).to_be_focused()


def test_the_server_refuses_what_the_panel_does_not_show(open_lab: OpenLab) -> None:
    assert weather_status(open_lab("cecilia")) == 200
    for account, charts in (("vera", ["chart"]), ("henrietta", [])):
        lab = open_lab(account)
        assert weather_status(lab) == 403
        with lab.cookies() as client:
            assert client.get("query/tables").status_code == 200
            names = [service["name"] for service in client.get("session").json()["services"]]
            assert names == ["query", "cutout", *charts, "footprint", "jobs", "tables"]


def weather_status(lab: Lab) -> int:
    with lab.cookies() as client:
        return client.get("weather/2013-08-31").status_code


def test_who_is_not_logged_in_gets_nothing(open_lab: OpenLab, demo: Demo) -> None:
    lab = open_lab("vera")
    with demo.client() as nobody:
        for base in ("/user/vera", "/services/skydesk"):
            for path in ("session", "query/tables", "jobs", "jobs/events"):
                answer = nobody.get(f"{base}/skydesk/api/{path}", headers={"Accept": "application/json"})
                assert answer.status_code in {302, 401, 403}, (base, path)
                assert "DR2_MAIN" not in answer.text
    with lab.cookies() as vera:
        other = vera.get(f"{demo.url}/user/henrietta/skydesk/api/jobs", headers={"Accept": "application/json"})
        assert other.status_code in {302, 401, 403, 404, 424, 503}


def test_a_lab_that_is_visited_does_not_ask_node_whether_it_must_be_built_anew(states: Callable[[str], Any], demo: Demo) -> None:
    with demo.client() as vera:
        for cookie in states("vera")["cookies"]:
            vera.cookies.set(cookie["name"], cookie["value"], domain="127.0.0.1", path=cookie["path"])
        page = vera.get("/user/vera/lab")
    assert page.status_code == 200
    assert '"buildCheck": false' in page.text
    assert '"buildAvailable": false' in page.text
