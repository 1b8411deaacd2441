"""What a job is given beside its request: files in a hidden folder beside the job's own, which the owner's lab may have changed."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Conflict, InternalError, NotFound
from .job_manifest import open_plain, translated, write_durably

__all__ = ["INPUTS", "keep_input", "read_input"]

INPUTS = ".inputs"
"""End of the name of the folder: ``.<job id>.inputs``."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")


def keep_input(folder: Path, name: str, content: bytes) -> None:
    """Write one file, whole or not at all.

    Raises
    ------
    ValueError
        The name is not a plain one.
    ServiceUnavailable
        The disk is full or cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an input")
    with translated():
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(folder / name, content)


def read_input(folder: Path, name: str, request: Mapping[str, Any]) -> bytes:
    """Read one file, which must be what the request says that it is.

    Parameters
    ----------
    request
        The job's; ``request["inputs"][name]`` has ``size_bytes`` and ``sha256``.

    Raises
    ------
    NotFound
        It is gone.
    Conflict
        It was changed, or replaced by a link.
    InternalError
        The request does not name it.
    """
    inputs = request.get("inputs")
    known = inputs.get(name) if isinstance(inputs, Mapping) else None
    if not isinstance(known, Mapping) or not _NAME.fullmatch(name):
        raise InternalError(f"the request names no input {name!r}")
    size_bytes, content = known.get("size_bytes"), b""
    try:
        with open_plain(folder / name) as file:
            if os.fstat(file.fileno()).st_size == size_bytes:
                content = file.read(size_bytes)
    except FileNotFoundError as error:
        raise NotFound(f"the {name} that the job was given is gone; submit it again") from error
    except OSError as error:
        raise Conflict(f"the {name} that the job was given cannot be read ({error.strerror}); submit it again") from error
    if len(content) != size_bytes or hashlib.sha256(content).hexdigest() != known.get("sha256"):
        raise Conflict(f"the {name} that the job was given was changed since; submit it again")
    return content
