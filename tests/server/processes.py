"""Starts programs of this project as processes of their own, away from the user's files, and ends them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT, ROOT / "extensions", ROOT / "widgets", ROOT / "hub_config")
WITHOUT_PAGES = "--ServerApp.jpserver_extensions=" + repr(
    dict.fromkeys(("jupyterlab", "jupyter_lsp", "notebook_shim", "panel.io.jupyter_server_extension"), False)
)
"""A Jupyter server's argument that leaves away what only a browser needs: it starts in half the time."""


def clean_environment(home: Path, *, extra_paths: Sequence[Path] = (), **variables: str) -> dict[str, str]:
    """An environment that finds this checkout and nothing of the user's."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "TMPDIR"}}
    path = os.pathsep.join(map(str, (*extra_paths, *SOURCES)))
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "PYTHONPATH": path, **variables}


@contextmanager
def process(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, stop_seconds: float = 15
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; ended with SIGTERM at the end, and its whole group killed if that takes too long."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_default_signals,  # noqa: PLW1509  (a background shell would have SIGINT ignored in all of it)
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


def _default_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_answer(
    url: str, started: subprocess.Popen[bytes], log: Path, *, seconds: float = 60, headers: Mapping[str, str] | None = None
) -> None:
    """Wait until an address answers with anything but 502 to 504."""
    started_at = time.monotonic()
    # one client without certificates, which take longer to read than the answer
    with httpx.Client(headers=headers, trust_env=False, timeout=5, verify=False) as client:
        while (waited := time.monotonic() - started_at) < seconds:
            assert started.poll() is None, f"the process has ended:\n{log.read_text()[-3000:]}"
            try:
                if client.get(url).status_code not in {502, 503, 504}:
                    return
            except httpx.TransportError:
                pass
            time.sleep(min(0.25, max(0.05, waited / 10)))
    raise AssertionError(f"{url} did not answer within {seconds} s:\n{log.read_text()[-3000:]}")


@contextmanager
def jupyter_server(
    folder: Path, *, token: str | None = "lab-token", arguments: Sequence[str] = (), extra_paths: Sequence[Path] = (), **variables: str
) -> Iterator["Lab"]:
    """Run a real ``jupyter server`` with the extension switched on as the installed package does it."""
    home, root = folder / "home", folder / "root"
    root.mkdir(parents=True)
    config = folder / "config" / "jupyter_server_config.d"
    config.mkdir(parents=True)
    shutil.copy(ROOT / "extensions/jupyter-config/server-config/skydesk_server.json", config)
    environment = clean_environment(
        home,
        extra_paths=extra_paths,
        JUPYTER_CONFIG_DIR=str(folder / "config"),
        JUPYTER_DATA_DIR=str(folder / "data"),
        JUPYTER_RUNTIME_DIR=str(folder / "runtime"),
        **variables,
    )
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command += [f"--ServerApp.root_dir={root}", "--ServerApp.base_url=/lab-base/", WITHOUT_PAGES, *arguments]
    command += [] if token is None else [f"--IdentityProvider.token={token}"]
    log = folder / "jupyter.log"
    with process(command, environment=environment, folder=folder, log=log) as started:
        base = _address(folder / "runtime", started, log)
        wait_for_answer(f"{base}/api", started, log)
        yield Lab(base=base, root=root, log=log, token=token or "")


class Lab:
    """A Jupyter server that runs."""

    def __init__(self, *, base: str, root: Path, log: Path, token: str) -> None:
        self.base, self.root, self.log, self.token = base, root, log, token

    def client(self, *, token: str | None = None) -> httpx.Client:
        """A client of the API with the lab's token, or another; an empty one for none."""
        token = self.token if token is None else token
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.Client(base_url=f"{self.base}/skydesk/api/", headers=headers, trust_env=False, timeout=60)

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """A client that has logged in as a browser does: with a cookie."""
        with httpx.Client(base_url=f"{self.base}/skydesk/api/", trust_env=False, timeout=60) as client:
            client.get(f"{self.base}/login?token={self.token}", follow_redirects=True)
            yield client


def _address(runtime: Path, started: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert started.poll() is None, log.read_text()[-3000:]
        for path in runtime.glob("jpserver-*.json"):
            try:
                told = json.loads(path.read_text())
            except ValueError:  # it is being written
                continue
            return f"http://127.0.0.1:{told['port']}{told['base_url']}".rstrip("/")
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")
