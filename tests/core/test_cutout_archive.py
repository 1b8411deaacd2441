"""Archives of jobs, as they may arrive."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from skydesk.cutout_archive import unpack
from skydesk.errors import ServiceUnavailable, UsageError

JOB_ID = "k7xy00000000000a"


def archive_of(files: Mapping[str, bytes], *links: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{JOB_ID}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name in links:
            member = tarfile.TarInfo(f"{JOB_ID}/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, "/"
            archive.addfile(member)
    return buffer.getvalue()


def test_files_come_in_their_folders_and_replace_those_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("old")
    archive = archive_of({"summary.json": b"{}", "TILE/a/a_g.fits": b"pixels"})
    assert unpack(io.BytesIO(archive), tmp_path) == [tmp_path / "summary.json", tmp_path / "TILE/a/a_g.fits"]
    assert (tmp_path / "summary.json").read_bytes() == b"{}"
    assert [path.name for path in (tmp_path / "TILE" / "a").iterdir()] == ["a_g.fits"]


@pytest.mark.parametrize("name", ["../out.txt", "TILE/../../out.txt", "//tmp/out.txt"])
def test_a_name_that_leads_out_of_the_folder_writes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(ServiceUnavailable, match="leads out of"):
        unpack(io.BytesIO(archive_of({name: b"x"})), tmp_path / "here")
    assert list(tmp_path.rglob("*")) == [tmp_path / "here"]


def test_a_link_in_the_folder_is_not_followed_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here" / "TILE").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here" / "a.txt").symlink_to(tmp_path / "elsewhere" / "a.txt")
    with pytest.raises(ServiceUnavailable, match="leads out of"):
        unpack(io.BytesIO(archive_of({"a.txt": b"x", "TILE/b.txt": b"x"})), tmp_path / "here")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "here" / "a.txt").read_bytes() == b"x"


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="'link' is no file"):
        unpack(io.BytesIO(archive_of({}, "link")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_broke_off_is_not_left_behind(tmp_path: Path) -> None:
    archive = archive_of({"a.txt": b"x" * 600, "b.txt": b"x" * 5000})
    with pytest.raises(ServiceUnavailable, match="did not arrive whole"):
        unpack(io.BytesIO(archive[:4000]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UsageError, match="cannot write in"):
        unpack(io.BytesIO(archive_of({"a.txt": b"x"})), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
