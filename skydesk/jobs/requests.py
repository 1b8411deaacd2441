"""Requests as jobs keep them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from ..errors import InvalidRequest, LimitExceeded
from .rules import line_faults

__all__ = ["as_json", "default_name", "text_of", "with_inputs"]

_LARGEST_REQUEST_BYTES = 2**20
_LARGEST_INPUT_BYTES = 128 * 2**20


def with_inputs(request: Mapping[str, Any], inputs: Mapping[str, bytes]) -> Mapping[str, Any]:
    """Give the request with size and digest of every input in it; `LimitExceeded` where one is larger than 128 MiB."""
    if not inputs:
        return request
    said = request.get("inputs")
    described = {}
    for name, content in inputs.items():
        if len(content) > _LARGEST_INPUT_BYTES:
            raise LimitExceeded(f"{name} takes {len(content):,} bytes; the most is {_LARGEST_INPUT_BYTES:,}")
        known = said.get(name) if isinstance(said, Mapping) else None
        digest = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        described[name] = {**known, **digest} if isinstance(known, Mapping) else digest
    return {**request, "inputs": described}


def as_json(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the request as it will be read again from the store.

    Raises
    ------
    InvalidRequest
        It holds a number that is not finite.
    LimitExceeded
        It takes more than 1 MiB.
    """
    try:
        text = json.dumps(dict(request), allow_nan=False)
    except ValueError as error:
        raise InvalidRequest("the request holds a number that is not finite; give finite numbers only") from error
    if len(text) > _LARGEST_REQUEST_BYTES:
        raise LimitExceeded(f"the request takes {len(text)} bytes; the most is {_LARGEST_REQUEST_BYTES}")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def default_name(type_: str, request: Mapping[str, Any], now: datetime) -> str:
    """Name a job that was given no name: after its output file, or its type."""
    output = request.get("output")
    file_name = output.get("file_name") if isinstance(output, dict) else None
    stem = PurePath(file_name).name.split(".")[0] if isinstance(file_name, str) else ""
    return stem if not line_faults("name", stem) else f"{type_} {now:%Y-%m-%d %H:%M}"


def text_of(request: Mapping[str, Any]) -> Any:
    """What two requests share that ask for the same: the statement, or all of it."""
    sql = request.get("sql")
    return sql.strip() if isinstance(sql, str) else request
