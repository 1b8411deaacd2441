"""Groups x profiles: what is granted, what is refused, and in which words."""

import pytest

from skydesk.access import ADMIN, HUB, NOBODY, Entitlements, Group, Policy, User, default_policy
from skydesk.errors import NotAllowed

POLICY = default_policy()


@pytest.mark.parametrize(
    ("groups", "profiles"),
    [
        ([], []),
        (["unknown"], []),
        (["limited"], ["small"]),
        (["LIMITED"], ["small"]),
        (["default"], ["small", "standard"]),
        (["advanced"], ["small", "standard", "large"]),
        (["gpu"], ["gpu"]),
        (["gpu", "limited"], ["small", "gpu"]),
        (["blocked"], []),
        (["blocked", "default"], ["small", "standard"]),
        (["monitor"], []),
        (["admin"], ["small", "standard"]),
        (["unlimited"], []),
    ],
    ids=str,
)
def test_groups_grant_profiles_the_least_first(groups: list[str], profiles: list[str]) -> None:
    assert [profile.name for profile in POLICY.profiles_of(groups)] == profiles
    for name in POLICY.profiles:
        if name in profiles:
            assert POLICY.require_profile("ada", groups, name).name == name
        else:
            with pytest.raises(NotAllowed, match="ada"):
                POLICY.require_profile("ada", groups, name)


def test_a_refusal_names_the_profiles_that_are_open() -> None:
    with pytest.raises(NotAllowed, match=r"the lab profile 'gpu' is not open to ada; open are small, standard"):
        POLICY.require_profile("ada", ["default"], "gpu")


def test_no_group_is_no_lab() -> None:
    with pytest.raises(NotAllowed, match="no group of ada grants a lab"):
        POLICY.require_profile("ada", [], "small")


def test_limits_join_and_the_largest_wins() -> None:
    mine = POLICY.entitlements(["limited", "Advanced", "unknown"])
    assert mine.jobs == POLICY.groups["advanced"].entitlements.jobs
    assert mine.query.max_rows == 500_000_000
    assert POLICY.entitlements(["unknown"]) == NOBODY


def test_what_one_group_denies_no_other_gives_back() -> None:
    mine = POLICY.entitlements(["advanced", "unlimited", "blocked"])
    assert (mine.jobs.queued, mine.jobs.concurrent) == (0, 0)
    assert mine.allows_service("query")


@pytest.mark.parametrize(
    ("groups", "rights"),
    [(["default"], set()), (["monitor"], {"monitor"}), (["admin"], {"monitor", "admin"}), ([], set())],
    ids=lambda value: str(sorted(value)),
)
def test_an_administrator_may_also_monitor(groups: list[str], rights: set[str]) -> None:
    assert POLICY.rights_of(groups) == rights


def test_the_groups_that_grant_a_profile_are_told_in_the_policys_order() -> None:
    assert [group.name for group in POLICY.granting(["advanced", "default", "gpu"], "standard")] == ["default", "advanced"]


@pytest.mark.parametrize("name", [ADMIN, HUB])
def test_all_services_are_all_but_those_over_others(name: str) -> None:
    everything = Entitlements(services=frozenset({"*"}))
    assert everything.allows_service("anything")
    assert not everything.allows_service(name)
    with pytest.raises(NotAllowed, match=f"the {name} service is not open to ada"):
        User(name="ada", entitlements=everything).require_service(name)


@pytest.mark.parametrize(
    ("groups", "opened"),
    [(["default"], False), (["advanced"], False), (["monitor"], True), (["ADMIN"], True), (["default", "monitor"], True)],
    ids=str,
)
def test_rights_over_others_open_the_administrators_service(groups: list[str], opened: bool) -> None:
    assert POLICY.entitlements(groups).allows_service(ADMIN) is opened


def test_looking_after_a_group_opens_it_too() -> None:
    group = Group(name="tutors", title="Tutors", administers=frozenset({"students"}))
    assert Policy(profiles={}, groups={"tutors": group}).entitlements(["tutors"]).allows_service(ADMIN)


def test_what_is_open_to_every_person_is_not_open_to_a_service_of_the_hub() -> None:
    User(name="ada").require_service("")
    with pytest.raises(NotAllowed, match="prometheus is a service of the hub"):
        User(name="prometheus", is_service=True).require_service("")
