"""What membership of a group entitles a user to: services, releases, limits, labs."""

from .entitlements import (
    ADMIN,
    ALL,
    HUB,
    LOCAL_USER,
    NOBODY,
    CutoutLimits,
    Entitlements,
    JobLimits,
    QueryLimits,
    TableLimits,
    User,
    joined,
    scope_of,
)
from .policy import Group, LabProfile, Policy
from .policy_file import default_policy, read_policy

__all__ = [
    "ADMIN",
    "ALL",
    "HUB",
    "LOCAL_USER",
    "NOBODY",
    "CutoutLimits",
    "Entitlements",
    "Group",
    "JobLimits",
    "LabProfile",
    "Policy",
    "QueryLimits",
    "TableLimits",
    "User",
    "default_policy",
    "joined",
    "read_policy",
    "scope_of",
]
