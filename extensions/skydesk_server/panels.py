"""Serves the panels of the installed services: their ES modules and style sheets."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from skydesk.errors import NotFound
from skydesk.registry import all_services

__all__ = ["PANEL_PATTERN", "Panel", "find_panel", "read_panel"]

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
    """The module (``js``) or style sheet (``css``) of a service's panel, or of a view beside it, such as the query panel's ``result``.

    Raises
    ------
    NotFound
        No installed service has such a file.
    """
    path = next((path for path in _candidates(name, ending) if path.is_file()), None)
    if path is None:
        raise NotFound(f"no installed service has a panel file {name}.{ending}")
    return read_panel(path, ending)


def read_panel(path: Path, ending: str) -> Panel:
    """A file as it is now, read again only where it has changed."""
    stat = path.stat()
    return _read(path, MEDIA_TYPES[ending], stat.st_mtime_ns, stat.st_size)


def _candidates(name: str, ending: str) -> Iterator[Path]:
    """Where the file may be: what the service of that name states, then the folders of all panels."""
    services = all_services()
    for service in services:
        stated = service.panel if ending == "js" else service.style
        if service.name == name and stated is not None:
            yield stated
    taken = {service.name for service in services}
    yield from (service.panel.with_name(f"{name}.{ending}") for service in services if service.panel is not None and name not in taken)


@lru_cache(maxsize=64)
def _read(path: Path, media_type: str, mtime_ns: int, size_bytes: int) -> Panel:
    del mtime_ns, size_bytes  # they are the key: a file that was changed is read again
    return Panel(path.read_bytes(), media_type)
