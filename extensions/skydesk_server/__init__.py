"""SkyDesk over HTTP: the Jupyter Server extension, and the same app as a JupyterHub service."""

from typing import Any

__all__: list[str] = []


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension import SkydeskExtension

    return [{"module": "skydesk_server.extension", "app": SkydeskExtension}]
