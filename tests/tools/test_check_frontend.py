"""The check that the committed front end is what its sources give."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_frontend  # noqa: E402


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("committed", "built", "expected"),
    [
        ({"a.js": "1", "static/b.js": "2"}, {"a.js": "1", "static/b.js": "2"}, []),
        ({"a.js": "1"}, {"a.js": "2"}, ["a.js: differs"]),
        ({"a.js": "1"}, {"a.js": "1", "static/b.js": "2"}, ["static/b.js: not committed"]),
        ({"a.js": "1", "old.js": "2"}, {"a.js": "1"}, ["old.js: no longer built"]),
        ({}, {"a.js": "1"}, ["a.js: not committed"]),
    ],
    ids=["the same", "other bytes", "new file", "file left over", "nothing committed"],
)
def test_every_file_that_is_not_the_same_is_named(
    tmp_path: Path, committed: dict[str, str], built: dict[str, str], expected: list[str]
) -> None:
    assert check_frontend.differences(tree(tmp_path / "old", committed), tree(tmp_path / "new", built)) == expected


def test_a_difference_ends_the_check_with_1_and_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = [target.output for target in check_frontend.TARGETS]
    for output in outputs:
        tree(tmp_path / output, {"panel.js": "old"})

    def build(_root: Path, out: Path) -> None:
        for output in outputs:
            tree(out / output, {"panel.js": "new"})

    monkeypatch.setattr(check_frontend, "ROOT", tmp_path)
    monkeypatch.setattr(check_frontend, "build", build)
    assert check_frontend.main() == 1
    assert "extensions/labextension/dist/panel.js: differs" in capsys.readouterr().err


def test_a_build_that_fails_is_no_pass(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def build(_root: Path, _out: Path) -> None:
        raise FileNotFoundError("npm is not on PATH; install node 20 with npm")

    monkeypatch.setattr(check_frontend, "build", build)
    assert check_frontend.main() == 2
    assert "npm is not on PATH" in capsys.readouterr().err
