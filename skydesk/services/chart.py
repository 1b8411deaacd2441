"""Finding charts: a product of the cutout service that groups may grant or keep; it has no panel of its own."""

from ..registry import Service

__all__ = ["SERVICE"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">'
    '<path d="M1 1h14v14H1zm1.500 1.500v11h11v-11z"/><path d="M7.250 4h1.500v2.500h-1.500zM7.250 9.500h1.500V12h-1.500z'
    'M4 7.250h2.500v1.500H4zM9.500 7.250H12v1.500H9.500z"/></g></svg>'
)

SERVICE = Service(
    name="chart",
    title="Finding charts",
    description="Draw finding charts of positions, with offsets from a star that is easy to find.",
    icon=_ICON,
    rank=25,
)
