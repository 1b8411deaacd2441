"""Whether what the service stands on works: asked by probes and shown to administrators."""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["works"]

_MIN_FREE_BYTES = 100 * 2**20

_log = logging.getLogger("skydesk.server")


def works(services: Any) -> Mapping[str, bool]:
    """Look at ``database``, ``catalogue``, ``runner`` and ``disk``; takes as long as they do.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`.
    """
    checks = {
        "database": lambda: services.store.events_since(0, owner="") is not None,
        "catalogue": lambda: bool(services.catalog.check("SELECT 1 FROM DUAL")),
        "runner": lambda: getattr(services.runner, "problem", None) is None,
        "disk": lambda: _free_bytes(services.jobs_folder) > _MIN_FREE_BYTES,
    }
    return {name: _guarded(name, check) for name, check in checks.items()}


def _guarded(name: str, check: Any) -> bool:
    try:
        return bool(check())
    except Exception:
        _log.exception("the %s does not work", name)
        return False


def _free_bytes(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(existing).free
