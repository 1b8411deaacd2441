"""A service that SkyDesk knows nothing of: one card, panel, route, command and task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skydesk.jobs.model import JobOutcome
from skydesk.jobs.ports import TaskContext
from skydesk.registry import Service
from skydesk.web.http import Call, JsonReply, Route

__all__ = ["SERVICE"]

_HERE = Path(__file__).parent
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">'
    '<circle class="jp-icon3" cx="8" cy="8" r="4" fill="#616161"/></svg>'
)


def _weather(call: Call) -> JsonReply:
    return JsonReply(value={"night": call.arguments["night"], "seeing_arcsec": 0.9, "asked_by": call.user.name})


def _submit(call: Call) -> JsonReply:
    job = call.services.jobs.submit(call.user, "weather", {"nights": call.json["nights"]})
    return JsonReply(value={"id": job.id}, status=201)


def _report(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    nights = request["nights"]
    (context.folder / "weather.txt").write_text("".join(f"{night} 0.9\n" for night in nights))
    context.report(len(nights), len(nights), "nights")
    return JobOutcome(files=("weather.txt",), rows=len(nights), summary={"survey": services.survey.name})


SERVICE = Service(
    name="weather",
    title="Weather",
    description="What the weather was at the telescope.",
    icon=_ICON,
    rank=25,
    routes=(
        Route(method="GET", path="weather/{night}", handle=_weather, service="weather"),
        Route(method="POST", path="weather/job", handle=_submit, service="weather"),
    ),
    panel=_HERE / "panel.js",
    style=_HERE / "panel.css",
    task=_report,
)
