"""Own tables: users load, join, match and lend them; the Query panel shows them where the user may."""

from ..commands.tables import add_commands
from ..registry import Service
from ..tables.model import SERVICE as NAME
from ..web.tables import ROUTES

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">'
    '<path d="M1.500 2h13v12h-13zm1.300 4v2.200h3.400V6zm4.700 0v2.200h5.700V6z'
    'M2.800 9.500v3.200h3.400V9.500zm4.700 0v3.200h5.700V9.500z"/></g></svg>'
)

SERVICE = Service(
    name=NAME,
    title="Own tables",
    description="Load tables of your own, join and match them with the catalogue, lend them to others.",
    icon=_ICON,
    rank=45,
    routes=ROUTES,
    command=add_commands,
)
