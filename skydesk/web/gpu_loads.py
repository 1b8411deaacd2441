"""``lab/gpu``: labs say how busy their GPUs are, and administrators read it."""

import math
from typing import Any

from ..errors import Fault
from ..leases.gpu_loads import GpuLoad, GpuReport
from .fields import Fields
from .http import Call, JsonReply
from .times import time_to_json

__all__ = ["gpu_report_to_json", "take_gpu_report"]

_MOST_GPUS = 64
_MOST_BYTES = 2**50


def take_gpu_report(call: Call) -> JsonReply:
    """Answer ``POST lab/gpu``: the caller's own lab alone, its numbers checked."""
    fields = Fields(call.json)
    server = fields.storable("server")
    gpus = [_gpu(Fields(each), fields) for each in fields.objects("gpus", most=_MOST_GPUS)]
    fields.finish()
    call.services.leases.tell_gpu_load(call.user, server, [gpu for gpu in gpus if gpu is not None])
    return JsonReply(value={})


def _gpu(fields: Fields, whole: Fields) -> GpuLoad | None:
    percent = fields.raw("utilization_percent")
    used, total = fields.count_or_none("memory_used_bytes"), fields.count_or_none("memory_total_bytes")
    if percent is not None and (isinstance(percent, bool) or not isinstance(percent, int | float) or not math.isfinite(percent)):
        fields.faults.append(Fault(field="utilization_percent", message=f"must be a number or null, got {str(percent)[:50]!r}"))
    for name, value in (("memory_used_bytes", used), ("memory_total_bytes", total)):
        if value is None or value > _MOST_BYTES:
            fields.faults.append(Fault(field=name, message=f"must be a whole number of at most {_MOST_BYTES:,}"))
    fields.finish()
    try:
        return GpuLoad(utilization_percent=percent, memory_used_bytes=used or 0, memory_total_bytes=total or 0)
    except ValueError as error:
        whole.faults.append(Fault(field="gpus", message=str(error)))
        return None


def gpu_report_to_json(report: GpuReport | None) -> dict[str, Any] | None:
    """The GpuLoad of docs/api.md; None where a lab has not said anything lately."""
    if report is None:
        return None
    percent = report.utilization_percent
    return {
        "gpus": len(report.gpus),
        "utilization_percent": None if percent is None else round(percent, 1),
        "memory_used_bytes": report.memory_used_bytes,
        "memory_total_bytes": report.memory_total_bytes,
        "reported_at": time_to_json(report.at),
    }
