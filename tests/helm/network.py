"""What NetworkPolicies allow, as Kubernetes' documentation has it: what is selected by none is open, and rules add up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Place:
    """A pod, or with a bare address something outside the cluster."""

    address: str = "10.0.0.99"
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def may_connect(policies: Iterable[Mapping[str, Any]], source: Place, target: Place, port: int, protocol: str = "TCP") -> bool:
    """Tell whether a connection is let out of its source and in to its target."""
    given = list(policies)
    return _open(given, "Egress", source, target, port, protocol) and _open(given, "Ingress", target, source, port, protocol)


def _open(policies: list[Mapping[str, Any]], direction: str, subject: Place, peer: Place, port: int, protocol: str) -> bool:
    mine = [each["spec"] for each in policies if each["metadata"]["namespace"] == subject.namespace]
    mine = [spec for spec in mine if direction in spec["policyTypes"] and _selects(spec["podSelector"], subject.labels)]
    if not mine:
        return True
    peers, rules = ("to", "egress") if direction == "Egress" else ("from", "ingress")
    return any(
        _ports(rule, port, protocol) and any(_is_peer(each, peer, subject.namespace) for each in rule.get(peers, [{"any": True}]))
        for spec in mine
        for rule in spec.get(rules, [])
    )


def _ports(rule: Mapping[str, Any], port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return ports is None or any(each.get("protocol", "TCP") == protocol and each["port"] == port for each in ports)


def _is_peer(rule: Mapping[str, Any], peer: Place, own_namespace: str | None) -> bool:
    if "any" in rule:
        return True
    if "ipBlock" in rule:
        block, address = rule["ipBlock"], ip_address(peer.address)
        excepted = any(address in ip_network(each) for each in block.get("except", []))
        # whether a block covers pods depends on the network plugin; ours are for what is outside
        return peer.namespace is None and address in ip_network(block["cidr"]) and not excepted
    if peer.namespace is None:
        return False
    if "namespaceSelector" in rule:
        right_namespace = _selects(rule["namespaceSelector"], {"kubernetes.io/metadata.name": peer.namespace})
    else:
        right_namespace = peer.namespace == own_namespace
    return right_namespace and _selects(rule.get("podSelector", {}), peer.labels)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    matched = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return matched and all(_matches(each, labels) for each in selector.get("matchExpressions", []))


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case other:
            raise NotImplementedError(f"the operator {other} is not known here")
