"""Both stores of own tables, and what only the real one can show."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from skydesk.backends.own_tables import DuckdbTableStore
from tests.contracts.table_store_contract import COLUMNS, PLENTY, TableStoreContract, ids_of, make, names, rows
from tests.fakes.table_store import FakeTableStore

ROOT = Path(__file__).resolve().parents[3]


class TestFakeTableStore(TableStoreContract):
    @pytest.fixture
    def store(self) -> FakeTableStore:
        return FakeTableStore()


class TestDuckdbTableStore(TableStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> DuckdbTableStore:
        return DuckdbTableStore(tmp_path / "tables")


def files(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.rglob("*") if path.is_file())


def test_another_process_sees_what_one_has_committed(tmp_path: Path) -> None:
    one, other = DuckdbTableStore(tmp_path), DuckdbTableStore(tmp_path)
    table = make(one, "vera", "T", 1, 2)
    assert ids_of(other, other.get("vera", "T")) == [1, 2]
    assert other.path("vera", table.version).parent.name == "vera"


def test_only_the_newest_version_takes_room(tmp_path: Path) -> None:
    store = DuckdbTableStore(tmp_path)
    make(store, "vera", "T", 1)
    with store.append("vera", "T", limits=PLENTY) as loading:
        loading.add(rows(2))
        loading.commit()
    assert files(tmp_path) == [".duckdb", ".sqlite"]
    store.drop("vera", "T")
    assert files(tmp_path) == [".sqlite"]


def test_who_reads_a_version_reads_it_to_the_end(tmp_path: Path) -> None:
    store = DuckdbTableStore(tmp_path)
    table = make(store, "vera", "T", *range(1000))
    batches = store.read(table, ["ID"], batch_rows=100)
    read = next(batches).num_rows
    store.drop("vera", "T")
    assert read + sum(batch.num_rows for batch in batches) == 1000


def test_owners_whose_names_are_no_names_of_folders_are_kept_apart(tmp_path: Path) -> None:
    store = DuckdbTableStore(tmp_path / "tables")
    for number, owner in enumerate(("../vera", "Vera", "vera", "ve/ra", "")):
        make(store, owner, "T", number)
    assert [ids_of(store, store.get(owner, "T")) for owner in ("../vera", "Vera", "vera", "ve/ra", "")] == [[n] for n in range(5)]
    assert {path.parent.parent for path in tmp_path.rglob("*.duckdb")} == {tmp_path / "tables"}


KILLED = """
import os, signal, sys
from pathlib import Path
from skydesk.backends.own_tables import DuckdbTableStore
from tests.contracts.table_store_contract import COLUMNS, PLENTY, rows

store = DuckdbTableStore(Path(sys.argv[1]))
new = store.create("vera", "U", COLUMNS, description="", limits=PLENTY)
with store.append("vera", "T", limits=PLENTY) if sys.argv[2] == "append" else new as loading:
    for start in range(0, 500_000, 50_000):
        loading.add(rows(*range(start, start + 500)))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("act", ["create", "append"])
def test_a_killed_load_leaves_nothing_that_is_seen_and_its_file_is_swept(tmp_path: Path, act: str) -> None:
    store = DuckdbTableStore(tmp_path)
    make(store, "vera", "T", 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), act], cwd=ROOT, env=environment, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert files(tmp_path).count(".duckdb") == 2
    assert names(store, "vera") == ["vera.T"]
    assert ids_of(store, store.get("vera", "T")) == [1]
    make(store, "vera", "U", 2)
    assert files(tmp_path) == [".duckdb", ".duckdb", ".sqlite"]


def test_a_load_that_goes_on_is_not_swept(tmp_path: Path) -> None:
    store = DuckdbTableStore(tmp_path)
    with store.create("vera", "SLOW", COLUMNS, description="", limits=PLENTY) as loading:
        loading.add(rows(1))
        make(DuckdbTableStore(tmp_path), "vera", "QUICK", 2)
        loading.commit()
    assert names(store, "vera") == ["vera.QUICK", "vera.SLOW"]
    assert ids_of(store, store.get("vera", "SLOW")) == [1]


def test_two_users_who_load_at_once_do_not_disturb_one_another(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def load(owner: str) -> None:
        store = DuckdbTableStore(tmp_path)
        try:
            for number in range(5):
                make(store, owner, f"T{number}", *range(number + 1))
                assert len(ids_of(store, store.get(owner, f"T{number}"))) == number + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(owner,)) for owner in ("vera", "cecilia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    assert DuckdbTableStore(tmp_path).usage("vera")[1] == DuckdbTableStore(tmp_path).usage("cecilia")[1] == 5
