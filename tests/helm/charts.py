"""The chart as it is installed: with the values of helm-values/, and with everything switched on."""

from typing import Any

from tests.helm.render import overlaid, render, values_file

EVERYTHING: dict[str, Any] = {
    "policy": '[groups.x]\ntitle = "X"\n',
    "hub": {"baseUrl": "/lab/", "publicUrl": "https://hub.example.org/lab/hub/"},
    "service": {
        "image": {"pullSecrets": ["registry"]},
        "data": {"keep": True, "storageClass": "fast"},
        "nodeSelector": {"pool": "core"},
        "tolerations": [{"key": "core", "operator": "Exists"}],
        "podAnnotations": {"a": "b"},
        "extraEnv": {"TZ": "UTC"},
    },
    "survey": {"demo": True},
    "networkPolicies": {"catalogue": [{"cidr": "192.0.2.7/32", "port": 1521}, {"namespace": "catalogues", "port": 5432}]},
    "backup": {"storageClass": "slow"},
}

VALUES: dict[str, dict[str, Any]] = {
    "dev": values_file("skydesk-dev.yaml"),
    "production": values_file("skydesk-production.yaml"),
    "everything": overlaid(values_file("skydesk-production.yaml"), EVERYTHING),
}
VALUES["everything"]["volumes"]["survey"]["source"] = {"csi": {"driver": "nfs.csi.k8s.io", "volumeHandle": "survey-$(namespace)"}}


def objects(values: str, kind: str | None = None, name: str | None = None) -> list[dict[str, Any]]:
    """Objects of the chart rendered with the named values, of a kind, of a name."""
    found = render(VALUES[values])
    return [each for each in found if kind in {None, each["kind"]} and name in {None, each["metadata"]["name"]}]


def pods(values: str) -> dict[str, dict[str, Any]]:
    """The specifications of all pods that the chart starts, by the name of what starts them."""
    templates = {each["metadata"]["name"]: each["spec"]["template"] for each in objects(values, "Deployment")}
    templates |= {each["metadata"]["name"]: each["spec"]["jobTemplate"]["spec"]["template"] for each in objects(values, "CronJob")}
    return {name: template["spec"] for name, template in templates.items()}
