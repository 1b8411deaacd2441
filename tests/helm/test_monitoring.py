"""Alerts and dashboards speak of metrics that exist, with labels that they have."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jsonschema
import jupyterhub.metrics  # noqa: F401  (registers the hub's)
import promql_parser
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from skydesk.access import default_policy
from skydesk.leases.model import Charge
from skydesk.leases.service import LeaseService
from skydesk_server.metrics import Metrics
from tests.fakes.fake_lease_store import FakeLeaseStore
from tests.fakes.jobstore import FakeJobStore
from tests.helm.charts import objects
from tests.helm.render import CHART, ROOT

OTHERS = {
    "up": {"job", "namespace", "instance"},  # Prometheus itself
    "kubelet_volume_stats_available_bytes": {"namespace", "persistentvolumeclaim"},  # the kubelet
    "kubelet_volume_stats_capacity_bytes": {"namespace", "persistentvolumeclaim"},
    "kube_resourcequota": {"namespace", "resourcequota", "resource", "type"},  # kube-state-metrics
    "kube_cronjob_status_last_successful_time": {"namespace", "cronjob"},
}
"""Metrics of other programs, which the operator's guide says are needed, and their labels."""

SCRAPED = {"job", "instance", "namespace", "pod", "service"}
"""Labels that Prometheus adds to whatever it reads from pods."""

OBJECTS: dict[str, dict[str, Any]] = {
    "ServiceMonitor": {
        "type": "object",
        "required": ["selector", "endpoints"],
        "additionalProperties": False,
        "properties": {
            "selector": {
                "type": "object",
                "required": ["matchLabels"],
                "additionalProperties": False,
                "properties": {"matchLabels": {"minProperties": 1}},
            },
            "endpoints": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["port", "path", "authorization"],
                    "additionalProperties": False,
                    "properties": {
                        "port": {"type": "string"},
                        "path": {"type": "string", "pattern": "^/"},
                        "interval": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
                        "authorization": {
                            "type": "object",
                            "required": ["type", "credentials"],
                            "additionalProperties": False,
                            "properties": {"type": {"const": "Bearer"}, "credentials": {"type": "object", "required": ["name", "key"]}},
                        },
                    },
                },
            },
        },
    },
    "PrometheusRule": {
        "type": "object",
        "required": ["groups"],
        "additionalProperties": False,
        "properties": {
            "groups": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "rules"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string"},
                        "rules": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "required": ["alert", "expr", "for", "labels", "annotations"],
                                "additionalProperties": False,
                                "properties": {
                                    "alert": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
                                    "expr": {"type": "string", "minLength": 1},
                                    "for": {"type": "string", "pattern": "^[0-9]+(s|m|h)$"},
                                    "labels": {
                                        "type": "object",
                                        "properties": {"severity": {"enum": ["critical", "warning"]}},
                                        "required": ["severity"],
                                    },
                                    "annotations": {"type": "object", "required": ["summary"]},
                                },
                            },
                        },
                    },
                },
            }
        },
    },
}
"""The fields that are used here, as the Prometheus operator's v1 types have them."""


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_prometheus_operator_takes_what_it_is_given(kind: str) -> None:
    found = objects("everything", kind)
    assert found
    for each in found:
        assert each["apiVersion"] == "monitoring.coreos.com/v1"
        assert each["metadata"]["labels"]["release"] == "prometheus"
        jsonschema.validate(each["spec"], OBJECTS[kind])


def _alerts() -> dict[str, dict[str, Any]]:
    [rules] = objects("everything", "PrometheusRule")
    return {rule["alert"]: rule for group in rules["spec"]["groups"] for rule in group["rules"]}


def _dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((CHART / "files/dashboards").glob("*.json"))}


def _expressions() -> dict[str, str]:
    shown = {
        f"{name}: {panel['title']} {target['refId']}": target["expr"]
        for name, dashboard in _dashboards().items()
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    return {**{name: rule["expr"] for name, rule in _alerts().items()}, **shown}


@pytest.fixture(scope="module")
def metrics() -> dict[str, set[str]]:
    """Every metric of the service and of the hub, with its labels."""
    leases, now = FakeLeaseStore(), datetime(2026, 11, 22, tzinfo=UTC)
    charge = Charge(lease_id="l", owner="vera", group="gpu", gpus=1, from_at=now, until_at=now + timedelta(hours=1))
    leases.write(lambda book: book.keep_charge(charge))
    services = SimpleNamespace(
        mode="hub",
        policy=default_policy(),
        store=FakeJobStore(),
        leases=LeaseService(leases, policy=default_policy()),
        runner=SimpleNamespace(worker_starts=1),
    )
    own = Metrics()
    own.watch_jobs(lambda: services)  # type: ignore[arg-type, return-value]
    own.observe("GET", "session", 200, 0.1)
    with own.running("GET", "session"):
        families = list(text_string_to_metric_families(own.text().decode()))
    found = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    hubs = {name: collector for name, collector in REGISTRY._names_to_collectors.items() if name.startswith("jupyterhub_")}
    return found | {name: {*collector._labelnames, "le"} for name, collector in hubs.items()} | OTHERS


@pytest.mark.parametrize("where", _expressions())
def test_every_metric_exists_and_has_the_labels_that_are_asked_for(where: str, metrics: dict[str, set[str]]) -> None:
    parsed = promql_parser.parse(_expressions()[where])
    selectors = list(_selectors(parsed))
    assert selectors
    for selector in selectors:
        assert selector.name in metrics, selector.name
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= metrics[selector.name] | SCRAPED, selector.name
    grouped = {label for labels in re.findall(r"\bby \(([^)]*)\)", _expressions()[where]) for label in re.split(r",\s*", labels)}
    assert grouped <= set().union(*(metrics[selector.name] for selector in selectors))


def _selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        if (child := getattr(node, name, None)) is not None:
            yield from _selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from _selectors(child)


def test_a_metric_that_nobody_has_would_be_found(metrics: dict[str, set[str]]) -> None:
    [selector] = _selectors(promql_parser.parse("sum(rate(skydesk_no_such_metric_total[5m]))"))
    assert selector.name not in metrics


def test_the_guide_says_of_every_alert_what_it_means() -> None:
    guide = (ROOT / "docs/kubernetes.md").read_text()
    assert set(re.findall(r"^`(\w+)`\n: ", guide, re.MULTILINE)) == set(_alerts())
    for name in OTHERS.keys() - {"up"}:
        assert re.search(rf"`{name.split('_')[0]}", guide), name


def test_every_dashboard_is_found_by_its_label_and_has_whole_panels() -> None:
    maps = [each for each in objects("everything", "ConfigMap") if each["metadata"]["labels"].get("grafana_dashboard") == "1"]
    assert {name for each in maps for name in each["data"]} == {f"{name}.json" for name in _dashboards()}
    for each in maps:
        [text] = each["data"].values()
        dashboard = json.loads(text)
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert all(panel["title"] and panel["targets"] and panel["gridPos"]["w"] for panel in panels)
        corners = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
        assert len(corners) == len(panels)


def test_without_the_operators_kinds_nothing_of_them_is_installed() -> None:
    assert not objects("dev", "ServiceMonitor")
    assert not objects("dev", "PrometheusRule")
