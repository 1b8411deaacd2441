"""The services that come with SkyDesk, one module a noun: each value `SERVICE` is found through its entry point."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["panel_file"]


def panel_file(name: str) -> Path | None:
    """The file of a panel in the widgets package, which is looked for without being imported; None where it is not installed."""
    spec = find_spec("skydesk_widgets")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "static" / name
    return path if path.is_file() else None
