"""``lab/gpu``: what a lab says of its GPUs, and who may read it."""

from typing import Any

import pytest

from skydesk.errors import Conflict, InvalidRequest, NotFound
from tests.web.conftest import HENRIETTA, Desk
from tests.web.test_admin import MONITOR
from tests.web.test_leases import start

GPU = {"utilization_percent": 63, "memory_used_bytes": 12_000_000_000, "memory_total_bytes": 25_000_000_000}


def load_of(desk: Desk, lease_id: str) -> Any:
    return next(lab["gpu_load"] for lab in desk.by(MONITOR).json("GET", "admin/labs")["labs"] if lab["id"] == lease_id)


def test_what_a_lab_says_of_its_gpus_is_shown_to_administrators_with_its_time(desk: Desk) -> None:
    lease_id = start(desk, "vera", "gpu")
    assert load_of(desk, lease_id) is None
    assert desk.json("POST", "lab/gpu", {"server": "", "gpus": [GPU, {**GPU, "utilization_percent": None}]}) == {}
    told = load_of(desk, lease_id)
    assert told.pop("reported_at").endswith("Z")
    assert told == {
        "gpus": 2,
        "utilization_percent": 63,
        "memory_used_bytes": 24_000_000_000,
        "memory_total_bytes": 50_000_000_000,
    }


def test_nobody_says_anything_of_the_lab_of_another(desk: Desk) -> None:
    lease_id = start(desk, "vera", "gpu")
    with pytest.raises(NotFound):
        desk.by(HENRIETTA).call("POST", "lab/gpu", {"server": "", "gpus": [GPU]})
    assert load_of(desk, lease_id) is None


def test_a_lab_without_a_gpu_is_refused(desk: Desk) -> None:
    start(desk, "vera", "small")
    with pytest.raises(Conflict, match="was lent no GPU"):
        desk.call("POST", "lab/gpu", {"server": "", "gpus": [GPU]})


@pytest.mark.parametrize(
    "gpus",
    [
        pytest.param([{**GPU, "utilization_percent": 101}], id="more than all"),
        pytest.param([{**GPU, "utilization_percent": "63"}], id="text"),
        pytest.param([{**GPU, "utilization_percent": True}], id="flag"),
        pytest.param([{**GPU, "memory_used_bytes": 26_000_000_000}], id="more memory than there is"),
        pytest.param([{**GPU, "memory_used_bytes": -1}], id="negative"),
        pytest.param([{**GPU, "memory_total_bytes": 2**60}], id="memory of no GPU"),
        pytest.param([{**GPU, "memory_total_bytes": None}], id="memory missing"),
        pytest.param([{**GPU, "name": "A100"}], id="unknown field"),
        pytest.param([GPU] * 65, id="too many"),
        pytest.param("all", id="no list"),
    ],
)
def test_numbers_that_no_gpu_has_are_refused_and_not_kept(desk: Desk, gpus: Any) -> None:
    lease_id = start(desk, "vera", "gpu")
    with pytest.raises(InvalidRequest):
        desk.call("POST", "lab/gpu", {"server": "", "gpus": gpus})
    assert load_of(desk, lease_id) is None
