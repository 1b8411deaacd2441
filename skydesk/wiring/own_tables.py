"""Opens what keeps users' own tables."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..settings import SkydeskSettings
from .places import tables_folder_of

if TYPE_CHECKING:
    from ..backends.own_tables import DuckdbTableStore
    from ..query.ports import Catalog
    from ..query.service import QueryService
    from ..survey import Survey
    from ..tables.service import TablesService

__all__ = ["open_table_store", "open_tables"]


def open_table_store(survey: "Survey", folder: str | Path | None) -> "DuckdbTableStore | None":
    """Open the folder of own tables; None for a catalogue that cannot join them."""
    if folder is None or survey.catalogue.kind != "duckdb":
        return None
    from ..backends.own_tables import DuckdbTableStore

    return DuckdbTableStore(Path(folder))


def open_tables(settings: SkydeskSettings, survey: "Survey", catalog: "Catalog", queries: "QueryService") -> "TablesService":
    """Make the service behind own tables."""
    from ..backends.own_tables import FolderGivenFiles
    from ..tables.service import TablesService

    folder = tables_folder_of(settings)
    given = FolderGivenFiles(Path(settings.data_folder).resolve() / "given-tables")
    return TablesService(open_table_store(survey, folder), given, queries=queries, catalog=catalog)
