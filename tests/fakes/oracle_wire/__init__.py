"""A wire fake: a process that speaks enough of Oracle's protocol, TNS and TTC, to carry python-oracledb, with DuckDB behind it.

It is not Oracle. It proves that our code and the driver agree with each other, and what our code does when things go wrong.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from skydesk.query.model import Table

__all__ = ["PASSWORD", "SERVICE", "USER", "WireFake"]

USER, PASSWORD, SERVICE = "desk_service", "s3cret-Pass!word", "WIREFAKE"
_ROOT = Path(__file__).parents[3]


class WireFake:
    """The wire fake, run as a process of its own: an open connection would keep this one from ending. A context manager.

    Parameters
    ----------
    path
        A DuckDB file that holds the tables.
    types
        Oracle types by (table, column), where they are not the usual ones of a column's type.
    refusals
        Further users, with the password of all, and Oracle's error at their login; 28002 lets them in with a warning.
    users
        Further users, with their passwords.
    apart
        True for a process that a Ctrl-C in the terminal does not reach.
    """

    def __init__(
        self,
        path: Path,
        tables: Sequence[Table],
        *,
        types: Mapping[tuple[str, str], str] | None = None,
        refusals: Mapping[str, int] | None = None,
        users: Mapping[str, str] | None = None,
        port: int = 0,
        apart: bool = False,
    ) -> None:
        oracle, refused = types or {}, refusals or {}
        content = {
            "path": str(path),
            "service": SERVICE,
            "users": {USER: PASSWORD} | dict.fromkeys(refused, PASSWORD) | dict(users or {}),
            "refusals": dict(refused),
            "port": port,
            "tables": {
                table.name: [
                    {
                        "name": column.name,
                        "type": column.type.value,
                        "description": column.description,
                        "oracle": oracle.get((table.name, column.name), ""),
                    }
                    for column in table.columns
                ]
                for table in tables
            },
        }
        command = [sys.executable, "-m", "tests.fakes.oracle_wire"]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=apart
        )
        self.port: int = self._ask(content)["port"]
        self.dsn = f"127.0.0.1:{self.port}/{SERVICE}"

    def fault(self, kind: str, place: str, **details: Any) -> None:
        """Let something go wrong; see `faults.Fault`."""
        self._ask({"do": "fault", "fault": {"kind": kind, "place": place, **details}})

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self._ask({"do": "clear"})

    def go_down(self) -> None:
        """Refuse connections until `clear`."""
        self._ask({"do": "down"})

    def log(self) -> list[tuple[str, Any]]:
        """What came since this was last asked: kind and content."""
        return [(kind, what) for kind, what in self._ask({"do": "log"})["log"]]

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
