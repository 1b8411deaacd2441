"""What made-up survey files have in common."""

__all__ = ["CATALOGUE_AND_TILES"]

CATALOGUE_AND_TILES = """\
[catalogue]
kind = "duckdb"
path = "catalog.duckdb"

[tiles]
prefix = "DES"
first_ra_deg = 275.0
first_dec_deg = 30.0
last_dec_deg = -74.0
step_arcsec = 2570.0
size_pixels = 10000
"""
"""Sections of a survey file: its catalogue, in DuckDB beside it, and the tiles of DES."""
