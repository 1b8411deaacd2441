"""Folders in the user's cache that are made once and are whole when they are there."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_dir

__all__ = ["cached_folder"]


def cached_folder(name: str, make: Callable[[Path], object], root: Path | None = None) -> Path:
    """Give a folder of the cache; make it first where it is absent.

    It is made under another name and renamed, so that it is whole once it has its own. A lock, which ends with the process that holds
    it, lets one maker work at a time; what an interrupted one left is removed by the next.

    Parameters
    ----------
    name
        Name of the folder; it says everything that its content depends on.
    make
        Fills the folder whose path it is given; the folder does not exist yet.
    root
        Where the cache is; None for the user's cache folder of SkyDesk.
    """
    root = Path(user_cache_dir("skydesk")) / "surveys" if root is None else root
    folder, unfinished = root / name, root / f"{name}.unfinished"
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
    return folder
