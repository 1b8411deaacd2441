"""``lab/...`` for who sits in a lab, and ``hub/...`` for the hub that starts and stops labs."""

import time
from collections.abc import Iterator
from typing import Any

from ..access import HUB
from ..errors import Fault
from ..leases.model import BusyKernel, Ending, EndReason, Lease
from ..leases.ports import MESSAGES, topic_of_owner, topic_of_profile
from ..leases.rules import stop_wish
from ..leases.service import RunningLab
from ..leases.views import LabView, Offer, ShownMessage, lab_of, offers_to
from .fields import Fields
from .gpu_loads import take_gpu_report
from .http import Call, EventsReply, JsonReply, Route, ServerSentEvent
from .times import time_from_json, time_to_json

__all__ = ["HUB_ROUTES", "LAB_ROUTES", "lab_to_json", "lease_to_json"]

_MOST_PATHS = 1000
_MOST_LABS = 20_000
_MOST_GROUPS = 1000
_AGAIN_SECONDS = 60.0


def lease_to_json(lease: Lease, services: Any) -> dict[str, Any]:
    """The Lease of docs/api.md.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`.
    """
    profile = services.policy.profiles.get(lease.profile)
    wish = stop_wish(lease, services.leases.clock())
    return {
        "id": lease.id,
        "user": lease.owner,
        "server": lease.server,
        "profile": lease.profile,
        "title": profile.title if profile else lease.profile,
        "gpus": lease.gpus,
        "group": lease.group or None,
        "phase": lease.phase.value,
        "requested_at": time_to_json(lease.requested_at),
        "started_at": time_to_json(lease.started_at),
        "ends_at": time_to_json(lease.ends_at),
        "longest_end_at": time_to_json(lease.longest_end_at),
        "deadline_at": time_to_json(lease.deadline_at),
        "idle_seconds": (profile or services.policy.base_profile).idle_seconds,
        "gpu_seconds": round(lease.gpu_seconds, 3),
        "end": None if wish is None else {"reason": wish.reason.value, "message": wish.message},
        "ended_at": time_to_json(lease.ended_at),
        "end_reason": None if lease.end_reason is None else lease.end_reason.value,
        "end_message": lease.end_message,
    }


def lab_to_json(view: LabView, server: str) -> dict[str, Any]:
    """The Lab of docs/api.md."""
    return {
        "server": server,
        "lease": None if view.lease is None else _lab_lease_to_json(view, view.lease),
        "queue": [
            {
                "profile": place.profile,
                "title": place.title,
                "place": place.place,
                "estimate_seconds": place.estimate_seconds,
                "held_until": time_to_json(place.held_until),
            }
            for place in view.queue
        ],
        "messages": [_message_to_json(shown) for shown in view.messages],
        "now": time_to_json(view.now),
    }


def _lab_lease_to_json(view: LabView, lease: Lease) -> dict[str, Any]:
    profile = view.profile
    left_seconds = None if lease.ends_at is None else round(max(0.0, (lease.ends_at - view.now).total_seconds()), 3)
    return {
        "id": lease.id,
        "profile": lease.profile,
        "title": profile.title if profile else lease.profile,
        "phase": lease.phase.value,
        "started_at": time_to_json(lease.started_at),
        "ends_at": time_to_json(lease.ends_at),
        "seconds_left": left_seconds,
        "idle_seconds": profile.idle_seconds if profile else None,
        "gpus": lease.gpus,
        "extensions_left": max(0, profile.extensions - lease.extensions) if profile else 0,
        "extension_seconds": profile.extension_seconds if profile else 0,
        "extend": {"allowed": view.no_extension is None, "reason": view.no_extension, "waiting": view.waiting},
        "warnings_seconds": list(profile.warnings_seconds) if profile else [],
    }


def _message_to_json(shown: ShownMessage) -> dict[str, Any]:
    message = shown.message
    return {
        "id": message.id,
        "text": message.text,
        "severity": message.severity,
        "from": message.sender,
        "made_at": time_to_json(message.made_at),
        "until": time_to_json(message.until),
        "read": shown.read,
    }


def _offer_to_json(offer: Offer) -> dict[str, Any]:
    profile = offer.profile
    return {
        "name": profile.name,
        "title": profile.title,
        "description": profile.description,
        "allowed": offer.refusal is None,
        "refusal": offer.refusal,
        "gpus": profile.gpus,
        "gpus_free": offer.free * profile.gpus if profile.gpus and offer.free is not None else None,
        "holders": profile.holders,
        "free": offer.free,
        "queue_length": offer.queue_length,
        "longest_seconds": profile.longest_seconds,
        "idle_seconds": profile.idle_seconds,
        "gpu_hours_left": None if offer.gpu_seconds_left is None else round(offer.gpu_seconds_left / 3600, 3),
        "place": offer.place,
        "estimate_seconds": offer.estimate_seconds,
        "held_until": time_to_json(offer.held_until),
    }


def _last_end_to_json(lease: Lease, services: Any) -> dict[str, Any]:
    profile = services.policy.profiles.get(lease.profile)
    ending = lease.ending or Ending()
    return {
        "profile": lease.profile,
        "title": profile.title if profile else lease.profile,
        "server": lease.server,
        "ended_at": time_to_json(lease.ended_at),
        "reason": None if lease.end_reason is None else lease.end_reason.value,
        "message": lease.end_message,
        "busy_kernels": [{"name": kernel.name, "path": kernel.path} for kernel in ending.busy_kernels],
        "saved": list(ending.saved),
        "unsaved": list(ending.unsaved),
    }


# The lab's owner


def _lab(call: Call, server: str) -> JsonReply:
    return JsonReply(value=lab_to_json(lab_of(call.services.leases, call.user, server), server))


def _server_of_query(call: Call) -> str:
    fields = Fields(call.query)
    server = fields.storable("server")
    fields.finish()
    return server


def _get_lab(call: Call) -> JsonReply:
    return _lab(call, _server_of_query(call))


def _extend(call: Call) -> JsonReply:
    fields = Fields(call.json)
    server = fields.storable("server")
    fields.finish()
    call.services.leases.extend(call.user, server)
    return _lab(call, server)


def _ending(call: Call) -> JsonReply:
    fields = Fields(call.json)
    server = fields.storable("server")
    kernels = [_kernel(Fields(each)) for each in fields.objects("busy_kernels", most=_MOST_PATHS)]
    saved, unsaved = fields.texts("saved", most=_MOST_PATHS), fields.texts("unsaved", most=_MOST_PATHS)
    fields.finish()
    call.services.leases.tell_ending(call.user, server, Ending(busy_kernels=tuple(kernels), saved=saved, unsaved=unsaved))
    return JsonReply(value={})


def _kernel(fields: Fields) -> BusyKernel:
    kernel = BusyKernel(name=fields.text("name"), path=fields.text_or_none("path") or "")
    fields.finish()
    return kernel


def _leave_queue(call: Call) -> JsonReply:
    server = _server_of_query(call)
    call.services.leases.leave_queue(call.user, call.arguments["profile"])
    return _lab(call, server)


def _mark_read(call: Call) -> JsonReply:
    fields = Fields(call.json)
    server = fields.storable("server")
    fields.finish()
    call.services.leases.mark_read(call.user, call.arguments["id"])
    return _lab(call, server)


def _events(call: Call) -> EventsReply:
    return EventsReply(events=_lab_events(call, _server_of_query(call)))


def _lab_events(call: Call, server: str) -> Iterator[ServerSentEvent | None]:
    """The lab now, then whenever it changes, and at least once a minute."""
    services, told, told_at = call.services, None, 0.0
    revision = services.lease_feed.revision()
    topics: frozenset[str] = frozenset()
    news = services.lease_feed.follow(revision)
    while not call.cancellation.requested:
        event = None
        due = time.monotonic() - told_at > _AGAIN_SECONDS
        if told is None or due or topics & _topics_of(call, told):
            lab = lab_to_json(lab_of(services.leases, call.user, server), server)
            if due or _lasting(lab) != _lasting(told):
                told, told_at = lab, time.monotonic()
                event = ServerSentEvent(event="lab", data=lab)
        yield event
        topics = next(news)


def _topics_of(call: Call, lab: dict[str, Any]) -> set[str]:
    """What may change a lab: its owner's leases, messages, and profiles that somebody may wait for; not each start of a common one."""
    names = {place["profile"] for place in lab["queue"]} | ({lab["lease"]["profile"]} if lab["lease"] else set())
    profiles = call.services.policy.profiles
    scarce = [name for name in names if name not in profiles or profiles[name].holders is not None]
    return {MESSAGES, topic_of_owner(call.user.name), *map(topic_of_profile, scarce)}


def _lasting(lab: dict[str, Any] | None) -> Any:
    """A lab without what changes while nothing happens."""
    if lab is None:
        return None
    lease = None if lab["lease"] is None else {**lab["lease"], "seconds_left": None}
    return {**lab, "lease": lease, "now": None, "queue": [{**place, "estimate_seconds": None} for place in lab["queue"]]}


# The hub


def _profiles(call: Call) -> JsonReply:
    fields = Fields(call.query)
    owner = fields.storable("user", needed=True)
    groups = [name for name in fields.storable("groups").split(",") if name]
    fields.finish()
    offers = offers_to(call.services.leases, owner, groups)
    return JsonReply(
        value={
            "profiles": [_offer_to_json(offer) for offer in offers.profiles],
            "refusal": offers.refusal,
            "last_end": None if offers.last_end is None else _last_end_to_json(offers.last_end, call.services),
            "messages": [_message_to_json(shown) for shown in offers.messages],
            "now": time_to_json(offers.now),
        }
    )


def _admit(call: Call) -> JsonReply:
    fields = Fields(call.json)
    owner, server, profile = fields.storable("user", needed=True), fields.storable("server"), fields.storable("profile", needed=True)
    groups = fields.storables("groups", most=_MOST_GROUPS)
    fields.finish()
    lease = call.services.leases.admit(owner, groups, server, profile)
    return JsonReply(value=lease_to_json(lease, call.services), status=201, location=f"hub/leases/{lease.id}")


def _started(call: Call) -> JsonReply:
    fields = Fields(call.json)
    deadline_at = time_from_json(fields, "deadline_at")
    fields.finish()
    return JsonReply(value=lease_to_json(call.services.leases.started(call.arguments["id"], deadline_at), call.services))


def _ended(call: Call) -> JsonReply:
    fields = Fields(call.json)
    reason, message = fields.text("reason"), fields.text_or_none("message")
    if reason not in set(EndReason):
        fields.faults.append(Fault(field="reason", message=f"must be one of {', '.join(EndReason)}, got {reason[:50]!r}"))
    fields.finish()
    lease = call.services.leases.end(call.arguments["id"], EndReason(reason), message or None)
    return JsonReply(value=lease_to_json(lease, call.services))


def _idle(call: Call) -> JsonReply:
    Fields(call.json).finish()
    return JsonReply(value=lease_to_json(call.services.leases.idle(call.arguments["id"]), call.services))


def _running(call: Call) -> JsonReply:
    return JsonReply(value={"leases": [lease_to_json(lease, call.services) for lease in call.services.leases.running()]})


def _sync(call: Call) -> JsonReply:
    fields = Fields(call.json)
    labs = [_running_lab(Fields(each)) for each in fields.objects("running", most=_MOST_LABS)]
    fields.finish()
    return JsonReply(value={"ended": [lease_to_json(lease, call.services) for lease in call.services.leases.sync(labs)]})


def _running_lab(fields: Fields) -> RunningLab:
    lab = RunningLab(
        owner=fields.storable("user", needed=True),
        server=fields.storable("server"),
        node=fields.storable("node"),
        last_activity_at=time_from_json(fields, "last_activity"),
    )
    fields.finish()
    return lab


LAB_ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service="")
    for method, path, handle in (
        ("GET", "lab", _get_lab),
        ("GET", "lab/events", _events),
        ("POST", "lab/extend", _extend),
        ("POST", "lab/ending", _ending),
        ("POST", "lab/gpu", take_gpu_report),
        ("DELETE", "lab/queue/{profile}", _leave_queue),
        ("POST", "lab/messages/{id}/read", _mark_read),
    )
)

HUB_ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service=HUB)
    for method, path, handle in (
        ("GET", "hub/profiles", _profiles),
        ("GET", "hub/leases", _running),
        ("POST", "hub/leases", _admit),
        ("POST", "hub/leases/sync", _sync),
        ("POST", "hub/leases/{id}/started", _started),
        ("POST", "hub/leases/{id}/idle", _idle),
        ("POST", "hub/leases/{id}/ended", _ended),
    )
)
