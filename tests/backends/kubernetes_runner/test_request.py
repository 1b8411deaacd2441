import gzip
import random
import string
from pathlib import Path

import pytest

from skydesk.backends.kubernetes_runner.request import PodRequest, packed, read_request
from skydesk.backends.local_runner import WorkerSettings
from skydesk.errors import InternalError, LimitExceeded
from tests.backends.kubernetes_runner.jobs import job_with


def request_of(sql: str = "SELECT 1") -> PodRequest:
    worker = WorkerSettings(jobs_root="/srv/skydesk/jobs", options={"survey_file": "/srv/skydesk/survey/des.toml"}, preload=())
    return PodRequest(job=job_with(request={"sql": sql}), worker=worker, report_url="http://skydesk/worker/k/1", token="secret")


def test_a_request_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "request").write_bytes(packed(request_of("SELECT 1\nFROM \u2028")))
    assert read_request(tmp_path / "request") == request_of("SELECT 1\nFROM \u2028")


def test_the_longest_statement_of_real_text_fits_into_a_secret() -> None:
    statement = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=2**20))
    assert len(packed(request_of(statement))) < 2**20


def test_what_does_not_fit_is_refused_with_its_size() -> None:
    statement = "".join(random.Random(1).choices(string.printable, k=2 * 2**20))
    with pytest.raises(LimitExceeded, match=r"the request takes 1,[\d,]+ bytes, compressed, and a job may be given 1,000,000"):
        packed(request_of(statement))


@pytest.mark.parametrize(
    "content",
    [None, b"", b"no gzip", gzip.compress(b"no json"), gzip.compress(b"[]"), gzip.compress(b'{"job": {}}')],
    ids=["no file", "empty", "no gzip", "no JSON", "no object", "no job"],
)
def test_what_is_no_request_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "request").write_bytes(content)
    with pytest.raises(InternalError, match="holds no request for a worker"):
        read_request(tmp_path / "request")
