"""What every store of own tables does: inherit `TableStoreContract` and give the fixture ``store``, empty."""

import pyarrow as pa
import pytest

from skydesk.access import TableLimits
from skydesk.errors import Conflict, LimitExceeded, NotFound
from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, ColumnType
from skydesk.tables.model import ColumnWords, Grant, OwnTable
from skydesk.tables.ports import TableStore

COLUMNS = (
    Column(name="ID", type=ColumnType.INT64, ucd="meta.id", description="number"),
    Column(name="RA", type=ColumnType.FLOAT64, unit="deg"),
    Column(name="NAME", type=ColumnType.STRING),
)
PLENTY = TableLimits(max_bytes=1 << 30, max_tables=100)


def rows(*ids: int) -> pa.RecordBatch:
    values = [{"ID": each, "RA": each / 10, "NAME": None if each % 3 == 0 else f"étoile {each}"} for each in ids]
    return pa.RecordBatch.from_pylist(values, schema=schema_of(COLUMNS))


def make(store: TableStore, owner: str, name: str, *ids: int, limits: TableLimits = PLENTY) -> OwnTable:
    with store.create(owner, name, COLUMNS, description="some", limits=limits) as loading:
        if ids:
            loading.add(rows(*ids))
        return loading.commit()


def ids_of(store: TableStore, table: OwnTable) -> list[int]:
    return [each for batch in store.read(table, ["ID"]) for each in batch.column(0).to_pylist()]


def names(store: TableStore, person: str, *groups: str) -> list[str]:
    return [f"{table.owner}.{table.name}" for table in store.visible(person, groups)]


class TableStoreContract:
    def test_what_is_loaded_can_be_read(self, store: TableStore) -> None:
        table = make(store, "vera", "T", 1, 2, 3)
        assert (table.owner, table.name, table.rows, table.description, table.columns) == ("vera", "T", 3, "some", COLUMNS)
        assert pa.Table.from_batches(store.read(table, ["NAME", "ID"])).to_pydict() == {
            "NAME": ["étoile 1", "étoile 2", None],
            "ID": [1, 2, 3],
        }
        assert store.get("vera", "T") == table
        assert store.usage("vera") == (table.size_bytes, 1)

    def test_nothing_is_seen_before_the_commit_or_left_without_one(self, store: TableStore) -> None:
        with store.create("vera", "T", COLUMNS, description="", limits=PLENTY) as loading:
            loading.add(rows(1))
            assert loading.rows == 1
            assert names(store, "vera") == []
        with pytest.raises(NotFound):
            store.get("vera", "T")
        assert store.usage("vera") == (0, 0)

    def test_an_error_in_the_middle_leaves_nothing(self, store: TableStore) -> None:
        with pytest.raises(ValueError, match="in the middle"):
            _broken_off(store)
        assert names(store, "vera") == []
        make(store, "vera", "T", 1)

    def test_a_name_is_an_owners_once(self, store: TableStore) -> None:
        make(store, "vera", "T", 1)
        make(store, "cecilia", "T", 2)
        with pytest.raises(Conflict):
            make(store, "vera", "T", 3)
        assert ids_of(store, store.get("vera", "T")) == [1]

    def test_of_two_who_make_the_same_table_one_wins(self, store: TableStore) -> None:
        with store.create("vera", "T", COLUMNS, description="", limits=PLENTY) as first:
            first.add(rows(1))
            make(store, "vera", "T", 2)
            with pytest.raises(Conflict):
                first.commit()
        assert ids_of(store, store.get("vera", "T")) == [2]

    def test_appended_rows_come_after_the_others(self, store: TableStore) -> None:
        before = make(store, "vera", "T", 1)
        with store.append("vera", "T", limits=PLENTY) as loading:
            loading.add(rows(2, 3))
            assert ids_of(store, store.get("vera", "T")) == [1]
            after = loading.commit()
        assert (after.rows, ids_of(store, after)) == (3, [1, 2, 3])
        assert after.version != before.version
        assert store.usage("vera") == (after.size_bytes, 1)

    def test_of_two_who_append_at_once_one_wins(self, store: TableStore) -> None:
        make(store, "vera", "T", 1)
        with store.append("vera", "T", limits=PLENTY) as first:
            first.add(rows(2))
            with store.append("vera", "T", limits=PLENTY) as second:
                second.add(rows(3))
                second.commit()
            with pytest.raises(Conflict):
                first.commit()
        assert ids_of(store, store.get("vera", "T")) == [1, 3]

    def test_what_does_not_fit_is_refused_while_it_is_loaded(self, store: TableStore) -> None:
        tight = TableLimits(max_bytes=100, max_tables=1)
        with pytest.raises(LimitExceeded):
            make(store, "vera", "T", *range(10_000), limits=tight)
        assert store.usage("vera") == (0, 0)
        make(store, "vera", "T", 1)
        with pytest.raises(LimitExceeded), store.create("vera", "U", COLUMNS, description="", limits=tight):
            pytest.fail("one table is the most")

    def test_only_those_see_a_table_to_whom_it_was_granted(self, store: TableStore) -> None:
        make(store, "vera", "T", 1)
        make(store, "vera", "U", 1)
        table = store.grant("vera", "T", [Grant(kind="user", name="cecilia"), Grant(kind="group", name="dwarfs")])
        assert table.grants == (Grant(kind="group", name="dwarfs"), Grant(kind="user", name="cecilia"))
        assert names(store, "vera") == ["vera.T", "vera.U"]
        assert names(store, "cecilia") == ["vera.T"]
        assert names(store, "henrietta", "Dwarfs", "giants") == ["vera.T"]
        assert names(store, "henrietta", "giants") == names(store, "dwarfs") == names(store, "") == []
        assert store.visible("cecilia")[0].grants == ()
        store.grant("vera", "T", [])
        assert names(store, "cecilia", "dwarfs") == []

    def test_ones_own_come_first(self, store: TableStore) -> None:
        for owner, name in (("annie", "A"), ("vera", "Z"), ("vera", "B")):
            make(store, owner, name)
        store.grant("annie", "A", [Grant(kind="user", name="vera")])
        assert names(store, "vera") == ["vera.B", "vera.Z", "annie.A"]

    def test_a_dropped_table_is_gone_with_its_grants(self, store: TableStore) -> None:
        make(store, "vera", "T", 1)
        store.grant("vera", "T", [Grant(kind="user", name="cecilia")])
        store.drop("vera", "T")
        assert names(store, "vera") == names(store, "cecilia") == []
        assert store.usage("vera") == (0, 0)
        with pytest.raises(NotFound):
            store.drop("vera", "T")
        make(store, "vera", "T", 2)
        assert names(store, "cecilia") == []

    def test_names_and_words_change_and_rows_and_grants_stay(self, store: TableStore) -> None:
        make(store, "vera", "T", 1)
        make(store, "vera", "U", 1)
        store.grant("vera", "T", [Grant(kind="user", name="cecilia")])
        words = {"RA": ColumnWords(unit="", ucd="pos.eq.ra", description="right ascension")}
        table = store.describe("vera", "T", new_name="V", description="new", columns=words)
        assert (table.name, table.description) == ("V", "new")
        assert (table.columns[1].unit, table.columns[1].ucd, table.columns[1].description) == (None, "pos.eq.ra", "right ascension")
        assert table.columns[0] == COLUMNS[0]
        assert ids_of(store, table) == [1]
        assert names(store, "cecilia") == ["vera.V"]
        with pytest.raises(Conflict):
            store.describe("vera", "V", new_name="U", description="", columns={})

    def test_an_index_changes_no_row(self, store: TableStore) -> None:
        make(store, "vera", "T", 3, 1, 2)
        table = store.index("vera", "T", ["ID", "NAME"], limits=PLENTY)
        assert (table.indexes, ids_of(store, table)) == (("ID", "NAME"), [3, 1, 2])
        with store.append("vera", "T", limits=PLENTY) as loading:
            loading.add(rows(4))
            assert loading.commit().indexes == ("ID", "NAME")
        assert store.index("vera", "T", [], limits=PLENTY).indexes == ()

    @pytest.mark.parametrize("act", ["get", "append", "describe", "index", "grant"])
    def test_a_table_that_is_not_there_is_not_found(self, store: TableStore, act: str) -> None:
        calls = {
            "get": lambda: store.get("vera", "T"),
            "append": lambda: store.append("vera", "T", limits=PLENTY).__enter__(),
            "describe": lambda: store.describe("vera", "T", new_name="T", description="", columns={}),
            "index": lambda: store.index("vera", "T", [], limits=PLENTY),
            "grant": lambda: store.grant("vera", "T", []),
        }
        with pytest.raises(NotFound):
            calls[act]()


def _broken_off(store: TableStore) -> None:
    with store.create("vera", "T", COLUMNS, description="", limits=PLENTY) as loading:
        loading.add(rows(1))
        raise ValueError("in the middle")
