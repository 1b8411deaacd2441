"""Limits of cutouts in policy files."""

from pathlib import Path

import pytest

from skydesk.access import default_policy, read_policy
from skydesk.errors import InvalidPolicy

POLICY = """
[profiles.small]
title = "Small"
cpu = [0.5, 1]
memory_gib = [1, 2]
longest_hours = 8
idle_minutes = 60

[groups.some]
services = ["cutout"]
cutout = { %s }

[groups.more]
cutout = { max_positions = 20, quick_positions = 5 }
"""
DEMO = Path(__file__).parents[3] / "skydesk" / "access" / "policies" / "demo.toml"


@pytest.mark.parametrize("policy", [default_policy(), read_policy(DEMO)], ids=["desaccess", "demo"])
def test_the_views_that_ship_have_the_limits_of_desaccess(policy) -> None:
    most = {name: policy.entitlements([name]).cutout.max_positions for name in ("limited", "default", "advanced", "blocked", "gpu")}
    assert most == {"limited": 5000, "default": 10_000, "advanced": 100_000, "blocked": 0, "gpu": 0}
    assert policy.entitlements(["limited"]).cutout.max_seconds == 24 * 3600
    assert policy.entitlements(["default"]).cutout.max_seconds == 48 * 3600


def test_the_largest_limit_of_several_groups_holds(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY % "max_positions = 10, max_result_gib = 0.5, max_seconds = 60")
    limits = read_policy(path).entitlements(["some", "more"]).cutout
    assert (limits.max_positions, limits.max_result_bytes, limits.max_seconds, limits.quick_positions) == (20, 2**29, 60, 50)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        ("max_positions = -1", "groups.some.cutout.max_positions: must be a whole number from 0 up, got -1"),
        ("max_result_gib = -1", "groups.some.cutout.max_result_gib: must be a number that is not negative, got -1"),
        ("positions = 1", "groups.some.cutout.positions: is not a key of this table"),
    ],
)
def test_a_wrong_limit_is_named(tmp_path: Path, limits: str, fault: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY % limits)
    with pytest.raises(InvalidPolicy) as caught:
        read_policy(path)
    assert str(caught.value).startswith(fault)
