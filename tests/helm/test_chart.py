"""The chart of what the hub's own lacks: what Helm makes of it, and what the cluster would take."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from traitlets.config import Config

import skydesk.backends.kubernetes_runner.api as kubernetes_api
from skydesk.kubernetes_settings import KubernetesJobs
from skydesk.settings import SkydeskSettings
from skydesk_server.hub_service import HubService
from tests.helm.charts import EVERYTHING, VALUES, objects, pods
from tests.helm.render import CHART, ROOT, Refused, overlaid, render

OLDEST, NEWEST = "1.29", kubernetes_validate.latest_version()
CUSTOM = {"ServiceMonitor", "PrometheusRule"}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", VALUES)
def test_a_cluster_takes_every_object(values: str, version: str) -> None:
    found = [each for each in objects(values) if each["kind"] not in CUSTOM]
    assert len(found) > 15
    for each in found:
        kubernetes_validate.validate(each, version, strict=True)


def test_the_strict_check_refuses_a_field_that_does_not_exist() -> None:
    [deployment] = objects("dev", "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(overlaid(deployment, {"spec": {"replicaz": 1}}), NEWEST, strict=True)


@pytest.mark.parametrize("values", VALUES)
def test_no_two_objects_have_the_same_name(values: str) -> None:
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects(values)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("values", VALUES)
def test_every_object_says_which_namespace_it_belongs_to(values: str) -> None:
    cluster_wide = {"Namespace", "PersistentVolume"}
    for each in objects(values):
        assert each["metadata"].get("namespace") in ({None} if each["kind"] in cluster_wide else {"hub", "skydesk-jobs"})


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"servise": {}}, "servise"),
        ({"service": {"prot": 1}}, "prot"),
        ({"service": {"port": 0}}, "port"),
        ({"service": {"resources": {"limits": {"cpu": "lots"}}}}, "cpu"),
        ({"hub": {"apiUrl": "hub:8081"}}, "apiUrl"),
        ({"database": {"sslMode": "maybe"}}, "sslMode"),
        ({"jobs": {"quota": {"pods": 7}}}, "pods"),
        ({"jobs": {"namespace": "Jobs!"}}, "namespace"),
        ({"networkPolicies": {"catalogue": [{"cidr": "oracle.example.org", "port": 1521}]}}, "cidr"),
        ({"networkPolicies": {"database": [{"port": 5432}]}}, "cidr"),
        ({"networkPolicies": {"mail": [{"cidr": "192.0.2.1/32", "namespace": "mail", "port": 25}]}}, "oneOf"),
        ({"volumes": {"jobs": {"source": {"nfs": {"server": "a"}}}}}, "path"),
        ({"backup": {"schedule": "daily"}}, "schedule"),
        ({"monitoring": {"alerts": {"errorShare": 5}}}, "errorShare"),
        ({"survey": {"file": "/abs/survey.toml"}}, "file"),
    ],
    ids=lambda given: json.dumps(given) if isinstance(given, dict) else "",
)
def test_a_mistake_in_the_values_is_refused_by_name(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(Refused, match=word):
        render(overlaid(VALUES["dev"], wrong))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "volumes.jobs.source is empty"),
        (overlaid(VALUES["dev"], {"backup": {"enabled": True}}), "backup.enabled needs PostgreSQL"),
    ],
    ids=["no storage", "backup of SQLite"],
)
def test_what_cannot_work_is_refused_in_a_sentence(values: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        render(values)


def test_every_value_has_a_schema_that_takes_nothing_else() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    open_objects = [path for path, node in _nodes(schema) if node.get("type") == "object" and "additionalProperties" not in node]
    passed_through = {
        "global",
        "SkydeskSettings",
        "KubernetesJobs",
        "HubService",
        "csi",
        "cephfs",
        "items",
    }  # whose keys are another program's
    assert {path[-1] for path in open_objects} == passed_through
    assert set(yaml.safe_load((CHART / "values.yaml").read_text())) == set(schema["properties"]) - {"global"}


def _nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(node, Mapping):
        yield path, dict(node)
        for key, value in node.items():
            yield from _nodes(value, (*path, key))


@pytest.mark.parametrize("values", VALUES)
def test_no_container_has_rights_that_it_does_not_need(values: str) -> None:
    found = pods(values)
    assert len(found) == (1 if values == "dev" else 2)
    for pod in found.values():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            security = container["securityContext"]
            assert security == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            assert {"requests", "limits"} <= set(container["resources"])
            assert not container["image"].endswith((":", ":latest"))


def test_only_the_service_has_an_account_on_the_cluster() -> None:
    found = pods("everything")
    assert found["skydesk"]["automountServiceAccountToken"] is True
    assert found["skydesk-backup"]["automountServiceAccountToken"] is False
    assert [each["automountServiceAccountToken"] for each in objects("everything", "ServiceAccount")] == [False]


def test_the_service_may_start_and_end_jobs_and_nothing_else() -> None:
    assert not objects("everything", "ClusterRole")
    assert not objects("everything", "ClusterRoleBinding")
    [role], [binding] = objects("everything", "Role"), objects("everything", "RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "skydesk-jobs"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "skydesk", "namespace": "hub"}]
    granted = {resource: set(rule["verbs"]) for rule in role["rules"] for resource in rule["resources"]}
    assert granted == {
        "jobs": {"create", "get", "list", "watch", "delete"},
        "pods": {"list", "watch"},
        "secrets": {"create"},
        "events": {"list"},
    }


def test_the_role_has_a_verb_for_every_call_of_the_runner_and_no_other() -> None:
    code = inspect.getsource(kubernetes_api)
    verbs = {"POST": "create", "DELETE": "delete"}
    calls = re.findall(r'_call\("(\w+)", "(\w+)"(, name)?', code)
    needed = {(kind, verbs.get(method) or ("get" if named else "list")) for method, kind, named in calls}
    followed = re.findall(r'_Reflector\(self, "(\w+)"', code)
    needed |= {(kind, verb) for kind in followed for verb in ("list", "watch")}
    [role] = objects("production", "Role")
    assert needed == {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}


def test_jobs_have_no_gpu_and_labs_only_those_that_there_are() -> None:
    quotas = {each["metadata"]["name"]: each["spec"]["hard"] for each in objects("production", "ResourceQuota")}
    assert quotas["skydesk-jobs"]["requests.nvidia.com/gpu"] == "0"
    assert quotas["skydesk-labs"]["requests.nvidia.com/gpu"] == "4"
    # a quota of processors or memory in the hub's namespace would refuse every pod of its chart that asks for none
    assert set(quotas["skydesk-labs"]) == {"requests.nvidia.com/gpu", "persistentvolumeclaims"}


def test_the_jobs_namespace_takes_only_restricted_pods() -> None:
    [namespace] = objects("production", "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_each_volume_is_bound_in_both_namespaces_to_the_same_storage() -> None:
    volumes = {each["metadata"]["name"]: each["spec"] for each in objects("production", "PersistentVolume")}
    claims = objects("production", "PersistentVolumeClaim")
    shared = [each for each in claims if each["spec"].get("volumeName")]
    assert {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in shared} == {
        (namespace, name) for namespace in ("hub", "skydesk-jobs") for name in ("skydesk-jobs", "skydesk-survey", "skydesk-cache")
    }
    for claim in shared:
        volume = volumes[claim["spec"]["volumeName"]]
        assert volume["claimRef"] == {key: claim["metadata"][key] for key in ("namespace", "name")}
        assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    sources = [volumes[f"skydesk-jobs-{namespace}"]["nfs"] for namespace in ("hub", "skydesk-jobs")]
    assert sources[0] == sources[1]


def test_a_driver_gets_a_handle_for_each_namespace() -> None:
    handles = {each["spec"]["csi"]["volumeHandle"] for each in objects("everything", "PersistentVolume") if "csi" in each["spec"]}
    assert handles == {"survey-hub", "survey-skydesk-jobs"}


def test_what_holds_data_outlives_the_release() -> None:
    kept = [*objects("everything", "PersistentVolumeClaim"), *objects("everything", "Namespace")]
    assert len(kept) == 9
    assert all(each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for each in kept)


def test_the_policy_is_the_one_that_ships_unless_another_is_given() -> None:
    shipped = (ROOT / "skydesk/access/policies/desaccess.toml").read_text()
    assert (CHART / "files/policy.toml").read_text() == shipped
    assert _policy("production").strip() == shipped.strip()
    assert _policy("everything").strip() == EVERYTHING["policy"].strip()


def _policy(values: str) -> str:
    [policy] = objects(values, "ConfigMap", "skydesk-policy")
    return str(policy["data"]["policy.toml"])


@pytest.mark.parametrize("values", VALUES)
def test_every_setting_of_the_service_exists(values: str) -> None:
    [config] = objects(values, "ConfigMap", "skydesk-config")
    settings = json.loads(config["data"]["skydesk.json"])
    assert set(settings) == {"SkydeskSettings", "KubernetesJobs", "HubService"}
    for kind in (SkydeskSettings, KubernetesJobs, HubService):
        assert set(settings[kind.__name__]) <= set(kind.class_traits(config=True))


def test_the_service_reads_its_settings_from_the_file_that_is_mounted(tmp_path: Path) -> None:
    [config] = objects("production", "ConfigMap", "skydesk-config")
    (tmp_path / "skydesk.json").write_text(config["data"]["skydesk.json"])
    application = HubService()
    application.initialize(["--config", str(tmp_path / "skydesk.json")])
    settings = SkydeskSettings(parent=application)
    assert settings.jobs_folder == "/srv/skydesk/jobs"
    assert settings.mail_from == "skydesk@example.org"
    mounted = {mount["mountPath"] for mount in pods("production")["skydesk"]["containers"][0]["volumeMounts"]}
    assert {settings.jobs_folder, settings.data_folder, str(Path(settings.policy_file).parent)} <= mounted
    assert str(Path(settings.survey_file).parent) in mounted


def test_jobs_find_the_service_their_files_and_the_survey_where_the_chart_has_them() -> None:
    application = HubService()
    application.update_config(Config(_settings("everything")))
    settings, jobs = SkydeskSettings(parent=application), KubernetesJobs(parent=application)
    assert settings.job_runner == "kubernetes"
    assert jobs.report_address == "http://skydesk.hub:10180/lab/services/skydesk"
    claims = {
        each["metadata"]["name"]
        for each in objects("everything", "PersistentVolumeClaim")
        if each["metadata"]["namespace"] == jobs.namespace
    }
    assert {jobs.jobs_claim, jobs.survey_claim, jobs.cache_claim} == claims
    # a request names paths as the service has them
    assert (jobs.jobs_mount, jobs.survey_file) == (settings.jobs_folder, "")
    assert settings.survey_file.startswith(f"{jobs.survey_mount}/")
    assert settings.image_cache_folder == f"{jobs.cache_mount}/images"
    security = pods("everything")["skydesk"]["securityContext"]
    assert (jobs.user_id, jobs.group_id) == (security["runAsUser"], security["runAsGroup"])


@pytest.mark.parametrize("values", VALUES)
def test_the_quota_has_room_for_as_many_jobs_as_run_at_once(values: str) -> None:
    settings = _settings(values)
    [quota] = [each["spec"]["hard"] for each in objects(values, "ResourceQuota", "skydesk-jobs")]
    assert settings["SkydeskSettings"]["workers"] <= int(quota["pods"]) <= int(quota["count/jobs.batch"])


def _settings(values: str) -> dict[str, Any]:
    [config] = objects(values, "ConfigMap", "skydesk-config")
    return dict(json.loads(config["data"]["skydesk.json"]))


def test_the_password_of_the_database_stands_in_no_url_and_no_map() -> None:
    [container] = pods("production")["skydesk"]["containers"]
    variables = {each["name"]: each for each in container["env"]}
    assert variables["PGPASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "skydesk-database", "key": "password"}
    assert variables["SKYDESK_DATABASE_URL"]["value"] == "postgresql+psycopg://$(PGUSER)@$(PGHOST):$(PGPORT)/$(PGDATABASE)"
    names = list(variables)
    assert names.index("SKYDESK_DATABASE_URL") > max(
        names.index(name) for name in names if name.startswith("PG")
    )  # or $(...) stays as it is


def test_a_change_of_the_policy_restarts_the_service() -> None:
    checksums = set()
    for values in (VALUES["dev"], overlaid(VALUES["dev"], {"policy": "# another"})):
        [deployment] = [each for each in render(values) if each["kind"] == "Deployment"]
        checksums.add(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"])
    assert len(checksums) == 2


def test_the_service_waits_for_its_tables() -> None:
    [migrate] = [each for each in pods("production")["skydesk"]["initContainers"] if each["name"] == "migrate"]
    assert migrate["command"] == ["python", "-m", "skydesk.backends.jobstore", "$(SKYDESK_DATABASE_URL)"]


def test_a_hub_below_a_path_has_its_service_there() -> None:
    [container] = pods("everything")["skydesk"]["containers"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    assert variables["JUPYTERHUB_SERVICE_PREFIX"] == "/lab/services/skydesk/"
    assert container["readinessProbe"]["httpGet"]["path"] == "/lab/services/skydesk/health"


@pytest.mark.parametrize("values", VALUES)
def test_helm_lint_finds_nothing(values: str) -> None:
    code = """import json, sys
from helm_python.chart import lint
print(json.dumps(lint(sys.argv[1], json.loads(sys.argv[2]), strict=True, namespace="hub")))"""
    command = [sys.executable, "-c", code, CHART, json.dumps(VALUES[values])]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert (found["total_charts_linted"], found["errors"]) == (1, [])
    assert [each for each in found["messages"] if each["error"] != "icon is recommended"] == []
