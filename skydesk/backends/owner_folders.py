"""The names of owners' folders below the root of the job folders."""

import hashlib
import re

__all__ = ["owner_folder", "owner_of"]

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.")
_ESCAPED = re.compile(r"-|(?:[a-z0-9_.]|-[0-9a-f]{2})+")
_LONGEST_FOLDER = 200


def owner_folder(owner: str) -> str:
    """Name the folder of an owner: lower-case ASCII, different for different owners, never hidden, at most 200 characters.

    Small letters, digits, ``_`` and inner ``.`` stand for themselves; every other byte of UTF-8 is ``-`` and two hex digits.
    Names too long for a disk keep their beginning and get a digest.
    """
    parts = []
    for place, byte in enumerate(owner.encode("utf-8", "surrogatepass")):
        character = chr(byte)
        parts.append(character if character in _SAFE and not (character == "." and place == 0) else f"-{byte:02x}")
    escaped = "".join(parts) or "-"
    if len(escaped) <= _LONGEST_FOLDER:
        return escaped
    digest = hashlib.sha256(escaped.encode()).hexdigest()
    return f"{escaped[:100].rstrip('-')}--{digest}"


def owner_of(folder: str) -> str:
    """Give the owner whose folder has this name.

    Raises
    ------
    ValueError
        The name is of no owner's folder, or of one whose name was too long to be kept.
    """
    if not _ESCAPED.fullmatch(folder):
        raise ValueError(f"{folder!r} is not the name of an owner's folder")
    raw = b"".join(bytes.fromhex(part[1:]) if part[0] == "-" else part.encode() for part in re.findall(r"-[0-9a-f]{2}|[^-]", folder))
    owner = raw.decode("utf-8", "surrogatepass")
    if owner_folder(owner) != folder:
        raise ValueError(f"{folder!r} is not the name of an owner's folder")
    return owner
