"""What the runner may rely on in a `skydesk.backends.kubernetes_runner.cluster.Cluster`, real or fake."""

import base64
from dataclasses import replace

import pytest

from skydesk.backends.kubernetes_runner.cluster import Cluster
from skydesk.backends.kubernetes_runner.manifests import job_manifest, object_name, secret_manifest
from skydesk.backends.kubernetes_runner.settings import ClusterSettings
from skydesk.backends.kubernetes_runner.verdict import uid_of
from skydesk.errors import Conflict, ServiceUnavailable
from skydesk.jobs.model import Job
from skydesk.jobs.rules import new_id
from tests.backends.kubernetes_runner.jobs import job_with
from tests.faults.stage import wait_until

__all__ = ["ClusterContract"]


class ClusterContract:
    """Subclass it where there are the fixtures ``cluster``, not started, and ``settings`` that it takes."""

    @pytest.fixture
    def job(self) -> Job:
        return job_with(id=new_id(), memory_bytes=2**20)

    def test_a_job_is_made_once_with_its_secret_seen_with_its_pod_and_deleted(
        self, cluster: Cluster, settings: ClusterSettings, job: Job
    ) -> None:
        name, changes = object_name(job.id, 1), list[int]()
        cluster.start(lambda: changes.append(1))
        wait_until(lambda: self.is_ready(cluster), 30)
        assert cluster.job(name) is None
        made = cluster.create_job(job_manifest(job, settings, "0" * 64))
        assert made["metadata"]["name"] == name
        with pytest.raises(Conflict):
            cluster.create_job(job_manifest(job, settings, "0" * 64))
        secret = secret_manifest(job, settings, uid_of(made), base64.b64encode(b"request").decode())
        cluster.create_secret(secret)
        with pytest.raises(Conflict):
            cluster.create_secret(secret)
        found = cluster.job(name)
        assert found is not None
        assert uid_of(found) == uid_of(made)
        wait_until(lambda: cluster.snapshot().seen(name).job is not None and len(cluster.snapshot().seen(name).pods) == 1, 30)
        assert not cluster.snapshot().seen(object_name(job.id, 2)).pods
        del changes[:]
        cluster.delete_job(name)
        wait_until(lambda: cluster.job(name) is None, 60)
        wait_until(lambda: cluster.snapshot().seen(name).job is None and not cluster.snapshot().seen(name).pods, 60)
        assert changes
        cluster.delete_job(name)

    def test_a_job_of_another_instance_is_not_seen(self, cluster: Cluster, settings: ClusterSettings, job: Job) -> None:
        cluster.start(lambda: None)
        wait_until(lambda: self.is_ready(cluster), 30)
        other = replace(settings, instance="another")
        own = job_with(id=new_id(), memory_bytes=2**20)
        cluster.create_job(job_manifest(job, other, "0" * 64))
        cluster.create_job(job_manifest(own, settings, "0" * 64))
        wait_until(lambda: object_name(own.id, 1) in cluster.snapshot().jobs, 30)
        assert object_name(job.id, 1) not in cluster.snapshot().jobs
        for each in (job, own):
            cluster.delete_job(object_name(each.id, 1))

    def test_what_the_cluster_says_of_nothing_is_nothing(self, cluster: Cluster) -> None:
        cluster.start(lambda: None)
        assert cluster.words_about("00000000-0000-4000-8000-000000000000") == ()

    @staticmethod
    def is_ready(cluster: Cluster) -> bool:
        """Whether the first look has come back."""
        try:
            cluster.snapshot()
        except ServiceUnavailable:
            return False
        return True
