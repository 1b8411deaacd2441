"""Query jobs of a lab's owner as real Jobs, whose files are in the lab."""

from typing import Any

from tests.cluster.hub import HOME, ClusterHub, until
from tests.server.small_survey import STARS


def test_the_file_of_a_query_job_is_in_the_running_lab(labs: ClusterHub) -> None:
    labs.start("small", "dora")
    wanted = {"sql": "SELECT ID FROM STARS", "file_name": "ids.csv"}
    job = labs.lab("dora", "query/job", method="POST", body=wanted).json()
    assert "id" in job, job

    def ended() -> dict[str, Any] | None:
        now: dict[str, Any] = labs.lab("dora", f"jobs/{job['id']}").json()
        return now if now["phase"] not in {"PENDING", "QUEUED", "EXECUTING"} else None

    assert until(ended, seconds=120, what="the end of the job")["phase"] == "COMPLETED"

    def succeeded() -> list[int | None]:
        return [made["status"].get("succeeded") for made in labs.kube.get("jobs", "app.kubernetes.io/instance=labs")]

    until(lambda: succeeded() == [1], what="the success of the one Job")
    rows = labs.inside("dora", "cat", f"{HOME}/jobs/{job['id']}/ids.csv").splitlines()
    assert (rows[0], len(rows)) == ("ID", STARS + 1)
    labs.stop("dora")
