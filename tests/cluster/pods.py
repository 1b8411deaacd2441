"""How a pod runs this checkout without an image of its own."""

import sys
import sysconfig
from pathlib import Path
from typing import Any

__all__ = ["Interpreter"]

_ROOT = Path(__file__).parents[2]
_PYTHON, _PACKAGES, _CHECKOUT = "/opt/python", "/opt/packages", "/opt/skydesk"


class Interpreter:
    """This process's interpreter, packages and checkout, for a pod of a bare image, mounted read-only."""

    image = "localhost/python:1"

    @property
    def command(self) -> tuple[str, ...]:
        """The interpreter, in a pod."""
        return (f"{_PYTHON}/bin/python3.{sys.version_info.minor}",)

    @property
    def environment(self) -> dict[str, str]:
        """Where it finds its library, the packages and the checkout."""
        path = ":".join([_CHECKOUT, *(f"{_CHECKOUT}/{root}" for root in ("hub_config", "extensions", "widgets")), _PACKAGES])
        return {"LD_LIBRARY_PATH": f"{_PYTHON}/lib", "PYTHONHOME": _PYTHON, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def volumes(self) -> tuple[dict[str, Any], ...]:
        """The pod's volumes."""
        folders = {"python": sys.base_prefix, "packages": sysconfig.get_path("purelib"), "checkout": str(_ROOT)}
        return tuple({"name": name, "hostPath": {"path": path, "type": "Directory"}} for name, path in folders.items())

    @property
    def mounts(self) -> tuple[dict[str, Any], ...]:
        """The container's mounts."""
        places = {"python": _PYTHON, "packages": _PACKAGES, "checkout": _CHECKOUT}
        return tuple({"name": name, "mountPath": place, "readOnly": True} for name, place in places.items())
