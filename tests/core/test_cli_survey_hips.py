"""``skydesk survey hips`` and ``sky.footprint().hips``: by a worker of its own, into the cache folder."""

import json
from pathlib import Path

import pytest

from skydesk.client import connect
from skydesk.errors import Conflict
from tests.core.command_line import Command, command_of, use_own_folders


@pytest.fixture
def skydesk(capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(capsys)


def test_an_operator_makes_a_pyramid_and_a_notebook_sees_it(
    skydesk: Command, tmp_path: Path, tiny_survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_folders(monkeypatch, tmp_path, tiny_survey, workers=1)
    monkeypatch.setenv("SKYDESK_IMAGE_CACHE", str(tmp_path / "cache"))
    status, out, err = skydesk("survey", "hips", str(tiny_survey), "--release", "DR1", "--order", "5", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["available"], told["order"], told["job_phase"]) == (True, 5, None)
    (properties,) = tmp_path.glob("cache/hips/*/DR1/properties")
    assert "hips_order           = 5\n" in properties.read_text()
    status, _, err = skydesk("survey", "hips", str(tiny_survey), "--release", "DR1", "--order", "4")
    assert (status, "is there already" in err) == (2, True)
    status, _, err = skydesk("survey", "hips", str(tiny_survey), "--release", "DR1", "--order", "4", "--again")
    assert (status, err.splitlines()[-1]) == (0, "the colour pyramid of DR1 is there, down to order 4")
    with connect(survey=tiny_survey) as sky:
        footprint = sky.footprint("DR1")
        assert (footprint.hips["available"], footprint.hips["order"]) == (True, 4)
        with pytest.raises(Conflict, match="is there already"):
            footprint.make_hips()


def test_a_survey_file_that_is_not_there_is_named(skydesk: Command) -> None:
    status, _, err = skydesk("survey", "hips", "no-such.toml")
    assert (status, "no-such.toml" in err) == (2, True)
