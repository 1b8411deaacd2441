"""What every Dockerfile keeps to."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from skydesk import __version__
from skydesk.kubernetes_settings import KubernetesJobs
from tests.helm.render import CHART, values_file
from tests.images.dockerfile import IMAGES, ROOT, Dockerfile

LOCKS = sorted((ROOT / "images").glob("*/requirements*.txt"))
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HADOLINT = Path(sys.prefix, "bin/hadolint")


def _name(lock: Path) -> str:
    return lock.relative_to(ROOT / "images").as_posix()


def _pins(lock: Path) -> dict[str, Version]:
    requirements = [Requirement(line) for line in lock.read_text().splitlines() if not line.startswith("#")]
    return {canonicalize_name(each.name): Version(str(each.specifier).removeprefix("==")) for each in requirements}


@pytest.mark.parametrize("image", IMAGES)
def test_hadolint_finds_nothing(image: str) -> None:
    done = subprocess.run([HADOLINT, Dockerfile(image).path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN pip install numpy\n")
    done = subprocess.run([HADOLINT, tmp_path / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert {"DL3006", "DL3013"} <= set(re.findall(r"DL\d+", done.stdout))


@pytest.mark.parametrize("image", IMAGES)
def test_it_begins_by_naming_its_stages(image: str) -> None:
    dockerfile = Dockerfile(image)
    first = dockerfile.path.read_text().splitlines()[0]
    assert first.startswith("# Stages: ")
    assert re.findall(r"`([\w-]+)`", first) == [stage.name for stage in dockerfile.stages]


@pytest.mark.parametrize("image", IMAGES)
def test_what_runs_is_not_root_and_has_no_compiler_or_wheel(image: str) -> None:
    *_, last = Dockerfile(image).stages
    user = last.last("USER")
    assert user is not None
    assert re.fullmatch(r"1000:(1000|100)", user.value)
    assert last.instructions.index(user) > max(number for number, each in enumerate(last.instructions) if each.word in {"COPY", "ENV"})
    assert not [each for each in last.instructions if each.word == "RUN" and re.search(r"\bpip\b|build-essential|gcc|curl", each.value)]


@pytest.mark.parametrize("image", IMAGES)
def test_wheels_are_fetched_in_one_stage_and_installed_offline_in_the_next(image: str) -> None:
    fetch, install, _ = Dockerfile(image).stages
    assert all("--no-index" in command for command in _installs(install.instructions))
    assert _installs(install.instructions)
    assert any("pip wheel" in each.value for each in fetch.instructions)


def _installs(instructions: tuple[object, ...]) -> list[str]:
    commands = (command for each in instructions if each.word == "RUN" for command in each.value.split("&&"))  # type: ignore[attr-defined]
    return [command for command in commands if "pip" in command and " install " in command]


@pytest.mark.parametrize("image", IMAGES)
def test_bases_are_pinned_and_of_the_python_that_the_tests_run(image: str) -> None:
    for stage in Dockerfile(image).stages:
        _, _, tag = stage.base.partition(":")
        assert re.match(r"\d+\.\d+\.\d+", tag), stage.base
        if stage.base.startswith("python:"):
            assert tag.startswith("3.11.")


@pytest.mark.parametrize("image", IMAGES)
def test_no_host_of_a_registry_is_named(image: str) -> None:
    for path in (ROOT / "images" / image).iterdir():
        assert not re.search(r"https?://(?!z2jh|jupyterhub|docs)|index-url|--find-links (?!/wheels)", path.read_text()), path


@pytest.mark.parametrize("lock", LOCKS, ids=_name)
def test_a_lock_has_an_exact_version_for_whatever_is_asked_for(lock: Path) -> None:
    pins = _pins(lock)
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+]+", line) for line in lock.read_text().splitlines() if not line.startswith("#"))
    for requirement in _asked_for(lock.with_suffix(".in")):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def _asked_for(source: Path) -> list[Requirement]:
    found = []
    for line in source.read_text().splitlines():
        if line.startswith("-r "):
            found += _asked_for(source.parent / line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def _extra(name: str) -> Iterator[Requirement]:
    """What an extra asks for, and the extras in it."""
    for requirement in map(Requirement, DEPENDENCIES["optional-dependencies"][name]):
        if requirement.name == "skydesk":
            yield from (each for inner in requirement.extras for each in _extra(inner))
        else:
            yield requirement


@pytest.mark.parametrize(
    ("image", "extras"),
    [("worker", ("images",)), ("service", ("lab", "names", "postgresql")), ("lab", ("lab", "names", "widgets"))],
    ids=["worker", "service", "lab"],
)
def test_a_lock_has_what_the_package_needs(image: str, extras: tuple[str, ...]) -> None:
    pins = _pins(ROOT / "images" / image / "requirements.txt")
    for requirement in (*map(Requirement, DEPENDENCIES["dependencies"]), *(each for extra in extras for each in _extra(extra))):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("major", [5, 6])
def test_a_hub_of_each_jupyterhub_has_what_the_package_asks_of_hubs(major: int) -> None:
    pins = _pins(ROOT / f"images/hub/requirements-jupyterhub{major}.txt")
    assert pins["jupyterhub"].major == major
    for requirement in map(Requirement, DEPENDENCIES["optional-dependencies"]["hub"]):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement
    assert not {"astropy", "duckdb", "pyarrow", "numpy", *(each.name for each in _extra("images"))} & set(pins)


def test_what_images_share_has_one_version() -> None:
    worker, service, lab, lab_gpu = (
        _pins(ROOT / "images" / image / "requirements.txt") for image in ("worker", "service", "lab", "lab-gpu")
    )
    for other, inside in ((service, worker), (lab, worker), (lab_gpu, lab)):
        assert {name: other[name] for name in inside} == inside


def test_the_values_name_the_images_that_are_built() -> None:
    hub = values_file("values-base.yaml")["hub"]["image"]
    assert hub == {"name": "skydesk/hub", "tag": f"{__version__}-jupyterhub5"}
    assert values_file("values-hub6.yaml")["hub"]["image"]["tag"] == f"{__version__}-jupyterhub6"
    assert values_file("values-base.yaml")["singleuser"]["image"] == {"name": "skydesk/lab", "tag": __version__}
    assert f'appVersion: "{__version__}"' in (CHART / "Chart.yaml").read_text()


def test_what_is_built_from_holds_every_file_that_a_dockerfile_copies() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for image in IMAGES:
        for stage in Dockerfile(image).stages:
            for each in stage.instructions:
                if each.word == "COPY" and "--from" not in each.value:
                    source = each.words[0]
                    assert (ROOT / source).exists()
                    assert source == "." or any(source.startswith(f"{path}/") or source == path for path in allowed)


def test_each_image_says_what_it_is_and_how_it_is_built() -> None:
    for image in IMAGES:
        text = (ROOT / "images" / image / "README.md").read_text()
        assert f"docker build -f images/{image}/Dockerfile" in text


def test_the_worker_starts_what_pods_of_jobs_are_told_to_run() -> None:
    *_, last = Dockerfile("worker").stages
    entry = last.last("ENTRYPOINT")
    assert entry is not None
    assert entry.words == KubernetesJobs().command


def test_an_image_for_the_hubs_chart_leaves_the_command_to_it() -> None:
    *_, last = Dockerfile("hub").stages
    assert last.last("ENTRYPOINT") is None


def test_no_image_shows_gpus_to_labs_that_were_given_none() -> None:
    names = [each.value for image in IMAGES for stage in Dockerfile(image).stages for each in stage.instructions if each.word == "ENV"]
    assert not any("NVIDIA_VISIBLE_DEVICES" in value for value in names)
