"""``skydesk demo``: the demo survey, a JupyterHub with four accounts, and everything stopped again at the end."""

import argparse
import contextlib
import ctypes
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs

from .errors import ServiceUnavailable, UsageError

__all__ = ["DemoHub", "add_command"]

ACCOUNTS = (("henrietta", "limited"), ("vera", "default"), ("cecilia", "advanced"), ("annie", "admin"))
"""Account and view, the first of its groups, as `skydesk_hub.demo` has them; the core does not import the hub."""

_STOP_SECONDS = 2.5
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class DemoHub:
    """A JupyterHub on this machine's loopback address, with the SkyDesk service and labs as child processes.

    Parameters
    ----------
    survey_file
        The survey that everybody sees.
    folder
        Where the hub keeps accounts, homes and jobs; what is there from an earlier run goes on.
    port
        Port of the page to open.
    """

    def __init__(self, survey_file: Path, *, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.password = _kept_password(folder)
        self._survey_file = survey_file
        self._hub: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log_file(self) -> Path:
        """Where the hub, its proxy, its services and its labs write what they have to say."""
        return self.folder / "hub.log"

    def start(self, *, limit_seconds: float = 90) -> None:
        """Start the hub and wait until it answers through its proxy.

        Raises
        ------
        UsageError
            The port is taken, or a needed package is not installed.
        ServiceUnavailable
            The hub ended or did not answer in time; the message names the log.
        """
        _require_packages()
        _require_free(self.port)
        _adopt_orphans()
        with self.log_file.open("wb") as log:
            self._hub = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "--config", str(self._write_config())],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_healthy(time.monotonic() + limit_seconds)

    def wait(self) -> int:
        """Wait for the hub to end by itself; gives its exit status."""
        if self._hub is None:
            raise RuntimeError("the hub was not started")
        return self._hub.wait()

    def stop(self) -> None:
        """Stop the hub, its proxy, its services and all labs; no process is left when this returns."""
        if self._hub is None:
            return
        # everybody at once: the hub would stop its labs and services one after the other
        _signal_all(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline and any(_descendants()):
            _reap()
            time.sleep(0.05)
        while any(_descendants()):
            _signal_all(signal.SIGKILL)
            _reap()
            time.sleep(0.02)
        self._hub = None

    def _write_config(self) -> Path:
        ports = {"public": self.port, **dict(zip(("hub", "proxy", "service"), _free_ports(3), strict=True))}
        path = self.folder / "jupyterhub_config.py"
        path.write_text(
            '"""Written by `skydesk demo`; made anew at every start."""\n\n'
            "from pathlib import Path\n\n"
            "from skydesk_hub.demo import configure_demo\n\n"
            f"configure_demo(get_config(), folder=Path({str(self.folder)!r}), survey_file=Path({str(self._survey_file)!r}),\n"
            f"               password={self.password!r}, ports={ports!r})\n"
        )
        path.chmod(0o600)
        return path

    def _environment(self) -> dict[str, str]:
        """The hub's environment: the labs ask nobody outside for news or updates, nor node whether JupyterLab must be built anew."""
        config = self.folder / "jupyter-config"
        config.mkdir(exist_ok=True)
        overrides = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
        settings = config / "labconfig"
        settings.mkdir(exist_ok=True)
        (settings / "default_setting_overrides.json").write_text(json.dumps(overrides))
        page = {"buildAvailable": False, "buildCheck": False}
        server = {"ServerApp": {"tornado_settings": {"page_config_data": page}}}
        (config / "jupyter_server_config.json").write_text(json.dumps(server))
        return {**os.environ, "JUPYTER_CONFIG_PATH": str(config), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def _wait_until_healthy(self, deadline: float) -> None:
        hub = self._hub
        while time.monotonic() < deadline and hub is not None and hub.poll() is None:
            # through the proxy, which has its routes some seconds after the hub answers; and the page itself, since while it
            # starts the hub answers only its services, and /hub/health too
            with (
                contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
                urllib.request.urlopen(f"{self.url}services/skydesk/health", timeout=5),
                urllib.request.urlopen(f"{self.url}hub/login", timeout=5),
            ):
                return
            time.sleep(0.2)
        tail = self.log_file.read_text(errors="replace").splitlines()[-5:]
        self.stop()
        raise ServiceUnavailable("\n".join([f"the hub did not start; its log {self.log_file} ends with:", *tail]))


def add_command(subparsers: Any) -> None:
    """Add ``skydesk demo`` to a command line."""
    parser = subparsers.add_parser("demo", help="run a JupyterHub with the demo survey on this machine")
    parser.add_argument("--port", type=int, default=8000, help="port of 127.0.0.1 to listen on (default: 8000)")
    parser.add_argument("--preset", choices=["demo", "tiny"], default="demo", help="size of the demo survey (default: demo)")
    parser.add_argument("--folder", type=Path, help="where accounts, homes and jobs are kept (default: the user's data folder)")
    parser.set_defaults(run_alone=_run)


def _run(arguments: argparse.Namespace) -> int:
    # Ctrl-C, `kill` and a closed terminal all end the demo the same way. SIGINT too is set, since a shell's background job
    # begins with it ignored, and so would the hub and every lab.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    folder = (arguments.folder or Path(platformdirs.user_data_dir("skydesk")) / "demo").resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _require_free(arguments.port)
    hub = DemoHub(_survey(arguments), folder=folder, port=arguments.port)
    try:
        print("starting JupyterHub ...", flush=True)
        hub.start()
        _greet(hub)
        return 1 if hub.wait() else 0
    except KeyboardInterrupt:
        print("\nstopping ...", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        hub.stop()


def _survey(arguments: argparse.Namespace) -> Path:
    """The survey file that ``--survey`` names, or the demo survey, made where it is not there."""
    if arguments.survey is not None:
        if not arguments.survey.is_file():
            raise UsageError(f"there is no survey file {arguments.survey}; make a survey with: skydesk survey make DIR")
        return Path(arguments.survey).resolve()
    from tqdm import tqdm

    from .demo_survey import cached_survey
    from .demo_survey.recipe import SEED

    with tqdm(total=100, unit="%", bar_format="{desc:<36.36} {percentage:3.0f} %|{bar}| {elapsed}", disable=None, leave=False) as bar:

        def show(fraction: float, what: str) -> None:
            bar.set_description_str(what)
            bar.update(100 * fraction - bar.n)

        return cached_survey(arguments.preset, SEED, on_progress=show)


def _greet(hub: DemoHub) -> None:
    print(f"\nSkyDesk is at {hub.url}\n")
    print(f"  {'account':<12}{'password':<16}view")
    for name, view in ACCOUNTS:
        print(f"  {name:<12}{hub.password:<16}{view}")
    print(f"\nJobs, homes and the log are in {hub.folder}. Ctrl-C stops everything.", flush=True)


def _kept_password(folder: Path) -> str:
    """The demo's password: made once, readable by this user alone, since anybody on this machine reaches the port."""
    path = folder / "password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(4))
    return path.read_text().strip()


def _require_packages() -> None:
    missing = [
        name
        for name in ("jupyterhub", "jupyterhub_idle_culler", "jupyterlab", "skydesk_hub", "skydesk_server")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UsageError(f"the demo needs {', '.join(missing)}, not installed here: pip install 'skydesk[demo]'")


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise UsageError(f"port {port} of 127.0.0.1 cannot be used ({error}); name another with --port") from error


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _adopt_orphans() -> None:
    """On Linux, become the parent of labs and kernels whose own parent ends first, so that `stop` finds every one."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _descendants() -> Iterator[int]:
    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid


def _signal_all(number: signal.Signals) -> None:
    for pid in list(_descendants()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _reap() -> None:
    """Collect ended orphans that were adopted."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
