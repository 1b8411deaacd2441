"""What owners are written about their jobs."""

from collections.abc import Sequence
from datetime import datetime

from .model import Job, Phase
from .rules import renewals_left

__all__ = ["end_letter", "warning_letter"]


def end_letter(job: Job, link: str | None) -> tuple[str, str]:
    """Subject and body of the mail that says how a job ended."""
    well = job.phase is Phase.COMPLETED
    lines = [
        f"Your {job.type} job {job.name!r} ({job.id}) {'has completed' if well else 'has failed'}.",
        "",
        f"Submitted  {_time(job.created_at)}",
        f"Ended      {_time(job.ended_at)}",
    ]
    if well:
        lines += [f"Rows       {job.rows:,}"] if job.rows is not None else []
        lines += [f"Files      {job.files_count} ({job.size_bytes:,} bytes)", f"Kept until {_time(job.destruction_at)}"]
    elif job.error is not None:
        lines += [f"Error      {job.error.message}"]
    return f"SkyDesk: {job.name} {'completed' if well else 'failed'}", _signed(lines, link)


def warning_letter(owner: str, jobs: Sequence[Job], link: str | None) -> tuple[str, str]:
    """Subject and body of the mail that says which of an owner's jobs are about to lose their files."""
    many = "files of 1 job" if len(jobs) == 1 else f"files of {len(jobs)} jobs"
    lines = [f"Dear {owner},", "", f"the {many} of yours will be removed:", ""]
    for job in jobs:
        left = renewals_left(job)
        way_out = (
            f"can be renewed {'once' if left == 1 else f'{left} times'}" if left else "cannot be renewed again: download what you need"
        )
        lines.append(f"  {_time(job.destruction_at)}  {job.name} ({job.id}), {job.size_bytes:,} bytes; {way_out}")
    lines += ["", "Renew them in the Jobs panel, or with: skydesk jobs renew ID"]
    return f"SkyDesk: {many} will be removed soon", _signed(lines, link)


def _time(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


def _signed(lines: list[str], link: str | None) -> str:
    return "\n".join([*lines, *(["", link] if link else [])]) + "\n"
