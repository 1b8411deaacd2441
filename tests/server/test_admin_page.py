from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.hub import FakeHub
from tests.server.processes import wait_for_answer
from tests.server.serving import serve
from tests.server.test_hub_service import Service, person, start_service

ADMIN_SCOPES = ["access:services!service=skydesk", "custom:skydesk:admin"]
PEOPLE = {
    "ada-token": person("ada", "admin", scopes=ADMIN_SCOPES),
    "mona-token": person("mona", "monitor", scopes=ADMIN_SCOPES),
    "vera-token": person("vera", "default", scopes=ADMIN_SCOPES),
    "scopeless-token": person("ada", "admin", scopes=ADMIN_SCOPES[:1]),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    hub = FakeHub(PEOPLE)
    with serve(hub.application) as hub_url:
        url, running = start_service(folder, hub, hub_url)
        with running as started:
            wait_for_answer(f"{url}health", started, folder / "service.log")
            yield Service(url, hub, started, folder / "service.log")


def page(service: Service, path: str, token: str | None = None, **headers: str) -> httpx.Response:
    given = headers | ({"Authorization": f"token {token}"} if token else {})
    with httpx.Client(base_url=service.url, headers=given, trust_env=False, timeout=30) as client:
        return client.get(path)


@pytest.mark.parametrize("token", ["ada-token", "mona-token"])
def test_who_has_rights_gets_the_page(service: Service, token: str) -> None:
    answer = page(service, "admin", token)
    assert answer.status_code == 200
    assert 'data-api="/services/skydesk/skydesk/api/"' in answer.text
    assert 'data-hub="/hub/"' in answer.text


@pytest.mark.parametrize("token", ["vera-token", "scopeless-token"])
def test_who_has_none_is_refused_in_a_sentence(service: Service, token: str) -> None:
    answer = page(service, "admin", token)
    assert answer.status_code == 403
    assert "the admin service is not open to" in answer.text
    assert "skydesk-admin" not in answer.text


def test_who_is_not_logged_in_is_sent_to_the_hub(service: Service) -> None:
    answer = page(service, "admin")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/hub/api/oauth2/authorize?")


def test_the_page_runs_its_own_script_only_and_stands_in_no_frame(service: Service) -> None:
    answer = page(service, "admin", "ada-token")
    rules = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert answer.text.count("<script") == answer.text.count('<script type="module" src="/services/skydesk/static/admin.js">') == 1
    assert "<style" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_sets_the_cookie_that_its_calls_are_checked_by(service: Service) -> None:
    cookies = page(service, "admin", "ada-token").headers.get_list("Set-Cookie")
    assert [cookie.split("=")[0] for cookie in cookies if "Path=/services/skydesk/" in cookie] == ["_xsrf"]


@pytest.mark.parametrize(("ending", "media_type"), [("js", "text/javascript"), ("css", "text/css")])
def test_the_view_is_sent_once_and_asked_for_again_only_when_it_changed(service: Service, ending: str, media_type: str) -> None:
    answer = page(service, f"static/admin.{ending}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(media_type)
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-cache")
    assert answer.content == (Path("widgets/skydesk_widgets/static") / f"admin.{ending}").read_bytes()
    again = page(service, f"static/admin.{ending}", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["static/query.js", "static/../style.css.js", "static/admin.map", "static/"])
def test_nothing_else_is_sent_from_there(service: Service, path: str) -> None:
    assert page(service, path).status_code == 404


def test_the_services_page_leads_there_who_may_go(service: Service) -> None:
    assert 'href="/services/skydesk/admin"' in page(service, "", "ada-token").text
    assert "admin" not in page(service, "", "vera-token").text
