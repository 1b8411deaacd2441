"""Leases, charges, messages and acts as rows, and rows as those."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from ...leases.model import Act, BusyKernel, Charge, Ending, EndReason, Lease, LeasePhase, Message, StopWish
from .schema import audit_log, gpu_charges, leases, messages

__all__ = [
    "ACT_COLUMNS",
    "CHARGE_COLUMNS",
    "LEASE_COLUMNS",
    "MESSAGE_COLUMNS",
    "act_from_row",
    "act_values",
    "charge_from_row",
    "charge_values",
    "lease_from_row",
    "lease_values",
    "message_from_row",
]

_LEASE_FIELDS = tuple(each.name for each in fields(Lease))

LEASE_COLUMNS = tuple(leases.c[name] for name in _LEASE_FIELDS)
"""The columns to select for `lease_from_row`."""

CHARGE_COLUMNS = tuple(gpu_charges.c[each.name] for each in fields(Charge))
MESSAGE_COLUMNS = tuple(messages.c[each.name] for each in fields(Message))
ACT_COLUMNS = tuple(audit_log.c[each.name] for each in fields(Act))


def lease_from_row(row: sa.Row[Any]) -> Lease:
    """Make a lease of a row of `LEASE_COLUMNS`."""
    values = dict(zip(_LEASE_FIELDS, row, strict=True))
    values["phase"] = LeasePhase(values["phase"])
    values["groups"] = frozenset(json.loads(values["groups"]))
    values["stop"] = None if values["stop"] is None else _stop(json.loads(values["stop"]))
    values["end_reason"] = None if values["end_reason"] is None else EndReason(values["end_reason"])
    values["end_message"] = None if values["end_message"] is None else json.loads(values["end_message"])
    values["ending"] = None if values["ending"] is None else _ending(json.loads(values["ending"]))
    return Lease(**values)


def lease_values(lease: Lease) -> Mapping[str, Any]:
    """Give the values of a lease's columns.

    What people and labs wrote is kept as JSON in ASCII, so that no character is beyond a database's text type.
    """
    values = {name: getattr(lease, name) for name in _LEASE_FIELDS}
    values["phase"] = lease.phase.value
    values["groups"] = json.dumps(sorted(lease.groups))
    values["stop"] = None if lease.stop is None else json.dumps(asdict(lease.stop))
    values["end_reason"] = None if lease.end_reason is None else lease.end_reason.value
    values["end_message"] = None if lease.end_message is None else json.dumps(lease.end_message)
    values["ending"] = None if lease.ending is None else json.dumps(asdict(lease.ending))
    return values


def charge_from_row(row: sa.Row[Any]) -> Charge:
    """Make a charge of a row of `CHARGE_COLUMNS`."""
    return Charge(**row._mapping)


def charge_values(charge: Charge) -> Mapping[str, Any]:
    """Give the values of a charge's columns."""
    return {**asdict(charge), "gpu_seconds": charge.gpus * (charge.until_at - charge.from_at).total_seconds()}


def message_from_row(row: sa.Row[Any]) -> Message:
    """Make a message of a row of `MESSAGE_COLUMNS`."""
    return Message(**row._mapping)


def act_from_row(row: sa.Row[Any]) -> Act:
    """Make a row of the audit log of a row of `ACT_COLUMNS`."""
    values = dict(row._mapping)
    return Act(**{**values, "detail": json.loads(values["detail"]), "outcome": json.loads(values["outcome"])})


def act_values(act: Act) -> Mapping[str, Any]:
    """Give the values of an act's columns, but for ``number``."""
    return {**asdict(act), "detail": json.dumps(act.detail), "outcome": json.dumps(act.outcome)}


def _stop(value: Mapping[str, Any]) -> StopWish:
    return StopWish(reason=EndReason(value["reason"]), message=value["message"])


def _ending(value: Mapping[str, Any]) -> Ending:
    busy_kernels = tuple(BusyKernel(**kernel) for kernel in value["busy_kernels"])
    return Ending(busy_kernels=busy_kernels, saved=tuple(value["saved"]), unsaved=tuple(value["unsaved"]))
