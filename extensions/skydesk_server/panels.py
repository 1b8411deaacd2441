"""Serves the panels of the installed services: their ES modules and style sheets."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from skydesk.errors import NotFound
from skydesk.registry import all_services

__all__ = ["PANEL_PATTERN", "Panel", "find_panel"]

PANEL_PATTERN = r"([a-z][a-z0-9_-]{0,63})\.(js|css)"
"""File name of a panel, as a regular expression with the service and the ending."""

MEDIA_TYPES: Mapping[str, str] = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


class Panel:
    """One file of a panel, with what HTTP says of it."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body = body
        self.media_type = media_type
        self.etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def find_panel(name: str, ending: str) -> Panel:
    """The module (``js``) or style sheet (``css``) of a service's panel.

    Raises
    ------
    NotFound
        No such service is installed, or it has no such file.
    """
    paths = {service.name: service.panel if ending == "js" else service.style for service in all_services()}
    path = paths.get(name)
    if path is None or not path.is_file():
        raise NotFound(f"no installed service has a panel file {name}.{ending}")
    stat = path.stat()
    return _read(path, MEDIA_TYPES[ending], stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _read(path: Path, media_type: str, mtime_ns: int, size_bytes: int) -> Panel:
    del mtime_ns, size_bytes  # they are the key: a file that was changed is read again
    return Panel(path.read_bytes(), media_type)
