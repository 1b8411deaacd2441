"""What goes wrong in the wire fake, on demand."""

import threading
import time
from dataclasses import dataclass

from .engine import OracleError
from .packets import Packets

__all__ = ["Fault", "Faults"]

_HANG_SECONDS = 60


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault to come."""

    kind: str
    """``drop`` the connection, ``hang`` without an answer, answer with a ``partial`` packet, be ``slow``, or an ``error``."""

    place: str
    """``connect``, ``login``, ``parse``, ``execute`` or ``fetch``."""

    code: int = 0
    """Oracle's number of an ``error``."""

    message: str = ""
    seconds: float = 0
    """Delay of a ``slow`` one."""

    times: int = 1
    """How often it strikes."""

    sql: str = ""
    """Only statements that hold this are struck."""


class Faults:
    """The faults still to come; shared by all sessions."""

    def __init__(self, service: str) -> None:
        self._service = service.upper()
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._down = False

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._down = False

    def shut_down(self) -> None:
        """Refuse every connection from now on."""
        self._down = True

    def refusal(self, descriptor: str) -> int:
        """Code with which to refuse a connection; 0 to take it."""
        if self._down:
            return 12528
        return 0 if f"SERVICE_NAME={self._service}" in descriptor.upper().replace(" ", "") else 12514

    def meet(self, place: str, sql: str, packets: Packets) -> None:
        """Let the next fault of this place strike."""
        fault = self._next(place, sql)
        if fault is None:
            return
        if fault.kind == "drop":
            raise EOFError
        if fault.kind == "error":
            raise OracleError(fault.code, fault.message)
        if fault.kind == "partial":
            packets.cut_next = True
        else:
            time.sleep(fault.seconds or _HANG_SECONDS)

    def _next(self, place: str, sql: str) -> Fault | None:
        with self._lock:
            found = next((fault for fault in self._faults if fault.place == place and fault.sql in sql), None)
            if found is not None:
                found.times -= 1
                if not found.times:
                    self._faults.remove(found)
            return found
