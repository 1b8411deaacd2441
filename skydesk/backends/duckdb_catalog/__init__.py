"""A survey's catalogue in a native DuckDB file, read-only, asked in Oracle's SQL."""

from .catalog import DuckdbCatalog

__all__ = ["DuckdbCatalog"]
