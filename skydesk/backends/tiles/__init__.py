"""Images of tiles from FITS files, compressed or not: any part of them at once."""

from .store import SurveyTiles, open_tiles

__all__ = ["SurveyTiles", "open_tiles"]
