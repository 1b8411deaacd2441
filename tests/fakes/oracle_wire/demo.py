"""``make demo-oracle``: the demo with the wire fake in the middle; panel, service, python-oracledb, socket, wire fake.

Takes the options of ``skydesk demo``.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from skydesk.cli import main as skydesk
from skydesk.demo_survey import PRESETS, cached_survey
from skydesk.survey import load_survey

from . import PASSWORD, USER, WireFake
from .engine import OWNER

_CATALOGUE = 'kind = "duckdb"\npath = "catalog.duckdb"'


def main(arguments: list[str]) -> int:
    """Run the demo until it is stopped; the wire fake ends with it."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="demo")
    preset: str = parser.parse_known_args(arguments)[0].preset
    source = cached_survey(preset, on_progress=lambda fraction, what: print(f"{what}: {100 * fraction:.0f} %", flush=True))
    with tempfile.TemporaryDirectory(prefix="skydesk-oracle-") as name:
        survey_file = as_oracle_survey(source, Path(name) / "survey")
        password_file = Path(name) / "password"
        password_file.write_text(PASSWORD)
        with WireFake(source.parent / "catalog.duckdb", load_survey(source).tables, apart=True) as wire:
            os.environ.update(
                SKYDESK_ORACLE_DSN=wire.dsn,
                SKYDESK_ORACLE_USER=USER,
                SKYDESK_ORACLE_PASSWORD_FILE=str(password_file),
                SKYDESK_ORACLE_SCHEMA=OWNER,
            )
            print(
                f"the catalogue is behind a wire fake at {wire.dsn}: it speaks Oracle's protocol over DuckDB, and is not Oracle", flush=True
            )
            return skydesk(["demo", "--survey", str(survey_file), *arguments])


def as_oracle_survey(source: Path, folder: Path) -> Path:
    """Write the file of a survey whose catalogue is in Oracle and that is otherwise the one of ``source``; give its path."""
    folder.mkdir()
    for entry in source.parent.iterdir():
        if entry.name not in {source.name, "catalog.duckdb"}:
            (folder / entry.name).symlink_to(entry)
    text = source.read_text()
    if _CATALOGUE not in text:
        raise ValueError(f"{source} does not say {_CATALOGUE!r}")
    path = folder / source.name
    path.write_text(text.replace(_CATALOGUE, 'kind = "oracle"'))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
