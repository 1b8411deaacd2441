from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydesk.errors import Conflict
from skydesk.jobs.model import ACTIVE, FINAL, Phase
from skydesk.jobs.rules import (
    TRANSITIONS,
    email_faults,
    is_expired,
    is_expiring,
    is_over,
    line_faults,
    new_id,
    renewals_left,
    renewed,
)
from tests.contracts.jobstore_contract import NOW, make_job

DAY = timedelta(days=1)


def test_ids_are_sixteen_letters_and_digits_and_never_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 16 and one.isascii() and one.isalnum() and one == one.lower() for one in ids)


def test_every_phase_says_what_may_follow_and_final_ones_only_archive() -> None:
    assert set(TRANSITIONS) == set(Phase)
    for phase in FINAL - {Phase.ARCHIVED}:
        assert TRANSITIONS[phase] == {Phase.ARCHIVED}
    assert TRANSITIONS[Phase.ARCHIVED] == frozenset()
    for phase in ACTIVE:
        assert Phase.ABORTED in TRANSITIONS[phase]
    assert not any(Phase.PENDING in after for after in TRANSITIONS.values())


@pytest.mark.parametrize("name", ["m2", "a" * 128, "M2 'stars' \"<b>\" é🌌", "x", "a\u00a0b"])
def test_names_of_one_line_are_fine(name: str) -> None:
    assert line_faults("name", name) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a" * 129, "129 characters"),
        ("a\nb", "control"),
        ("a\rb", "control"),
        ("a\x00", "control"),
        ("a\x1b[31m", "control"),
        ("a\u2028b", "control"),
        ("a\ud800", "control"),
        ("a\x7f", "control"),
    ],
    ids=ascii,
)
def test_names_that_are_not_one_line_are_refused(name: str, says: str) -> None:
    (fault,) = line_faults("name", name)
    assert says in fault.message
    assert fault.field == "name"


@pytest.mark.parametrize("address", ["ada@example.org", "a.b+c@x-y.example.org", "a@localhost", "o'hara@example.org", "a" * 64 + "@b.c"])
def test_plain_addresses_are_fine(address: str) -> None:
    assert email_faults(address) == []


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@x", "a@", "a b@c.d", "a@b c", "a@b\n", "a@b\r\nBcc: x@y", "a@b,c@d", "<a@b>", "é@b.c", "a@b..c", "a@-b", "a@b-", ".a@b",
     "a.@b", "a..b@c", "a" * 65 + "@b.c", "a@" + "b" * 300, "a@b@c", "\ud800@b", "a;b@c", 'a"b@c', "a@[1.2.3.4]"],
    ids=lambda address: ascii(address)[:20],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    (fault,) = email_faults(address)
    assert fault.field == "email"
    assert "is not an e-mail address" in fault.message


def test_a_job_expires_step_by_step() -> None:
    job = make_job("a", phase=Phase.COMPLETED)
    assert not is_expiring(job, NOW + 10 * DAY - timedelta(seconds=1))
    assert is_expiring(job, NOW + 10 * DAY)
    assert not is_over(job, NOW + 14 * DAY - timedelta(seconds=1))
    assert is_over(job, NOW + 14 * DAY)
    assert not is_expired(job)
    archived = make_job("a", phase=Phase.ARCHIVED)
    assert is_expired(archived)
    assert is_over(archived, NOW)
    assert not is_expiring(archived, NOW + 10 * DAY)
    assert not is_expiring(make_job("a", phase=Phase.EXECUTING), NOW + 10 * DAY)


def test_each_renewal_adds_one_lifetime_and_a_new_warning_until_none_is_left() -> None:
    job = make_job("a", phase=Phase.COMPLETED, warned_at=NOW)
    assert renewals_left(job) == 2
    fields = renewed(job, NOW + 11 * DAY)
    assert fields == {"destruction_at": NOW + 28 * DAY, "warning_at": NOW + 24 * DAY, "renewals": 1, "warned_at": None}
    with pytest.raises(Conflict, match="renewed 2 times"):
        renewed(make_job("a", renewals=2), NOW)


@pytest.mark.parametrize("max_renewals", [0, -1])
def test_some_may_not_renew_at_all(max_renewals: int) -> None:
    job = make_job("a", max_renewals=max_renewals)
    assert renewals_left(job) == 0
    with pytest.raises(Conflict):
        renewed(job, NOW)


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_renewal_is_possible_exactly_while_some_are_left(renewals: int, max_renewals: int) -> None:
    job = make_job("a", renewals=renewals, max_renewals=max_renewals)
    if renewals_left(job):
        assert renewed(job, NOW)["renewals"] <= max_renewals
    else:
        with pytest.raises(Conflict):
            renewed(job, NOW)


@pytest.mark.parametrize(("phase", "after"), [(Phase.COMPLETED, 14), (Phase.ARCHIVED, 0)])
def test_what_has_expired_is_not_renewed(phase: Phase, after: int) -> None:
    job = make_job("a", phase=phase)
    with pytest.raises(Conflict, match="expired"):
        renewed(job, NOW + after * DAY)
    assert phase is not Phase.ARCHIVED or renewals_left(job) == 0
