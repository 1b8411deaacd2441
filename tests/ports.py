"""Ports for servers that tests start."""

import random
import socket

__all__ = ["free_port", "free_ports"]

_LOWEST, _HIGHEST = 15_000, 32_000
"""Below the ports that systems give to outgoing connections, so that none of those takes one before its server does."""

_chosen: set[int] = set()
_random = random.SystemRandom()


def free_port() -> int:
    """A port of the loopback address that nobody has now, and that this process gives only once."""
    while True:
        port = _random.randrange(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            if port not in _chosen and probe.connect_ex(("127.0.0.1", port)) != 0 and _can_be_bound(port):
                _chosen.add(port)
                return port


def free_ports(count: int) -> list[int]:
    """Several such ports."""
    return [free_port() for _ in range(count)]


def _can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
