"""Policy files: what ships, and every fault of a wrong one by name."""

from pathlib import Path

import pytest

from skydesk.access import default_policy, read_policy
from skydesk.errors import InvalidPolicy

GOOD = """
[profiles.small]
title = "Small"
cpu = [0.5, 1]
memory_gib = [1, 2]
longest_hours = 8
idle_minutes = 60

[groups.everybody]
profiles = ["small"]
services = ["query"]
"""


def policy_of(tmp_path: Path, text: str):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return read_policy(path)


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InvalidPolicy) as caught:
        policy_of(tmp_path, text)
    return [str(fault) for fault in caught.value.faults]


def test_the_policy_that_ships_has_the_views_of_desaccess_and_what_may_be_added() -> None:
    policy = default_policy()
    assert list(policy.groups) == ["limited", "default", "advanced", "gpu", "unlimited", "blocked", "monitor", "admin"]
    assert policy.base_profile.name == "small"
    assert policy.profiles["gpu"].gpus == 1
    assert policy.profiles["gpu"].longest_seconds == 24 * 3600
    sizes = [profile.memory_limit_bytes for profile in policy.profiles.values() if not profile.gpus]
    assert sizes == sorted(sizes)


def test_a_small_policy_is_read_with_its_defaults(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, GOOD)
    small = policy.profiles["small"]
    assert (small.cpu_request, small.cpu_limit, small.memory_limit_bytes) == (0.5, 1, 2 * 2**30)
    assert (small.gpus, small.holders, small.extensions, small.most_seconds) == (0, None, 0, 8 * 3600)
    assert small.warnings_seconds == (3600, 900, 300)
    assert small.gpu_labs_each == 1
    group = policy.groups["everybody"]
    assert (group.gpu_hours_per_week, group.rights, group.denies) == (None, frozenset(), frozenset())


def test_groups_are_compared_without_letter_case(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, GOOD.replace("groups.everybody", "groups.Everybody"))
    assert policy.entitlements(["EVERYBODY"]).allows_service("query")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('title = "Small"', ""), "profiles.small.title: is missing"),
        (('services = ["query"]', 'services = ["query", "hub"]'), "groups.everybody.services: names 'hub', which is not granted here"),
        (('services = ["query"]', 'services = ["admin"]'), "groups.everybody.services: names 'admin', which is not granted here"),
        (
            ("cpu = [0.5, 1]", "cpu = [2, 1]"),
            "profiles.small.cpu: must be two numbers above 0, the smaller first, as in",
        ),
        (("cpu = [0.5, 1]", "cpu = 1"), "profiles.small.cpu: must be two numbers above 0, the smaller first, as in [0.5, 2]; got 1"),
        (("cpu = [0.5, 1]", "cpu = [nan, 1]"), "profiles.small.cpu: must be two numbers above 0, the smaller first"),
        (("longest_hours = 8", "longest_hours = 0"), "profiles.small.longest_hours: must be a number above 0, got 0"),
        (("idle_minutes = 60", "idle_minutes = inf"), "profiles.small.idle_minutes: must be a number above 0, got inf"),
        (("idle_minutes = 60", "idle_minutes = 60\nextensions = 1"), "profiles.small.extension_hours: must be above 0 where extensions"),
        (("idle_minutes = 60", "idle_minutes = 60\ngpus = 1"), "profiles.small.holders: must be set where there are GPUs"),
        (("idle_minutes = 60", "idle_minutes = 60\nholders = 0"), "profiles.small.holders: must be a whole number from 1 up, got 0"),
        (("idle_minutes = 60", "idle_minutes = 60\ngpu_labs_each = 0"), "profiles.small.gpu_labs_each: must be a whole number from 1 up"),
        (("idle_minutes = 60", "idle_minutes = 60\nwarnings_minutes = [5, 0]"), "profiles.small.warnings_minutes: item 2 must be a number"),
        (("idle_minutes = 60", "idle_minutes = 60\nnode_selector = { a = 1 }"), "profiles.small.node_selector.a: must be a text"),
        (("idle_minutes = 60", 'idle_minutes = 60\ntolerations = [{ kay = "x" }]'), "row 1, tolerations.kay: is not a key of this table"),
        (("profiles.small", "profiles.Small_1"), "profiles.Small_1: is no name for a profile"),
        (('profiles = ["small"]', 'profiles = ["huge"]'), "groups.everybody.profiles: names 'huge', which is no profile of this file"),
        (('services = ["query"]', 'servces = ["query"]'), "groups.everybody.servces: is not a key of this table"),
        (('services = ["query"]', 'rights = ["root"]'), "groups.everybody.rights: takes monitor and admin, got 'root'"),
        (('services = ["query"]', 'denies = ["sleep"]'), "groups.everybody.denies: takes jobs and labs, got 'sleep'"),
        (
            ('services = ["query"]', 'administers = ["others"]'),
            "groups.everybody.administers: names 'others', which is no group",
        ),
        (('services = ["query"]', "gpu_hours_per_week = -1"), "groups.everybody.gpu_hours_per_week: must be a number that is not negative"),
        (
            ('services = ["query"]', "query = { max_rows = 1.5 }"),
            "groups.everybody.query.max_rows: must be a whole number from 0 up",
        ),
        (('services = ["query"]', "jobs = { concurent = 1 }"), "groups.everybody.jobs.concurent: is not a key of this table"),
        (("[groups.everybody]", "[groups.EVERYBODY]\n[groups.everybody]"), "groups.everybody: is there already, but for letter case"),
        (("[groups.everybody]", "[gruops.everybody]"), "gruops: is not a key of this table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_named_with_its_place(change: tuple[str, str], fault: str, tmp_path: Path) -> None:
    assert change[0] in GOOD
    assert any(each.startswith(fault) for each in faults_of(tmp_path, GOOD.replace(*change)))


def test_every_fault_is_named_not_only_the_first(tmp_path: Path) -> None:
    text = GOOD.replace('title = "Small"', "").replace("longest_hours = 8", "longest_hours = -1").replace('["query"]', "3")
    assert len(faults_of(tmp_path, text)) == 3


def test_an_empty_file_lacks_profiles_and_groups(tmp_path: Path) -> None:
    assert [fault.partition(":")[0] for fault in faults_of(tmp_path, "")] == ["profiles", "groups"]


def test_a_file_that_is_not_there_is_told_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match=r"no file .*; name a policy file, or leave SKYDESK_POLICY empty"):
        read_policy(tmp_path / "none.toml")
