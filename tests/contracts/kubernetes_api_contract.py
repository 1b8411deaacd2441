"""What SkyDesk's tests expect of a Kubernetes API, fake or real: keep, list, select, watch, refuse twice the same."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from kubernetes_asyncio import client, config, watch

__all__ = ["KubernetesApiContract"]


def _pod(name: str, **labels: str) -> dict[str, Any]:
    container = {"name": "main", "image": "localhost/pause:1", "imagePullPolicy": "IfNotPresent"}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}


class KubernetesApiContract:
    """Subclasses give the fixtures ``kubeconfig`` (a file) and ``namespace`` (one that exists, and is empty)."""

    @asynccontextmanager
    async def core(self, kubeconfig: str) -> AsyncIterator[client.CoreV1Api]:
        configuration = client.Configuration()
        await config.load_kube_config(kubeconfig, client_configuration=configuration)
        async with client.ApiClient(configuration) as api:
            yield client.CoreV1Api(api)

    def test_what_is_made_is_listed_read_and_gone_when_it_is_deleted(self, kubeconfig: str, namespace: str) -> None:
        async def story() -> None:
            async with self.core(kubeconfig) as core:
                await core.create_namespaced_secret(namespace, {"metadata": {"name": "one"}, "stringData": {"a": "b"}})
                assert "one" in [each.metadata.name for each in (await core.list_namespaced_secret(namespace)).items]
                found = await core.read_namespaced_secret("one", namespace)
                assert found.metadata.namespace == namespace
                assert found.metadata.uid
                await core.delete_namespaced_secret("one", namespace)
                with pytest.raises(client.ApiException) as caught:
                    await core.read_namespaced_secret("one", namespace)
                assert caught.value.status == 404

        asyncio.run(story())

    def test_the_same_name_twice_is_a_conflict(self, kubeconfig: str, namespace: str) -> None:
        async def story() -> None:
            async with self.core(kubeconfig) as core:
                await core.create_namespaced_secret(namespace, {"metadata": {"name": "twice"}})
                with pytest.raises(client.ApiException) as caught:
                    await core.create_namespaced_secret(namespace, {"metadata": {"name": "twice"}})
                assert caught.value.status == 409

        asyncio.run(story())

    def test_a_list_keeps_to_its_label_selector(self, kubeconfig: str, namespace: str) -> None:
        async def story() -> None:
            async with self.core(kubeconfig) as core:
                for name, colour in (("red-1", "red"), ("red-2", "red"), ("blue-1", "blue")):
                    await core.create_namespaced_secret(namespace, {"metadata": {"name": name, "labels": {"colour": colour, "all": "yes"}}})
                red = await core.list_namespaced_secret(namespace, label_selector="colour=red,all=yes")
                assert sorted(each.metadata.name for each in red.items) == ["red-1", "red-2"]

        asyncio.run(story())

    def test_a_pod_runs_and_has_an_address_and_goes_when_it_is_deleted(self, kubeconfig: str, namespace: str) -> None:
        async def story() -> None:
            async with self.core(kubeconfig) as core, asyncio.timeout(60):
                await core.create_namespaced_pod(namespace, _pod("runs"))
                while True:
                    pod = await core.read_namespaced_pod("runs", namespace)
                    if pod.status.phase == "Running" and pod.status.container_statuses[0].ready:
                        break
                    await asyncio.sleep(0.1)
                assert pod.status.pod_ip
                await core.delete_namespaced_pod("runs", namespace)
                while "runs" in [each.metadata.name for each in (await core.list_namespaced_pod(namespace)).items]:
                    await asyncio.sleep(0.1)

        asyncio.run(story())

    def test_a_watch_tells_what_comes_after_its_list_in_order_and_nothing_before(self, kubeconfig: str, namespace: str) -> None:
        async def story() -> list[tuple[str, str]]:
            seen: list[tuple[str, str]] = []
            async with self.core(kubeconfig) as core, asyncio.timeout(60):
                mark = secrets.token_hex(4)
                before = {"metadata": {"name": "before", "labels": {"mark": mark}}}
                await core.create_namespaced_secret(namespace, before)
                listed = await core.list_namespaced_secret(namespace, label_selector=f"mark={mark}")
                await core.create_namespaced_secret(namespace, {"metadata": {"name": "after", "labels": {"mark": mark}}})
                await core.create_namespaced_secret(namespace, {"metadata": {"name": "other", "labels": {"mark": "none"}}})
                await core.patch_namespaced_secret("after", namespace, {"metadata": {"annotations": {"changed": "yes"}}})
                await core.delete_namespaced_secret("before", namespace)
                async with watch.Watch() as watching:
                    stream = watching.stream(
                        core.list_namespaced_secret,
                        namespace,
                        label_selector=f"mark={mark}",
                        resource_version=listed.metadata.resource_version,
                        timeout_seconds=30,
                    )
                    async for event in stream:
                        seen.append((event["type"], event["object"].metadata.name))
                        if len(seen) == 3:
                            break
            return seen

        assert asyncio.run(story()) == [("ADDED", "after"), ("MODIFIED", "after"), ("DELETED", "before")]

    def test_a_watch_ends_when_its_time_is_over(self, kubeconfig: str, namespace: str) -> None:
        async def story() -> int:
            async with self.core(kubeconfig) as core, asyncio.timeout(30):
                listed = await core.list_namespaced_config_map(namespace)
                begin = asyncio.get_running_loop().time()
                raw = await core.list_namespaced_secret(
                    namespace,
                    watch=True,
                    resource_version=listed.metadata.resource_version,
                    timeout_seconds=1,
                    _preload_content=False,
                )
                await raw.read()
                return round(asyncio.get_running_loop().time() - begin)

        assert asyncio.run(story()) in (1, 2)
