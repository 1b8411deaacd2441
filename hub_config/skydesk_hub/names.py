"""Names of labs, homes and job folders on the cluster: of different users and servers, never the same one. Pure."""

import base64
import hashlib
import re

from skydesk.backends.job_folders import owner_folder

__all__ = ["home_claim", "job_folder", "lab_name"]

_PLAIN = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_OTHERS = re.compile(r"[^a-z0-9]+", re.ASCII)
_READABLE_LENGTH = 24
_DIGEST_LENGTH = 26
"""Characters of base32, five bits each: 130 bits, so that nobody can choose a name that collides with another's."""


def lab_name(user: str, server: str) -> str:
    """Name the pod of a lab: a DNS label of at most 63 characters.

    Plain names stand as they are, ``lab-vera`` and ``lab-vera--gpu``; with any other, what is readable of both is followed by
    a digest. KubeSpawner's own names end in 32 bits of a digest, few enough to look for a name that collides, and it
    replaces the pod that has the name already.
    """
    return _name("lab", (user, server))


def home_claim(user: str) -> str:
    """Name the claim of a user's home, which all their labs share: a DNS label of at most 63 characters."""
    return _name("home", (user, ""))


def job_folder(user: str) -> str:
    """Name the user's folder on the job volume; the job store names it, labs mount it."""
    return owner_folder(user)


def _name(kind: str, parts: tuple[str, str]) -> str:
    given = [part for part in parts if part]
    if parts[0] and all(_PLAIN.fullmatch(part) for part in given):
        return f"{kind}-{'--'.join(given)}"
    digest = hashlib.sha256(b"\xff".join(part.encode("utf-8", "surrogatepass") for part in parts)).digest()
    readable = _OTHERS.sub("-", "-".join(given).lower())[:_READABLE_LENGTH].strip("-") or "x"
    return f"{kind}-{readable}--{base64.b32encode(digest).decode().lower()[:_DIGEST_LENGTH]}"
