"""The query panel in a notebook."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.ipc
import traitlets as t

from skydesk.results import Result
from skydesk.transport import Answer

from .panel import Panel

__all__ = ["QueryPanel"]

_STATIC = Path(__file__).parent / "static"


class QueryPanel(Panel):
    """Write SQL, check it, run it quickly or as a job."""

    _esm = _STATIC / "query.js"
    _css = _STATIC / "query.css"

    sql = t.Unicode(help="The text in the editor.").tag(sync=True)
    result_meta = t.Dict(help="What the view says of the last quick result.").tag(sync=True)
    result = t.Instance(Result, allow_none=True, help="Rows of the last quick query; None before the first. May be observed.")

    def answered(self, path: str, body: Mapping[str, Any], answer: Answer) -> None:
        """Keep the rows of a quick query as `result`."""
        if path == "query/quick":
            table = pyarrow.ipc.open_stream(io.BytesIO(answer.body)).read_all()
            self.result = Result(table, sql=str(body.get("sql", "")))
