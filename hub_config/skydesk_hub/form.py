"""The spawn form: what a user may start, what of it is free, what it costs, and why the last lab ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from skydesk.access import LabProfile, Policy

from .words import cores, duration, hours, memory

__all__ = ["spawn_form"]

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
_ENDS = {
    "time": "its time was over",
    "idle": "it was idle",
    "budget": "the GPU-hours were used up",
    "admin": "an administrator ended it",
    "user": "you stopped it",
    "failed": "it failed",
    "lost": "it was lost",
}


def spawn_form(state: Mapping[str, Any], policy: Policy, *, chosen: str, now: datetime) -> str:
    """Render the form.

    Parameters
    ----------
    state
        What the service says of the user's profiles, their last lab and messages to them: the reply of ``hub/profiles``.
    policy
        Sizes and titles of profiles.
    chosen
        Name of the profile that was started last; chosen again where it is allowed.
    now
        Aware; times are told relative to it.

    Returns
    -------
    str
        HTML, everything in it escaped.
    """
    cards = [_card(entry, policy.profiles[entry["name"]], now) for entry in state["profiles"] if entry["name"] in policy.profiles]
    allowed = [card["name"] for card in cards if card["allowed"]]
    checked = chosen if chosen in allowed else next(iter(allowed), "")
    for card in cards:
        card["checked"] = card["name"] == checked
    return _TEMPLATES.get_template("spawn_form.html").render(
        waits=any(entry.get("place") for entry in state["profiles"]),
        cards=cards,
        messages=state.get("messages") or (),
        last_end=_last_end(state.get("last_end"), policy, now),
    )


def _card(entry: Mapping[str, Any], profile: LabProfile, now: datetime) -> dict[str, Any]:
    allowed = bool(entry.get("allowed"))
    return {
        "name": profile.name,
        "title": profile.title,
        "description": profile.description,
        "allowed": allowed,
        "refusal": None if allowed else entry.get("refusal") or "it is not open to you",
        "facts": _facts(profile, entry),
        "state": _state(entry, profile, now) if allowed else [],
    }


def _facts(profile: LabProfile, entry: Mapping[str, Any]) -> list[str]:
    facts = [
        cores(profile.cpu_request, profile.cpu_limit),
        memory(profile.memory_request_bytes, profile.memory_limit_bytes),
        *([f"{profile.gpus} GPU" if profile.gpus == 1 else f"{profile.gpus} GPUs"] if profile.gpus else []),
        f"for {duration(profile.longest_seconds)}"
        + (f", {profile.extensions} × {duration(profile.extension_seconds)} more if you ask" if profile.extensions else ""),
        f"ends when idle for {duration(profile.idle_seconds)}",
    ]
    if profile.gpus:
        facts.append(f"costs up to {hours(profile.gpus * profile.longest_seconds / 3600)} GPU-hours, counted while it runs")
    if entry.get("gpu_hours_left") is not None:
        facts.append(f"{hours(entry['gpu_hours_left'])} GPU-hours left this week")
    return facts


def _state(entry: Mapping[str, Any], profile: LabProfile, now: datetime) -> list[str]:
    if entry.get("held_until"):
        return [f"It is your turn: a place is kept for you for {duration(_seconds_until(entry['held_until'], now))}"]
    lines = []
    if entry.get("gpus_free") is not None and profile.gpus:
        lines.append(f"{entry['gpus_free']} of {(entry.get('holders') or 0) * profile.gpus} GPUs free now")
    elif entry.get("free") is not None:
        lines.append(f"{entry['free']} of {entry.get('holders')} places free now")
    estimate = entry.get("estimate_seconds")
    wait = f", about {duration(estimate)}" if estimate is not None else ""
    if entry.get("place"):
        lines.append(f"You are number {entry['place']} in the queue{wait}")
    elif entry.get("free") == 0 or entry.get("queue_length"):
        lines.append(f"Start it to join the queue: {entry.get('queue_length') or 0} waiting{wait}")
    return lines


def _last_end(end: Mapping[str, Any] | None, policy: Policy, now: datetime) -> dict[str, Any] | None:
    if not end:
        return None
    profile = policy.profiles.get(end.get("profile") or "")
    ago = duration(-_seconds_until(end["ended_at"], now))
    why = _ENDS.get(end.get("reason") or "", "for an unknown reason")
    return {
        "headline": f"Your last lab{f' ({profile.title})' if profile else ''} ended {ago} ago: {why}",
        "message": end.get("message"),
        "lines": [
            *_listed("Kernels that were busy", [_kernel(each) for each in end.get("busy_kernels") or ()]),
            *_listed("Saved before the end", end.get("saved") or ()),
            *_listed("Not saved", end.get("unsaved") or ()),
        ],
    }


def _kernel(each: Any) -> str:
    return f"{each.get('path') or each.get('name')}" if isinstance(each, Mapping) else str(each)


def _listed(what: str, names: Sequence[Any]) -> list[str]:
    return [f"{what}: {', '.join(map(str, names))}"] if names else []


def _seconds_until(moment: str, now: datetime) -> float:
    return (datetime.fromisoformat(moment) - now).total_seconds()
