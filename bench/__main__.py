"""``make bench``: every figure as a table with ratios, and as JSON in bench/results/."""

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MODULES = (
    "export",
    "query",
    "quick_page",
    "job_start",
    "jobs_listing",
    "translation",
    "oracle_wire",
    "own_tables",
    "hub_scale",
    "cutouts",
    "cutouts_files",
    "globe",
    "cutout_jobs",
    "footprint",
    "hips",
    "gallery",
)


def main() -> int:
    """Measure, print, write; exit status 1 where a figure misses its target."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE", help=f"which to measure: {', '.join(MODULES)}")
    found: list[dict[str, Any]] = []
    for name in parser.parse_args().modules:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        found += map(_judged, importlib.import_module(f"bench.{name}").figures())
    _print(found)
    print(f"written to {_write(found)}; the load of the machine is {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    missed = [figure["name"] for figure in found if figure["ok"] is False]
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def _judged(figure: dict[str, Any]) -> dict[str, Any]:
    """Add whether the target is met, where it is a number and the figure does not tell."""
    target = figure.get("target")
    met = figure["value"] < target if isinstance(target, (int, float)) else None
    return {**figure, "ok": figure.get("ok", met)}


def _print(figures: list[dict[str, Any]]) -> None:
    header = ("figure", "value", "target", "peer", "peer's value", "ratio", "")
    rows = [header, *map(_row, figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(figure: dict[str, Any]) -> tuple[str, ...]:
    unit = figure.get("unit", "")
    peer = figure.get("peer_value")
    target = figure.get("target")
    return (
        figure["name"],
        f"{figure['value']:.3g} {unit}",
        "" if target is None else (target if isinstance(target, str) else f"< {target} {unit}"),
        figure.get("peer") or "",
        "" if peer is None else f"{peer:.3g} {unit}",
        "" if figure.get("ratio") is None else f"{figure['ratio']:.3g}x",
        {True: "ok", False: "MISSED"}.get(figure.get("ok"), ""),  # type: ignore[arg-type]
    )


def _write(figures: list[dict[str, Any]]) -> Path:
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"measured_at": now.isoformat(), "machine": machine, "figures": figures}, indent=2))
    return path


if __name__ == "__main__":
    sys.exit(main())
