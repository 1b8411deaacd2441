"""Where a call has its positions: in a text, in a file, or in what a job has written."""

from ..cutout.position_text import PositionTable, table_of_text
from ..errors import Fault
from .fields import Fields
from .given_files import job_file, uploaded
from .http import Call

__all__ = ["read_position_table"]


def read_position_table(call: Call, fields: Fields, text: str | None = None) -> tuple[PositionTable, bool]:
    """Read the table of positions of a call: its text, a file's content, or a result file of one of the user's jobs.

    Returns
    -------
    table, is_result
        The table, and whether it is a result of a query.

    Raises
    ------
    InvalidRequest
        Not just one of them is given, or it cannot be read; every fault of the fields is named.
    NotFound
        The user has no such job or file.
    """
    text = fields.text_or_none("text") if text is None else text
    content, file_name = fields.text_or_none("content_base64"), fields.text_or_none("file_name") or ""
    job_id, file = fields.text_or_none("job_id"), fields.text_or_none("file")
    given = [name for name, value in (("text", text), ("content_base64", content), ("job_id", job_id)) if value is not None]
    if len(given) != 1:
        message = f"give one of text, content_base64 and job_id, got {' and '.join(given) or 'none'}"
        fields.faults.append(Fault(field="positions", message=message))
    fields.finish()
    if text is not None:
        return table_of_text(text), False
    if content is not None:
        return call.services.cutouts.files.read(uploaded(content), file_name), False
    return call.services.cutouts.files.read_result(job_file(call, str(job_id), file)), True
