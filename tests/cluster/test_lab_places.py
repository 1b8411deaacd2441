"""Two GPUs and three people, a quota that lets none in, and a lab that lasts seconds: all in real pods."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.cluster.hub import GPU, ClusterHub, until
from tests.hub.test_real_hub_labs import api_start, text

_ASK_THE_SERVICE = """
import os, urllib.request
url = os.environ["SKYDESK_SERVICE_URL"] + "/skydesk/api/lab?server="
request = urllib.request.Request(url, headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
print(urllib.request.urlopen(request, timeout=30).read().decode())
"""


@contextmanager
def most_gpu_pods(labs: ClusterHub) -> Iterator[list[int]]:
    """Count the pods with GPUs all the while."""
    counts: list[int] = []
    over = threading.Event()

    def count() -> None:
        while not over.wait(0.3):
            counts.append(len(labs.gpu_pods()))

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join(60)


def test_of_three_people_two_have_the_two_gpus_and_the_third_waits_for_one(labs: ClusterHub) -> None:
    gail = labs.person("gail")
    with most_gpu_pods(labs) as counts:
        for pod in labs.start("gpu", "gina", "gwen").values():
            assert pod["spec"]["containers"][0]["resources"]["limits"][GPU] == "1"
        refused = labs.refused("gail", "gpu")
        assert refused.status_code == 409
        assert "no GPU lab is free now; you are number 1 of 1 in the queue" in text(refused.text)
        assert labs.pod("gail") is None
        labs.stop("gina")
        until(lambda: "It is your turn" in text(gail.page().text), seconds=30, what="the turn of gail")
        late = labs.refused("gina", "gpu")
        assert (late.status_code, "number 1 of 1" in text(late.text)) == (409, True), "the place is held for gail"
        labs.start("gpu", "gail")
        assert set(labs.leases()) == {"gwen", "gail"}
        assert labs.lab("gail").json()["lease"]["extend"]["waiting"] == 1
        labs.leave_queue("gina", "gpu")
        labs.stop("gwen", "gail")
    assert len(counts) > 20
    assert max(counts) == 2


def test_what_a_quota_of_the_namespace_refuses_is_told_in_words_and_takes_no_place(labs: ClusterHub) -> None:
    sentence = "the cluster has no room for this lab now: the quota no-gpus of its namespace is used up; try again later"
    hard = {f"requests.{GPU}": "0"}
    about = {"name": "no-gpus", "namespace": labs.kube.namespace}
    labs.kube.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": about, "spec": {"hard": hard}})
    try:
        until(lambda: labs.kube.get("resourcequota")[0].get("status", {}).get("hard") == hard, what="the quota")
        reply = api_start(labs.hub, "gwen", {"profile": "gpu"})
        page = labs.refused("gwen", "gpu")
    finally:
        labs.kube.delete("resourcequota", "no-gpus")
    assert (reply.status_code, reply.json().get("message")) == (503, sentence)
    assert (page.status_code, sentence in text(page.text)) == (503, True), text(page.text)
    assert labs.gpu_pods() == set()
    assert labs.leases() == {}
    assert labs.last_end("gwen") == ("failed", f"it did not start: {sentence}")
    [offer] = labs.offers("gwen", "gpu")["profiles"]
    assert (offer["allowed"], offer["free"]) == (True, 2)


def test_a_lab_of_seconds_warns_is_extended_once_and_ends_and_says_why(labs: ClusterHub) -> None:
    labs.start("brief", "anna")
    lease = labs.python("anna", _ASK_THE_SERVICE)["lease"]
    assert (lease["profile"], lease["warnings_seconds"]) == ("brief", [300, 6])
    assert 0 < lease["seconds_left"] <= 25.2, "the first warning is due at once"
    extended = labs.lab("anna", "lab/extend", method="POST", body={"server": ""}).json()["lease"]
    ends_at = datetime.fromisoformat(extended["ends_at"])
    assert (ends_at - datetime.fromisoformat(lease["ends_at"])).total_seconds() == 10.8
    again = labs.lab("anna", "lab/extend", method="POST", body={"server": ""})
    assert again.status_code == 409
    assert again.json()["error"]["message"] == "the lab was extended once already, as often as Brief allows"
    ending = {"server": "", "busy_kernels": [{"name": "python3", "path": "fit.ipynb"}], "saved": ["fit.ipynb"], "unsaved": []}
    assert labs.lab("anna", "lab/ending", method="POST", body=ending).json() == {}
    labs.gone("anna")
    assert timedelta() <= datetime.now(UTC) - ends_at < timedelta(seconds=90)
    assert labs.pod("anna") is None
    assert labs.last_end("anna") == ("time", "the lab's time was over")
    page = text(labs.person("anna").page().text)
    assert "Your last lab (Brief) ended" in page
    assert "its time was over" in page
    assert "Kernels that were busy: fit.ipynb" in page
    assert labs.refused("anna", "brief").status_code == 429, "a restart wins no time"
