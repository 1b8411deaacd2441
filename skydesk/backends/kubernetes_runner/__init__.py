"""Jobs as Kubernetes Jobs: one pod a job, in a namespace of their own."""

from .api import KubernetesApi
from .manifests import label_selector
from .runner import KubernetesJobRunner
from .settings import ClusterSettings, Patience

__all__ = ["ClusterSettings", "KubernetesApi", "KubernetesJobRunner", "Patience", "label_selector"]
