"""SkyDesk's panels in a notebook: the same modules that the lab's sidebar shows.

::

    from skydesk_widgets import QueryPanel

    panel = QueryPanel()
    panel                       # use it, then in the next cell:
    panel.result.to_astropy()
"""

from .cutout import CutoutPanel
from .footprint import FootprintPanel
from .gallery import Gallery
from .jobs import JobsPanel
from .panel import Panel
from .query import QueryPanel

__all__ = ["CutoutPanel", "FootprintPanel", "Gallery", "JobsPanel", "Panel", "QueryPanel"]
