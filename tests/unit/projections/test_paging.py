"""Cursors lead on where a page ended, and to nowhere else."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.exceptions import InvalidParameter
from nova.services.feed.cache import Place
from projections.cursors import from_cursor, to_cursor
from projections.paging import check_limit, check_text, page_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXTS)
def test_a_cursor_gives_back_its_key(key):
    assert from_cursor(to_cursor(key), str, parameter="after") == key


@given(st.floats(allow_nan=False, allow_infinity=False), TEXTS)
def test_a_place_in_a_feed_survives_exactly(score, post_id):
    assert from_cursor(to_cursor(Place(score, post_id)), Place, parameter="after") == Place(score, post_id)


@given(st.text(max_size=40))
def test_any_other_text_is_refused_by_name(text):
    with suppress(InvalidParameter):
        assert isinstance(from_cursor(text, Place, parameter="after"), Place)


def test_a_full_page_with_more_behind_it_has_a_next():
    page = page_of([1, 2, 3], limit=2, key=str)
    assert (page.items, page.next) == ([1, 2], to_cursor("2"))


def test_the_last_page_has_none():
    assert page_of([1, 2], limit=2, key=str).next is None


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_limits_have_bounds(limit):
    with pytest.raises(InvalidParameter):
        check_limit(limit)


@pytest.mark.parametrize("text", ["\0", "a\0", "\ud800", "x\udfff"])
def test_text_that_postgresql_cannot_take_is_refused(text):
    with pytest.raises(InvalidParameter):
        check_text(text, parameter="q")
