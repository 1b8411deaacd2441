"""The values for the hub's own chart: its schema takes them, and what they call exists."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from traitlets.config import Config

from skydesk.access import read_policy
from skydesk_hub.authenticators import use_oauth
from skydesk_hub.config import add_labs, add_skydesk
from skydesk_hub.kube import SkydeskKubeSpawner
from tests.helm.charts import objects
from tests.helm.render import CHART, ROOT, overlaid, values_file

Z2JH = ROOT.parent / "shared/z2jh"
LAYERS = {
    "dev": ("values-base.yaml", "values-dev.yaml"),
    "production": ("values-base.yaml", "values-production.yaml"),
    "production with JupyterHub 6": ("values-base.yaml", "values-production.yaml", "values-hub6.yaml"),
}
HUB_FILES = ("values-base.yaml", "values-dev.yaml", "values-production.yaml", "values-hub6.yaml")
needs_z2jh = pytest.mark.skipif(not Z2JH.is_dir(), reason="the Zero to JupyterHub chart's values and schema are not beside the checkout")


def _layered(name: str) -> dict[str, Any]:
    return overlaid(*(values_file(file) for file in LAYERS[name]))


def _with_defaults(name: str) -> dict[str, Any]:
    """What the chart works with: its own values below ours; null takes a value away, as Helm has it."""
    return _without_nulls_of(overlaid(yaml.safe_load((Z2JH / "values.yaml").read_text()), _layered(name)), _layered(name))


def _without_nulls_of(values: dict[str, Any], ours: Any) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if not (isinstance(ours, dict) and key in ours and ours[key] is None)}
    return {key: _without_nulls_of(value, (ours or {}).get(key)) if isinstance(value, dict) else value for key, value in kept.items()}


@needs_z2jh
@pytest.mark.parametrize("name", LAYERS)
def test_the_hubs_chart_takes_the_values(name: str) -> None:
    schema = yaml.safe_load((Z2JH / "values.schema.yaml").read_text())
    jsonschema.Draft7Validator(schema).validate(_with_defaults(name))


@needs_z2jh
def test_a_key_that_the_hubs_chart_does_not_know_is_refused() -> None:
    schema = yaml.safe_load((Z2JH / "values.schema.yaml").read_text())
    with pytest.raises(jsonschema.ValidationError, match="singelUser"):
        jsonschema.Draft7Validator(schema).validate(overlaid(_with_defaults("dev"), {"singelUser": {}}))


def _configured(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The hub's configuration after our values, made as the chart's own configuration file makes it."""
    values, c = _with_defaults(name), Config()
    lab = values["singleuser"]
    for trait, key in (("environment", "extraEnv"), ("profile_list", "profileList"), ("extra_pod_config", "extraPodConfig")):
        if lab.get(key) is not None:
            c.KubeSpawner[trait] = lab[key]
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.JupyterHub.services = [{"name": key, "api_token": f"token of {key}", **service} for key, service in values["hub"]["services"].items()]
    c.JupyterHub.load_roles = [{"name": key, **role} for key, role in values["hub"]["loadRoles"].items()]
    for section, traits in values["hub"]["config"].items():
        c[section].update(traits)
    policy = CHART / "files/policy.toml"
    mounted = Path("/etc/skydesk/policy/policy.toml")
    calls: list[str] = []

    def at_hand(function: Any) -> Any:
        def call(config: Any, *arguments: Any, policy_file: Path, **options: Any) -> None:
            assert policy_file == mounted
            calls.append(function.__name__)
            function(config, *arguments, policy_file=policy, **options)

        return call

    monkeypatch.setattr("skydesk_hub.config.add_skydesk", at_hand(add_skydesk))
    monkeypatch.setattr("skydesk_hub.config.add_labs", at_hand(add_labs))
    monkeypatch.setattr("skydesk_hub.authenticators.use_oauth", at_hand(use_oauth))
    known = {"c": c}  # the chart runs one after the other, in the order of their names, in one name space
    for _, code in sorted(values["hub"]["extraConfig"].items()):
        exec(compile(code, "extraConfig", "exec"), known)
    assert calls == ["add_skydesk", "add_labs", *(["use_oauth"] if "production" in name else [])]
    return c


@needs_z2jh
@pytest.mark.parametrize("name", LAYERS)
def test_the_hub_is_configured_by_the_package_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    c = _configured(name, monkeypatch)
    assert c.JupyterHub.spawner_class == "skydesk_hub.kube.SkydeskKubeSpawner"
    tokens = {service["name"]: service.get("api_token") for service in c.JupyterHub.services}
    assert tokens["skydesk"] == "token of skydesk"
    assert c.SkydeskLabs.hub_token == tokens["skydesk-hub"] == "token of skydesk-hub"
    assert {"skydesk-metrics", "skydesk-hub", "skydesk-default"} <= {role["name"] for role in c.JupyterHub.load_roles}


@needs_z2jh
def test_nothing_of_the_hubs_chart_hides_what_skydesk_sets_for_labs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chart sets traits on KubeSpawner, which win over those on Spawner: an empty list of profiles would let no profile apply."""
    c = _configured("production", monkeypatch)
    effective: dict[str, Any] = {}
    for parent in reversed(SkydeskKubeSpawner.__mro__):
        if c._has_section(parent.__name__):
            effective.update(c[parent.__name__])
    assert effective["environment"]["SKYDESK_SERVICE_URL"] == "http://skydesk:10180/services/skydesk"
    assert "profile_list" not in effective or effective["profile_list"]
    assert effective["jobs_claim"] == "skydesk-jobs"


@needs_z2jh
@pytest.mark.parametrize("name", LAYERS)
def test_every_trait_of_the_spawner_that_is_set_exists(name: str) -> None:
    assert set(_with_defaults(name)["hub"]["config"]["SkydeskKubeSpawner"]) <= set(SkydeskKubeSpawner.class_traits(config=True))


def test_the_values_hold_calls_of_the_package_and_no_code_of_their_own() -> None:
    codes = [code for file in HUB_FILES for code in values_file(file).get("hub", {}).get("extraConfig", {}).values()]
    assert len(codes) == 2
    for code in codes:
        assert not re.search(r"\b(def|class|if|for|while|lambda|with)\b", code)
        assert len(code.splitlines()) <= 6


@needs_z2jh
def test_nobody_is_let_in_but_members_of_the_policys_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    c = _configured("production", monkeypatch)
    assert c.JupyterHub.authenticator_class == "cilogon"
    assert c.OAuthenticator.allowed_groups == set(read_policy(CHART / "files/policy.toml").groups)
    assert not c.OAuthenticator.allow_all
    member = {"cilogon_user": {"isMemberOf": ["CO:COU:des-collaboration:members:active", "elsewhere"]}}
    assert c.OAuthenticator.auth_state_groups_key(member) == ["default"]


@needs_z2jh
@pytest.mark.parametrize(("password", "groups"), [("for the default group", ["default"]), ("guessed", None)])
def test_the_password_decides_the_groups_where_skydesk_is_tried_out(
    password: str, groups: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = _configured("dev", monkeypatch)
    c.SharedPasswordAuthenticator.password_groups = {"for the default group": ["default"]}
    authenticator = SharedPasswordAuthenticator(config=c)
    found = asyncio.run(authenticator.authenticate(None, {"username": "vera", "password": password}))
    assert (found and found["groups"]) == groups


def test_both_charts_speak_of_the_same_things() -> None:
    hub = values_file("values-base.yaml")["hub"]
    [mount] = hub["extraVolumeMounts"]
    [volume] = hub["extraVolumes"]
    assert objects("dev", "ConfigMap", volume["configMap"]["name"])
    assert mount["mountPath"] == "/etc/skydesk/policy"
    [port] = objects("dev", "Service", "skydesk")[0]["spec"]["ports"]
    assert f"http://skydesk:{port['port']}" in hub["extraConfig"]["50-skydesk"]
    claim = hub["config"]["SkydeskKubeSpawner"]["jobs_claim"]
    assert any(each["metadata"]["namespace"] == "hub" for each in objects("dev", "PersistentVolumeClaim", claim))
    secrets = {each["key"] for each in _secret_references(objects("production")) if each["name"] == "hub"}
    assert secrets == {f"hub.services.{name}.apiToken" for name in hub["services"] if name != "skydesk-hub"}


def _secret_references(node: Any) -> list[dict[str, str]]:
    if isinstance(node, list):
        return [found for each in node for found in _secret_references(each)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("secretKeyRef", "credentials") if key in node]
    return own + [found for value in node.values() for found in _secret_references(value)]


@needs_z2jh
@pytest.mark.parametrize("name", LAYERS)
def test_no_pod_of_the_hubs_chart_reaches_the_metadata_of_the_cloud(name: str) -> None:
    values = _with_defaults(name)
    pods = {"hub": values["hub"], "chp": values["proxy"]["chp"], "traefik": values["proxy"]["traefik"], "lab": values["singleuser"]}
    for pod in pods.values():
        rules = pod["networkPolicy"]["egressAllowRules"]
        assert pod["networkPolicy"]["enabled"]
        assert not rules["cloudMetadataServer"]
        assert not rules["dnsPortsCloudMetadataServer"]


@pytest.mark.parametrize("file", sorted(path.name for path in (ROOT / "helm-values").glob("*.yaml")))
def test_yamllint_finds_nothing(file: str) -> None:
    config = ROOT / "helm-values/.yamllint"
    command = [sys.executable, "-m", "yamllint", "--strict", "--config-file", config, ROOT / "helm-values" / file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_yamllint_finds_nothing_in_the_chart() -> None:
    config = ROOT / "helm-values/.yamllint"
    files = [CHART / "Chart.yaml", CHART / "values.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", "yamllint", "--strict", "--config-file", config, *files], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
