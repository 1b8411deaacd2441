"""Stages of a Dockerfile run without a container engine: in a mount namespace and a root of their own.

A root has this machine's /usr, read-only, and an empty Python environment at /usr/local in place of the base image; all else is new. What a
stage copies and runs is copied and run there, as the user whom it names. Packages of the system (apt-get) are not installed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.images.dockerfile import ROOT, Dockerfile, Stage

_MOUNT = """
set -e
root=$1; shift
mount --make-rprivate /
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind -o ro /usr "$root/usr"
mount --bind "$root/.usr-local" "$root/usr/local"
if [ -d "$root$BASE_PYTHON" ]; then
    mount --bind -o ro "$BASE_PYTHON" "$root$BASE_PYTHON"
    mount --bind "$root/.none" "$root$BASE_SITE" # what happens to be installed beside it is not the base image's
fi
mount --bind "$PIP_CACHE" "$root/var/cache/pip"
mount --bind -o ro "$SITE" "$root/.site"
exec chroot "$root" /usr/bin/env -i "$@"
"""
_COPIED = ("hosts", "ld.so.cache", "ld.so.conf", "login.defs", "nsswitch.conf", "resolv.conf", "ssl")
_ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nusers:x:100:\nnogroup:x:65534:\n",
    "shadow": "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n",
    "gshadow": "root:*::\nusers:*::\nnogroup:*::\n",
}
"""Those of Debian's base image that matter."""

_BASE_PYTHON = sys.base_prefix
_SITE = sysconfig.get_path("purelib")
_BASE_SITE = f"{_BASE_PYTHON}/lib/python3.{sys.version_info.minor}/site-packages"


def missing() -> str | None:
    """What this machine lacks for fresh roots; None where it lacks nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "fresh roots need Linux and root"
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        return "mount namespaces are not permitted here"
    return None


class FreshRoots:
    """The roots of one image's stages, below a folder.

    Parameters
    ----------
    reusing
        True: locks are empty, and the packages that this environment has, but for SkyDesk, are in sight by PYTHONPATH. So every
        step runs and this project's own wheel is built and installed, but nothing is fetched.
    bases
        Images of this project that were built already, by name; a stage on one of them goes on with a copy of its root.
    """

    def __init__(
        self, dockerfile: Dockerfile, folder: Path, *, reusing: bool = False, bases: Mapping[str, "FreshRoots"] | None = None
    ) -> None:
        self._dockerfile = dockerfile
        self._folder = folder
        self._reusing = reusing
        self._bases = bases or {}
        self.skipped: list[str] = []

    def build(self) -> None:
        """Run every stage."""
        for stage in self._dockerfile.stages:
            self._build(stage)

    @property
    def last_stage(self) -> Stage:
        """The stage that runs, with what it has from the image that it is made on."""
        return self._whole(self._dockerfile.stages[-1])

    def root_of(self, stage: str) -> Path:
        """Where a stage's root is."""
        return self._folder / stage

    @contextmanager
    def started(
        self, *arguments: str, environment: Mapping[str, str] | None = None, with_entry_point: bool = True
    ) -> Iterator[subprocess.Popen[str]]:
        """Start what the image starts, with arguments as Kubernetes gives them, and end it."""
        last = self.last_stage
        entry, given = last.last("ENTRYPOINT") if with_entry_point else None, last.last("CMD")
        command = [*(entry.words if entry else []), *(arguments or (given.words if given else []))]
        full = self._command(last, command, {**self._environment(last), **(environment or {})})
        process = subprocess.Popen(full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._outside())
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def run(self, *command: str, stage: str | None = None) -> str:
        """Run a command as the image's user, and give what it says; `AssertionError` where it fails."""
        of = next((each for each in self._dockerfile.stages if each.name == stage), self.last_stage)
        return self._done(self._command(of, list(command), self._environment(of)))

    def _build(self, stage: Stage) -> None:
        root = self.root_of(stage.name)
        if base := self._bases.get(stage.base):
            subprocess.run(["cp", "-a", "--reflink=auto", base.root_of(base.last_stage.name), root], check=True)
        else:
            _make_root(root)
        whole = self._whole(stage)
        inherited = len(whole.instructions) - len(stage.instructions)
        for number, each in enumerate(stage.instructions, inherited):
            match each.word:
                case "COPY":
                    self._copy(whole, each.words)
                case "WORKDIR":
                    (root / each.value.lstrip("/")).mkdir(parents=True, exist_ok=True)
                case "RUN" if "apt-get" in each.value:
                    self.skipped.append(each.value)
                case "RUN":
                    shell = ["/bin/sh", "-c", each.value]
                    self._done(self._command(whole, shell, self._environment(whole, number), user="0:0"))

    def _whole(self, stage: Stage) -> Stage:
        base = self._bases.get(stage.base)
        return stage if base is None else replace(stage, instructions=(*base.last_stage.instructions, *stage.instructions))

    def _copy(self, stage: Stage, words: list[str]) -> None:
        *origin, source, target = words
        place = self.root_of(stage.name) / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if origin:
            found = self.root_of(origin[0].removeprefix("--from=")) / source.lstrip("/")
            subprocess.run(["cp", "-a", "--reflink=auto", f"{found}/." if place.is_dir() else found, place], check=True)
        elif source == ".":
            _copy_context(place)
        elif self._reusing and source.endswith(".txt"):
            place.touch()
        else:
            shutil.copy(ROOT / source, place)

    def _environment(self, stage: Stage, before: int | None = None) -> dict[str, str]:
        found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp"}
        for each in stage.instructions[:before]:
            if each.word == "ENV":
                found |= dict(word.split("=", 1) for word in each.words)
        return found

    def _command(self, stage: Stage, command: list[str], environment: Mapping[str, str], *, user: str | None = None) -> list[str]:
        root, named = self.root_of(stage.name), stage.last("USER")
        uid, gid = (user or (named.value if named else "0:0")).split(":")
        place = stage.last("WORKDIR")
        folder = place.value if place and user is None else "/"
        as_user = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"] if uid != "0" else []
        reused = {"PYTHONPATH": "/reused"} if self._reusing else {}
        variables = [f"{name}={value}" for name, value in {**environment, **_pip_settings(), **reused}.items()]
        inside = [*variables, *as_user, "env", f"--chdir={folder}", *command]
        return ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", str(root), *inside]

    def _outside(self) -> dict[str, str]:
        cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
        Path(cache).mkdir(parents=True, exist_ok=True)
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "BASE_PYTHON": _BASE_PYTHON,
            "BASE_SITE": _BASE_SITE,
            "PIP_CACHE": cache,
            "SITE": _SITE,
        }

    def _done(self, command: list[str]) -> str:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=self._outside())
        assert done.returncode == 0, f"{' '.join(command[-1:])}\n{done.stdout[-3000:]}"
        return done.stdout


def _make_root(root: Path) -> None:
    for name in ("proc", "dev", "usr", "etc", "opt", "root", "srv", "var/cache/pip", "home", ".none", ".site", "reused"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for path in Path(_SITE).iterdir():
        if not path.name.startswith("skydesk"):
            (root / "reused" / path.name).symlink_to(f"/.site/{path.name}")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    for name in _COPIED:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, root / "etc" / name, symlinks=False, ignore_dangling_symlinks=True)
        elif source.exists():
            shutil.copy(source, root / "etc" / name)
    for name, text in _ACCOUNTS.items():
        (root / "etc" / name).write_text(text)
    if not _BASE_PYTHON.startswith("/usr"):
        (root / _BASE_PYTHON.lstrip("/")).mkdir(parents=True)
    base = Path(_BASE_PYTHON, "bin", f"python3.{sys.version_info.minor}")
    subprocess.run([base, "-m", "venv", root / ".usr-local"], check=True)


def _copy_context(target: Path) -> None:
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        source = ROOT / line.removeprefix("!")
        if line.startswith("!") and source.is_dir():
            shutil.copytree(source, target / line[1:], ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        elif line.startswith("!"):
            (target / line[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / line[1:])


def _pip_settings() -> dict[str, Any]:
    """Where this machine's pip finds packages, and its cache."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    found = dict(line.split("=", 1) for line in listed.splitlines() if "=" in line)
    mine = {name.rpartition(".")[2]: value.strip("'") for name, value in found.items()}
    kept = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in mine.items() if name in {"index-url", "cert", "timeout"}}
    return {**kept, "PIP_NO_CACHE_DIR": "0", "PIP_CACHE_DIR": "/var/cache/pip", "PIP_ROOT_USER_ACTION": "ignore"}
