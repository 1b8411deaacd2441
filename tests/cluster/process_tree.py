"""Processes of this machine by their descent."""

from pathlib import Path

__all__ = ["command_of", "descendants"]


def descendants(pid: int) -> list[int]:
    """Processes that a process has started, and those that they have."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
    found = [child for child, parent in parents.items() if parent == pid]
    return [*found, *(below for child in found for below in descendants(child))]


def command_of(pid: int) -> str:
    """The command line of a process; empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""
