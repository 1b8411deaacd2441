"""What owners are told of jobs that wait: tables."""

import pytest

from skydesk.backends.kubernetes_runner.notes import note_of_no_place, note_of_wait
from skydesk.backends.kubernetes_runner.verdict import Waiting, WaitingFor

_QUOTA = 'Error creating: pods "skydesk-x-1-abc" is forbidden: exceeded quota: few-pods, requested: pods=1, used: pods=2, limited: pods=2'
_SCHEDULER = "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 No preemption victims found."


@pytest.mark.parametrize(
    ("words", "note"),
    [
        pytest.param(_QUOTA, "it waits for other jobs to end: the quota few-pods of the cluster is used up", id="quota"),
        pytest.param(_SCHEDULER, "it waits for a node with room (0/2 nodes are available: 2 Insufficient memory)", id="scheduler"),
        pytest.param("", "it waits for a node with room", id="nothing is said"),
        pytest.param("one\ntwo\x00 three", "it waits for a node with room (one two three)", id="control characters"),
    ],
)
def test_a_job_without_a_place_says_what_it_waits_for(words: str, note: str) -> None:
    assert note_of_no_place(words) == note


def test_no_note_is_longer_than_a_few_lines() -> None:
    assert len(note_of_no_place("x" * 10_000)) < 340


@pytest.mark.parametrize(
    ("wait", "note"),
    [
        pytest.param(Waiting(what=WaitingFor.PLACE, words=_SCHEDULER), note_of_no_place(_SCHEDULER), id="place"),
        pytest.param(Waiting(what=WaitingFor.QUOTA, words=_QUOTA), note_of_no_place(_QUOTA), id="quota"),
        pytest.param(
            Waiting(what=WaitingFor.IMAGE, words="ErrImagePull: registry.example.org"),
            "it waits for the image of job workers, which could not be fetched yet",
            id="image, without the operator's addresses",
        ),
        pytest.param(Waiting(what=WaitingFor.POD), "it waits for the cluster to make its pod", id="pod"),
        pytest.param(Waiting(what=WaitingFor.START), None, id="a start that takes its time"),
        pytest.param(
            Waiting(what=WaitingFor.START, words="CreateContainerConfigError"),
            "its pod does not start yet (CreateContainerConfigError)",
            id="a start that fails",
        ),
    ],
)
def test_a_pod_that_has_not_begun_says_what_it_waits_for(wait: Waiting, note: str | None) -> None:
    assert note_of_wait(wait) == note
