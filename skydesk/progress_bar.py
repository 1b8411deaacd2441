"""A progress bar that understands a job's progress, in a terminal and in a notebook."""

from collections.abc import Mapping
from typing import Any, Self

__all__ = ["ProgressBar", "progress_bar"]


class ProgressBar:
    """Wraps a bar of tqdm's; a context manager that closes it.

    Parameters
    ----------
    bar
        The bar.
    """

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, progress: Mapping[str, Any] | None) -> None:
        """Draw the bar as far as the job has come: the Progress of docs/api.md; None where nothing is known."""
        if progress is None:
            return
        self._bar.total, self._bar.unit = progress.get("total"), f" {progress['unit']}"
        self._bar.n = progress["done"]
        self._bar.refresh()


def progress_bar(name: str, *, shown: bool) -> ProgressBar:
    """A bar with a name beside it; one that draws nothing where ``shown`` is False."""
    if not shown:
        from tqdm import tqdm

        return ProgressBar(tqdm(disable=True))
    from tqdm.auto import tqdm as tqdm_of_surroundings

    return ProgressBar(tqdm_of_surroundings(desc=name, unit=" rows"))
