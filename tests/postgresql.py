"""A PostgreSQL server of one's own, from Debian's package."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port

_INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
_READY_WITHIN_SECONDS = 60


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Give the URL of an empty database on a free port of 127.0.0.1; skips where the server is not installed."""
    if not _INSTALLED:
        missing = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="skydesk-postgresql-"))
    try:
        password = secrets.token_hex()
        _make_cluster(folder, password)
        port = free_port()
        with _running(folder, port):
            url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
            _wait_until_ready(url)
            yield url
    finally:
        shutil.rmtree(folder)


def _make_cluster(folder: Path, password: str) -> None:
    (folder / "password").write_text(password)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    options = ["-D", folder / "data", "-U", "postgres", "--pwfile", folder / "password", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8"]
    made = subprocess.run(
        [*_as_postgres(), _INSTALLED[-1].with_name("initdb"), *options], cwd="/", capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr


@contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off", "max_connections": 100}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        command = [*_as_postgres(), _INSTALLED[-1], "-D", folder / "data", *options]
        server = subprocess.Popen(command, cwd="/", stdout=log, stderr=log)
        try:
            yield
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def _as_postgres() -> list[str]:
    """Become the user that Debian made for it, since the server refuses root; setpriv keeps the process id."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)
        else:
            return
