"""Every setting, with its default; the one module that reads the environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from traitlets import Bool, Enum, Float, Int, Unicode, default, validate
from traitlets.config import Configurable

from .errors import Fault, InvalidRequest

__all__ = [
    "HubPlace",
    "SkydeskSettings",
    "hub_place",
    "jobs_folder_of_lab",
    "lab_server",
    "lab_upstream",
    "service_address",
    "tell_kernels",
]


class SkydeskSettings(Configurable):
    """Where SkyDesk finds the survey, keeps jobs, and how much of the machine it may take."""

    survey_file = Unicode(
        help="""The survey file (TOML) of the survey to serve. Empty for the demo survey. Default: $SKYDESK_SURVEY."""
    ).tag(config=True)
    policy_file = Unicode(
        help="""The policy file (TOML): which groups grant which services, limits and labs. The hub must read the same one.
        Empty for the policy that ships, the three views of DESaccess. Default: $SKYDESK_POLICY."""
    ).tag(config=True)
    data_folder = Unicode(
        help="""Folder for what SkyDesk keeps: the job database and, unless jobs_folder says otherwise, the job folders.
        Made when it is missing. Default: $SKYDESK_DATA_FOLDER, else the user's data folder."""
    ).tag(config=True)
    jobs_folder = Unicode(
        help="""Folder of the job folders, `<owner>/<job id>/` below it. With a hub it must be on a disk that the labs have
        mounted. Default: $SKYDESK_JOBS_FOLDER, else `jobs` in data_folder."""
    ).tag(config=True)
    tables_folder = Unicode(
        help="""Folder of users' own tables. With jobs on Kubernetes it must be on a disk that the pods of jobs have mounted too, at the
        same path and for reading. Default: $SKYDESK_TABLES_FOLDER, else `tables` in data_folder."""
    ).tag(config=True)
    database_url = Unicode(
        help="""SQLAlchemy URL of the database of jobs and history: sqlite:////path/to/file or
        postgresql+psycopg://user:password@host/name. Default: $SKYDESK_DATABASE_URL, else an SQLite file in data_folder."""
    ).tag(config=True)
    workers = Int(
        help="""Jobs that run at the same time on this machine, or on the cluster, all users together. At least 1. Default:
        $SKYDESK_WORKERS, else the number of processors, at most 4."""
    ).tag(config=True)
    job_runner = Enum(
        ["local", "kubernetes"],
        default_value="local",
        help="""Where jobs run: in processes of this machine, or in pods of a Kubernetes cluster, for which KubernetesJobs must be
        set too.""",
    ).tag(config=True)
    warm_workers = Int(1, min=0, help="""Workers kept waiting with their libraries loaded, so that a job begins at once.""").tag(
        config=True
    )
    worker_memory_bytes = Int(
        4 * 2**30, help="""Memory of one job of the local user of an embedded SkyDesk, bytes. With a hub, groups set it instead."""
    ).tag(config=True)
    catalog_memory_bytes = Int(2**30, help="""Memory that all quick queries together may take in the database, bytes.""").tag(config=True)
    catalog_threads = Int(2, min=1, help="""Threads that all quick queries together may take in the database.""").tag(config=True)
    catalog_temp_bytes = Int(8 * 2**30, help="""Disk space that statements may take for their intermediate results, bytes.""").tag(
        config=True
    )
    catalog_connections = Int(16, min=1, help="""Statements that may run in the service at the same time; more wait.""").tag(config=True)
    oracle_dsn = Unicode(
        help="""Where the Oracle database is, for survey files whose catalogue is of the kind `oracle`: host:port/service, or a connect
        descriptor. Needs oracle_user and oracle_password_file. Default: $SKYDESK_ORACLE_DSN."""
    ).tag(config=True)
    oracle_user = Unicode(
        help="""Account with which SkyDesk logs on to Oracle; best one that may do nothing but read the survey's tables.
        Default: $SKYDESK_ORACLE_USER."""
    ).tag(config=True)
    oracle_password_file = Unicode(
        help="""File with the password of oracle_user, on one line; jobs read it too, on Kubernetes from a Secret mounted with
        KubernetesJobs.extra_volumes at the same path. Default: $SKYDESK_ORACLE_PASSWORD_FILE."""
    ).tag(config=True)
    oracle_schema = Unicode(
        help="""Owner of the survey's tables in Oracle, such as DES_ADMIN. Empty for oracle_user itself.
        Default: $SKYDESK_ORACLE_SCHEMA."""
    ).tag(config=True)
    oracle_proxy = Bool(
        False,
        help="""Log on as `oracle_user[person]` for queries and jobs of a person, so that the person's own grants and profile hold.
        Each person needs an account of the same name there, with ALTER USER person GRANT CONNECT THROUGH oracle_user.""",
    ).tag(config=True)
    oracle_own_accounts = Bool(
        False,
        help="""Ask Oracle for each person with an account of their own, whose name and password they store with sky.account.store or
        PUT query/credentials; they are kept encrypted. Needs oracle_credentials_key_file; does not go with oracle_proxy.""",
    ).tag(config=True)
    oracle_credentials_key_file = Unicode(
        help="""File with the Fernet keys that people's passwords are encrypted with, one a line, the newest first; `python -c "from
        cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"` makes one. What is stored is encrypted anew with the
        first key whenever the service starts. Jobs read it too. Default: $SKYDESK_ORACLE_CREDENTIALS_KEY_FILE."""
    ).tag(config=True)
    oracle_credentials_folder = Unicode(
        help="""Folder of the encrypted names and passwords, which jobs read too. Default: `oracle-credentials` in data_folder."""
    ).tag(config=True)
    oracle_refresh_seconds = Float(
        3600, min=1, help="""How often comments and numbers of rows are read anew from Oracle's dictionary, seconds."""
    ).tag(config=True)
    image_cache_folder = Unicode(
        help="""Folder of the seek indexes of compressed images, 6 MB a plane of a whole tile, made when an image is first cut.
        Several services and workers may share it; it may be deleted at any time. Empty to keep indexes in memory only.
        Default: $SKYDESK_IMAGE_CACHE, else `images` in the user's cache folder."""
    ).tag(config=True)
    image_cache_bytes = Int(
        16 * 2**30,
        min=0,
        help="""Size of image_cache_folder, bytes. When an index is added past it, those go that were opened longest ago; the newest stays.
        A survey of 10,000 tiles in 5 bands has 6 MB x 3 planes x 50,000 files = 900 GB of them; what is cut again and again
        should fit.""",
    ).tag(config=True)
    cutout_threads = Int(
        0,
        min=0,
        help="""Threads with which one job cuts images. 0 for as many as it has processors: those of the machine, or of its pod.""",
    ).tag(config=True)
    smtp_host = Unicode(help="""Mail server for word about jobs. Empty for no mail. Default: $SKYDESK_SMTP_HOST.""").tag(config=True)
    smtp_port = Int(25, min=1, max=65535, help="""Port of the mail server.""").tag(config=True)
    smtp_user = Unicode(help="""Account at the mail server; empty for none. Needs smtp_password_file.""").tag(config=True)
    smtp_password_file = Unicode(help="""File with the password of smtp_user, on one line.""").tag(config=True)
    smtp_security = Enum(
        ["none", "starttls", "tls"],
        default_value="none",
        help="""How the connection to the mail server is encrypted: not at all, with STARTTLS, or with TLS from the beginning.""",
    ).tag(config=True)
    mail_from = Unicode(help="""Sender of mails. Must be set where smtp_host is. Default: $SKYDESK_MAIL_FROM.""").tag(config=True)
    service_url = Unicode(
        help="""Address of the lab or hub as people open it, put into mails. Empty for mails without a link.
        Default: $JUPYTERHUB_PUBLIC_HUB_URL."""
    ).tag(config=True)
    files_root = Unicode(
        "jobs",
        help="""Where the file browser of a lab has its owner's job folders, relative to its root. Empty where it has not.
        An embedded SkyDesk finds it out itself.""",
    ).tag(config=True)
    expiry_check_seconds = Float(600, help="""How often to look for jobs whose files are to be removed or warned of, seconds.""").tag(
        config=True
    )

    ended_leases_kept_days = Int(
        400,
        min=30,
        allow_none=True,
        help="""Days for which leases of labs that have ended are kept: statistics reach back so far. At least 30; None for ever.
        GPU charges and the audit log are always kept.""",
    ).tag(config=True)
    lease_tick_seconds = Float(
        5,
        min=0.1,
        help="""How often running labs are charged for their GPUs and queues are looked after, seconds. With a hub only.""",
    ).tag(config=True)

    @default("survey_file")
    def _survey_file_default(self) -> str:
        return os.environ.get("SKYDESK_SURVEY", "")

    @default("policy_file")
    def _policy_file_default(self) -> str:
        return os.environ.get("SKYDESK_POLICY", "")

    @default("data_folder")
    def _data_folder_default(self) -> str:
        return os.environ.get("SKYDESK_DATA_FOLDER") or platformdirs.user_data_dir("skydesk", appauthor=False)

    @default("jobs_folder")
    def _jobs_folder_default(self) -> str:
        return os.environ.get("SKYDESK_JOBS_FOLDER") or str(Path(self.data_folder) / "jobs")

    @default("tables_folder")
    def _tables_folder_default(self) -> str:
        return os.environ.get("SKYDESK_TABLES_FOLDER") or str(Path(self.data_folder) / "tables")

    @default("database_url")
    def _database_url_default(self) -> str:
        return os.environ.get("SKYDESK_DATABASE_URL") or f"sqlite:///{Path(self.data_folder).resolve() / 'skydesk.sqlite'}"

    @default("oracle_dsn")
    def _oracle_dsn_default(self) -> str:
        return os.environ.get("SKYDESK_ORACLE_DSN", "")

    @default("oracle_user")
    def _oracle_user_default(self) -> str:
        return os.environ.get("SKYDESK_ORACLE_USER", "")

    @default("oracle_password_file")
    def _oracle_password_file_default(self) -> str:
        return os.environ.get("SKYDESK_ORACLE_PASSWORD_FILE", "")

    @default("oracle_schema")
    def _oracle_schema_default(self) -> str:
        return os.environ.get("SKYDESK_ORACLE_SCHEMA", "")

    @default("oracle_credentials_key_file")
    def _oracle_credentials_key_file_default(self) -> str:
        return os.environ.get("SKYDESK_ORACLE_CREDENTIALS_KEY_FILE", "")

    @default("oracle_credentials_folder")
    def _oracle_credentials_folder_default(self) -> str:
        return str(Path(self.data_folder).resolve() / "oracle-credentials")

    @default("image_cache_folder")
    def _image_cache_folder_default(self) -> str:
        return os.environ.get("SKYDESK_IMAGE_CACHE") or str(Path(platformdirs.user_cache_dir("skydesk", appauthor=False)) / "images")

    @default("workers")
    def _workers_default(self) -> int:
        given = os.environ.get("SKYDESK_WORKERS", "")
        return _count_of_workers(given) if given else min(4, os.cpu_count() or 1)

    @default("smtp_host")
    def _smtp_host_default(self) -> str:
        return os.environ.get("SKYDESK_SMTP_HOST", "")

    @default("mail_from")
    def _mail_from_default(self) -> str:
        return os.environ.get("SKYDESK_MAIL_FROM", "")

    @default("service_url")
    def _service_url_default(self) -> str:
        return os.environ.get("JUPYTERHUB_PUBLIC_HUB_URL", "")

    @validate("workers")
    def _workers_are_some(self, proposal: Any) -> int:
        return _count_of_workers(str(proposal["value"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPlace:
    """Where the hub expects its SkyDesk service."""

    prefix: str
    """Path, with a slash at both ends: ``/services/skydesk/``."""

    bind_url: str
    """Address to listen on: ``http://127.0.0.1:10180``."""


def hub_place() -> HubPlace:
    """What the hub told a service that it started.

    Raises
    ------
    InvalidRequest
        This process was not started by a hub, nor given the variables by hand.
    """
    names = ("JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise InvalidRequest(Fault(field=name, message="is not set; the hub sets it for a service that it starts") for name in missing)
    return HubPlace(prefix=f"/{os.environ[names[0]].strip('/')}/", bind_url=os.environ[names[1]])


def lab_upstream() -> tuple[str, str] | None:
    """Address and token of the hub's SkyDesk service, where this process is (in) a hub's lab that has one."""
    url, token = os.environ.get("SKYDESK_SERVICE_URL", ""), os.environ.get("JUPYTERHUB_API_TOKEN", "")
    return (url.rstrip("/"), token) if url and token else None


def service_address() -> tuple[str, str] | None:
    """Address and token with which a notebook or a terminal reaches SkyDesk, where something around it serves it."""
    url, token = os.environ.get("SKYDESK_URL", ""), os.environ.get("SKYDESK_TOKEN", "")
    return (url.rstrip("/"), token) if url else lab_upstream()


def tell_kernels(url: str, token: str) -> None:
    """Let kernels and terminals that this process starts find SkyDesk at an address, with a token."""
    os.environ["SKYDESK_URL"] = url.rstrip("/")
    os.environ["SKYDESK_TOKEN"] = token


def lab_server() -> str:
    """Name of the server that this lab is to its hub; empty for its owner's default one."""
    return os.environ.get("SKYDESK_SERVER", "")


def jobs_folder_of_lab() -> tuple[Path, str] | None:
    """Root of the job folders that a hub has mounted into this lab, and the lab's owner."""
    root, owner = os.environ.get("SKYDESK_JOBS_FOLDER", ""), os.environ.get("JUPYTERHUB_USER", "")
    return (Path(root), owner) if root and owner else None


def _count_of_workers(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise InvalidRequest([Fault(field="workers", message=f"must be a whole number, 1 or more, got {given!r}")])
    return int(given)
