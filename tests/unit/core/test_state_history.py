"""Saved states: their names, and which of them are dropped."""

from __future__ import annotations

from datetime import timedelta

from factories import NOW, git_sha
from wms.core.records.state_history import (
    LEAST_STATES,
    MOST_AGE,
    MOST_BYTES,
    MOST_STATES,
    SavedState,
    newest_first,
    to_prune,
)


def states(
    count: int, *, hours_apart: float = 1, size_kib: int = 100, added_kib: int = 10
) -> list[SavedState]:
    """Newest first."""
    return [
        SavedState(
            saved_at=NOW - timedelta(hours=hours_apart * number),
            sha=git_sha(str(number)),
            size_kib=size_kib,
            added_kib=added_kib,
        )
        for number in range(count)
    ]


def test_a_name_says_everything_but_the_commit() -> None:
    (state,) = states(1)
    assert SavedState.named(state.name, state.sha) == state
    assert SavedState.named("by-hand", state.sha) is None


def test_states_sort_by_time() -> None:
    assert list(newest_first(states(3)[::-1])) == states(3)


def test_a_few_young_and_small_states_are_all_kept() -> None:
    assert to_prune(states(MOST_STATES), now=NOW) == ()


def test_states_beyond_the_count_are_dropped() -> None:
    found = states(MOST_STATES + 3)
    assert to_prune(found, now=NOW) == tuple(found[MOST_STATES:])


def test_states_beyond_the_age_are_dropped_but_for_the_last_two() -> None:
    found = states(5)
    assert to_prune(found, now=NOW + 2 * MOST_AGE) == tuple(found[LEAST_STATES:])


def test_states_that_together_take_too_much_room_are_dropped() -> None:
    half_kib = MOST_BYTES // 1024 // 2
    found = states(5, size_kib=half_kib, added_kib=half_kib // 3)
    assert to_prune(found, now=NOW) == tuple(found[4:])


def test_what_states_share_counts_once() -> None:
    found = states(MOST_STATES, size_kib=MOST_BYTES // 1024 // 2, added_kib=1)
    assert to_prune(found, now=NOW) == ()
