"""Quantities as people say them. Pure."""

__all__ = ["cores", "duration", "hours", "memory"]

_GIB = 2**30


def duration(seconds: float) -> str:
    """Say a time span in its one or two largest units, rounded up to minutes: ``2 h 30 min``."""
    minutes = max(1, -(-int(seconds) // 60))
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    whole, rest = divmod(minutes, 60)
    if whole >= 72:
        days, left = divmod(whole, 24)
        return f"{days} days" + (f" {left} h" if left else "")
    return f"{whole} h" + (f" {rest} min" if rest else "")


def hours(value: float) -> str:
    """Say GPU-hours, with a digit after the point where they are few."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def cores(request: float, limit: float) -> str:
    """Say processors: what is sure, and how many at most."""
    return f"{limit:g} CPU" if request == limit else f"{request:g} to {limit:g} CPU"


def memory(request_bytes: float, limit_bytes: float) -> str:
    """Say memory: what is sure, and how much at most."""
    least, most = request_bytes / _GIB, limit_bytes / _GIB
    return f"{most:g} GiB memory" if least == most else f"{least:g} to {most:g} GiB memory"
