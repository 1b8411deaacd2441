"""What every test may ask for, and which tests stay together in one process."""

from pathlib import Path

import pytest

from skydesk.demo_survey import cached_survey

_LONGEST = (
    "browser",
    "pages of the hub",
    "hub 5",
    "installed hub",
    "tests/docs/test_pages.py",
    "tests/core/test_cli.py",
    "tests/core/test_client.py",
    "tests/images/test_fresh_roots.py",
    "tests/notebooks/test_notebooks.py",
    "tests/server/test_hub_service.py",
    "tests/hub/test_oidc_login.py",
    "tests/demo_survey/test_tiny.py",
    "tests/backends/test_jobstore.py",
    "tests/backends/test_writers.py",
    "tests/docs/test_readme.py",
    "tests/faults/test_cutout_kills.py",
    "tests/faults/test_kills.py",
    "tests/web/test_notebook.py",
    "tests/backends/test_leasestore.py",
    "tests/backends/test_local_runner.py",
    "tests/backends/test_duckdb_catalog.py",
    "tests/core/test_wiring.py",
    "tests/core/test_footprint_handle.py",
)
"""Groups of more than 15 s, the longest first: begun late, one of them would keep a single process busy at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, but where they name a group, and all of the browser's others in one."""
    rank = {group: position for position, group in enumerate(_LONGEST)}
    ranks: dict[pytest.Item, int] = {}
    for item in items:
        marked = item.get_closest_marker("xdist_group")
        file = item.nodeid.partition("::")[0]
        group = marked.args[0] if marked else "browser" if file.startswith("tests/browser/") else file
        if marked is None:
            item.add_marker(pytest.mark.xdist_group(group))
        ranks[item] = rank.get(group, len(rank))
    items.sort(key=ranks.__getitem__)


@pytest.fixture(scope="session")
def tiny_survey() -> Path:
    """The survey file of the smallest demo survey, seed 1; made once and kept in the user's cache."""
    return cached_survey("tiny", 1)
