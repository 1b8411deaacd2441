"""Panels as files: those that services state, and the views beside them."""

from pathlib import Path

import pytest

from skydesk.errors import NotFound
from skydesk.registry import Service
from skydesk_server import panels


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two services, ``query`` with a view beside its panel and ``bare`` without a panel; gives their folder."""
    for name in ("query.js", "query.css", "result.js", "bare.js"):
        (tmp_path / name).write_text(name)
    common = {"title": "T", "description": "d", "icon": "<svg/>"}
    services = (
        Service(name="query", panel=tmp_path / "query.js", style=tmp_path / "query.css", **common),
        Service(name="bare", **common),
    )
    monkeypatch.setattr(panels, "all_services", lambda: services)
    return tmp_path


@pytest.mark.parametrize(("name", "ending"), [("query", "js"), ("query", "css"), ("result", "js")])
@pytest.mark.usefixtures("installed")
def test_a_panel_and_the_views_beside_it_are_found(name: str, ending: str) -> None:
    assert panels.find_panel(name, ending).body == f"{name}.{ending}".encode()


@pytest.mark.parametrize(("name", "ending"), [("bare", "js"), ("result", "css"), ("nothing", "js")])
@pytest.mark.usefixtures("installed")
def test_what_no_service_states_and_no_panel_has_beside_it_is_not_found(name: str, ending: str) -> None:
    with pytest.raises(NotFound, match=f"{name}.{ending}"):
        panels.find_panel(name, ending)
