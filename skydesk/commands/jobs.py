"""``skydesk jobs list|show|wait|cancel|delete|rename|renew|files``."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import SkydeskError, UsageError
from ..jobs.model import Phase
from .arguments import count, seconds
from .output import age, print_json, print_rows, print_text, size

if TYPE_CHECKING:
    from ..client import JobHandle, SkyDesk

__all__ = ["add_commands"]

_TIMES = ("created_at", "started_at", "ended_at", "destruction_at")
_SHOWN = ("id", "name", "type", "phase", "note", *_TIMES, "rows", "renewals_left", "folder")


def add_commands(subparsers: Any) -> None:
    """Add ``jobs`` and what it can do."""
    jobs = subparsers.add_parser("jobs", help="list, follow and manage jobs")
    actions = jobs.add_subparsers(metavar="ACTION", required=True)

    listing = _add(actions, "list", "list your jobs, newest first", _list)
    listing.add_argument("--phase", help=f"only jobs in these phases, with commas: {', '.join(Phase)}")
    listing.add_argument("--text", help="only jobs with this text in name or id")
    listing.add_argument("--limit", type=count(1), metavar="N", help="so many at the most")

    _with_id(_add(actions, "show", "show one job with its statement and log", _show))
    waiting = _with_id(_add(actions, "wait", "wait until a job has ended", _wait))
    waiting.add_argument("--timeout-seconds", type=seconds, metavar="S", help="wait so long at the most; the job goes on")
    _with_ids(_add(actions, "cancel", "stop jobs", _each("cancel")))
    _with_ids(_add(actions, "delete", "forget jobs and erase their files", _each("delete")))
    rename = _with_id(_add(actions, "rename", "call a job something else", _rename))
    rename.add_argument("name", metavar="NAME")
    _with_ids(_add(actions, "renew", "keep the files of jobs one lifetime longer", _each("renew")))
    files = _with_id(_add(actions, "files", "list or fetch the files of a job", _files))
    files.add_argument("--download", metavar="FOLDER", help="copy them into a folder, with the images of a cutout job")


def _add(actions: Any, name: str, help_text: str, run: Callable[[argparse.Namespace, "SkyDesk"], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=help_text)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _with_id(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("id", metavar="ID", help="id of the job")
    return parser


def _with_ids(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="ids of the jobs")


def _list(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    jobs = sky.jobs(phase=arguments.phase, text=arguments.text, limit=arguments.limit)
    if arguments.json:
        print_json([job.info for job in jobs])
        return 0
    header = ("ID", "PHASE", "TYPE", "NAME", "MADE", "ROWS", "SIZE", "EXPIRES")
    print_rows(header, [_row(job) for job in jobs], right=(5, 6))
    if not jobs:
        print("no jobs; submit one with: skydesk query 'SELECT ...' --as-job", file=sys.stderr)
    return 0


def _row(job: "JobHandle") -> tuple[Any, ...]:
    info = job.info
    rows = f"{info['rows']:,}" if info["rows"] is not None else ""
    size_text = size(info["size_bytes"]) if info["files_count"] else ""
    return job.id, job.phase, info["type"], job.name, age(info["created_at"]), rows, size_text, age(info["destruction_at"])


def _show(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    job = sky.job(arguments.id)
    if arguments.json:
        print_json({**job.info, "log": job.log, "files": job.files})
        return 0
    print_rows(("FIELD", "VALUE"), [(key, job.info[key]) for key in _SHOWN if job.info[key] is not None])
    if job.info["error"]:
        print_text(f"\n{job.info['error']['message']}")
    if job.sql:
        print_text(f"\n{job.sql}")
    print_text(f"\n{job.log}".rstrip())
    return 0


def _wait(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    job = sky.job(arguments.id).wait(arguments.timeout_seconds, progress=sys.stderr.isatty())
    if arguments.json:
        print_json(job.info)
    else:
        print(job.phase)
    return 0


def _rename(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    job = sky.job(arguments.id).rename(arguments.name)
    if arguments.json:
        print_json(job.info)
    return 0


def _files(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
    job = sky.job(arguments.id)
    files = job.files
    if arguments.download is not None:
        paths = job.download(arguments.download)
        if arguments.json:
            print_json(paths)
        else:
            print("\n".join(map(str, paths)))
    elif arguments.json:
        print_json(files)
    else:
        rows = [(f["name"], size(f["size_bytes"]), f["rows"] if f["rows"] is not None else "", f["sha256"][:12]) for f in files]
        print_rows(("FILE", "SIZE", "ROWS", "SHA256"), rows, right=(1, 2))
    return 0


def _each(action: str) -> Callable[[argparse.Namespace, "SkyDesk"], int]:
    """A command that does one thing to every job named, also after one of them failed."""

    def run(arguments: argparse.Namespace, sky: "SkyDesk") -> int:
        done: list[Any] = []
        failed: dict[str, SkydeskError] = {}
        for job_id in dict.fromkeys(arguments.ids):
            try:
                job = sky.job(job_id)
                getattr(job, action)()
                done.append(job_id if action == "delete" else job.info)
            except SkydeskError as error:
                failed[job_id] = error
        if arguments.json:
            print_json(done)
        if failed:
            ours = next((error for error in failed.values() if type(error).code in {"internal_error", "unavailable"}), None)
            raise ours or UsageError("; ".join(f"{job_id}: {error}" for job_id, error in failed.items()))
        return 0

    return run
