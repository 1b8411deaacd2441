"""Broken files give an error in words, whatever is broken: never a crash, an endless wait, or pixels from elsewhere."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from skydesk.backends.tiles.image import Plane, SurveyImage
from skydesk.backends.tiles.rice_plane import RicePlane
from skydesk.errors import InvalidImage
from tests.backends.tiles.reference import HEIGHT, WIDTH, assert_same_bits, counts, sky

ABSURD = [
    "-1",
    "0",
    "1",
    "2",
    "7",
    "1000000000",
    "2147483648",
    "9223372036854775807",
    "-2147483648",
    "99999999999999999999",
    "T",
    "'x'",
    "1E99",
]
KEYWORDS = (
    *("BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "TFIELDS", "TTYPE1", "TFORM1", "TFORM2", "TFORM4", "THEAP"),
    *("ZBITPIX", "ZNAXIS", "ZNAXIS1", "ZNAXIS2", "ZTILE1", "ZTILE2", "ZNAME1", "ZVAL1", "ZVAL2", "ZBLANK", "ZDITHER0", "ZQUANTIZ"),
    *("ZIMAGE", "XTENSION", "EXTNAME", "BZERO"),
)


def _write(path: Path, tile: tuple[int, int] | None) -> Path:
    with fitsio.FITS(str(path), "rw") as file:
        file.write(sky(), extname="SCI", compress="RICE", qlevel=4, qmethod="SUBTRACTIVE_DITHER_2", tile_dims=tile)
        file.write(counts(np.int32), extname="MSK", compress="RICE", tile_dims=tile)
    return path


@pytest.fixture(scope="module", params=[None, (50, 64)], ids=["rows", "squares"])
def content(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _write(tmp_path_factory.mktemp("broken") / "image.fits", request.param).read_bytes()


def attempt(path: Path, work: Callable[[], Any]) -> Any:
    """Do it, or be told why not, with the file's name; any other error than ours ends the test."""
    try:
        return work()
    except InvalidImage as error:
        message = str(error)
    assert path.name in message
    return None


def read_all(path: Path, expected: Sequence[NDArray[Any]] = ()) -> int:
    """Read every plane in parts; the number of parts that could be read. They are as expected, where that is told."""
    read = 0
    image = attempt(path, partial(SurveyImage, path, cache_folder=None))
    for number, plane in enumerate(image.planes if image else ()):
        if (dtype := attempt(path, partial(getattr, plane, "dtype"))) is None:
            continue
        out = np.empty((min(plane.height, 60), min(plane.width, 300)), dtype)
        for y in {0, (plane.height - out.shape[0]) // 2, plane.height - out.shape[0]}:
            if attempt(path, partial(_filled, plane, plane.width - out.shape[1], y, out)) is None:
                continue
            read += 1
            if expected:
                assert_same_bits(out, expected[number][y : y + out.shape[0], plane.width - out.shape[1] :])
    return read


def _filled(plane: Plane, x: int, y: int, out: NDArray[Any]) -> NDArray[Any]:
    plane.read(x, y, out)
    return out


@pytest.mark.parametrize("part", range(4))
def test_bytes_that_changed_anywhere(content: bytes, tmp_path: Path, part: int) -> None:
    chance, path = np.random.default_rng(part), tmp_path / "broken.fits"
    for _ in range(30):
        spoilt = bytearray(content)
        for at in chance.integers(0, len(content), 2 ** int(chance.integers(0, 8))):
            spoilt[at] = chance.integers(0, 256)
        path.write_bytes(spoilt)
        read_all(path)


@pytest.mark.parametrize("compress", ["GZIP", "GZIP_2"])
def test_gzipped_streams_that_changed_give_the_right_pixels_or_none(tmp_path: Path, compress: str) -> None:
    path, chance = tmp_path / "broken.fits", np.random.default_rng(5)
    with fitsio.FITS(str(path), "rw") as file:
        file.write(sky(), compress=compress, tile_dims=(16, WIDTH), qlevel=4)
        file.write(sky(), compress=compress, qlevel=0)
        file.write(counts(np.int16), compress=compress, tile_dims=(50, 64))
    content, read = path.read_bytes(), 0
    expected = [fitsio.read(str(path), ext=number) for number in (1, 2, 3)]
    streams = [at for at in range(len(content)) if content.startswith(b"\x1f\x8b\x08", at)]
    for _ in range(60):
        spoilt = bytearray(content)
        for stream in chance.choice(streams, 8):
            spoilt[stream + int(chance.integers(0, 300))] = chance.integers(0, 256)
        path.write_bytes(spoilt)
        read += read_all(path, expected)
    assert 60 < read < 500


@pytest.mark.parametrize("compress", ["GZIP", "GZIP_2", "HCOMPRESS", "PLIO", None])
def test_bytes_that_changed_in_other_compressions_end_in_pixels_or_an_error(tmp_path: Path, compress: str | None) -> None:
    path, chance = tmp_path / "broken.fits", np.random.default_rng(3)
    with fitsio.FITS(str(path), "rw") as file:
        if compress == "PLIO":
            file.write(counts(np.int16).clip(0, 400), compress=compress)
        elif compress is None:
            file.write(counts(np.int16), header={"BSCALE": 0.25, "BZERO": 100.0}, compress="RICE")
        else:
            file.write(sky(), compress=compress, tile_dims=(16, WIDTH), qlevel=4)
            file.write(counts(np.int32), compress=compress, tile_dims=(50, 64))
    content = path.read_bytes()
    assert read_all(path) == (6 if compress in ("GZIP", "GZIP_2", "HCOMPRESS") else 3)
    for number in range(60):
        spoilt = bytearray(content)
        for at in chance.integers(2880 if number % 2 else 8640, len(content), 2 ** int(chance.integers(0, 8))):
            spoilt[at] = chance.integers(0, 256)
        path.write_bytes(spoilt)
        read_all(path)
        path.write_bytes(content[: int(chance.integers(2880, len(content) - 1))])
        assert read_all(path) == 0


def test_descriptors_and_streams_of_nonsense(content: bytes, tmp_path: Path) -> None:
    chance, path = np.random.default_rng(9), tmp_path / "broken.fits"
    begin = content.index(b"END     ", content.index(b"XTENSION")) // 2880 * 2880 + 2880
    for number in range(40):
        spoilt = bytearray(content)
        length = int(chance.choice([4, 8, 400, 4000]))
        at = begin + int(chance.integers(0, 20_000))
        spoilt[at : at + length] = [b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1"][number % 5] * length
        path.write_bytes(spoilt[: len(content)])
        read_all(path)


def test_files_that_are_cut_off_anywhere_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.fits"
    for length in [0, 1, 79, 2879, 2880, 2881, 5759, *range(6000, len(content), 3777), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(InvalidImage, match=r"broken\.fits"):
            SurveyImage(path, cache_folder=None)


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_absurd_values_of_keywords(content: bytes, tmp_path: Path, keyword: str) -> None:
    path, begin = tmp_path / "broken.fits", content.index(b"XTENSION")
    at = content.find(keyword.ljust(8).encode() + b"=", begin)
    for value in ABSURD:
        card = f"{keyword:8}= {value:>20}".ljust(80).encode()
        end = content.index(b"END     ", begin)
        spoilt = (
            content[:at] + card + content[at + 80 :] if at > 0 else content[:end] + card + content[end : end + 80] + content[end + 160 :]
        )
        path.write_bytes(spoilt)
        read_all(path)


def test_one_broken_tile_leaves_the_others(tmp_path: Path) -> None:
    path = _write(tmp_path / "image.fits", None)
    expected = fitsio.read(str(path), ext=2)
    image = SurveyImage(path, cache_folder=None)
    plane = image.planes[1]
    assert isinstance(plane, RicePlane)
    table = plane._prepared().table
    content = bytearray(path.read_bytes())
    content[table.offsets[70] : table.offsets[70] + 60] = b"\xff" * 60
    path.write_bytes(content)
    plane = SurveyImage(path, cache_folder=None).planes[1]
    out = np.empty((70, WIDTH), np.int32)
    plane.read(0, 0, out)
    assert_same_bits(out, expected[:70])
    with pytest.raises(InvalidImage, match="compressed tile that is broken: number 71, from column 1 and row 71 on"):
        plane.read(0, 1, out)
    out = np.empty((HEIGHT - 71, WIDTH), np.int32)
    plane.read(0, 71, out)
    assert_same_bits(out, expected[71:])


@pytest.mark.skipif(shutil.which("fpack") is None, reason="needs fpack, of libcfitsio-bin")
def test_a_plane_that_differs_from_its_checksum_is_refused_though_it_could_be_decoded(tmp_path: Path) -> None:
    planes = [fits.ImageHDU(sky(), name="SCI"), fits.ImageHDU(counts(np.int32), name="MSK")]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "image.fits")
    subprocess.run(["fpack", str(tmp_path / "image.fits")], check=True)
    path = tmp_path / "image.fits.fz"
    plane = SurveyImage(path, cache_folder=None).planes[0]
    assert isinstance(plane, RicePlane)
    content = bytearray(path.read_bytes())
    content[plane._prepared().table.offsets[3] + 3] ^= 1  # a bit of a row's first value
    path.write_bytes(content)
    image = SurveyImage(path, cache_folder=None)
    out = np.empty((2, 2), np.float32)
    for _ in range(2):
        with pytest.raises(InvalidImage, match=r"image\.fits\.fz, extension 1 differs from its DATASUM"):
            image.planes[0].read(100, 100, out)
    image.planes[1].read(0, 0, np.empty((2, 2), np.int32))


def _gzipped(content: bytes) -> bytes:
    import gzip

    return gzip.compress(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_gzipped, "gzip-compressed as a whole; unpack it"),
        (lambda content: b"\x89PNG" + content, "does not begin as FITS does"),
        (lambda content: content[:2880] + b"x" * 2880, "extension 1 does not begin as FITS does"),
        (lambda content: content[:2880].replace(b"END     ", b"COMMENT "), "has a header without an end"),
    ],
    ids=["gzip", "picture", "garbage", "no end"],
)
def test_what_is_wrong_is_said(content: bytes, tmp_path: Path, spoil: Callable[[bytes], bytes], message: str) -> None:
    (tmp_path / "broken.fits").write_bytes(spoil(content))
    with pytest.raises(InvalidImage, match=rf"broken\.fits.*{message}"):
        SurveyImage(tmp_path / "broken.fits", cache_folder=None)


def test_a_file_that_is_whole_is_read_whole(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "whole.fits").write_bytes(content)
    assert read_all(tmp_path / "whole.fits") == 6
    (tmp_path / "whole.fits").write_bytes(content + bytes(2880))
    assert read_all(tmp_path / "whole.fits") == 6
