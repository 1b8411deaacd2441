"""``admin/...``: what administrators see of all users' labs, queues, budgets, jobs and messages, and do about them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..access import ADMIN, Group, User
from ..errors import Fault, NotAllowed, NotFound
from ..jobs.model import ACTIVE, FINAL, Job
from ..leases.administration import Administration, Usage
from ..leases.model import Act, Lease, LeasePhase, Message
from ..leases.rules import estimates
from .fields import Fields
from .gpu_loads import gpu_report_to_json
from .health import works
from .http import Call, JsonReply, Route
from .jobs import job_to_json
from .leases import lease_to_json
from .times import time_from_json, time_to_json

__all__ = ["ROUTES"]

_MOST_LISTED = 1000
_PAGE = 1000
_MOST_DAYS = 366
_HOUR_SECONDS = 3600
_HEALTH_WORDS = {
    "database": "does not answer; jobs and leases stand still",
    "catalogue": "does not answer; queries fail",
    "runner": "starts no jobs; look into the service's log",
    "disk": "has less than 100 MiB left for job files",
}


def _administration(call: Call) -> Administration:
    if not call.user.rights and not call.user.administers:
        raise NotAllowed(f"{call.user.name} has no rights here; ask for a group with the right monitor or admin")
    found: Administration = call.services.administration
    return found


# What is shown


def _overview(call: Call) -> JsonReply:
    administration = _administration(call)
    running, waiting = administration.leases(call.user)
    profiles = call.services.policy.profiles.values()
    counts = {
        "labs": len(running),
        "queue": len(waiting),
        "jobs": len(_visible_jobs(call, phases=ACTIVE)),
        "messages": len(administration.messages(call.user)),
    }
    return JsonReply(
        value={
            "user": call.user.name,
            "rights": sorted(call.user.rights),
            "administers": sorted(call.user.administers),
            "counts": counts,
            "health": [
                {"name": name, "works": well, "words": "works" if well else _HEALTH_WORDS[name]}
                for name, well in works(call.services).items()
            ],
            "profiles": [_profile_to_json(profile, running, waiting) for profile in profiles],
            "groups": [{"name": group.name, "title": group.title} for group in administration.groups(call.user)],
            "now": time_to_json(call.services.leases.clock()),
        }
    )


def _health_to_json(name: str, well: bool) -> dict[str, Any]:
    return {"name": name, "works": well, "words": "works" if well else _HEALTH_WORDS[name]}


def _profile_to_json(profile: Any, running: tuple[Lease, ...], waiting: tuple[Lease, ...]) -> dict[str, Any]:
    labs = [lease for lease in running if lease.profile == profile.name]
    return {
        "name": profile.name,
        "title": profile.title,
        "holders": profile.holders,
        "labs": len(labs),
        "waiting": sum(lease.profile == profile.name for lease in waiting),
        "gpus": sum(lease.gpus for lease in labs),
    }


def _labs(call: Call) -> JsonReply:
    running, _ = _administration(call).leases(call.user)
    return JsonReply(value={"labs": [_lab_to_json(lease, call.services) for lease in running]})


def _lab_to_json(lease: Lease, services: Any) -> dict[str, Any]:
    return {
        **lease_to_json(lease, services),
        "node": lease.node or None,
        "last_activity_at": time_to_json(lease.last_activity_at),
        "extensions": lease.extensions,
        "gpu_load": gpu_report_to_json(services.leases.gpu_loads.of(lease.id)),
    }


def _queue(call: Call) -> JsonReply:
    _, waiting = _administration(call).leases(call.user)
    # places count everybody, also those whom this administrator does not see
    everybody = call.services.administration.leases(_WHOLE)
    places = dict(_places(call.services, (*everybody[0], *everybody[1])))
    shown = [{**_wish_to_json(lease, call.services), **places[lease.id]} for lease in waiting if lease.id in places]
    return JsonReply(value={"queue": shown})


def _places(services: Any, live: tuple[Lease, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and estimate of each who waits, by the id of the lease."""
    now = services.leases.clock()
    for name in {lease.profile for lease in live}:
        of_profile = [lease for lease in live if lease.profile == name]
        queued = [lease for lease in of_profile if lease.phase is LeasePhase.QUEUED]
        profile = services.policy.profiles.get(name)
        spans = (None,) * len(queued) if profile is None else estimates(profile, of_profile, now, len(queued))
        yield from ((lease.id, {"place": 0, "estimate_seconds": 0.0}) for lease in of_profile if lease.phase is LeasePhase.OFFERED)
        yield from (
            (lease.id, {"place": place, "estimate_seconds": span})
            for place, (lease, span) in enumerate(zip(queued, spans, strict=True), start=1)
        )


def _wish_to_json(lease: Lease, services: Any) -> dict[str, Any]:
    profile = services.policy.profiles.get(lease.profile)
    return {
        "id": lease.id,
        "user": lease.owner,
        "profile": lease.profile,
        "title": profile.title if profile else lease.profile,
        "requested_at": time_to_json(lease.requested_at),
        "held_until": time_to_json(lease.offered_until),
    }


def _budgets(call: Call) -> JsonReply:
    administration = _administration(call)
    budgets = administration.budgets()
    return JsonReply(
        value={"budgets": [_budget_to_json(group, budgets) for group in administration.groups(call.user) if _has_gpus(call, group)]}
    )


def _has_gpus(call: Call, group: Group) -> bool:
    profiles = call.services.policy.profiles
    return any(profiles[name].gpus for name in group.profiles)


def _budget_to_json(group: Group, budgets: Any) -> dict[str, Any]:
    return {
        "group": group.name,
        "title": group.title,
        "used_hours": _hours(budgets.used_seconds(group.name)),
        "limit_hours": group.gpu_hours_per_week,
        "limit_hours_each": group.gpu_hours_per_week_each,
        "members": [{"user": owner, "used_hours": _hours(seconds)} for owner, seconds in budgets.members(group.name).items()],
    }


def _jobs(call: Call) -> JsonReply:
    _administration(call)
    fields = Fields(call.query)
    limit = fields.count_or_none("limit", least=1)
    fields.finish()
    jobs = _visible_jobs(call, limit=min(limit or _MOST_LISTED, _MOST_LISTED))
    return JsonReply(value={"jobs": [job_to_json(job, None) for job in jobs]})


def _visible_jobs(call: Call, **which: Any) -> list[Job]:
    owners = None if call.user.rights else call.services.administration.owners(call.user)
    return [job for job in call.services.store.jobs(**which) if owners is None or job.owner in owners]


def _audit(call: Call) -> JsonReply:
    administration = _administration(call)
    fields = Fields(call.query)
    limit, before = fields.count_or_none("limit", least=1), fields.count_or_none("before")
    fields.finish()
    acts = administration.audit(call.user, limit=min(limit or 200, _MOST_LISTED), before=before)
    return JsonReply(value={"audit": [_act_to_json(act) for act in acts]})


def _act_to_json(act: Act) -> dict[str, Any]:
    return {
        "number": act.number,
        "at": time_to_json(act.at),
        "who": act.who,
        "what": act.what,
        "on_whom": act.on_whom,
        "target": act.target,
        "detail": act.detail,
        "outcome": act.outcome,
        "address": act.address,
    }


def _statistics(call: Call) -> JsonReply:
    administration = _administration(call)
    fields = Fields(call.query)
    days = fields.count_or_none("days", least=1) or 7
    if days > _MOST_DAYS:
        fields.faults.append(Fault(field="days", message=f"must be {_MOST_DAYS} at most, got {days}"))
    fields.finish()
    since = call.services.leases.clock() - timedelta(days=days)
    made = Counter(job.owner for job in _jobs_since(call, since))
    active = Counter(job.owner for job in call.services.store.jobs(phases=ACTIVE))
    return JsonReply(
        value={
            "days": days,
            "statistics": [_usage_to_json(usage, made, active) for usage in administration.usage(call.user, since)],
        }
    )


def _jobs_since(call: Call, since: datetime) -> Iterator[Job]:
    before_id: str | None = None
    while page := call.services.store.jobs(limit=_PAGE, before_id=before_id):
        for job in page:
            if job.created_at < since:
                return
            yield job
        before_id = page[-1].id


def _usage_to_json(usage: Usage, made: Mapping[str, int], active: Mapping[str, int]) -> dict[str, Any]:
    return {
        "group": usage.group.name,
        "title": usage.group.title,
        "users": len(usage.members),
        "labs_running": usage.labs_running,
        "labs": usage.labs,
        "lab_hours": _hours(usage.lab_seconds),
        "gpu_hours": _hours(usage.gpu_seconds),
        "jobs": sum(made[owner] for owner in usage.members),
        "jobs_active": sum(active[owner] for owner in usage.members),
    }


def _hours(seconds: float) -> float:
    return round(seconds / _HOUR_SECONDS, 3)


# What is done


def _extend(call: Call) -> JsonReply:
    administration = _administration(call)
    fields = Fields(call.json)
    seconds = fields.seconds_or_none("seconds")
    if seconds is None and not fields.faults:
        fields.faults.append(Fault(field="seconds", message="is missing"))
    fields.finish()
    lease = administration.extend(call.user, call.arguments["id"], seconds or 0, address=call.address)
    return JsonReply(value=_lab_to_json(lease, call.services))


def _end(call: Call) -> JsonReply:
    administration = _administration(call)
    fields = Fields(call.json)
    message = fields.text_or_none("message") or ""
    fields.finish()
    lease = administration.end(call.user, call.arguments["id"], message, address=call.address)
    return JsonReply(value=_lab_to_json(lease, call.services))


def _cancel_job(call: Call) -> JsonReply:
    administration = _administration(call)
    Fields(call.json).finish()
    job: Job | None = call.services.store.get(call.arguments["id"])
    if job is None:
        raise NotFound(f"there is no job {call.arguments['id'][:50]!r}")
    over = f"job {job.id} has ended already ({job.phase}); only jobs that wait or run can be cancelled" if job.phase in FINAL else None
    administration.require_may_act_on(call.user, "job.cancel", job.owner, job.id, refusal=over, address=call.address)
    stopped = call.services.jobs.cancel(User(name=job.owner), job.id)
    return JsonReply(value=job_to_json(stopped, None))


def _list_messages(call: Call) -> JsonReply:
    return JsonReply(value={"messages": [_message_to_json(each) for each in _administration(call).messages(call.user)]})


def _post_message(call: Call) -> JsonReply:
    administration = _administration(call)
    fields = Fields(call.json)
    text, severity = fields.text("text"), fields.text_or_none("severity") or "info"
    to_kind, to_name = _audience(fields)
    until = time_from_json(fields, "until")
    fields.finish()
    message = administration.post(call.user, text, severity=severity, to_kind=to_kind, to_name=to_name, until=until, address=call.address)
    return JsonReply(value=_message_to_json(message), status=201)


def _audience(fields: Fields) -> tuple[str, str]:
    to = fields.raw("to")
    match to:
        case {"all": True, **rest} if not rest:
            return "all", ""
        case {"group": str(name), **rest} | {"profile": str(name), **rest} if not rest:
            return next(iter(to)), name
    fields.faults.append(Fault(field="to", message='must be {"all": true}, {"group": NAME} or {"profile": NAME}'))
    return "all", ""


def _remove_message(call: Call) -> JsonReply:
    _administration(call).remove(call.user, call.arguments["id"], address=call.address)
    return JsonReply(value={})


def _message_to_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "text": message.text,
        "severity": message.severity,
        "from": message.sender,
        "to": {"all": True} if message.to_kind == "all" else {message.to_kind: message.to_name},
        "made_at": time_to_json(message.made_at),
        "until": time_to_json(message.until),
    }


_WHOLE = User(name="", rights=frozenset({"monitor"}))
"""Sees every lease, to count places."""

ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service=ADMIN)
    for method, path, handle in (
        ("GET", "admin/overview", _overview),
        ("GET", "admin/labs", _labs),
        ("GET", "admin/queue", _queue),
        ("GET", "admin/budgets", _budgets),
        ("GET", "admin/jobs", _jobs),
        ("GET", "admin/statistics", _statistics),
        ("GET", "admin/audit", _audit),
        ("GET", "admin/messages", _list_messages),
        ("POST", "admin/messages", _post_message),
        ("DELETE", "admin/messages/{id}", _remove_message),
        ("POST", "admin/leases/{id}/extend", _extend),
        ("POST", "admin/leases/{id}/end", _end),
        ("POST", "admin/jobs/{id}/cancel", _cancel_job),
    )
)
