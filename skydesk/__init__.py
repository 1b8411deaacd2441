"""SkyDesk: survey astronomy inside JupyterLab.

In a notebook::

    import skydesk

    sky = skydesk.connect()
    table = sky.query("SELECT RA, DEC FROM DR2_MAIN WHERE ROWNUM <= 10").to_astropy()
"""

from typing import TYPE_CHECKING, Any

__all__ = ["__version__", "connect"]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .client import connect


def __getattr__(name: str) -> Any:
    if name == "connect":
        from .client import connect

        return connect
    raise AttributeError(f"module 'skydesk' has no attribute {name!r}")
