"""Labs of people of five groups in real pods: what each may start, how large it is, and what is possible from inside."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cluster.hub import GPU, HOME, ClusterHub
from tests.hub.test_real_hub_labs import api_start, profiles, text

_GIB = 2**30
_MOST = {
    "lena": ("tiny", 2, {"cpu": "500m", "memory": str(3 * _GIB // 4)}),
    "dora": ("small", 8, {"cpu": "1", "memory": str(_GIB)}),
    "anna": ("large", 24, {"cpu": "2", "memory": str(3 * _GIB // 2)}),
    "gus": ("gpu", 1, {"cpu": "1", "memory": str(_GIB), GPU: "1"}),
}
"""Profile, hours and limits of those whose labs run."""

_ASK_THE_CLUSTER = """
import json, os, ssl, urllib.error, urllib.request
found = {{}}
for path in {paths}:
    for who, headers in (("nobody", {{}}), ("a lab", {{"Authorization": "Bearer " + os.environ["JUPYTERHUB_API_TOKEN"]}})):
        try:
            request = urllib.request.Request("{server}" + path, headers=headers)
            status = urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=30).status
        except urllib.error.HTTPError as error:
            status = error.code
        found[who + " " + path] = status
print(json.dumps(found))
"""
_SELF = """
import json, os, pathlib
status = dict(line.split(":\\t", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines() if ":\\t" in line)
kept = {name: status[name] for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
print(json.dumps({"user": os.getuid(), "account": os.path.exists("/var/run/secrets/kubernetes.io"), **kept}))
"""


@pytest.fixture(scope="module")
def pods(labs: ClusterHub) -> Iterator[dict[str, dict[str, Any]]]:
    """Pods of the labs of four people, by user; files of jobs of two of them."""
    for owner in ("dora", "anna"):
        folder = labs.jobs / owner / f"job-of-{owner}"
        folder.mkdir(parents=True)
        (folder / "result.csv").write_text("RA,DEC\n")
    with ThreadPoolExecutor(len(_MOST)) as pool:
        found = list(pool.map(lambda user: labs.start(_MOST[user][0], user), _MOST))
    yield {user: pod for pods in found for user, pod in pods.items()}
    labs.stop(*_MOST)


def test_each_is_offered_what_their_groups_grant(labs: ClusterHub) -> None:
    assert {name: profiles(labs.person(name).page().text) for name in _MOST} == {
        "lena": ["tiny"],
        "dora": ["tiny", "small"],
        "anna": ["tiny", "small", "large", "brief"],
        "gus": ["gpu"],
    }


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("nora", "no group of nora grants a lab; ask the people who run this hub to add you to one", id="no group"),
        pytest.param("bert", "labs are closed to bert; ask the people who run this hub why", id="blocked"),
    ],
)
def test_who_may_have_no_lab_gets_none_and_is_told_so(labs: ClusterHub, name: str, sentence: str) -> None:
    person = labs.person(name)
    page = person.page()
    assert page.status_code == 403
    assert sentence in text(page.text)
    assert labs.refused(name, "small").status_code == 403
    for options in ({}, {"profile": "small"}):
        reply = api_start(labs.hub, name, options)
        assert (reply.status_code, sentence in reply.json()["message"]) == (403, True), reply.text
    assert labs.pod(name) is None


@pytest.mark.parametrize("server", ["", "second"], ids=["default server", "named server"])
def test_a_profile_that_is_not_ones_own_is_refused_by_form_and_by_api(labs: ClusterHub, server: str) -> None:
    sentence = "the lab profile 'gpu' is not open to lena; open are tiny"
    page = labs.refused("lena", "gpu", server=server)
    assert (page.status_code, sentence in text(page.text)) == (403, True), text(page.text)
    reply = api_start(labs.hub, "lena", {"profile": "gpu"}, server)
    assert (reply.status_code, reply.json()["message"]) == (403, sentence)
    assert labs.gpu_pods() == set()


def test_a_pod_has_the_size_and_the_longest_time_of_its_profile(pods: dict[str, dict[str, Any]]) -> None:
    for user, (_, hours, limits) in _MOST.items():
        spec = pods[user]["spec"]
        [container] = spec["containers"]
        assert container["resources"]["limits"] == limits
        assert container["resources"]["requests"].get(GPU) == limits.get(GPU)
        assert hours * 3600 + 240 < spec["activeDeadlineSeconds"] <= hours * 3600 + 300, user
    assert pods["dora"]["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "50m", "memory": str(round(0.1 * _GIB))}


def test_a_lab_has_few_rights_on_its_node(labs: ClusterHub, pods: dict[str, dict[str, Any]]) -> None:
    found = labs.python("dora", _SELF)
    none = "0000000000000000"
    assert found == {"user": 1000, "account": False, "CapEff": none, "CapBnd": none, "NoNewPrivs": "1", "Seccomp": "2"}
    assert pods["dora"]["spec"]["automountServiceAccountToken"] is False


def test_a_lab_has_no_rights_on_the_cluster(labs: ClusterHub, pods: dict[str, dict[str, Any]]) -> None:
    namespace = f"namespaces/{labs.kube.namespace}"
    paths = [*(f"/api/v1/{namespace}/{kind}" for kind in ("pods", "secrets", "configmaps")), f"/apis/batch/v1/{namespace}/jobs"]
    server = json.loads(labs.kube.kubectl("config", "view", "-o", "json"))["clusters"][0]["cluster"]["server"]
    answers = labs.python("dora", _ASK_THE_CLUSTER.format(paths=[*paths, "/version"], server=server))
    assert answers.pop("nobody /version") == 200, "the cluster is within reach"
    assert answers.pop("a lab /version") == 401
    assert answers == {f"nobody {path}": 403 for path in paths} | {f"a lab {path}": 401 for path in paths}


def test_a_lab_sees_the_job_folder_of_its_owner_and_no_other(labs: ClusterHub, pods: dict[str, dict[str, Any]]) -> None:
    for owner in ("dora", "anna"):
        assert labs.inside(owner, "sh", "-c", f"cd {HOME}/jobs && echo job-of-*/*") == f"job-of-{owner}/result.csv"
    assert labs.inside("lena", "ls", f"{HOME}/jobs") == ""
    (labs.jobs / "dora" / "later.txt").write_text("found\n")
    assert labs.inside("dora", "cat", f"{HOME}/jobs/later.txt") == "found"
    assert "Read-only file system" in labs.inside("dora", "touch", f"{HOME}/jobs/mine")
