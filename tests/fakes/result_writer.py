"""A writer of result files that keeps what it was given."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, Output, ResultFile, ResultMetadata


class FakeResultWriter:
    """Writes one Arrow IPC file whatever the format; what came beside the rows is in ``metadata`` and ``output``."""

    def __init__(self) -> None:
        self.metadata: ResultMetadata | None = None
        self.output: Output | None = None

    def write(
        self,
        columns: Sequence[Column],
        batches: Iterable[pa.RecordBatch],
        folder: Path,
        output: Output,
        metadata: ResultMetadata,
        on_rows: Callable[[int], None] | None = None,
    ) -> tuple[ResultFile, ...]:
        self.metadata, self.output = metadata, output
        path, rows, schema = folder / output.file_name, 0, schema_of(columns)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                if on_rows is not None:
                    on_rows(rows)
        return (ResultFile(name=path.name, size_bytes=path.stat().st_size, rows=rows),)
