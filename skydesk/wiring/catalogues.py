"""Opens a survey and its catalogue."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Fault, InvalidRequest, ServiceUnavailable
from ..settings import SkydeskSettings
from .own_tables import open_table_store
from .places import tables_folder_of

if TYPE_CHECKING:
    from ..backends.duckdb_catalog import DuckdbCatalog
    from ..backends.oracle_catalog import OracleCatalog
    from ..query.ports import Catalog
    from ..survey import Survey

__all__ = ["catalog_options", "demo_survey", "open_survey"]


def open_survey(path: Path, options: Mapping[str, Any], opened: ExitStack) -> "tuple[Survey, Catalog]":
    """Read a survey file and open its catalogue, which `opened` closes.

    Parameters
    ----------
    options
        As `catalog_options` gives them.
    """
    from ..survey import load_survey

    survey = load_survey(path)
    catalog = _open_oracle(survey, options) if survey.catalogue.kind == "oracle" else _open_duckdb(survey, options)
    opened.callback(catalog.close)
    return survey, catalog


def catalog_options(settings: SkydeskSettings) -> dict[str, Any]:
    """What a catalogue is opened with, whichever it is; JSON values, and no secret among them."""
    return {
        "memory_bytes": settings.catalog_memory_bytes,
        "threads": settings.catalog_threads,
        "temp_bytes": settings.catalog_temp_bytes,
        "connections": settings.catalog_connections,
        "tables_folder": str(tables_folder_of(settings)),
        "oracle": {
            "dsn": settings.oracle_dsn,
            "user": settings.oracle_user,
            "password_file": settings.oracle_password_file,
            "schema": settings.oracle_schema,
            "proxy": settings.oracle_proxy,
            "refresh_seconds": settings.oracle_refresh_seconds,
            "own_accounts": settings.oracle_own_accounts,
            "credentials_key_file": settings.oracle_credentials_key_file,
            "credentials_folder": settings.oracle_credentials_folder,
        },
    }


def demo_survey(on_progress: Callable[[float], None]) -> Path:
    """The demo survey's file; made where it is not there."""
    from ..demo_survey import cached_survey

    return cached_survey("demo", on_progress=lambda fraction, _: on_progress(fraction))


def _open_duckdb(survey: "Survey", options: Mapping[str, Any]) -> "DuckdbCatalog":
    from ..backends.duckdb_catalog import DuckdbCatalog

    assert survey.catalogue.path is not None  # noqa: S101 (the survey file of this kind names one)
    own_tables = open_table_store(survey, options.get("tables_folder"))
    limits = {name: value for name, value in options.items() if name not in {"oracle", "tables_folder"}}
    return DuckdbCatalog(survey.catalogue.path, survey=survey, own_tables=own_tables, **limits)


def _open_oracle(survey: "Survey", options: Mapping[str, Any]) -> "OracleCatalog":
    try:
        from ..backends.oracle_catalog import Account, CredentialStore, OracleCatalog
    except ModuleNotFoundError as error:
        raise ServiceUnavailable("the survey's catalogue is in Oracle, whose driver is missing; pip install skydesk[oracle]") from error
    given = options.get("oracle", {})
    own_accounts = given.get("own_accounts", False)
    needed = ("dsn", "user", "password_file", *(("credentials_key_file",) if own_accounts else ()))
    missing = [name for name in needed if not given.get(name)]
    if missing:
        message = "is empty; a survey whose catalogue is in Oracle needs it"
        raise InvalidRequest(Fault(field=f"oracle_{name}", message=message) for name in missing)
    if own_accounts and given["proxy"]:
        raise InvalidRequest([Fault(field="oracle_own_accounts", message="does not go with oracle_proxy; choose one of them")])
    credentials = None
    if own_accounts:
        credentials = CredentialStore(Path(given["credentials_folder"]), Path(given["credentials_key_file"]))
        credentials.encrypt_anew()
    account = Account(
        dsn=given["dsn"],
        user=given["user"],
        password_file=Path(given["password_file"]),
        schema=given["schema"],
        proxy=given["proxy"],
        credentials=credentials,
    )
    return OracleCatalog(account, survey=survey, connections=options["connections"], refresh_seconds=given["refresh_seconds"])
