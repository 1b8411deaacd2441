"""Opens a survey and its catalogue."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ServiceUnavailable
from ..settings import SkydeskSettings

if TYPE_CHECKING:
    from ..query.ports import Catalog
    from ..survey import Survey

__all__ = ["catalog_options", "demo_survey", "open_survey"]


def open_survey(path: Path, options: Mapping[str, Any], opened: ExitStack) -> "tuple[Survey, Catalog]":
    """Read a survey file and open its catalogue, which `opened` closes."""
    from ..survey import load_survey

    survey = load_survey(path)
    if survey.catalogue.kind != "duckdb" or survey.catalogue.path is None:
        raise ServiceUnavailable(f"a catalogue of the kind {survey.catalogue.kind!r} cannot be opened by this SkyDesk; it opens duckdb")
    from ..backends.duckdb_catalog import DuckdbCatalog

    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey, **options)
    opened.callback(catalog.close)
    return survey, catalog


def catalog_options(settings: SkydeskSettings) -> dict[str, Any]:
    """What a catalogue is opened with."""
    return {
        "memory_bytes": settings.catalog_memory_bytes,
        "threads": settings.catalog_threads,
        "temp_bytes": settings.catalog_temp_bytes,
        "connections": settings.catalog_connections,
    }


def demo_survey(on_progress: Callable[[float], None]) -> Path:
    """The demo survey's file; made where it is not there."""
    from ..demo_survey import cached_survey

    return cached_survey("demo", on_progress=lambda fraction, _: on_progress(fraction))
