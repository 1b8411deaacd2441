from dataclasses import replace

import pytest

from skydesk import __version__
from skydesk.access import User
from skydesk.errors import NotAllowed, NotFound
from tests.views import VIEWS
from tests.web.conftest import HENRIETTA, Desk


def test_a_session_tells_who_asks_and_what_is_open_to_them(desk: Desk) -> None:
    session = desk.json("GET", "session")
    assert session["user"] == {"name": "vera", "groups": ["default"]}
    assert [service["name"] for service in session["services"]][:5] == ["query", "cutout", "chart", "footprint", "jobs"]
    assert session["survey"] == {"name": "small", "title": "Small survey", "releases": ["R1"], "default_release": "R1"}
    assert session["limits"]["query"]["quick_rows"] == 1000
    assert session["limits"]["jobs"]["concurrent"] == 2
    assert (session["files_root"], session["mode"], session["version"]) == ("jobs", "embedded", __version__)


def test_a_card_has_a_title_a_sentence_and_an_icon_that_follows_the_theme(desk: Desk) -> None:
    for service in desk.json("GET", "session")["services"]:
        assert service["title"]
        assert service["description"].endswith(".")
        assert service["icon"].startswith("<svg ")
        assert "jp-icon3" in service["icon"]
        assert isinstance(service["panel"], bool)


def test_only_services_that_the_groups_grant_are_listed_and_answer(desk: Desk) -> None:
    only_jobs = replace(VIEWS["limited"], services=frozenset({"jobs"}))
    narrow = desk.by(User(name="x", entitlements=only_jobs))
    assert [service["name"] for service in narrow.json("GET", "session")["services"]] == ["jobs"]
    assert narrow.json("GET", "jobs")["jobs"] == []
    with pytest.raises(NotAllowed, match="the query service is not open to x"):
        narrow.call("GET", "query/schema")


def test_who_is_in_no_group_has_an_empty_session(desk: Desk) -> None:
    session = desk.by(User(name="x")).json("GET", "session")
    assert session["services"] == []
    assert session["survey"]["releases"] == []
    assert session["survey"]["default_release"] is None


def test_limits_differ_by_view(desk: Desk) -> None:
    assert desk.by(HENRIETTA).json("GET", "session")["limits"]["jobs"]["concurrent"] == 1


def test_an_unknown_path_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.call("GET", "sessions")
