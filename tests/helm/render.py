"""Helm's own library, run in a process of its own: charts in, manifests out."""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm-values/skydesk"

_RENDER = """
import json, sys
from helm_python import Chart, HelmError
chart, values, namespace = json.load(sys.stdin)
try:
    with Chart.load(chart) as loaded:
        loaded.validate_schema(values)
        print(json.dumps(loaded.render(values, name="skydesk", namespace=namespace)))
except HelmError as error:
    sys.exit(f"refused: {error}")
"""


class Refused(Exception):
    """Helm does not take these values; its words."""


def render(values: Mapping[str, Any], *, namespace: str = "hub") -> list[dict[str, Any]]:
    """Render the chart with values over its own, in a namespace, and give its objects."""
    return _rendered(json.dumps(values, sort_keys=True), namespace)


def overlaid(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Values files laid over one another as `helm -f a -f b` does: maps are joined, all else is replaced."""
    joined: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(joined.get(key), Mapping)
            joined[key] = overlaid(joined[key], value) if both else value
    return joined


def values_file(name: str) -> dict[str, Any]:
    """One of the files of helm-values/."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "helm-values" / name).read_text())
    return loaded


@cache
def _rendered(values: str, namespace: str) -> list[dict[str, Any]]:
    given = json.dumps([str(CHART), json.loads(values), namespace])
    done = subprocess.run([sys.executable, "-c", _RENDER], input=given, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise Refused(done.stderr.strip())
    texts = json.loads(done.stdout)
    parsed = (document for name, text in sorted(texts.items()) if not name.endswith(".txt") for document in yaml.safe_load_all(text))
    return [document for document in parsed if document]
