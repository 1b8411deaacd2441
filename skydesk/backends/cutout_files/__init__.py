"""The files that are made of cutouts: FITS, colour and grey PNG, finding charts."""

from .renderer import FileRenderer

__all__ = ["FileRenderer"]
