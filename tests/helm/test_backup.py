"""What the backup's pod runs, on a real PostgreSQL: copied, and brought back."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.helm.charts import objects, pods
from tests.helm.render import CHART, ROOT
from tests.postgresql import postgresql_server

pytestmark = pytest.mark.postgresql
BACKUP, RESTORE = CHART / "files/backup.sh", CHART / "files/restore.sh"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment that names a new, empty database."""
    name = f"skydesk_{abs(hash(request.node.name))}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    parts = conninfo_to_dict(server)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    return {"PATH": os.environ["PATH"], "PGDATABASE": name, **{variable: str(parts[part]) for variable, part in names.items()}}


def _connect(database: dict[str, str]) -> psycopg.Connection:
    keys = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    return psycopg.connect(**{key: database[variable] for key, variable in keys.items()})  # type: ignore[arg-type]


def _run(script: Path, *arguments: object, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(script), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Folders of two jobs, one whose owner's name needs care."""
    for owner, job in (("vera", "j1"), ("o w'ner", "j2")):
        folder = tmp_path / "jobs" / owner / job
        folder.mkdir(parents=True)
        (folder / "request.json").write_text(json.dumps({"id": job}))
        (folder / "manifest.json").write_text("{}")
        (folder / "result.fits").write_bytes(b"x" * 100_000)
    return tmp_path / "jobs"


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


def test_a_database_comes_back_as_it_was(database: dict[str, str], jobs: Path, backups: Path, server: str) -> None:
    with _connect(database) as connection:
        connection.execute("CREATE TABLE jobs (id text PRIMARY KEY, owner text)")
        connection.execute("INSERT INTO jobs VALUES ('j1', 'vera'), ('j2', 'o w''ner')")
    done = _run(BACKUP, jobs, backups, 30, environment=database)
    assert (done.returncode, done.stderr) == (0, "")
    [backup] = backups.iterdir()
    assert done.stdout.strip() == str(backup)
    restored = {**database, "PGDATABASE": f"{database['PGDATABASE']}_new"}
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(restored["PGDATABASE"])))
    done = _run(RESTORE, backup, environment=restored)
    assert (done.returncode, done.stderr) == (0, "")
    with _connect(restored) as connection:
        assert connection.execute("SELECT id, owner FROM jobs ORDER BY id").fetchall() == [("j1", "vera"), ("j2", "o w'ner")]


def test_of_jobs_what_they_say_of_themselves_is_kept_and_results_are_not(database: dict[str, str], jobs: Path, backups: Path) -> None:
    assert _run(BACKUP, jobs, backups, 30, environment=database).returncode == 0
    [backup] = backups.iterdir()
    listed = subprocess.run(["tar", "tzf", backup / "manifests.tar.gz"], capture_output=True, text=True, check=True).stdout.split("\n")
    assert sorted(filter(None, listed)) == sorted(
        f"./{owner}/{job}/{name}" for owner, job in (("vera", "j1"), ("o w'ner", "j2")) for name in ("manifest.json", "request.json")
    )


def test_backups_are_removed_when_they_are_old_and_nothing_else_is(database: dict[str, str], jobs: Path, backups: Path) -> None:
    for name in ("2020-01-01T000000Z", "2020-01-02T000000Z", "mine"):
        (backups / name).mkdir()
    old = time.time() - 40 * 86400
    for name in ("2020-01-01T000000Z", "mine"):
        os.utime(backups / name, (old, old))
    assert _run(BACKUP, jobs, backups, 30, environment=database).returncode == 0
    assert len({path.name for path in backups.iterdir()} & {"2020-01-02T000000Z", "mine"}) == 2
    assert not (backups / "2020-01-01T000000Z").exists()


def test_a_backup_that_fails_leaves_none_behind_and_removes_none(database: dict[str, str], jobs: Path, backups: Path) -> None:
    (backups / "2020-01-01T000000Z").mkdir()
    os.utime(backups / "2020-01-01T000000Z", (0, 0))
    done = _run(BACKUP, jobs, backups, 30, environment={**database, "PGDATABASE": "no_such_database"})
    assert done.returncode != 0
    assert "no_such_database" in done.stderr
    assert [path.name for path in backups.iterdir()] == ["2020-01-01T000000Z"]


def test_nothing_is_restored_over_a_database_that_has_tables(database: dict[str, str], jobs: Path, backups: Path) -> None:
    with _connect(database) as connection:
        connection.execute("CREATE TABLE jobs (id text)")
    assert _run(BACKUP, jobs, backups, 30, environment=database).returncode == 0
    [backup] = backups.iterdir()
    done = _run(RESTORE, backup, environment=database)
    assert done.returncode == 1
    assert "is not empty" in done.stderr


def test_a_damaged_backup_is_not_restored(database: dict[str, str], jobs: Path, backups: Path) -> None:
    assert _run(BACKUP, jobs, backups, 30, environment=database).returncode == 0
    [backup] = backups.iterdir()
    (backup / "database.dump").write_bytes(b"damaged")
    done = _run(RESTORE, backup, environment=database)
    assert done.returncode != 0
    assert "database.dump" in done.stdout + done.stderr


def test_the_pod_runs_these_scripts() -> None:
    [scripts] = objects("production", "ConfigMap", "skydesk-backup")
    assert scripts["data"]["backup.sh"].strip() == BACKUP.read_text().strip()
    assert scripts["data"]["restore.sh"].strip() == RESTORE.read_text().strip()
    [container] = pods("production")["skydesk-backup"]["containers"]
    assert container["command"] == ["sh", "/etc/skydesk/backup.sh", "/srv/jobs", "/backup", "30"]
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    assert mounts == {"/etc/skydesk": True, "/srv/jobs": True, "/backup": False, "/tmp": False}


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_the_guides_way_to_restore_makes_a_pod_that_restores() -> None:
    guide = (ROOT / "docs/kubernetes.md").read_text()
    [program] = re.findall(r"\| jq '(.*?)'", guide, re.DOTALL)
    [cron] = objects("production", "CronJob", "skydesk-backup")
    made = {"spec": cron["spec"]["jobTemplate"]["spec"]}
    done = subprocess.run(["jq", program], input=json.dumps(made), capture_output=True, text=True, check=True)
    [container] = json.loads(done.stdout)["spec"]["template"]["spec"]["containers"]
    assert container["command"][:2] == ["sh", "/etc/skydesk/restore.sh"]
    assert {each["name"]: each.get("value") for each in container["env"]}["PGDATABASE"] == "skydesk_restored"
    assert len(container["env"]) == 6
