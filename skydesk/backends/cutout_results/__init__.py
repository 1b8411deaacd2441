"""Where a cutout job's files go, and the tables that say what became of its rows."""

from .results import JobResults

__all__ = ["JobResults"]
