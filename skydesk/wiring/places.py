"""What settings name: the policy and folders."""

from pathlib import Path

from ..access import Policy, default_policy, read_policy
from ..settings import SkydeskSettings

__all__ = ["image_cache_of", "jobs_folder_of", "jobs_root_of", "policy_of", "tables_folder_of"]


def policy_of(settings: SkydeskSettings) -> Policy:
    """The policy that the settings name, or the one that ships.

    Raises
    ------
    InvalidPolicy
        The file is wrong.
    """
    return read_policy(Path(settings.policy_file)) if settings.policy_file else default_policy()


def jobs_folder_of(settings: SkydeskSettings, owner: str) -> Path:
    """Where a user's job folders are, whether they exist or not."""
    from ..backends.job_folders import owner_folder

    return jobs_root_of(settings) / owner_folder(owner)


def jobs_root_of(settings: SkydeskSettings) -> Path:
    """Root of the job folders."""
    return Path(settings.jobs_folder).expanduser().resolve()


def image_cache_of(settings: SkydeskSettings) -> Path | None:
    """Folder of the images' seek indexes; None to keep them in memory."""
    return Path(settings.image_cache_folder).expanduser().resolve() if settings.image_cache_folder else None


def tables_folder_of(settings: SkydeskSettings) -> Path:
    """Folder of users' own tables."""
    return Path(settings.tables_folder).expanduser().resolve()
