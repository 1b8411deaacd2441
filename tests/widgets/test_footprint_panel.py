import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import skydesk
from skydesk_widgets import FootprintPanel
from tests.fakes.widget_comm import FakeComm, fake_comms


@pytest.fixture
def panel(tiny_survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FootprintPanel]:
    for name in ("SKYDESK_URL", "SKYDESK_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path))
    with fake_comms(), skydesk.connect(survey=tiny_survey) as sky:
        panel = FootprintPanel(sky, selected_tile="DES2134-0041")
        yield panel
        panel.close()


def test_the_view_asks_the_kernel_and_shares_what_was_chosen(panel: FootprintPanel) -> None:
    assert isinstance(panel.comm, FakeComm)
    request_id = uuid.uuid4().hex
    panel.comm.receive({"kind": "request", "id": request_id, "method": "GET", "path": "footprint/layers/DR2"})
    reply, _ = panel.comm.reply_to(request_id)
    assert reply["status"] == 200
    assert reply["json"]["tiles"] > 0
    assert panel.get_state(["selected_tile", "region", "positions_text"]) == {
        "selected_tile": "DES2134-0041",
        "region": {},
        "positions_text": "",
    }
    circle = {"circle": {"ra_deg": 323.4, "dec_deg": -0.8, "radius_arcmin": 10.0}}
    panel.set_state({"selected_tile": "", "region": circle})
    assert (panel.selected_tile, panel.region) == ("", circle)
