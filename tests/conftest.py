"""What every test may ask for."""

from pathlib import Path

import pytest

from skydesk.demo_survey import cached_survey

_BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, and all browser tests in one, which begins with them: they take longest."""
    items.sort(key=lambda item: _BROWSER not in item.path.parents)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("browser" if _BROWSER in item.path.parents else str(item.path)))


@pytest.fixture(scope="session")
def tiny_survey() -> Path:
    """The survey file of the smallest demo survey, seed 1; made once and kept in the user's cache."""
    return cached_survey("tiny", 1)
