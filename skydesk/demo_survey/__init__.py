"""Make a small survey of a made-up sky, so that everything can be tried without one."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from ..errors import ServiceUnavailable
from .cache import cached_folder
from .recipe import PRESETS, RECIPE, SEED, preset_named

__all__ = ["PRESETS", "cached_survey", "make_survey"]


def make_survey(folder: Path, preset: str, *, seed: int = SEED, on_progress: Callable[[float, str], None] | None = None) -> Path:
    """Make a demo survey.

    The sky round the globular cluster M2, with field stars and galaxies, as DES would show it: images in g, r, i, z and Y of the four
    tiles that meet there, and the tables of DR1 and DR2. The same preset and seed give the same catalogue.

    Parameters
    ----------
    folder
        Where to make it; absent or empty.
    preset
        ``demo`` (about two minutes at the most, 200 MB) or ``tiny`` (a small part of the same sky, for tests).
    seed
        Any whole number from 0.
    on_progress
        Called with the part done, 0 to 1, and what is being done.

    Returns
    -------
    Path
        The survey file.

    Raises
    ------
    InvalidRequest
        There is no such preset.
    Conflict
        The folder is not empty.
    ServiceUnavailable
        numba is not installed.
    """
    preset_named(preset)
    if importlib.util.find_spec("numba") is None:
        raise ServiceUnavailable("making a survey needs numba; install it with: pip install 'skydesk[images]'")
    from .make import make

    return make(Path(folder), preset, seed, on_progress or _no_progress)


def cached_survey(preset: str, seed: int = SEED, on_progress: Callable[[float, str], None] | None = None) -> Path:
    """Give a demo survey from the user's cache; make it there the first time. Errors as in `make_survey`.

    Two processes may ask for the same one at once, and one that was interrupted leaves nothing that is taken for whole.
    """
    preset_named(preset)
    name = f"{preset}-seed{seed}-recipe{RECIPE}"
    return cached_folder(name, lambda folder: make_survey(folder, preset, seed=seed, on_progress=on_progress)) / "survey.toml"


def _no_progress(part: float, what: str) -> None:
    """Tell nobody."""
