"""Who may talk to whom. The test cluster's network does not enforce policies: what they say is evaluated here instead."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.helm.charts import VALUES, objects
from tests.helm.network import Place, may_connect

LAB = Place(namespace="hub", labels={"component": "singleuser-server", "app": "jupyterhub"})
OTHER_LAB = Place(namespace="hub", labels={"component": "singleuser-server", "app": "jupyterhub"}, address="10.0.0.100")
HUB = Place(namespace="hub", labels={"component": "hub"})
PROXY = Place(namespace="hub", labels={"component": "proxy"})
SERVICE = Place(
    namespace="hub",
    labels={"app.kubernetes.io/name": "skydesk", "app.kubernetes.io/instance": "skydesk", "app.kubernetes.io/component": "service"},
)
BACKUP = Place(namespace="hub", labels={**SERVICE.labels, "app.kubernetes.io/component": "backup"})
STRANGER = Place(namespace="hub", labels={"app": "something-else"})
JOB = Place(namespace="skydesk-jobs", labels={"app.kubernetes.io/component": "job"})
PROMETHEUS = Place(namespace="monitoring")
NEIGHBOUR = Place(namespace="elsewhere", labels=dict(SERVICE.labels))
NAMES = Place(namespace="kube-system")
METADATA = Place(address="169.254.169.254")
INTERNET = Place(address="198.51.100.7")
PRIVATE = Place(address="10.20.30.40")
CATALOGUE = Place(address="192.0.2.7")
CATALOGUE_INSIDE = Place(namespace="catalogues")
DATABASE = Place(address="192.0.2.10")
API = Place(address="192.0.2.1")


@pytest.fixture(scope="module")
def policies() -> list[dict[str, Any]]:
    return objects("everything", "NetworkPolicy")


@pytest.mark.parametrize(
    ("source", "target", "port", "allowed"),
    [
        pytest.param(LAB, HUB, 8081, True, id="a lab reaches the hub"),
        pytest.param(LAB, PROXY, 8000, True, id="a lab reaches the proxy"),
        pytest.param(LAB, PROXY, 8001, False, id="a lab does not reach the proxy's API"),
        pytest.param(LAB, SERVICE, 10180, True, id="a lab reaches the service"),
        pytest.param(LAB, OTHER_LAB, 8888, False, id="a lab does not reach another lab"),
        pytest.param(LAB, INTERNET, 443, True, id="a lab reaches the world"),
        pytest.param(LAB, INTERNET, 25, False, id="a lab sends no mail"),
        pytest.param(LAB, PRIVATE, 443, False, id="a lab does not reach the site's own network"),
        pytest.param(LAB, CATALOGUE, 1521, False, id="a lab does not reach the catalogue"),
        pytest.param(LAB, DATABASE, 5432, False, id="a lab does not reach the database"),
        pytest.param(LAB, JOB, 80, False, id="a lab does not reach a job"),
        pytest.param(HUB, LAB, 8888, True, id="the hub reaches a lab"),
        pytest.param(PROXY, LAB, 8888, True, id="the proxy reaches a lab"),
        pytest.param(STRANGER, LAB, 8888, False, id="no other pod reaches a lab"),
        pytest.param(HUB, SERVICE, 10180, True, id="the hub reaches the service"),
        pytest.param(PROXY, SERVICE, 10180, True, id="the proxy reaches the service"),
        pytest.param(JOB, SERVICE, 10180, True, id="a job reaches the service"),
        pytest.param(JOB, CATALOGUE, 1521, True, id="a job reaches the catalogue"),
        pytest.param(JOB, CATALOGUE_INSIDE, 5432, True, id="a job reaches a catalogue in the cluster"),
        pytest.param(LAB, CATALOGUE_INSIDE, 5432, False, id="a lab does not reach a catalogue in the cluster"),
        pytest.param(JOB, HUB, 8081, False, id="a job does not reach the hub"),
        pytest.param(JOB, LAB, 8888, False, id="a job does not reach a lab"),
        pytest.param(JOB, DATABASE, 5432, False, id="a job does not reach the database"),
        pytest.param(JOB, INTERNET, 443, False, id="a job does not reach the world"),
        pytest.param(JOB, API, 6443, False, id="a job does not reach the cluster's API"),
        pytest.param(LAB, API, 6443, False, id="a lab does not reach the cluster's API"),
        pytest.param(SERVICE, HUB, 8081, True, id="the service reaches the hub"),
        pytest.param(SERVICE, CATALOGUE, 1521, True, id="the service reaches the catalogue"),
        pytest.param(SERVICE, DATABASE, 5432, True, id="the service reaches its database"),
        pytest.param(SERVICE, API, 6443, True, id="the service reaches the cluster's API"),
        pytest.param(SERVICE, INTERNET, 443, False, id="the service does not reach the world"),
        pytest.param(SERVICE, LAB, 8888, False, id="the service does not reach a lab"),
        pytest.param(BACKUP, DATABASE, 5432, True, id="the backup reaches the database"),
        pytest.param(BACKUP, INTERNET, 443, False, id="the backup does not reach the world"),
        pytest.param(PROMETHEUS, SERVICE, 10180, True, id="Prometheus reaches the service"),
        pytest.param(PROMETHEUS, LAB, 8888, False, id="Prometheus does not reach a lab"),
        pytest.param(NEIGHBOUR, SERVICE, 10180, False, id="a pod of another namespace does not reach the service"),
        pytest.param(STRANGER, SERVICE, 10180, False, id="a pod beside the hub does not reach the service"),
        pytest.param(STRANGER, INTERNET, 443, False, id="a pod beside the hub reaches nothing"),
    ],
)
def test_only_what_is_needed_is_open(policies: list[dict[str, Any]], source: Place, target: Place, port: int, allowed: bool) -> None:
    assert may_connect(policies, source, target, port) is allowed


@pytest.mark.parametrize("port", [80, 443, 53, 8080])
@pytest.mark.parametrize("source", [LAB, SERVICE, JOB, BACKUP, STRANGER], ids=["lab", "service", "job", "backup", "other"])
def test_nobody_reaches_the_metadata_of_the_cloud(policies: list[dict[str, Any]], source: Place, port: int) -> None:
    assert not may_connect(policies, source, METADATA, port)
    assert not may_connect(policies, source, METADATA, port, "UDP")


@pytest.mark.parametrize("source", [LAB, SERVICE, JOB, BACKUP], ids=["lab", "service", "job", "backup"])
def test_everybody_can_ask_for_names(policies: list[dict[str, Any]], source: Place) -> None:
    assert may_connect(policies, source, NAMES, 53, "UDP")
    assert not may_connect(policies, source, NAMES, 443)


def test_with_an_open_range_for_the_api_the_metadata_stays_closed() -> None:
    assert not may_connect(objects("dev", "NetworkPolicy"), SERVICE, METADATA, 443)
    assert may_connect(objects("dev", "NetworkPolicy"), SERVICE, Place(address="198.51.100.1"), 6443)


@pytest.mark.parametrize("values", VALUES)
def test_every_exception_is_a_part_of_its_range(values: str) -> None:
    """Or the cluster refuses the policy, which no schema says."""
    rules = [rule for each in objects(values, "NetworkPolicy") for rule in each["spec"].get("egress", [])]
    blocks = [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]
    assert blocks
    for block in blocks:
        whole = ip_network(block["cidr"])
        assert all(ip_network(part) != whole and ip_network(part).subnet_of(whole) for part in block.get("except", []))
        assert block.get("except") or ip_address(METADATA.address) not in whole
