"""Folders that are to go: set aside by one rename at once, erased in pieces when there is time.

What was set aside is called ``.<anything>.removed`` and stands in its owner's folder. Hundreds of thousands of files take a disk minutes
to forget, which nobody shall wait for.
"""

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .job_manifest import translated

__all__ = ["entries", "erase", "set_aside", "trash_of"]

_REMOVED = ".removed"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def entries(folder: Path) -> tuple[Path, ...]:
    """What stands in a folder; nothing where there is none."""
    try:
        return tuple(folder.iterdir())
    except FileNotFoundError:
        return ()


def set_aside(path: Path, owner_folder: Path) -> Path:
    """Move a folder, file or link out of sight; what it is called now.

    Parameters
    ----------
    owner_folder
        Where what is set aside stands; on the same disk.

    Raises
    ------
    FileNotFoundError
        It is gone.
    ServiceUnavailable
        The disk cannot be written.
    """
    aside = owner_folder / f".{path.name.lstrip('.')[:200]}.{secrets.token_hex(4)}{_REMOVED}"
    with translated():
        path.rename(aside)
    return aside


def trash_of(owner_folder: Path) -> Iterator[Path]:
    """What of an owner was set aside and is not yet gone."""
    return (entry for entry in entries(owner_folder) if entry.name.startswith(".") and entry.name.endswith(_REMOVED))


def erase(path: Path, *, within_seconds: float) -> bool:
    """Remove a folder with all that is in it, or a file, or a link but not what it leads to.

    Folders in folders are first moved up, so that no depth that a user thinks of is too deep. Several may erase the same.

    Returns
    -------
    bool
        True if nothing is left of it; false when the time was over before.

    Raises
    ------
    ServiceUnavailable
        The disk refuses.
    """
    deadline = time.monotonic() + within_seconds
    with translated(), suppress(FileNotFoundError):
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()
            return True
        top = os.open(path, _FOLDER)
        try:
            while _clear(top, top, deadline):
                if time.monotonic() >= deadline:
                    return False
        finally:
            os.close(top)
        path.rmdir()
    return True


def _clear(top: int, folder: int, deadline: float) -> int:
    """Empty a folder as far as there is time; how many entries were looked at.

    Parameters
    ----------
    top
        Descriptor of the folder into which those inside others are moved; the same as ``folder`` for the first level.
    """
    seen = 0
    with os.scandir(folder) as found:
        for entry in found:
            seen += 1
            with suppress(FileNotFoundError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.name, dir_fd=folder)
                elif folder != top:
                    os.rename(entry.name, secrets.token_hex(8), src_dir_fd=folder, dst_dir_fd=top)
                else:
                    _remove_folder(top, entry.name, deadline)
            if time.monotonic() >= deadline:
                break
    return seen


def _remove_folder(top: int, name: str, deadline: float) -> None:
    inner = os.open(name, _FOLDER, dir_fd=top)
    try:
        while _clear(top, inner, deadline):
            if time.monotonic() >= deadline:
                return
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)
