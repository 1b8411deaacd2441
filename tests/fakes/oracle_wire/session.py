"""One session of the wire fake: TTC messages in, TTC messages out."""

import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import duckdb

from .engine import Engine, OracleError, ResultColumn, Rows, as_oracle
from .faults import Faults
from .login import Login
from .packets import DATA, MARKER, Packets, Reader, long_bytes, number, sized
from .values import as_value, encoded

__all__ = ["Session"]

_FIELD_VERSION = 12
_UTF8 = 873
_STATUS = b"\x09\0\0"
_DEFINE, _EXECUTE, _FETCH = 0x10, 0x20, 0x40


@dataclass(slots=True)
class _Cursor:
    sql: str
    bind_types: list[int] = field(default_factory=list)
    statement: str = ""
    columns: list[ResultColumn] = field(default_factory=list)
    rows: Rows | None = None
    sent: int = 0
    is_defined: bool = False
    """The client has said as what it wants the columns."""


class Session(threading.Thread):
    """Serves one connection."""

    def __init__(self, connection: socket.socket, engine: Engine, login: Login, faults: Faults, log: Callable[[str, Any], None]) -> None:
        super().__init__(daemon=True)
        self._packets = Packets(connection)
        self._engine, self._login, self._faults, self._log = engine, login, faults, log
        self._cursors: dict[int, _Cursor] = {}
        self._next_cursor = 0

    def run(self) -> None:
        try:
            self._serve()
        except (EOFError, ConnectionError, OSError):
            self._log("end", None)
        finally:
            for cursor in self._cursors.values():
                _close(cursor)
            self._packets.socket.close()

    def _serve(self) -> None:
        descriptor = self._packets.greet()
        code = self._faults.refusal(descriptor)
        if code:
            self._packets.refuse(code)
            return
        self._meet_fault("connect")
        self._packets.accept()
        while True:
            kind, content = self._packets.receive()
            if kind == MARKER:
                self._packets.acknowledge_break()
                self._packets.send_data(_status(1013, "ORA-01013: user requested cancel of current operation"))
            if kind != DATA:
                continue
            if struct.unpack(">H", content[:2])[0] & 0x40 or len(content) == 2:
                return
            answer = self._answer(content[2:])
            self._packets.send_data(answer)

    def _answer(self, content: bytes) -> bytes:
        """Answer a message, which may need further packets to be whole."""
        while True:
            try:
                return self._dispatch(Reader(content))
            except IndexError:
                content += self._packets.receive()[1][2:]

    def _dispatch(self, reader: Reader) -> bytes:
        message = reader.byte()
        if message == 1:
            return _protocol()
        if message == 2:
            return b"\x02\0\0"
        while message == 17:
            self._piggyback(reader)
            message = reader.byte()
        function = reader.byte()
        reader.byte()
        return self._call(function, reader)

    def _call(self, function: int, reader: Reader) -> bytes:
        calls: dict[int, Callable[[Reader], bytes]] = {
            118: self._challenge,
            115: self._admit,
            94: self._execute,
            5: self._fetch,
            78: self._execute_again,
            4: self._execute_again,
        }
        try:
            return calls.get(function, lambda _: _STATUS)(reader)
        except OracleError as error:
            return _status(error.code, error.message, offset=error.offset)

    def _challenge(self, reader: Reader) -> bytes:
        answer = self._login.challenge(reader)
        self._log("attempt", self._login.user)
        return answer

    def _admit(self, reader: Reader) -> bytes:
        answer = self._login.admit(reader)
        self._log("login", {"user": self._login.user, "proxied": self._login.proxied})
        self._meet_fault("login")
        return answer

    def _piggyback(self, reader: Reader) -> None:
        function = reader.byte()
        reader.byte()
        if function == 105:
            reader.byte()
            for _ in range(reader.number()):
                _close(self._cursors.pop(reader.number(), None))
        elif function == 135:
            self._end_to_end(reader)
        elif function == 152:
            reader.byte()
            self._log("schema", (reader.sized() or b"").decode())
        else:
            raise NotImplementedError(f"piggyback {function}")

    def _end_to_end(self, reader: Reader) -> None:
        reader.take(2)
        reader.number()
        lengths = []
        for kept in (True, True, True, False, False, True, False, False, True):
            reader.byte()
            length = reader.number()
            lengths += [length] if kept else []
        values = [(reader.long_bytes() or b"").decode() if length else None for length in lengths]
        self._log("tags", dict(zip(("client_identifier", "module", "action", "client_info", "dbop"), values, strict=True)))

    def _execute(self, reader: Reader) -> bytes:
        options, cursor_id, has_sql = reader.number(), reader.number(), reader.byte()
        reader.number(), reader.byte(), reader.number(), reader.take(2), reader.number()
        wanted = reader.number()
        reader.number(), reader.byte()
        binds = reader.number()
        reader.take(6)
        defines = reader.number()
        reader.number(), reader.take(1)
        reader.take(2), reader.number(), reader.byte(), reader.skip_numbers(2), reader.byte(), reader.number()
        reader.take(2), reader.number(), reader.byte(), reader.number(), reader.take(2), reader.number()
        sql = (reader.long_bytes() or b"").decode() if has_sql else self._cursors[cursor_id].sql
        reader.skip_numbers(13)
        if options & _DEFINE:
            for _ in range(defines):
                _bind_type(reader)
            self._cursors[cursor_id].is_defined = True
            return self._rows(cursor_id, wanted if options & _FETCH else 0, [])
        types = [_bind_type(reader) for _ in range(binds)]
        values = _bind_values(reader, types) if binds and options & _EXECUTE else []
        if not cursor_id:
            self._next_cursor += 1
            cursor_id = self._next_cursor
        earlier = self._cursors.get(cursor_id)
        _close(earlier)
        self._cursors[cursor_id] = _Cursor(sql=sql, bind_types=types, is_defined=earlier is not None and earlier.is_defined)
        return self._begin(cursor_id, values, wanted if options & _FETCH else 0, parse_only=not options & _EXECUTE)

    def _execute_again(self, reader: Reader) -> bytes:
        cursor_id, wanted = reader.number(), reader.number()
        reader.skip_numbers(2)
        cursor = self._cursors[cursor_id]
        _close(cursor)
        return self._begin(cursor_id, _bind_values(reader, cursor.bind_types) if cursor.bind_types else [], wanted)

    def _begin(self, cursor_id: int, binds: list[Any], wanted: int, *, parse_only: bool = False) -> bytes:
        cursor = self._cursors[cursor_id]
        self._log("parse" if parse_only else "execute", {"sql": cursor.sql, "user": self._login.user, "proxied": self._login.proxied})
        self._meet_fault("parse" if parse_only else "execute", cursor.sql)
        if self._engine.carry_out(cursor.sql):
            return _status(cursor=cursor_id)
        cursor.statement, cursor.columns = self._engine.describe(cursor.sql)
        described = _described(cursor.columns)
        if parse_only:
            return described + _status(cursor=cursor_id)
        if any(column.kind.is_long for column in cursor.columns) and not cursor.is_defined:
            wanted = 0  # the client first says as what it wants them
        connection = self._engine.cursor()
        cursor.sent = 0
        rows, first = self._breakable(connection, lambda: self._open(cursor, binds, connection, wanted))
        cursor.rows = rows
        return described + self._rows(cursor_id, wanted, first)

    def _open(self, cursor: _Cursor, binds: list[Any], connection: duckdb.DuckDBPyConnection, wanted: int) -> tuple[Rows, list[Any]]:
        rows = self._engine.run(cursor.sql, cursor.statement, cursor.columns, binds, connection)
        return rows, rows.take(wanted)

    def _fetch(self, reader: Reader) -> bytes:
        cursor_id, wanted = reader.number(), reader.number()
        self._meet_fault("fetch", self._cursors[cursor_id].sql)
        return self._rows(cursor_id, wanted, [])

    def _rows(self, cursor_id: int, wanted: int, given: list[Any]) -> bytes:
        cursor = self._cursors[cursor_id]
        rows = cursor.rows
        if not wanted or rows is None:
            return _status(cursor=cursor_id)
        if not given:
            given = self._breakable(rows, lambda: rows.take(wanted))
        kinds = [column.kind for column in cursor.columns]
        content = [b"\x06\0" + number(len(kinds)) + b"\0" + number(wanted) + b"\0\0\0"]
        for row in given:
            content.append(b"\x07")
            content += [encoded(kind, value) for kind, value in zip(kinds, row, strict=True)]
        cursor.sent += len(given)
        end = (0, "") if len(given) == wanted else (1403, "ORA-01403: no data found")
        return b"".join(content) + _status(*end, cursor=cursor_id, rows=cursor.sent)

    def _breakable(self, work_on: Rows | duckdb.DuckDBPyConnection, work: Callable[[], Any]) -> Any:
        """Do what may take long beside listening for a break."""
        box: dict[str, Any] = {}

        def carry_out() -> None:
            try:
                box["result"] = work()
            except Exception as error:
                box["error"] = error

        worker = threading.Thread(target=carry_out, daemon=True)
        worker.start()
        worker.join(0.002)
        while worker.is_alive():
            if select.select([self._packets.socket], [], [], 0.005)[0]:
                kind, _ = self._packets.receive()
                if kind == MARKER:
                    while worker.is_alive():
                        work_on.interrupt()
                        worker.join(0.02)
                    self._packets.acknowledge_break()
                    raise OracleError(1013, "user requested cancel of current operation")
        if isinstance(box.get("error"), duckdb.Error):
            raise as_oracle(box["error"])
        if "error" in box:
            raise box["error"]
        return box["result"]

    def _meet_fault(self, place: str, sql: str = "") -> None:
        self._faults.meet(place, sql, self._packets)


def _close(cursor: _Cursor | None) -> None:
    if cursor is not None and cursor.rows is not None:
        cursor.rows.close()
        cursor.rows = None


def _protocol() -> bytes:
    compile_time, run_time = bytearray(56), bytearray(11)
    compile_time[7], run_time[6] = _FIELD_VERSION, 4
    description = bytes(9) + struct.pack(">H", 2000)
    head = b"\x01\x06\0SkyDesk wire fake\0" + struct.pack("<H", _UTF8) + b"\0\0\0" + struct.pack(">H", len(description)) + description
    return head + long_bytes(bytes(compile_time)) + long_bytes(bytes(run_time))


def _bind_type(reader: Reader) -> int:
    kind = reader.byte()
    reader.take(3)
    reader.skip_numbers(3)
    if reader.number():
        reader.long_bytes()
    reader.skip_numbers(2)
    reader.byte()
    reader.skip_numbers(2)
    return kind


def _bind_values(reader: Reader, types: list[int]) -> list[Any]:
    reader.byte()
    return [as_value(kind, reader.long_bytes()) for kind in types]


def _described(columns: list[ResultColumn]) -> bytes:
    content = b"\x10" + long_bytes(b"wirefake") + number(1000) + number(len(columns)) + (b"\0" if columns else b"")
    for position, column in enumerate(columns):
        kind, text = column.kind, column.kind.is_text
        content += bytes([kind.code, 0, kind.precision, kind.scale & 0xFF]) + number(kind.size_bytes) + bytes(4)
        content += number(_UTF8 if text else 0) + bytes([text]) + number(kind.size_bytes if text else 0) + b"\0\x01\0"
        content += sized(column.name.encode()) + sized(b"") + sized(b"") + number(position) + b"\0"
    return content + sized(b"") + bytes(4) + sized(b"")


def _status(code: int = 0, message: str = "", *, cursor: int = 0, rows: int = 0, offset: int = 0) -> bytes:
    content = b"\x04\0\0" + number(rows & 0xFFFFFFFF) + number(code & 0xFFFF) + bytes(2) + number(cursor) + number(offset)
    content += bytes(6) + bytes(2) + b"\0" + bytes(3) + bytes(2) + bytes(3) + bytes(3) + number(code) + number(rows)
    return content + (long_bytes(message.encode()) if code else b"")
