"""The wire fake as a process: its content comes as the first line of standard input, commands as further lines, all JSON."""

import json
import socket
import sys
import threading
from typing import Any

from .engine import Engine
from .faults import Fault, Faults
from .login import Login
from .session import Session


class _Log:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[tuple[str, Any]] = []

    def add(self, kind: str, what: Any) -> None:
        with self._lock:
            self._entries.append((kind, what))

    def take(self) -> list[tuple[str, Any]]:
        with self._lock:
            entries, self._entries = self._entries, []
            return entries


def main() -> None:
    """Serve until standard input ends."""
    content = json.loads(sys.stdin.readline())
    engine, faults, log = Engine(content["path"], content["tables"]), Faults(content["service"]), _Log()
    listener = socket.create_server(("127.0.0.1", content.get("port", 0)))
    users = {name.upper(): password for name, password in content["users"].items()}
    refusals = {name.upper(): code for name, code in content.get("refusals", {}).items()}

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Session(connection, engine, Login(users, refusals, content["service"]), faults, log.add).start()

    threading.Thread(target=serve, daemon=True).start()
    _say({"port": listener.getsockname()[1]})
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "fault":
            faults.add(Fault(**command["fault"]))
        elif command["do"] == "clear":
            faults.clear()
        elif command["do"] == "down":
            faults.shut_down()
        _say({"log": log.take() if command["do"] == "log" else []})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
