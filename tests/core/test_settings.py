from pathlib import Path

import pytest
from traitlets.config import Config

from skydesk.errors import InvalidRequest
from skydesk.settings import SkydeskSettings, hub_place, jobs_folder_of_lab, lab_upstream, service_address, tell_kernels


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SKYDESK_SURVEY", "SKYDESK_DATA_FOLDER", "SKYDESK_JOBS_FOLDER", "SKYDESK_DATABASE_URL", "SKYDESK_WORKERS", "SKYDESK_URL",
        "SKYDESK_TOKEN",
        "SKYDESK_SERVICE_URL", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_SERVICE_URL",
        "JUPYTERHUB_USER",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def test_everything_lies_in_the_data_folder_unless_said_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path))
    settings = SkydeskSettings()
    assert Path(settings.jobs_folder) == tmp_path / "jobs"
    assert settings.database_url == f"sqlite:///{tmp_path}/skydesk.sqlite"
    assert settings.survey_file == ""
    assert 1 <= settings.workers <= 4


def test_configuration_beats_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_SURVEY", "/from/environment.toml")
    monkeypatch.setenv("SKYDESK_WORKERS", "3")
    assert (SkydeskSettings().survey_file, SkydeskSettings().workers) == ("/from/environment.toml", 3)
    settings = SkydeskSettings(config=Config({"SkydeskSettings": {"survey_file": "/from/file.toml", "workers": 5}}))
    assert (settings.survey_file, settings.workers) == ("/from/file.toml", 5)


@pytest.mark.parametrize("given", ["many", "-1", "0", "1.5"])
def test_a_wrong_number_of_workers_names_the_setting(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SKYDESK_WORKERS", given)
    with pytest.raises(InvalidRequest, match="workers: must be a whole number"):
        assert SkydeskSettings().workers


def test_every_setting_has_help_that_says_something() -> None:
    for name, trait in SkydeskSettings.class_own_traits(config=True).items():
        assert len(str(trait.help)) > 20, name
        assert str(trait.help).rstrip().endswith("."), name


def test_a_notebook_finds_what_is_round_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert service_address() is None
    assert lab_upstream() is None
    monkeypatch.setenv("SKYDESK_SERVICE_URL", "http://127.0.0.1:10180/services/skydesk/")
    assert service_address() is None
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub-token")
    assert service_address() == lab_upstream() == ("http://127.0.0.1:10180/services/skydesk", "hub-token")
    monkeypatch.setenv("SKYDESK_URL", "")
    monkeypatch.setenv("SKYDESK_TOKEN", "")
    tell_kernels("http://127.0.0.1:8888/base/", "lab-token")
    assert service_address() == ("http://127.0.0.1:8888/base", "lab-token")


def test_a_labs_job_folders_need_folder_and_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_JOBS_FOLDER", "/srv/jobs")
    assert jobs_folder_of_lab() is None
    monkeypatch.setenv("JUPYTERHUB_USER", "vera")
    assert jobs_folder_of_lab() == (Path("/srv/jobs"), "vera")


def test_a_service_of_no_hub_is_told_every_variable_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hub_place()
    assert len(caught.value.faults) == 4
    for name in ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/hub-base/services/skydesk")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:10180")
    place = hub_place()
    assert (place.prefix, place.bind_url) == ("/hub-base/services/skydesk/", "http://127.0.0.1:10180")
