"""What is made of files, good and hostile ones."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.backends.own_tables import FolderGivenFiles
from skydesk.backends.own_tables.inspection import inspect_file
from skydesk.errors import InvalidRequest, NotFound, SkydeskError
from skydesk.query.model import ColumnType
from skydesk.tables.casting import Caster
from skydesk.tables.model import Inspection

N, F, T, B, S = ColumnType.INT64, ColumnType.FLOAT64, ColumnType.STRING, ColumnType.BOOLEAN, ColumnType.TIMESTAMP
LARGEST = 4 << 20


@pytest.fixture
def files(tmp_path: Path) -> FolderGivenFiles:
    return FolderGivenFiles(tmp_path / "given", max_bytes=LARGEST)


def types(found: Inspection) -> dict[str, ColumnType]:
    return {column.name: column.type for column in found.columns}


def loaded(files: FolderGivenFiles, found: Inspection) -> dict[str, list[Any]]:
    caster = Caster(range(len(found.columns)), [c.given_name for c in found.columns], [c.column for c in found.columns])
    batches = [caster.cast(batch) for batch in files.batches("vera", found.id)]
    assert not caster.faults
    return pa.Table.from_batches(batches).to_pydict() if batches else {}


def refused(files: FolderGivenFiles, content: bytes, name: str = "a.csv") -> str:
    with pytest.raises(InvalidRequest) as caught:
        files.inspect("vera", content, name)
    return str(caught.value)


def test_types_are_those_of_the_values(files: FolderGivenFiles) -> None:
    text = "a,b,c,d,e,f\n1,1.5,x,true,2013-08-31T05:06:07Z,\n-2,nan,=1+1,false,2013-09-01 00:00:00,\n,1e3,,,,\n"
    found = files.inspect("vera", text.encode(), "a.csv")
    assert types(found) == {"A": N, "B": F, "C": T, "D": B, "E": S, "F": T}
    assert (found.rows, found.faults) == (3, ())
    assert found.preview[1] == ("-2", "nan", "=1+1", "false", "2013-09-01 00:00:00", None)
    values = loaded(files, found)
    assert (values["A"], values["C"], values["D"], values["F"]) == ([1, -2, None], ["x", "=1+1", None], [True, False, None], [None] * 3)


def test_names_of_des_columns_say_their_types(files: FolderGivenFiles) -> None:
    text = "RA,DEC,MAG_AUTO_G,WAVG_MAG_PSF_R,FLAGS_G,NEPOCHS_G,HPIX_1024,COADD_OBJECT_ID,BAND,FLAGS_R\n1,2,3,4.5,6,7,8,9,1,70000\n"
    found = files.inspect("vera", text.encode(), "a.csv")
    small, single, long = ColumnType.INT16, ColumnType.FLOAT32, ColumnType.INT64
    assert list(types(found).values()) == [F, F, single, single, small, small, long, long, T, long]
    assert "float32, as columns of this name are" in (found.columns[2].note or "")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfID,RA\n1,2.5\n",
        "ID,RA\n1,2.5\n".encode("utf-16"),
        b"ID\tRA\r\n1\t2.5\r\n",
        b"ID;RA\n1;2.5\n",
        b"ID|RA\n1|2.5\n",
        b"# made by hand\nID   RA\n 1   2.5\n",
        b"# ID RA\n1 2.5\n",
        b'"ID","RA"\n"1","2.5"\n',
        b"ID,RA\n +1 , 2.5D0 \n",
        gzip.compress(b"ID,RA\n1,2.5\n"),
        bz2.compress(b"ID,RA\n1,2.5\n"),
        lzma.compress(b"ID,RA\n1,2.5\n"),
        pa.compress(b"ID,RA\n1,2.5\n", codec="zstd", asbytes=True),
    ],
    ids=[
        "BOM",
        "UTF-16",
        "tab, CRLF",
        "semicolon",
        "bar",
        "spaces",
        "names in a comment",
        "quotes",
        "Fortran",
        "gzip",
        "bzip2",
        "xz",
        "zstd",
    ],
)
def test_texts_of_many_kinds_are_the_same_table(files: FolderGivenFiles, content: bytes) -> None:
    found = files.inspect("vera", content, "a")
    assert loaded(files, found) == {"ID": [1], "RA": [2.5]}


def test_latin_letters_are_read_where_a_text_is_not_utf8(files: FolderGivenFiles) -> None:
    assert loaded(files, files.inspect("vera", "NAME\n\xe9toile\n".encode("latin-1"), "a.csv")) == {"NAME": ["étoile"]}


def sample() -> Table:
    table = Table({"RA": [1.0, 2.0] * u.deg, "N": np.array([3, 4], np.int32), "NAME": ["x", "yy"], "OK": [True, False]})
    table["RA"].info.description = "right ascension"
    return table


def written(form: str) -> bytes:
    sink = io.BytesIO()
    match form:
        case "fits":
            hdu = fits.BinTableHDU(sample())
            hdu.header["TUCD1"], hdu.header["TCOMM1"] = "pos.eq.ra", "right ascension"
            fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(sink)
        case "h5":
            with h5py.File(sink, "w") as file:
                sample().write(file, format="hdf5", path="data", serialize_meta=True)
        case "parquet":
            pq.write_table(pa.table({"RA": [1.0, 2.0], "N": pa.array([3, 4], pa.int32()), "NAME": ["x", "yy"], "OK": [True, False]}), sink)
        case "arrow":
            table = pa.table({"RA": [1.0, 2.0], "N": pa.array([3, 4], pa.int32()), "NAME": ["x", "yy"], "OK": [True, False]})
            with pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
        case "vot":
            sample().write(sink, format="votable")
        case _:
            text = io.StringIO()
            sample().write(text, format="ascii.ecsv")
            return text.getvalue().encode()
    return sink.getvalue()


@pytest.mark.parametrize("form", ["fits", "h5", "parquet", "arrow", "vot", "ecsv"])
def test_files_with_types_keep_them(files: FolderGivenFiles, form: str) -> None:
    found = files.inspect("vera", written(form), f"a.{form}")
    assert types(found) == {"RA": F, "N": ColumnType.INT32, "NAME": T, "OK": B}
    assert loaded(files, found) == {"RA": [1.0, 2.0], "N": [3, 4], "NAME": ["x", "yy"], "OK": [True, False]}
    if form not in {"parquet", "arrow"}:
        assert (found.columns[0].unit, found.columns[0].description) == ("deg", "right ascension")


def test_a_table_of_pandas_in_hdf5_is_read(files: FolderGivenFiles, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data/table", data=np.array([(0, [1.5, 2.5]), (1, [3.5, 4.5])], [("index", "i8"), ("values_block_0", "f8", 2)]))
    found = files.inspect("vera", (tmp_path / "a.h5").read_bytes(), "a.h5")
    assert loaded(files, found) == {"INDEX_": [0, 1], "VALUES_BLOCK_0_0": [1.5, 3.5], "VALUES_BLOCK_0_1": [2.5, 4.5]}


def test_a_truncated_fits_table_names_the_row_in_which_it_ends(files: FolderGivenFiles) -> None:
    sink = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table({"A": np.arange(10_000.0)}))]).writeto(sink)
    content = sink.getvalue()
    start = content.index(b"END", 2880) // 2880 * 2880 + 2880
    assert refused(files, content[: start + 8 * 123 + 3]).startswith("row 124: the FITS table ends in this row, but has 10,000")


def test_ragged_rows_are_named(files: FolderGivenFiles) -> None:
    found = files.inspect("vera", b"A,B\n1,2\n3\n4,5,6\n7,8\n", "a.csv")
    assert [fault.message for fault in found.faults] == [
        "has 1 cells, but there are 2 columns: '3'",
        "has 3 cells, but there are 2 columns: '4,5,6'",
    ]
    assert [fault.row for fault in found.faults] == [3, 4]


def test_a_wrong_value_among_many_numbers_is_named_with_row_and_column(files: FolderGivenFiles) -> None:
    lines = [f"{n},{n / 2}" for n in range(20_000)]
    lines[15_000] = "15000,oops"
    found = files.inspect("vera", "\n".join(["ID,MAG", *lines]).encode(), "a.csv")
    assert types(found)["MAG"] is F
    assert [(fault.row, fault.field) for fault in found.faults] == [(15_001, "MAG")]
    assert "'oops' is not a number" in found.faults[0].message


def test_a_column_of_texts_that_begins_with_numbers_is_text_and_says_why(files: FolderGivenFiles) -> None:
    lines = ["X", *map(str, range(10)), *["word"] * 100]
    found = files.inspect("vera", "\n".join(lines).encode(), "a.csv")
    assert types(found) == {"X": T}


@pytest.mark.parametrize(("columns", "is_read"), [(1000, True), (1001, False), (10_000, False)])
def test_no_more_columns_than_oracle_takes(files: FolderGivenFiles, columns: int, is_read: bool) -> None:
    content = ",".join(f"C{n}" for n in range(columns)) + "\n" + ",".join(["1"] * columns) + "\n"
    if is_read:
        assert len(files.inspect("vera", content.encode(), "a.csv").columns) == columns
    else:
        assert f"the file has {columns:,} columns" in refused(files, content.encode())


def bomb(kind: str) -> bytes:
    plain = b"A\n" + b"1\n" * LARGEST
    match kind:
        case "gzip":
            return gzip.compress(plain)
        case "gzip in a row":
            return gzip.compress(plain[: LARGEST // 2]) * 8
        case "bzip2":
            return bz2.compress(plain)
        case "xz":
            return lzma.compress(plain)
        case "zstd":
            return bytes(pa.compress(plain, codec="zstd", asbytes=True))
        case _:
            sink = io.BytesIO()
            pq.write_table(pa.table({"A": pa.array(np.zeros(LARGEST, np.int64))}), sink)
            return sink.getvalue()


@pytest.mark.parametrize("kind", ["gzip", "gzip in a row", "bzip2", "xz", "zstd", "parquet"])
def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(files: FolderGivenFiles, tmp_path: Path, kind: str) -> None:
    content = bomb(kind)
    assert len(content) < 100_000
    assert "4 MiB" in refused(files, content)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_archives_of_several_files_are_refused(files: FolderGivenFiles) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", "A\n1\n")
    assert "zip archive; unpack it" in refused(files, sink.getvalue(), "a.zip")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"A,B\n1,2\n3,\x004\n", "row 3: there is a NUL byte"),
        (b"1,2\n3,4\n", "row 1: the first line holds numbers, not names"),
        (b"\xff\xfeA\x00,", "is not UTF-16"),
        (gzip.compress(b"A\n1\n")[:-6], "gzip file is broken or ends in the middle"),
        (b"SIMPLE  =                    T", "cannot be read as FITS"),
        (b"PAR1 is no Parquet file", "cannot be read as Parquet"),
        (b"\x89HDF\r\n\x1a\n nothing", "cannot be read as HDF5"),
        (b"<?xml version='1.0'?><VOTABLE>", "cannot be read as VOTable"),
        (b"# %ECSV 1.0\n# ---\nA\n1\n", "cannot be read as ECSV"),
        (b"ARROW1\0\0nothing", "cannot be read as Arrow"),
    ],
    ids=["empty", "blank", "NUL", "no names", "half UTF-16", "cut gzip", "FITS", "Parquet", "HDF5", "VOTable", "ECSV", "Arrow"],
)
def test_broken_files_are_refused_by_name(files: FolderGivenFiles, tmp_path: Path, content: bytes, part: str) -> None:
    assert part in refused(files, content)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_an_image_is_no_table(files: FolderGivenFiles) -> None:
    sink = io.BytesIO()
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(sink)
    assert "has no table in it" in refused(files, sink.getvalue(), "a.fits")


def test_a_table_without_rows_has_columns_all_the_same(files: FolderGivenFiles) -> None:
    found = files.inspect("vera", b"A,B\n", "a.csv")
    assert (found.rows, types(found), loaded(files, found)) == (0, {"A": T, "B": T}, {})


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), form=st.sampled_from(["", "A,B\n", "fits", "parquet", "vot", "ecsv", "arrow", "gzip"]))
def test_whatever_bytes_come_there_is_a_table_or_a_reason(data: bytes, form: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    if form in {"fits", "parquet", "vot", "ecsv", "arrow"}:
        whole = bytearray(written(form))
        place = random.Random(len(data)).randrange(len(whole))
        whole[place : place + len(data)] = data
        content = bytes(whole)
    else:
        content = gzip.compress(data) if form == "gzip" else form.encode() + data
    try:
        found = inspect_file(content, "a", folder / "rows.arrow", LARGEST)
        assert 1 <= len(found.columns) <= 1000
    except SkydeskError:
        assert not any(path.name == "upload" for path in folder.iterdir())


def test_files_are_ones_own_and_the_latest_ten(files: FolderGivenFiles) -> None:
    ids = [files.inspect("vera", f"A\n{n}\n".encode(), "a.csv").id for n in range(11)]
    assert files.get("vera", ids[-1]).rows == 1
    with pytest.raises(NotFound):
        files.get("cecilia", ids[-1])
    with pytest.raises(NotFound):
        list(files.batches("cecilia", ids[-1]))
    known = [id_ for id_ in ids if _is_known(lambda each=id_: files.get("vera", each))]
    assert len(known) == 10
    files.remove("vera", ids[-1])
    for wrong in (ids[-1], "../x", ""):
        with pytest.raises(NotFound):
            files.get("vera", wrong)


def _is_known(get: Callable[[], object]) -> bool:
    try:
        get()
    except NotFound:
        return False
    return True
