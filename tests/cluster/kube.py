"""A cluster as its administrator sees it, through kubectl."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.faults.stage import wait_until

__all__ = ["Kube"]


class Kube:
    """One namespace of a cluster."""

    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace

    def kubectl(self, *arguments: str, given: Any = None, check: bool = True) -> str:
        """Run kubectl in the namespace, and give what it prints."""
        command = ["kubectl", "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *arguments]
        text = None if given is None else json.dumps(given)
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout if done.returncode == 0 else done.stderr

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """Make or change objects."""
        self.kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": list(manifests)})

    def get(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """Objects of a kind, in the order in which they were made."""
        found = self.kubectl("get", kind, "-o", "json", "--sort-by=.metadata.creationTimestamp", *(["-l", selector] if selector else []))
        return list(json.loads(found)["items"])

    def delete(self, kind: str, name: str, *options: str) -> None:
        """Delete an object; no error where there is none."""
        self.kubectl("delete", kind, name, "--ignore-not-found", *options)

    def until_gone(self, kind: str, selector: str = "", seconds: float = 60) -> None:
        """Wait until there is no object of a kind."""
        wait_until(lambda: not self.get(kind, selector), seconds, lambda: self.get(kind, selector), pause_seconds=0.5)
