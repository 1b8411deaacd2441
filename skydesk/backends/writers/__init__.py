"""Streams of rows to files: csv, tab, fits, h5, parquet, vot, ecsv, arrow. Memory does not grow with the rows."""

from .files import FileWriter

__all__ = ["FileWriter"]
