"""Write page.arrow: a page of a quick query as the service sends it, with everything that is hard to read in it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

ROWS = {
    "COADD_OBJECT_ID": pa.array([9007199254740993, 1, None, 9223372036854775807], pa.int64()),
    "RA": pa.array([323.36260000000004, float("nan"), None, 99.0], pa.float64()),
    "MAG_AUTO_G": pa.array([21.1, 99.0, None, -0.5], pa.float32()),
    "FLAGS_G": pa.array([0, 3, None, -1], pa.int16()),
    "TILENAME": pa.array(["DES2134-0041", "", None, '<b onmouseover="x">a,"b"\t\n</b>'], pa.string()),
    "BAND": pa.array(["g", "r", None, "g"], pa.dictionary(pa.int32(), pa.string())),
    "IS_STAR": pa.array([True, False, None, True], pa.bool_()),
    "OBSERVED": pa.array(
        [
            datetime(2016, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            None,
            datetime(2020, 2, 29, tzinfo=UTC),
        ],
        pa.timestamp("us", tz="UTC"),
    ),
}
FIELDS = {
    "RA": {"unit": "deg", "ucd": "pos.eq.ra;meta.main", "description": "Right ascension, ICRS", "type": "float64"},
    "MAG_AUTO_G": {"unit": "mag", "description": "Magnitude <i>g</i>", "type": "float32"},
}
META = {"truncated": True, "rows": 4, "row_limit": 1000, "elapsed_seconds": 0.0421, "database_seconds": 0.03, "release": "DR2"}


def main() -> None:
    """Write the page in two batches."""
    schema = pa.schema(
        [pa.field(name, values.type, metadata=FIELDS.get(name)) for name, values in ROWS.items()],
        metadata={"skydesk": json.dumps(META)},
    )
    table = pa.table(ROWS, schema=schema)
    with pa.ipc.new_stream(Path(__file__).with_name("page.arrow"), schema) as writer:
        for batch in table.to_batches(max_chunksize=3):
            writer.write_batch(batch)


if __name__ == "__main__":
    main()
