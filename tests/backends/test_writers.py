"""Result files: what goes in comes out, through our reader and through the readers that astronomers use."""

import json
import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table

from skydesk.backends.readers import read_result
from skydesk.backends.writers import FileWriter
from skydesk.backends.writers.files import _SINKS
from skydesk.backends.writers.sink import Part, Sink
from skydesk.backends.writers.text import CsvSink
from skydesk.errors import InvalidRequest
from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, ColumnType, Format, Output, ResultMetadata
from skydesk.query.output import parse_output

COLUMNS = (
    Column(name="COADD_OBJECT_ID", type=ColumnType.INT64, ucd="meta.id;meta.main", description="Identifier"),
    Column(name="RA", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main", description="Right ascension, <ICRS> & 'exact'"),
    Column(name="MAG_AUTO_G", type=ColumnType.FLOAT32, unit="mag"),
    Column(name="FLAGS_G", type=ColumnType.INT16),
    Column(name="HPIX_32", type=ColumnType.INT32),
    Column(name="IS_STAR", type=ColumnType.BOOLEAN),
    Column(name="TILENAME", type=ColumnType.STRING),
    Column(name="NOTE", type=ColumnType.STRING),
    Column(name="SEEN_AT", type=ColumnType.TIMESTAMP),
)
SCHEMA = schema_of(COLUMNS)
METADATA = ResultMetadata(
    sql="select 'é'\n  from DR2_MAIN -- a < b & c",
    survey="demo",
    release="DR2",
    created_at=datetime(2026, 11, 22, 18, 0, tzinfo=UTC),
    job_id="k3v9x0a1b2c3d4e5",
    skydesk_version="0.1.0",
)
MOMENT = datetime(2026, 1, 1, 1, 2, 3, 456)
ROWS: list[dict[str, object]] = [
    dict(zip(SCHEMA.names, row, strict=True))
    for row in (
        (1, 1.5, 20.5, 1, 7, True, "DES2130-0041", "", MOMENT),
        (None,) * 9,
        (2**53 + 1, 359.99999999999994, 99.0, -3, 2**31 - 1, False, "DES2130-0041", 'a, "quoted" <b>text</b>', MOMENT),
        (-5, float("inf"), -0.5, 0, 0, True, "x", "M2 ★ in 𝒜 longer text than before", None),
    )
]
FILES = [
    "a.csv", "a.tab", "a.fits", "a.h5", "a.parquet", "a.vot", "a.ecsv", "a.arrow",
    "a.csv.gz", "a.tab.gz", "a.fits.gz", "a.vot.gz", "a.ecsv.gz", "a.csv.zst",
]  # fmt: skip


def batches() -> list[pa.RecordBatch]:
    """Two batches, so that a wider text and the first NULL come after rows are written."""
    return [pa.RecordBatch.from_pylist(ROWS[:1], SCHEMA), pa.RecordBatch.from_pylist(ROWS[1:], SCHEMA)]


def write(folder: Path, name: str, rows: list[pa.RecordBatch] | None = None, **output: object) -> Path:
    FileWriter().write(COLUMNS, batches() if rows is None else rows, folder, parse_output(name), METADATA)
    return folder / name


def expected(name: str, column: str, value: object) -> object:
    """What a format gives back for a value; where it is not the value itself, the format cannot hold it."""
    if name.startswith(("a.fits", "a.h5")) and value is None and SCHEMA.field(column).type in (pa.float32(), pa.float64()):
        return "nan"
    if name.startswith("a.ecsv") and value == "":
        return None
    if name.startswith("a.vot") and value is None and SCHEMA.field(column).type == pa.string():
        return ""
    return value


@pytest.mark.parametrize("name", FILES)
def test_values_survive_the_round_trip(tmp_path: Path, name: str) -> None:
    table = read_result(write(tmp_path, name))
    assert table.column_names == SCHEMA.names
    for column in SCHEMA.names:
        values = ["nan" if isinstance(v, float) and np.isnan(v) else v for v in table[column].to_pylist()]
        if isinstance(values[0], pd.Timestamp):
            values = [None if v is None else v.to_pydatetime() for v in values]
        assert values == [expected(name, column, row[column]) for row in ROWS], column


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith(("a.csv", "a.tab"))])
def test_units_ucds_and_descriptions_survive(tmp_path: Path, name: str) -> None:
    assert read_result(write(tmp_path, name)).schema.field("RA").metadata == SCHEMA.field("RA").metadata


@pytest.mark.parametrize("name", FILES)
def test_a_result_without_rows_is_a_readable_file(tmp_path: Path, name: str) -> None:
    assert read_result(write(tmp_path, name, rows=[])).num_rows == 0


@pytest.mark.parametrize("name", FILES)
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert write(tmp_path / "one", name).read_bytes() == write(tmp_path / "two", name).read_bytes()


def test_astropy_reads_the_fits_file_with_nulls_units_and_query(tmp_path: Path) -> None:
    path = write(tmp_path, "a.fits", rows=[batches()[0], pa.RecordBatch.from_pylist([ROWS[1]], SCHEMA)])
    with fits.open(path) as hdus:
        hdus.verify("exception")
        header = hdus[1].header
    assert header["TUCD2"] == "pos.eq.ra;meta.main"
    assert header["QUERY"] == "select '\\xe9' from DR2_MAIN -- a < b & c"
    assert header["RELEASE"] == "DR2"
    with pytest.warns(UserWarning, match="NULL"):
        table = Table.read(path, hdu=1)
    assert list(table["FLAGS_G"].mask) == [False, True]
    assert table["RA"].mask[1]
    assert table["RA"].unit == "deg"
    assert table["TILENAME"][0] == "DES2130-0041"


def test_a_fits_column_that_needs_every_value_is_refused_by_name(tmp_path: Path) -> None:
    column = (Column(name="FLAGS_G", type=ColumnType.INT16),)
    batch = pa.RecordBatch.from_arrays([pa.array([-32768, None], pa.int16())], schema=schema_of(column))
    with pytest.raises(InvalidRequest, match=r"FLAGS_G.*-32768.*\.parquet"):
        FileWriter().write(column, [batch], tmp_path, parse_output("a.fits"), METADATA)
    assert not list(tmp_path.iterdir())


def test_h5py_reads_one_compound_dataset_and_what_its_columns_mean(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path, "a.h5")) as file:
        data = file["data"]
        assert data["COADD_OBJECT_ID"][2] == 2**53 + 1
        assert list(data["FLAGS_G.mask"]) == [False, True, False, False]
        assert data["NOTE"][3].decode() == ROWS[3]["NOTE"]
        assert json.loads(data.attrs["columns"])[1]["unit"] == "deg"
        assert data.attrs["query"] == METADATA.sql


def test_astropy_reads_masked_columns_from_hdf5(tmp_path: Path) -> None:
    table = Table.read(write(tmp_path, "a.h5"), path="data")
    assert table.colnames == SCHEMA.names
    assert list(table["HPIX_32"].mask) == [False, True, False, False]
    assert table.meta["release"] == "DR2"


def test_astropy_reads_the_votable(tmp_path: Path) -> None:
    table = parse_single_table(write(tmp_path, "a.vot"), verify="exception")
    assert table.get_field_by_id_or_name("RA").ucd == "pos.eq.ra;meta.main"
    assert list(table.array["COADD_OBJECT_ID"].mask) == [False, True, False, False]
    assert table.array["NOTE"][3] == ROWS[3]["NOTE"]
    assert table.get_field_by_id_or_name("RA").description == COLUMNS[1].description


def test_astropy_reads_the_ecsv_with_units_and_query(tmp_path: Path) -> None:
    table = Table.read(write(tmp_path, "a.ecsv"), format="ascii.ecsv")
    assert table["MAG_AUTO_G"].unit == "mag"
    assert table.meta["query"] == METADATA.sql
    assert table["RA"].info.meta["ucd"] == "pos.eq.ra;meta.main"


def test_pandas_reads_csv_and_parquet(tmp_path: Path) -> None:
    assert pd.read_csv(write(tmp_path, "a.csv"))["TILENAME"].tolist()[0] == "DES2130-0041"
    assert pd.read_csv(write(tmp_path, "a.tab"), sep="\t")["FLAGS_G"].tolist()[2] == -3
    assert pd.read_parquet(write(tmp_path, "a.parquet"))["RA"].tolist()[2] == ROWS[2]["RA"]


def test_csv_tells_null_from_the_empty_text(tmp_path: Path) -> None:
    lines = write(tmp_path, "a.csv").read_text().splitlines()
    assert lines[0].startswith("COADD_OBJECT_ID,RA,")
    assert lines[1].endswith(',"",' + '"2026-01-01T01:02:03.000456"')
    assert lines[2] == "," * 8


def test_parquet_holds_query_and_release(tmp_path: Path) -> None:
    said = pq.read_schema(write(tmp_path, "a.parquet")).metadata
    assert said[b"query"].decode() == METADATA.sql
    assert said[b"release"] == b"DR2"
    assert said[b"created"] == b"2026-11-22T18:00:00Z"


@pytest.mark.parametrize("ending", ["csv", "fits", "h5", "parquet", "vot", "fits.gz"])
def test_a_file_that_passes_the_size_is_split_as_easyaccess_does(tmp_path: Path, ending: str) -> None:
    columns = (Column(name="RA", type=ColumnType.FLOAT64),)
    values = np.random.default_rng(1).random(600_000)
    rows = [pa.RecordBatch.from_arrays([pa.array(part)], schema=schema_of(columns)) for part in np.split(values, 12)]
    plain = parse_output(f"m2.{ending}")
    output = Output(file_name=plain.file_name, format=plain.format, compression=plain.compression, split_bytes=1_500_000)
    seen: list[int] = []
    files = FileWriter().write(columns, rows, tmp_path, output, METADATA, seen.append)
    assert [file.name for file in files] == [f"m2_{i + 1:06d}.{ending}" for i in range(len(files))]
    assert len(files) > 1
    assert seen[-1] == len(values)
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name for file in files]
    read = np.concatenate([read_result(tmp_path / file.name)["RA"].to_numpy() for file in files])
    np.testing.assert_array_equal(read, values)
    assert sum(file.rows for file in files) == len(values)


@pytest.mark.parametrize("name", FILES)
def test_a_stream_that_breaks_leaves_no_file(tmp_path: Path, name: str) -> None:
    def breaking() -> object:
        yield batches()[0]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        FileWriter().write(COLUMNS, breaking(), tmp_path, parse_output(name), METADATA)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, list[str]]]:
    """What is said of each file that a full disk has no room for, and what is left of it; all by one process."""
    folder = tmp_path_factory.mktemp("full")
    # the kernel's limit on the size of a file stands for the full disk: a write past it fails as one past the last free block
    script = f"""
        import json, resource, signal
        import numpy as np, pyarrow as pa
        from pathlib import Path
        from skydesk.backends.writers import FileWriter
        from skydesk.errors import ServiceUnavailable
        from skydesk.query.arrow import schema_of
        from skydesk.query.output import parse_output
        from tests.backends.test_writers import METADATA
        from skydesk.query.model import Column, ColumnType

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        columns = (Column(name="RA", type=ColumnType.FLOAT64),)
        values = np.random.default_rng(1).random(100_000)
        batch = pa.RecordBatch.from_arrays([pa.array(values)], schema=schema_of(columns))
        told = {{}}
        for number, name in enumerate({FILES!r}):
            folder = Path({str(folder)!r}, str(number))
            folder.mkdir()
            said = ""
            try:
                FileWriter().write(columns, [batch] * 10, folder, parse_output(name), METADATA)
            except ServiceUnavailable as error:
                said = str(error)
            told[name] = said, [left.name for left in folder.iterdir()]
        print(json.dumps(told))
    """
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return {name: (said, left) for name, (said, left) in json.loads(run.stdout).items()}


@pytest.mark.parametrize("name", FILES)
def test_a_full_disk_is_said_in_words_and_leaves_no_file(full_disk: dict[str, tuple[str, list[str]]], name: str) -> None:
    said, left = full_disk[name]
    assert "no room left" in said
    assert left == []


def test_name_and_format_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    output = parse_output("a.csv")
    wrong = Output(file_name="a.fits", format=output.format)
    with pytest.raises(InvalidRequest, match=r"\.csv"):
        FileWriter().write(COLUMNS, batches(), tmp_path, wrong, METADATA)


def test_an_interrupt_while_the_file_is_opened_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Sink] = []

    def interrupted(part: Part) -> Sink:
        opened.append(CsvSink(part))
        raise KeyboardInterrupt

    monkeypatch.setitem(_SINKS, Format.CSV, interrupted)
    with pytest.raises(KeyboardInterrupt):
        FileWriter().write(COLUMNS, [], tmp_path, parse_output("a.csv"), METADATA)
    opened[0].abandon()
    assert list(tmp_path.iterdir()) == []
