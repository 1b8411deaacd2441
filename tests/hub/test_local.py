"""Labs that are processes of this machine: why they ended."""

import pytest

from skydesk_hub.local import SkydeskLocalSpawner
from skydesk_hub.pods import End


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (None, None),
        (0, End(reason="user", message="it was shut down from inside")),
        (-9, End(reason="lost", message="its process was killed by signal 9")),
        (1, End(reason="failed", message="its process ended with status 1")),
    ],
    ids=["runs", "shut down", "killed", "crashed"],
)
def test_the_exit_status_says_why_a_lab_ended(status: int | None, end: End | None) -> None:
    lab = SkydeskLocalSpawner()
    lab._status = status
    assert lab.seen_end() == end
