"""The spawn form: what may be started, what is free, what it costs, and why the last lab ended."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

from skydesk.access import default_policy
from skydesk_hub.form import spawn_form

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(name: str, **changes: Any) -> dict[str, Any]:
    profile = default_policy().profiles[name]
    return {
        "name": name, "title": profile.title, "description": profile.description, "allowed": True, "refusal": None, "gpus": profile.gpus,
        "gpus_free": None, "holders": profile.holders, "free": None, "queue_length": 0, "longest_seconds": profile.longest_seconds,
        "idle_seconds": profile.idle_seconds, "gpu_hours_left": None, "place": None, "estimate_seconds": None, **changes,
    }  # fmt: skip


def form(*entries: dict[str, Any], chosen: str = "", **state: Any) -> str:
    return spawn_form({"profiles": [*entries], "last_end": None, "messages": [], **state}, default_policy(), chosen=chosen, now=NOW)


def text(html: str) -> str:
    """What a person reads."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)).split())


def checked(html: str) -> list[str]:
    return [each for each in re.findall(r'value="(\w+)"[^>]*', html) if re.search(rf'value="{each}"[^>]* checked', html)]


def test_a_card_says_size_time_cost_and_what_is_free() -> None:
    said = text(form(entry("gpu", gpus_free=1, free=1, gpu_hours_left=30.5)))
    for part in (
        "GPU One GPU, for a limited time", "2 to 4 CPU", "8 to 16 GiB memory", "1 GPU", "for 24 h, 1 × 6 h more if you ask",
        "ends when idle for 45 min", "costs up to 24 GPU-hours, counted while it runs", "30 GPU-hours left this week",
        "1 of 4 GPUs free now",
    ):  # fmt: skip
        assert part in said


def test_who_would_have_to_wait_is_told_before() -> None:
    said = text(form(entry("gpu", gpus_free=0, free=0, queue_length=2, estimate_seconds=5400)))
    assert "0 of 4 GPUs free now" in said
    assert "Start it to join the queue: 2 waiting, about 1 h 30 min" in said


def test_who_waits_sees_the_place_and_the_estimate() -> None:
    assert "You are number 2 in the queue, about 35 min" in text(
        form(entry("gpu", gpus_free=0, free=0, queue_length=2, place=2, estimate_seconds=2100))
    )


def test_who_waits_can_look_again() -> None:
    assert '<a href="?">Look again</a>' in form(entry("gpu", gpus_free=0, free=0, queue_length=1, place=1))
    assert "Look again" not in form(entry("gpu", gpus_free=1, free=1))


def test_whose_turn_has_come_sees_how_long_the_place_is_kept() -> None:
    assert "It is your turn: a place is kept for you for 8 min" in text(form(entry("gpu", held_until="2026-11-22T12:08:00Z")))


def test_a_profile_that_cannot_be_had_now_says_why_and_cannot_be_chosen() -> None:
    html = form(entry("small"), entry("gpu", allowed=False, refusal="the GPU-hours of this week are used up"))
    assert "Not now: the GPU-hours of this week are used up" in text(html)
    assert re.search(r'value="gpu"[^>]* disabled', html)
    assert not re.search(r'value="small"[^>]* disabled', html)


def test_the_least_profile_is_chosen_at_first_and_later_the_one_before() -> None:
    assert checked(form(entry("small"), entry("standard"))) == ["small"]
    assert checked(form(entry("small"), entry("standard"), chosen="standard")) == ["standard"]
    assert checked(form(entry("small"), entry("gpu", allowed=False, refusal="full"), chosen="gpu")) == ["small"]


def test_every_choice_has_a_label_and_the_choices_have_a_name() -> None:
    html = form(entry("small"), entry("standard"))
    ids = re.findall(r'<input type="radio"[^>]* id="([^"]+)"', html)
    assert ids == re.findall(r'<label class="skydesk-profile" for="([^"]+)"', html)
    assert "<legend>Choose a lab</legend>" in html


def test_why_the_last_lab_ended_is_told_with_what_was_done_before() -> None:
    end = {
        "profile": "gpu", "ended_at": "2026-11-22T11:30:00Z", "reason": "time", "message": "24 h were over",
        "busy_kernels": [{"name": "python3", "path": "fit.ipynb"}], "saved": ["a.ipynb", "b.py"], "unsaved": ["c.txt"],
    }  # fmt: skip
    said = text(form(entry("small"), last_end=end))
    for part in (
        "Your last lab (GPU) ended 30 min ago: its time was over", "24 h were over", "Kernels that were busy: fit.ipynb",
        "Saved before the end: a.ipynb, b.py", "Not saved: c.txt",
    ):  # fmt: skip
        assert part in said


def test_a_lab_of_a_profile_that_is_gone_is_still_told_of() -> None:
    end = {"profile": "huge", "ended_at": "2026-11-22T11:59:00Z", "reason": "idle", "message": None}
    assert "Your last lab ended 1 min ago: it was idle" in text(form(entry("small"), last_end=end))


def test_messages_of_administrators_are_shown() -> None:
    message = {
        "id": "1",
        "text": "the disk is\nreplaced at noon",
        "severity": "warning",
        "from": "annie",
        "made_at": "2026-11-22T11:00:00Z",
    }
    html = form(entry("small"), messages=[message])
    assert "Message from annie: the disk is replaced at noon" in text(html)
    assert "alert-warning" in html


def test_nothing_that_others_wrote_becomes_html() -> None:
    attack = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    message = {"id": "1", "text": attack, "severity": attack, "from": attack, "made_at": "2026-11-22T11:00:00Z"}
    end = {
        "profile": "gpu",
        "ended_at": "2026-11-22T11:30:00Z",
        "reason": attack,
        "message": attack,
        "saved": [attack],
        "unsaved": [attack],
    }
    html = form(entry("gpu", allowed=False, refusal=attack), chosen=attack, messages=[message], last_end=end)
    assert "<script" not in html
    assert "<img" not in html
    assert "onerror=alert(2)&gt;" in html


def test_the_form_runs_no_script() -> None:
    html = form(entry("small"), entry("gpu"))
    assert "<script" not in html
    assert not re.search(r"\son\w+=", html)
