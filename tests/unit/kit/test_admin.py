"""What every admin shares: addresses, values for reading, the button of a dialog, and a search that takes any term."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q
from django.test import RequestFactory

from kit.admin.display import json_block, readable, seconds, table
from kit.admin.pages import list_url, redirect_from_dialog, row_url
from kit.admin.read_only import ReadOnlyAdmin, uuid_of
from kit.admin.reasons import reason_dialog


class UserPages(ReadOnlyAdmin):
    """Users by name."""

    def term_filter(self, term: str) -> Q:
        """Those of that name."""
        return Q(username=term)


def searched(term: str) -> Any:
    request = RequestFactory().get("/")
    found, _ = UserPages(User, admin.site).get_search_results(request, User.objects.all(), term)
    return found.query


def test_addresses_carry_filters_and_keys_whatever_is_in_them() -> None:
    assert list_url("auth_user") == "/admin/auth/user/"
    assert list_url("auth_user", q="a b&c") == "/admin/auth/user/?q=a+b%26c"
    assert row_url("auth_user", 7) == "/admin/auth/user/7/change/"
    assert row_url("auth_user", "a/b") == "/admin/auth/user/a_2Fb/change/"
    assert redirect_from_dialog("/x/").headers["HX-Redirect"] == "/x/"


def test_values_are_shown_whatever_is_in_them() -> None:
    assert "&lt;b&gt;" in json_block({"text": "<b>"})
    assert "\\xed\\xa0\\x80" in json_block({"text": "\ud800"})
    assert readable(b"a\0\xff") == "a\\x00\\xff"
    assert table(("name",), []) == "-"
    assert "<table" in table(("name",), [["value"]])
    assert seconds(datetime(2031, 5, 1, 12, 30, 59, tzinfo=UTC)) == "2031-05-01 12:30:59"


def test_a_dialogs_button_says_what_the_dialog_does() -> None:
    assert reason_dialog("Retry", "It is tried again.")["form_submit_text"] == "Retry"
    assert reason_dialog("Cancel", "It ends.", submit="Cancel it")["form_submit_text"] == "Cancel it"


@pytest.mark.parametrize(
    ("term", "condition"), [("ann", '"username" = ann'), (" ann ", '"username" = ann'), ("", ""), ("  ", "")]
)
def test_a_search_takes_the_term_without_the_space_around_it(term: str, condition: str) -> None:
    _, _, where = str(searched(term)).partition(" WHERE ")

    assert condition in where
    assert bool(where) == bool(condition)


def test_a_search_for_what_no_text_can_hold_finds_nothing() -> None:
    assert searched("a\0b").is_empty()


def test_a_term_is_an_id_or_none() -> None:
    term = "01946b2c-7d3e-7000-8000-000000000000"
    assert str(uuid_of(term)) == term
    assert uuid_of("ann") is None
