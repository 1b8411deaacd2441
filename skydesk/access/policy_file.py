"""Read policy files, every fault named."""

import math
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

from ..errors import InvalidPolicy
from ..toml_reader import Faults, Section, read_toml
from .entitlements import ADMIN, HUB, CutoutLimits, Entitlements, JobLimits, QueryLimits, TableLimits
from .policy import Group, LabProfile, Policy

__all__ = ["default_policy", "read_policy"]

_DEFAULT = Path(__file__).parent / "policies" / "desaccess.toml"
_GIB = 2**30
_NOT_NEGATIVE = -5e-324
"""Above this is 0 and all that is positive."""

_PROFILE_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}", re.ASCII)
_GROUP_NAME = re.compile(r"\S(?:.{0,253}\S)?")
_TOLERATION_KEYS = ("key", "operator", "value", "effect")


@cache
def default_policy() -> Policy:
    """The policy that ships: the three views of DESaccess and what may be added to them."""
    return read_policy(_DEFAULT)


def read_policy(path: Path) -> Policy:
    """Read a policy file (TOML).

    Raises
    ------
    InvalidPolicy
        It cannot be read, or something in it is wrong; every fault is named.
    """
    faults = Faults()
    document = read_toml(path, faults, "policy", "name a policy file, or leave SKYDESK_POLICY empty for the one that ships")
    if document is None:
        raise InvalidPolicy(faults)
    root = Section(document, "", faults)
    profiles = {profile.name: profile for profile in _profiles(root.section("profiles", required=False))}
    groups = {group.name: group for group in _groups(root.section("groups", required=False), profiles)}
    _require_groups_exist(groups, faults)
    root.finish()
    if faults:
        raise InvalidPolicy(faults)
    return Policy(profiles=profiles, groups=groups)


def _profiles(section: Section) -> list[LabProfile]:
    if not section.values:
        section.fault("", "names no lab profile; the first of them is what a lab has before anything more is granted")
    return [_profile(name, section.section(name)) for name in section.names()]


def _profile(name: str, section: Section) -> LabProfile:
    if not _PROFILE_NAME.fullmatch(name):
        section.fault("", "is no name for a profile; use at most 30 of a-z, 0-9 and -, a letter first")
    cpu_request, cpu_limit = section.least_and_most("cpu")
    memory_request, memory_limit = section.least_and_most("memory_gib")
    extensions = section.integer("extensions", 0)
    extension_seconds = section.number("extension_hours", 0, above=_NOT_NEGATIVE) * 3600
    if extensions and not extension_seconds > 0:
        section.fault("extension_hours", "must be above 0 where extensions are allowed")
    longest_seconds = section.number("longest_hours", above=0) * 3600
    holders = section.integer("holders", 1, least=1) if "holders" in section.values else None
    profile = LabProfile(
        name=name,
        title=section.text("title"),
        description=section.text("description", ""),
        image=section.text("image", ""),
        cpu_request=cpu_request,
        cpu_limit=cpu_limit,
        memory_request_bytes=round(memory_request * _GIB),
        memory_limit_bytes=round(memory_limit * _GIB),
        gpus=section.integer("gpus", 0),
        node_selector=_texts_by_name(section.section("node_selector", required=False)),
        tolerations=tuple(_toleration(each) for each in section.sections("tolerations", required=False)),
        longest_seconds=longest_seconds,
        idle_seconds=section.number("idle_minutes", above=0) * 60,
        extensions=extensions,
        extension_seconds=extension_seconds,
        holders=holders,
        gpu_labs_each=section.integer("gpu_labs_each", 1, least=1),
        hold_seconds=section.number("hold_minutes", 10, above=0) * 60,
        warnings_seconds=_warnings(section),
    )
    if profile.gpus and holders is None:
        section.fault("holders", "must be set where there are GPUs; say how many GPU labs there is room for, so that the others can queue")
    section.finish()
    return profile


def _texts_by_name(section: Section) -> dict[str, str]:
    return {name: section.text(name) for name in section.names()}


def _toleration(section: Section) -> dict[str, str]:
    given = {key: section.text(key, "") for key in _TOLERATION_KEYS}
    section.finish()
    return {key: value for key, value in given.items() if value}


def _warnings(section: Section) -> tuple[float, ...]:
    minutes = section.numbers("warnings_minutes", (60, 15, 5), above=0)
    return tuple(sorted((each * 60 for each in set(minutes)), reverse=True))


def _groups(section: Section, profiles: Collection[str]) -> list[Group]:
    if not section.values:
        section.fault("", "names no group; nobody would be let in")
    found: list[Group] = []
    for name in section.names():
        group = _group(name, section.section(name), profiles)
        if any(group.name == other.name for other in found):
            section.fault(name, "is there already, but for letter case, which is ignored in groups")
        found.append(group)
    return found


def _group(name: str, section: Section, profiles: Collection[str]) -> Group:
    if not _GROUP_NAME.fullmatch(name):
        section.fault("", "is no name for a group; it must not be empty, nor begin or end with a space, nor be longer than 255")
    granted = section.texts("profiles", ())
    for profile in granted:
        if profile not in profiles:
            section.fault("profiles", f"names {profile!r}, which is no profile of this file; there are {', '.join(profiles)}")
    group = Group(
        name=name.casefold(),
        title=section.text("title", name),
        entitlements=Entitlements(
            services=_services(section),
            releases=frozenset(section.texts("releases", ())),
            query=_query_limits(section.section("query", required=False)),
            cutout=_cutout_limits(section.section("cutout", required=False)),
            jobs=_job_limits(section.section("jobs", required=False)),
            tables=_table_limits(section.section("tables", required=False)),
        ),
        profiles=granted,
        gpu_hours_per_week=_hours(section, "gpu_hours_per_week"),
        gpu_hours_per_week_each=_hours(section, "gpu_hours_per_week_each"),
        rights=section.subset("rights", ("monitor", "admin")),
        administers=frozenset(each.casefold() for each in section.texts("administers", ())),
        denies=section.subset("denies", ("jobs", "labs")),
    )
    section.finish()
    return group


def _services(section: Section) -> frozenset[str]:
    named = frozenset(section.texts("services", ()))
    for name in sorted(named & {ADMIN, HUB}):
        section.fault("services", f"names {name!r}, which is not granted here; rights and administers open admin, and hub is the hub's own")
    return named


def _hours(section: Section, key: str) -> float | None:
    hours = section.number(key, 0, above=_NOT_NEGATIVE)
    return hours if key in section.values else None


def _bytes(section: Section, key: str) -> int:
    gib = section.number(key, 0, above=_NOT_NEGATIVE)
    return 0 if math.isnan(gib) else round(gib * _GIB)


def _query_limits(section: Section) -> QueryLimits:
    least = QueryLimits()
    limits = QueryLimits(
        max_rows=section.integer("max_rows", least.max_rows),
        max_result_bytes=_bytes(section, "max_result_gib"),
        max_seconds=section.number("max_seconds", least.max_seconds, above=_NOT_NEGATIVE),
        quick_seconds=section.number("quick_seconds", least.quick_seconds, above=0),
        quick_rows=section.integer("quick_rows", least.quick_rows, least=1),
    )
    section.finish()
    return limits


def _cutout_limits(section: Section) -> CutoutLimits:
    least = CutoutLimits()
    limits = CutoutLimits(
        max_positions=section.integer("max_positions", least.max_positions),
        max_result_bytes=_bytes(section, "max_result_gib"),
        max_seconds=section.number("max_seconds", least.max_seconds, above=_NOT_NEGATIVE),
        quick_positions=section.integer("quick_positions", least.quick_positions),
    )
    section.finish()
    return limits


def _job_limits(section: Section) -> JobLimits:
    least = JobLimits()
    limits = JobLimits(
        concurrent=section.integer("concurrent", least.concurrent),
        queued=section.integer("queued", least.queued),
        memory_bytes=_bytes(section, "memory_gib"),
        lifetime_seconds=section.number("lifetime_days", least.lifetime_seconds / 86400, above=0) * 86400,
        warning_seconds=section.number("warning_days", least.warning_seconds / 86400, above=_NOT_NEGATIVE) * 86400,
        max_renewals=section.integer("max_renewals", least.max_renewals),
    )
    section.finish()
    return limits


def _table_limits(section: Section) -> TableLimits:
    limits = TableLimits(max_bytes=_bytes(section, "max_gib"), max_tables=section.integer("max_tables", TableLimits().max_tables))
    section.finish()
    return limits


def _require_groups_exist(groups: dict[str, Group], faults: Faults) -> None:
    for group in groups.values():
        for other in sorted(group.administers - set(groups)):
            faults.add(f"groups.{group.name}.administers", f"names {other!r}, which is no group of this file")
