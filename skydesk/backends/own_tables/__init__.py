"""Users' own tables: immutable DuckDB files and a registry that says which of them are tables."""

from .given import FolderGivenFiles
from .store import DuckdbTableStore

__all__ = ["DuckdbTableStore", "FolderGivenFiles"]
