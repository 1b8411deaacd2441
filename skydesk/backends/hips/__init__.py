"""Colour pyramids of a survey: painted from the images of its tiles, kept in a folder."""

from .folder import PyramidFolder
from .painter import TilePainter
from .shelf import PyramidShelf

__all__ = ["PyramidFolder", "PyramidShelf", "TilePainter"]
