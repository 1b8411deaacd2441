"""Labs as pods: sized by profile, without rights on the cluster, ended by Kubernetes itself at the latest."""

from datetime import datetime, timedelta
from typing import Any

from kubernetes_asyncio.client.rest import ApiException
from kubespawner import KubeSpawner
from traitlets import Bool, Float, Unicode, default

from .labs import SkydeskLabs
from .names import home_claim, lab_name
from .pods import End, PodPlan, deadline, end_of_pod, hardened, profile_overrides, refusal_of_cluster, resources
from .rejections import not_placed

__all__ = ["SkydeskKubeSpawner"]


class SkydeskKubeSpawner(SkydeskLabs, KubeSpawner):
    """KubeSpawner whose profiles come from the policy, and whose pods hold a lease."""

    gpu_resource = Unicode("nvidia.com/gpu", help="The extended resource that a GPU is asked for by.").tag(config=True)
    home_path = Unicode("/home/jovyan", help="Where the home is in a lab; the job folder is below it, at jobs.").tag(config=True)
    home_storage = Unicode(
        help="Size of each user's home, as Kubernetes writes it: 10Gi. Empty: homes are yours to set, by volumes and volume_mounts."
    ).tag(config=True)
    jobs_claim = Unicode(help="The claim of the job volume, in the labs' namespace; empty: labs do not mount it.").tag(config=True)
    jobs_writable = Bool(False, help="True lets labs write to their owner's job folder; else they only read it.").tag(config=True)
    deadline_grace_seconds = Float(
        300, help="How much later than a lease's longest end Kubernetes ends the pod by itself, hub or no hub, seconds."
    ).tag(config=True)

    volumes: Any
    volume_mounts: Any

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._take_names()
        self._apply_overrides(resources(self.policy.base_profile) | hardened())

    @default("profile_list")
    def _profiles_of_policy(self) -> Any:
        return SkydeskKubeSpawner.open_profiles

    @default("uid")
    def _unprivileged_user(self) -> int:
        return 1000

    @default("fs_gid")
    def _home_group(self) -> int:
        return 100

    def open_profiles(self) -> list[dict[str, Any]]:
        """Profiles that the user's groups grant, in the form of ``KubeSpawner.profile_list``."""
        plan = PodPlan(
            gpu_resource=self.gpu_resource, home_path=self.home_path, jobs_claim=self.jobs_claim, jobs_writable=self.jobs_writable
        )
        tolerated = tuple(self._sorted_dict_values(self.tolerations))
        return [
            {
                "slug": profile.name,
                "display_name": profile.title,
                "description": profile.description,
                "kubespawner_override": profile_overrides(profile, user=self.user.name, plan=plan, tolerations=tolerated),
            }
            for profile in self.policy.profiles_of(self.user_groups())
        ]

    async def load_user_options(self) -> None:
        """Apply the profile of the lease, and the time that is left to it."""
        volumes, mounts = _by_name(self.volumes), _by_name(self.volume_mounts)
        if self.home_storage:
            self.storage_pvc_ensure, self.storage_capacity = True, self.home_storage
            volumes["skydesk-home"] = {"name": "skydesk-home", "persistentVolumeClaim": {"claimName": self.pvc_name}}
            # before the job folder, which is mounted inside
            mounts["skydesk-home"] = {"name": "skydesk-home", "mountPath": self.home_path}
        self.volumes, self.volume_mounts = volumes, mounts
        await super().load_user_options()
        seconds = (self._longest_end_at() - self.now()).total_seconds()
        self._apply_overrides(deadline(seconds, grace_seconds=self.deadline_grace_seconds))

    def deadline_at(self) -> datetime | None:
        """When Kubernetes ends the pod: it counts from the pod's own start, so that it may be seconds later."""
        return self._longest_end_at() + timedelta(seconds=self.deadline_grace_seconds)

    def get_state(self) -> dict[str, Any]:
        """What the hub keeps over its own restart, and the node, which administrators see."""
        state = super().get_state()
        pod = self._pod()
        if node := ((pod or {}).get("spec") or {}).get("nodeName"):
            state["skydesk_node"] = node
        return state

    def clear_state(self) -> None:
        """Forget the last pod; names are the user's and the server's again."""
        super().clear_state()
        self._take_names(keep_home=True)

    def seen_end(self) -> End | None:
        """Tell from the pod why it ended."""
        pod = self._pod()
        return end_of_pod(pod, memory_limit_bytes=self.mem_limit) if pod else None

    def told(self, error: Exception) -> Exception:
        """Put the cluster's refusal of a pod into words."""
        return not_placed(refusal_of_cluster(str(error.body or error.reason))) if isinstance(error, ApiException) else error

    def _longest_end_at(self) -> datetime:
        return datetime.fromisoformat(self.lease["longest_end_at"])

    def _pod(self) -> dict[str, Any] | None:
        """The pod as the cluster has last told of it."""
        reflector = self.pod_reflector
        return reflector.pods.get(f"{self.namespace}/{self.pod_name}") if reflector else None

    def _take_names(self, *, keep_home: bool = False) -> None:
        # KubeSpawner's own names hold 32 bits of a digest, for which users could look for names that collide
        self.pod_name = lab_name(self.user.name, self.name)
        self.dns_name = self.dns_name_template.format(namespace=self.namespace, name=self.pod_name)
        self.secret_name = self.pod_name
        if self.home_storage and not keep_home:
            self.pvc_name = home_claim(self.user.name)


def _by_name(given: Any) -> dict[str, Any]:
    """Volumes or mounts by name, so that more can be added: KubeSpawner takes lists as well."""
    return dict(given) if isinstance(given, dict) else {f"{number:03}-{each['name']}": each for number, each in enumerate(given)}
