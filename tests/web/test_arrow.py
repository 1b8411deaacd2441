import json
from collections.abc import Iterator

import pyarrow as pa
import pytest

from skydesk.errors import DeadlineExceeded
from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, ColumnType
from skydesk.web.arrow import ERROR_KEY, arrow_stream

COLUMNS = (Column(name="ID", type=ColumnType.INT64, unit="m", ucd="meta.id", description="é"),)
SCHEMA = schema_of(COLUMNS)


def batches(count: int) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        yield pa.RecordBatch.from_pydict({"ID": [number, None]}, schema=SCHEMA)


def test_batches_go_out_one_by_one_as_they_come() -> None:
    taken = []

    def watched() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(batches(3)):
            taken.append(number)
            yield batch

    stream = arrow_stream(COLUMNS, watched())
    pieces = [next(stream)]
    assert taken == [0]
    pieces.append(next(stream))
    assert taken == [0, 1]
    pieces += stream
    table = pa.ipc.open_stream(b"".join(pieces)).read_all()
    assert table.column("ID").to_pylist() == [0, None, 1, None, 2, None]
    assert table.schema.field("ID").metadata == {b"type": b"int64", b"unit": b"m", b"ucd": b"meta.id", b"description": "é".encode()}


def test_no_batch_is_still_a_stream() -> None:
    table = pa.ipc.open_stream(b"".join(arrow_stream(COLUMNS, (), {"rows": 0}))).read_all()
    assert (table.num_rows, table.schema.metadata) == (0, {b"skydesk": b'{"rows":0}'})


def test_names_that_come_twice_are_kept() -> None:
    twice = COLUMNS * 2
    batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], schema=schema_of(twice))
    table = pa.ipc.open_stream(b"".join(arrow_stream(twice, [batch]))).read_all()
    assert [column.to_pylist() for column in table.columns] == [[1], [2]]


def test_an_error_before_the_first_batch_comes_before_any_byte() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        raise DeadlineExceeded("too late")
        yield

    with pytest.raises(DeadlineExceeded):
        next(arrow_stream(COLUMNS, broken()))


def test_an_error_in_the_middle_is_told_and_the_stream_never_whole() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from batches(2)
        raise DeadlineExceeded("too late")

    pieces: list[bytes] = []

    def read_all() -> None:
        for piece in arrow_stream(COLUMNS, broken()):
            pieces.append(piece)  # noqa: PERF402  (what came before the error is to be kept)

    with pytest.raises(DeadlineExceeded):
        read_all()
    assert len(pieces) == 3
    reader = pa.ipc.open_stream(b"".join(pieces))
    read = [reader.read_next_batch_with_custom_metadata() for _ in range(3)]
    assert [batch.num_rows for batch, _ in read] == [2, 2, 0]
    assert json.loads(read[2][1][ERROR_KEY.encode()])["error"]["code"] == "deadline_exceeded"
    assert not pieces[-1].endswith(b"\xff\xff\xff\xff\0\0\0\0")
