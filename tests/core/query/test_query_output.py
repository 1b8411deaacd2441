from collections.abc import Mapping
from typing import Any

import pytest

from skydesk.errors import InvalidRequest
from skydesk.query.model import Compression, Format, Output
from skydesk.query.output import FORMATS, output_faults, parse_output


@pytest.mark.parametrize(
    ("given", "file_name", "format_", "compression"),
    [
        ({"file_name": "m2.csv"}, "m2.csv", Format.CSV, Compression.NONE),
        ({"file_name": "m2.csv.gz"}, "m2.csv.gz", Format.CSV, Compression.GZIP),
        ({"file_name": "m2.tab.zst"}, "m2.tab.zst", Format.TAB, Compression.ZSTD),
        ({"file_name": "m2.tsv"}, "m2.tsv", Format.TAB, Compression.NONE),
        ({"file_name": "M2.FITS"}, "M2.FITS", Format.FITS, Compression.NONE),
        ({"file_name": "m2.fits.gz"}, "m2.fits.gz", Format.FITS, Compression.GZIP),
        ({"file_name": "m2.h5"}, "m2.h5", Format.HDF5, Compression.NONE),
        ({"file_name": "m2.h5", "compression": "gzip"}, "m2.h5", Format.HDF5, Compression.GZIP),
        ({"file_name": "m2.parquet"}, "m2.parquet", Format.PARQUET, Compression.ZSTD),
        ({"file_name": "m2.parquet", "compression": "none"}, "m2.parquet", Format.PARQUET, Compression.NONE),
        ({"file_name": "m2.vot"}, "m2.vot", Format.VOTABLE, Compression.NONE),
        ({"file_name": "m2.ecsv"}, "m2.ecsv", Format.ECSV, Compression.NONE),
        ({"file_name": "m2.arrow", "compression": "zstd"}, "m2.arrow", Format.ARROW, Compression.ZSTD),
        ({"file_name": "m2", "format": "fits"}, "m2.fits", Format.FITS, Compression.NONE),
        ({"file_name": "m2", "format": "csv", "compression": "gzip"}, "m2.csv.gz", Format.CSV, Compression.GZIP),
        ({"file_name": "m2.v1.csv", "compression": "gzip"}, "m2.v1.csv.gz", Format.CSV, Compression.GZIP),
        ({"file_name": "m2.csv.gz", "format": "csv", "compression": "gzip"}, "m2.csv.gz", Format.CSV, Compression.GZIP),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_the_file_name_tells_format_and_compression(
    given: Mapping[str, Any], file_name: str, format_: Format, compression: Compression
) -> None:
    assert parse_output(**given) == Output(file_name=file_name, format=format_, compression=compression)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../m2.csv",
        "/etc/m2.csv",
        "a/b.csv",
        "a\\b.csv",
        ".csv",
        "-m2.csv",
        "m2\n.csv",
        "m2\x00.csv",
        "'m2'.csv",
        "m 2.csv",
        "étoile.csv",
        "x" * 125 + ".csv",
        "m2.csv/",
        "~m2.csv",
        "$HOME.csv",
        "%2e%2e.csv",
    ],
)
def test_a_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_output(name)
    assert "file_name" in {fault.field for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"file_name": "m2"}, {"file_name"}),
        ({"file_name": "m2.xlsx"}, {"file_name"}),
        ({"file_name": "m2.csv", "format": "fits"}, {"file_name"}),
        ({"file_name": "m2.csv", "format": "dbf"}, {"format"}),
        ({"file_name": "m2.csv", "compression": "rar"}, {"compression"}),
        ({"file_name": "m2.csv.gz", "compression": "none"}, {"file_name"}),
        ({"file_name": "m2.csv.gz", "compression": "zstd"}, {"file_name"}),
        ({"file_name": "m2.parquet.gz"}, {"file_name"}),
        ({"file_name": "m2.h5.zst"}, {"file_name", "compression"}),
        ({"file_name": "m2.fits", "compression": "zstd"}, {"compression"}),
        ({"file_name": "../m2", "format": "dbf", "compression": "rar"}, {"file_name", "format", "compression"}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_every_disagreement_is_named(given: Mapping[str, Any], fields: set[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_output(**given)
    assert {fault.field for fault in caught.value.faults} == fields


def test_a_tiny_split_is_refused() -> None:
    (fault,) = output_faults(Output(file_name="m2.csv", format=Format.CSV, split_bytes=10))
    assert fault.field == "split_bytes"


def test_every_format_has_rules_and_its_own_ending_first() -> None:
    assert set(FORMATS) == set(Format)
    assert {rules.ending for rules in FORMATS.values()} == {f".{format_}" for format_ in Format}
    assert all(Compression.NONE in rules.compressions for rules in FORMATS.values())


@pytest.mark.parametrize("format_", list(Format))
def test_every_compression_of_a_format_makes_an_output_without_fault(format_: Format) -> None:
    for compression in FORMATS[format_].compressions:
        output = parse_output("m2", format_, compression)
        assert output_faults(output) == []
        assert parse_output(output.file_name, compression=compression) == output
