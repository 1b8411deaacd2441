"""What every test may ask for."""

from pathlib import Path

import pytest

from skydesk.demo_survey import cached_survey


@pytest.fixture(scope="session")
def tiny_survey() -> Path:
    """The survey file of the smallest demo survey, seed 1; made once and kept in the user's cache."""
    return cached_survey("tiny", 1)
