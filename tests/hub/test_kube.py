"""Manifests of labs as KubeSpawner sends them, held in tests/hub/golden; SKYDESK_WRITE_GOLDEN=1 writes them anew."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes_asyncio.client import ApiClient
from kubespawner.clients import load_config
from traitlets.config import Config

from skydesk_hub.kube import SkydeskKubeSpawner
from skydesk_hub.pods import End
from tests.fakes.lease_service import FakeLeaseService
from tests.hub.policies import a_user, client_of

GOLDEN = Path(__file__).parent / "golden"
KUBECONFIG = """\
{"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
 "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}], "users": [{"name": "u", "user": {}}]}
"""

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed client session:ResourceWarning")


class Lab(SkydeskKubeSpawner):
    """With the fake service; nothing is sent to a cluster."""

    fake: FakeLeaseService

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)

    @property
    def service(self) -> Any:
        return client_of(self.fake)


@pytest.fixture
def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: FakeLeaseService, policy_file: Path) -> Iterator[Callable[..., Any]]:
    """Does something with a lab, in a loop: the Kubernetes client needs one."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setattr("kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
    load_config.cache_clear()

    def within_loop(
        work: Callable[[Lab], Awaitable[Any]],
        *,
        user: str = "vera",
        server: str = "",
        groups: tuple[str, ...] = ("students", "gpu"),
        **traits: Any,
    ) -> Any:
        async def do() -> Any:
            config = Config(
                {
                    "SkydeskLabs": {"policy_file": str(policy_file)},
                    "KubeSpawner": {"image": "skydesk/lab:1", "cmd": ["jupyterhub-singleuser"], **traits},
                }
            )
            orm_spawner = SimpleNamespace(server=None, name=server, user_options={}, state={}, last_activity=None)
            hub = SimpleNamespace(base_url="/hub/", api_url="http://hub:8081/hub/api", public_host="", url="http://hub:8081/hub/")
            lab = Lab(_mock=True, user=a_user(user, groups), orm_spawner=orm_spawner, hub=hub, config=config)
            lab.fake = service
            lab.api_token, lab.oauth_client_id = "the-labs-token", f"jupyterhub-user-{user}"
            try:
                return await work(lab)
            finally:
                await lab.api.api_client.close()

        return asyncio.run(do())

    yield within_loop
    load_config.cache_clear()


def manifest_of(profile: str) -> Callable[[Lab], Awaitable[Any]]:
    async def make(lab: Lab) -> Any:
        lab.user_options = {"profile": profile}
        lab.lease = {"id": "lease1", "profile": profile, "ends_at": None, "longest_end_at": "2026-11-23T18:00:00Z"}
        await lab.load_user_options()
        manifest = ApiClient().sanitize_for_serialization(await lab.get_pod_manifest())
        if lab.storage_pvc_ensure:
            manifest = [manifest, ApiClient().sanitize_for_serialization(lab.get_pvc_manifest())]
        return manifest

    return make


def without_versions(manifest: Any) -> str:
    """The manifest as text, without what changes with JupyterHub and KubeSpawner."""
    for document in manifest if isinstance(manifest, list) else [manifest]:
        for name in ("hub.jupyter.org/kubespawner-version", "hub.jupyter.org/jupyterhub-version"):
            del document["metadata"]["annotations"][name]
        for container in document["spec"].get("containers", ()):
            container["env"] = [each for each in container["env"] if each["name"].startswith(("SKYDESK", "JUPYTER_IMAGE"))]
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("name", "profile", "options"),
    [
        ("small", "small", {}),
        ("gpu-with-volumes", "gpu", {"home_storage": "10Gi", "jobs_claim": "skydesk-jobs"}),
        ("named-server-of-an-odd-name", "small", {
            "user": "A_b@é.org", "server": "second-lab", "jobs_claim": "skydesk-jobs", "jobs_writable": True,
        }),
        ("with-what-the-operator-has-set", "gpu", {
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "survey"}}],
            "volume_mounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
            "tolerations": [{"key": "user", "operator": "Exists"}], "node_selector": {"pool": "labs"},
            "privileged": True, "automount_service_account_token": True, "service_account": "cluster-admin",
            "allow_privilege_escalation": True,
            "cpu_limit": 64, "mem_limit": "1T",
        }),
    ],
)  # fmt: skip
def test_a_lab_is_the_pod_that_was_agreed(within: Callable[..., Any], name: str, profile: str, options: dict[str, Any]) -> None:
    made = without_versions(within(manifest_of(profile), **options))
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("SKYDESK_WRITE_GOLDEN") == "1":
        golden.write_text(made)
    assert made == golden.read_text()


def test_the_service_is_told_when_kubernetes_ends_the_pod(within: Callable[..., Any]) -> None:
    async def deadline(lab: Lab) -> Any:
        pod = await manifest_of("small")(lab)
        lab.fake.leases["lease1"] = lab.lease
        await lab.service.started("lease1", lab.deadline_at())
        return pod["spec"]["activeDeadlineSeconds"], lab.fake.deadlines["lease1"]

    seconds, told = within(deadline, deadline_grace_seconds=20)
    assert datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=seconds) == datetime.fromisoformat(told)
    assert told == "2026-11-23T18:00:20+00:00"


def test_the_base_settings_are_those_of_the_least_profile(within: Callable[..., Any]) -> None:
    async def sizes(lab: Lab) -> Any:
        return lab.cpu_limit, lab.mem_limit, lab.privileged, lab.automount_service_account_token

    assert within(sizes, cpu_limit=64, privileged=True) == (1, 2**31, False, False)


def test_profiles_are_those_of_the_groups(within: Callable[..., Any]) -> None:
    async def slugs(lab: Lab) -> Any:
        return [profile["slug"] for profile in lab.profile_list(lab)]

    assert within(slugs) == ["small", "gpu"]
    assert within(slugs, groups=("students",)) == ["small"]
    assert within(slugs, groups=()) == []


def test_what_was_seen_of_the_pod_says_why_it_ended(within: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def seen(lab: Lab) -> Any:
        pods: dict[str, Any] = {}
        monkeypatch.setattr(Lab, "reflectors", {lab._get_reflector_key("pods"): SimpleNamespace(pods=pods)})
        before = lab.seen_end()
        pods[f"{lab.namespace}/lab-vera"] = {"status": {"phase": "Failed", "reason": "DeadlineExceeded"}}
        return before, lab.seen_end()

    assert within(seen) == (None, End(reason="time", message="its longest time was over, and Kubernetes ended it"))


def test_names_are_taken_again_when_a_lab_has_ended(within: Callable[..., Any]) -> None:
    async def names(lab: Lab) -> Any:
        lab.load_state({"pod_name": "jupyter-old", "kubespawner_version": "7.1.0"})
        before = lab.pod_name
        lab.clear_state()
        return before, lab.pod_name, lab.dns_name

    assert within(names) == ("jupyter-old", "lab-vera", "lab-vera.default.svc.cluster.local")
