"""The runner of pods keeps the contract of every job runner, on a real node, with no more rights than its Role gives."""

from tests.contracts.job_runner_contract import JobRunnerContract


class TestKubernetesJobRunner(JobRunnerContract):
    """Pods of a cluster keep the contract."""
