"""Names on the cluster: valid, readable, and of different users and servers never the same."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skydesk.backends.job_folders import owner_folder
from skydesk_hub.names import home_claim, job_folder, lab_name

DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
NAMES = st.one_of(st.text(max_size=200), st.text(alphabet="aB1-_.@é", max_size=30))


@pytest.mark.parametrize(
    ("user", "server", "name"),
    [("vera", "", "lab-vera"), ("vera", "gpu", "lab-vera--gpu"), ("a1", "b2", "lab-a1--b2")],
    ids=["the default server", "a named server", "digits"],
)
def test_plain_names_stand_as_they_are(user: str, server: str, name: str) -> None:
    assert lab_name(user, server) == name


@pytest.mark.parametrize(
    "similar",
    [
        [("a-b", ""), ("a_b", ""), ("a.b", ""), ("A-B", ""), ("ab", ""), ("a b", "")],
        [("a", "b-c"), ("a-b", "c"), ("a--b", "c"), ("a", "b--c"), ("a-b-c", "")],
        [("x" * 200, ""), ("x" * 199 + "y", ""), ("x" * 200, "x")],
        [("mélanie", ""), ("me\u0301lanie", ""), ("m\ufffdlanie", ""), ("梵", ""), ("\U0001f52d", "")],
        [("a", "b"), ("ab", ""), ("b", "a")],
    ],
    ids=["separators and case", "where the user ends", "200 characters", "unicode", "swapped"],
)
def test_names_that_look_alike_become_different(similar: list[tuple[str, str]]) -> None:
    assert len({lab_name(*each) for each in similar}) == len(similar)
    assert all(DNS_LABEL.fullmatch(lab_name(*each)) for each in similar)


def test_a_name_made_to_look_like_a_digest_collides_with_none() -> None:
    _, _, digest = lab_name("a-b", "").rpartition("--")
    assert lab_name("a", digest) != lab_name("a-b", "")
    assert lab_name("ab", digest) != lab_name("a-b", "")
    assert lab_name("a-b", "").startswith("lab-a-b--")


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_two_labs_share_a_name(user: str, server: str, other_user: str, other_server: str) -> None:
    assume(user)
    assume(other_user)
    assert (lab_name(user, server) == lab_name(other_user, other_server)) == ((user, server) == (other_user, other_server))
    assert DNS_LABEL.fullmatch(lab_name(user, server))


@given(NAMES, NAMES)
def test_no_two_users_share_a_home(user: str, other: str) -> None:
    assume(user)
    assume(other)
    assert (home_claim(user) == home_claim(other)) == (user == other)
    assert DNS_LABEL.fullmatch(home_claim(user))


@given(NAMES)
def test_labs_mount_the_folder_that_the_job_store_writes(user: str) -> None:
    assert job_folder(user) == owner_folder(user)
    assert not job_folder(user).startswith((".", "/"))
    assert "/" not in job_folder(user)
