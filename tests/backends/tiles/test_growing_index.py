"""An index grows with what is asked for, nothing of it is made twice, and it is kept when it is whole."""

import numpy as np
import pytest

from skydesk.backends.tiles.growing_index import GrowingIndex
from skydesk.backends.tiles.seek_index import Entries, SeekIndex
from skydesk.errors import ServiceUnavailable

TILES, ENTRIES = 2000, 20


class Builder:
    """Makes entries that are their own numbers, and notes for which tiles."""

    def __init__(self) -> None:
        self.built: list[tuple[int, int]] = []
        self.kept: list[Entries] = []
        self.is_lost = False

    def __call__(self, first: int, after: int, made: Entries) -> None:
        if self.is_lost:
            raise ServiceUnavailable("the disk does not answer")
        self.built.append((first, after))
        numbers = np.arange(first * ENTRIES, after * ENTRIES)
        made[0][first * ENTRIES : after * ENTRIES] = numbers
        made[1][first * ENTRIES : after * ENTRIES] = -numbers

    def keep(self, entries: Entries) -> SeekIndex:
        self.kept.append(entries)
        return SeekIndex(None, len(entries[0]), entries)


def index_of(builder: Builder, tiles: int = TILES) -> GrowingIndex:
    return GrowingIndex(tiles, ENTRIES, builder, builder.keep)


def assert_given(index: GrowingIndex, first: int, after: int) -> None:
    entries = index.entries(first, after)
    assert entries is not None
    np.testing.assert_array_equal(entries[0], np.arange(first, after))
    np.testing.assert_array_equal(entries[1], -np.arange(first, after))


def test_only_the_tiles_that_are_asked_for_are_made_and_none_twice() -> None:
    builder = Builder()
    index = index_of(builder)
    assert_given(index, 100 * ENTRIES + 3, 110 * ENTRIES - 2)
    assert_given(index, 105 * ENTRIES, 115 * ENTRIES)
    assert_given(index, 98 * ENTRIES, 117 * ENTRIES)
    assert builder.built == [(100, 110), (110, 115), (98, 100), (115, 117)]
    assert builder.kept == []


def test_the_rest_is_made_and_kept_once_a_quarter_was_asked_for() -> None:
    builder = Builder()
    index = index_of(builder)
    assert_given(index, 0, (TILES // 4 - 1) * ENTRIES)
    assert builder.kept == []
    assert_given(index, 1000 * ENTRIES, 1001 * ENTRIES)
    assert_given(index, 1500 * ENTRIES, 1999 * ENTRIES)
    assert len(builder.kept) == 1
    np.testing.assert_array_equal(builder.kept[0][0], np.arange(TILES * ENTRIES))
    assert sum(after - first for first, after in builder.built) == TILES


def test_a_small_index_is_made_at_once() -> None:
    builder = Builder()
    assert_given(index_of(builder, tiles=300), 0, 1)
    assert len(builder.kept) == 1


def test_what_could_not_be_made_is_made_when_the_disk_answers_again() -> None:
    builder = Builder()
    index = index_of(builder)
    builder.is_lost = True
    with pytest.raises(ServiceUnavailable):
        index.entries(0, ENTRIES)
    builder.is_lost = False
    assert_given(index, 0, ENTRIES)
