"""What the cluster shows of an attempt, and what becomes of its job then; pure functions.

Objects are the API's own JSON. The attempts are ours: a Job has one pod and is never begun again by the cluster.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...jobs.model import Job, JobError, Phase
from ..local_runner.verdict import MAX_ATTEMPTS, REQUEUED, Stop, after_end, after_shutdown, too_much_memory, too_slow

__all__ = [
    "UNHEARD_STATUS",
    "Seen",
    "Waiting",
    "WaitingFor",
    "after_wait",
    "deleted_by_hand",
    "ending",
    "glimpse",
    "has_started",
    "is_at_rest",
    "lost",
    "no_place",
    "told_end",
    "uid_of",
    "waiting",
]

UNHEARD_STATUS = 3
"""Exit status of a worker that nobody let begin: the service was not reached, or did not want it."""

_TIME_SIGNALS = frozenset({128 + 14, 128 + 24})
"""Exit codes of SIGALRM and SIGXCPU, the worker's own backstops."""

_BROKEN_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})
_BROKEN_CONTAINER = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the cluster shows of one attempt."""

    job: Mapping[str, Any] | None
    """The Job; None where there is none."""

    pods: Sequence[Mapping[str, Any]] = ()


class WaitingFor(StrEnum):
    """What keeps a pod from its work."""

    QUOTA = "quota"
    POD = "pod"
    PLACE = "place"
    IMAGE = "image"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """That a pod does no work yet, and why."""

    what: WaitingFor
    words: str = ""
    """As the cluster has them."""


def ending(job: Job, seen: Seen, *, pod_uid: str | None, end: Mapping[str, Any] | None, stop: Stop | None) -> Mapping[str, Any] | None:
    """Tell what an attempt's job becomes, by all that is known.

    Parameters
    ----------
    pod_uid
        The pod that has begun the work; None where none has.
    end
        What the worker said last, where it has said it.

    Returns
    -------
    Mapping or None
        Fields that the job gets; None while the attempt goes on.
    """
    pod = next((pod for pod in seen.pods if uid_of(pod) == pod_uid), None) if pod_uid else next(iter(seen.pods), None)
    end = end or (None if pod is None else told_end(pod))
    if end is not None and not end.get("interrupted"):
        return after_end(job, end, stop)
    if stop is Stop.CANCELLED:
        return {"phase": Phase.ABORTED, "error": None} if is_at_rest(seen) else None
    if pod is not None and (found := _after_pod(job, pod)) is not None:
        return found
    if pod is None and pod_uid is not None:
        return lost(job, "its pod is gone")
    if pod is None and (reason := _failed_reason(seen.job)) is not None:
        return _never_begun(job) if reason == "DeadlineExceeded" else lost(job, f"the cluster gave it up ({reason})")
    return None


def waiting(seen: Seen, events: Sequence[str] = ()) -> Waiting | None:
    """Tell what keeps an attempt from its work; None where its worker runs, or has ended.

    Parameters
    ----------
    events
        What the cluster says of the Job lately, newest last.
    """
    if seen.job is None:
        return None
    if not seen.pods:
        words = next((words for words in reversed(events) if "forbidden" in words), events[-1] if events else "")
        return Waiting(what=WaitingFor.QUOTA if "exceeded quota" in words else WaitingFor.POD, words=words)
    pod = seen.pods[0]
    return None if has_started(pod) or _is_over(pod) else _waiting_pod(pod)


def _waiting_pod(pod: Mapping[str, Any]) -> Waiting:
    """What keeps a pod that is there from its work."""
    if not pod["spec"].get("nodeName"):
        return Waiting(what=WaitingFor.PLACE, words=str(_condition(pod, "PodScheduled").get("message", "")))
    state = _container_state(pod).get("waiting") or {}
    if state.get("reason") in _BROKEN_IMAGE:
        return Waiting(what=WaitingFor.IMAGE, words=_words(state))
    return Waiting(what=WaitingFor.START, words=_words(state) if state.get("reason") in _BROKEN_CONTAINER else "")


def after_wait(job: Job, wait: Waiting, image: str) -> Mapping[str, Any]:
    """Fields that a job gets when patience with its pod has ended; for want of a place it waits again, which is no attempt."""
    match wait.what:
        case WaitingFor.QUOTA | WaitingFor.PLACE:
            return after_shutdown(job)
        case WaitingFor.IMAGE:
            message = f"the image {image} of job workers cannot be fetched ({_short(wait.words)}); show the operator this"
            return _error("unavailable", message)
        case WaitingFor.POD:
            message = f"the cluster makes no pod for it ({_short(wait.words) or 'it does not say why'}); show the operator job {job.id}"
            return _error("unavailable", message)
        case WaitingFor.START:
            return lost(job, f"its pod did not start ({_short(wait.words) or 'it does not say why'})")


def lost(job: Job, cause: str) -> Mapping[str, Any]:
    """Fields that a job gets when an attempt has come to nothing: it is begun again, unless that has happened too often."""
    if job.cancel_requested:
        return {"phase": Phase.ABORTED, "error": None}
    if job.attempt < MAX_ATTEMPTS:
        return REQUEUED
    return _error(
        "internal_error", f"it was begun {job.attempt} times, and at last {cause}; run it again later, or show the operator job {job.id}"
    )


def no_place(job: Job, words: str, hours: float) -> Mapping[str, Any]:
    """Fields of a job that the cluster has had no place for all the time that one waits for it."""
    message = f"the cluster had no place for it in {hours:.3g} h ({_short(words)}); ask for less memory, or show the operator job {job.id}"
    return _error("unavailable", message)


def deleted_by_hand(job: Job) -> Mapping[str, Any]:
    """Fields of a job whose Job somebody deleted on the cluster."""
    if job.cancel_requested:
        return {"phase": Phase.ABORTED, "error": None}
    message = "an operator stopped it on the cluster; run it again if you still need it, or ask why"
    return {"phase": Phase.ABORTED, "error": JobError(code="cancelled", message=message)}


def has_started(pod: Mapping[str, Any]) -> bool:
    """Tell whether the worker of a pod has begun to run, or more."""
    state = _container_state(pod)
    return "running" in state or "terminated" in state


def is_at_rest(seen: Seen) -> bool:
    """Tell whether nothing of an attempt runs, or will."""
    over = seen.job is None or _failed_reason(seen.job) is not None or bool(_condition(seen.job, "Complete"))
    return over and all(_is_over(pod) for pod in seen.pods)


def told_end(pod: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give what the worker left as its last message (``terminationMessage``); None where it left none."""
    terminated = _container_state(pod).get("terminated") or {}
    try:
        end = json.loads(terminated.get("message") or "null")
    except ValueError:
        return None
    return end if isinstance(end, dict) and end.get("kind") == "end" else None


def glimpse(seen: Seen) -> str:
    """Tell in a line, for the log, what the cluster shows of an attempt."""
    pods = [f"pod {pod['metadata']['name']} {pod.get('status', {}).get('phase')} {dict(_container_state(pod))}" for pod in seen.pods]
    return "; ".join(["no Job" if seen.job is None else f"Job {_failed_reason(seen.job) or 'there'}", *(pods or ["no pod"])])


def uid_of(thing: Mapping[str, Any]) -> str:
    """Give the cluster's id of an object."""
    return str(thing["metadata"]["uid"])


def _after_pod(job: Job, pod: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a pod's own death means, in the order of what is surest."""
    status = pod.get("status", {})
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    terminated = _container_state(pod).get("terminated")
    if reason == "Evicted":
        return _evicted(job, message)
    if reason == "DeadlineExceeded":
        return too_late(job)
    if terminated is not None:
        return _after_container(job, terminated)
    if status.get("phase") in {"Failed", "Succeeded"}:
        return lost(job, f"its pod ended ({_short(message) or reason or 'the cluster does not say why'})")
    return None


def _after_container(job: Job, terminated: Mapping[str, Any]) -> Mapping[str, Any]:
    if terminated.get("reason") == "OOMKilled":
        return _with(Phase.ERROR, too_much_memory(job))
    if terminated.get("exitCode") in _TIME_SIGNALS:
        return too_late(job)
    if terminated.get("exitCode") == UNHEARD_STATUS:
        return lost(job, "its pod did not reach the service")
    return lost(job, f"its worker died {_cause(terminated)}")


def too_late(job: Job) -> Mapping[str, Any]:
    """Fields of a job that passed its time limit: UWS 1.1 (section 2.2.1.2) wants ABORTED."""
    return _with(Phase.ABORTED, too_slow(job))


def _evicted(job: Job, message: str) -> Mapping[str, Any]:
    """A pod that used more disk than it may will do so again; one that had to go since its node was short will not."""
    if "exceeds" in message and "low on resource" not in message:
        words = "it needs more scratch space than a job may use; sort, group or join fewer rows at a time, or ask for a smaller area"
        return _error("limit_exceeded", words)
    return lost(job, f"its node was short of room ({_short(message)})")


def _never_begun(job: Job) -> Mapping[str, Any]:
    return after_shutdown(job)


def _is_over(pod: Mapping[str, Any]) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"} or "terminated" in _container_state(pod)


def _failed_reason(job: Mapping[str, Any] | None) -> str | None:
    failed = {} if job is None else _condition(job, "Failed")
    return str(failed.get("reason") or "Failed") if failed else None


def _condition(thing: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A condition of an object; empty where it has none, or a Job's does not hold."""
    for condition in thing.get("status", {}).get("conditions") or ():
        if condition["type"] == kind and (condition["status"] == "True" or kind == "PodScheduled"):
            return dict(condition)
    return {}


def _container_state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    statuses: Sequence[Mapping[str, Any]] = pod.get("status", {}).get("containerStatuses") or ({},)
    return dict(statuses[0].get("state") or {})


def _cause(terminated: Mapping[str, Any]) -> str:
    code = terminated.get("exitCode")
    return f"by signal {code - 128}" if isinstance(code, int) and code > 128 else f"with exit status {code}"


def _words(state: Mapping[str, Any]) -> str:
    return ": ".join(str(state[key]) for key in ("reason", "message") if state.get(key))


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 1]}…"


def _with(phase: Phase, error: JobError) -> Mapping[str, Any]:
    return {"phase": phase, "error": error}


def _error(code: str, message: str) -> Mapping[str, Any]:
    return _with(Phase.ERROR, JobError(code=code, message=message))
