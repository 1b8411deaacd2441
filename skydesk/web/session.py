"""``session``: who asks, what they may use, of which survey, within which limits."""

from dataclasses import asdict
from typing import Any

from ..access import User
from .http import Call, JsonReply, Route

__all__ = ["SESSION_ROUTES", "session_to_json"]


def session_to_json(services: Any, user: User) -> dict[str, Any]:
    """The session as a user may see it: only services and releases that their groups grant.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`.
    """
    granted = user.entitlements
    return {
        "user": {"name": user.name, "groups": sorted(user.groups)},
        "services": [_service_to_json(service) for service in services.installed if granted.allows_service(service.name)],
        "survey": _survey_to_json(services.survey, user),
        "limits": {"query": asdict(granted.query), "jobs": asdict(granted.jobs)},
        "files_root": services.files_root,
        "mode": services.mode,
        "version": services.version,
    }


def _get_session(call: Call) -> JsonReply:
    return JsonReply(value=session_to_json(call.services, call.user))


def _service_to_json(service: Any) -> dict[str, Any]:
    return {
        "name": service.name,
        "title": service.title,
        "description": service.description,
        "icon": service.icon,
        "panel": service.panel is not None,
        "style": service.style is not None,
        "rank": service.rank,
    }


def _survey_to_json(survey: Any, user: User) -> dict[str, Any]:
    releases = [release.name for release in survey.releases if user.entitlements.allows_release(release.name)]
    default = survey.default_release.name if survey.default_release.name in releases else next(iter(releases), None)
    return {"name": survey.name, "title": survey.title, "releases": releases, "default_release": default}


SESSION_ROUTES = (Route(method="GET", path="session", handle=_get_session, service=""),)
