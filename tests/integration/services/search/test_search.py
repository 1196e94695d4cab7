"""Posts and users are found by their words as long as they may be seen."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.exceptions import InvalidParameter
from nova.services.identity.events import FieldChange, UserUpdated
from nova.services.search.models import SearchDocument
from nova.services.search.queries import search
from outbox.api import group_named
from tests.support.feeds import deactivated, gone, handle, named, post, removal, renamed, status

pytestmark = pytest.mark.django_db

HANDLERS = group_named("search-service").handlers


def told(*payloads: Any) -> None:
    handle(HANDLERS, *payloads)


def found(q: str, **options: Any) -> set[str]:
    return {hit.id for hit in search(q, **options).items}


def test_posts_and_users_are_found_by_their_words():
    told(post("p1", caption="Walking the dog at dawn"), post("p2", caption="Cats, cats"), named("dog-lover", "The Dog"))
    assert found("DOG") == {"p1", "dog-lover"}
    assert found("dog", kind="post") == {"p1"}
    assert found("dog", kind="user") == {"dog-lover"}
    assert found('"the dog"') == {"p1", "dog-lover"}
    assert found("walking or cats") == {"p1", "p2"}
    assert found("dog -walking") == {"dog-lover"}
    assert found("unheard") == set()


def test_words_of_any_script_are_found_in_any_case():
    told(post("p1", caption="Ärger in ŁÓDŹ"), post("p2", caption="Привет мир"))
    assert found("ärger łódź") == {"p1"}
    assert found("ПРИВЕТ") == {"p2"}


def test_a_post_is_found_only_while_it_is_published():
    told(post("p1", caption="dog", status="draft"))
    assert found("dog") == set()
    told(status("p1", "published"))
    assert found("dog") == {"p1"}
    told(status("p1", "archived", minute=61))
    assert found("dog") == set()


def test_what_is_deleted_is_gone_with_its_words():
    told(post("p1", caption="dog"), named("ann", "Dog"), removal("p1"), gone("ann"))
    told(post("p1", caption="dog"), named("ann", "Dog", minute=500))
    assert found("dog") == set()
    assert set(SearchDocument.objects.values_list("text", "folded")) == {("", "")}


def test_a_user_is_found_by_a_name_that_changed_alone_until_deactivated():
    told(named("ann", "Dog"))
    handle(HANDLERS, renamed("ann", "Wolf"), minute=5)
    assert (found("dog"), found("wolf")) == (set(), {"ann"})
    handle(HANDLERS, renamed("ann", "Cat"), minute=4)
    assert found("wolf") == {"ann"}
    told(deactivated("ann"))
    handle(HANDLERS, renamed("ann", "Fox"), minute=101)
    assert found("fox") == set()


def test_a_user_name_among_changed_fields_is_found_and_other_fields_are_not():
    told(named("ann", "Dog"))
    changes = [FieldChange(field="username", new="Wolf"), FieldChange(field="email", new="fox@example.org")]
    handle(HANDLERS, UserUpdated(user_id="ann", changes=changes), minute=5)
    assert (found("dog"), found("wolf"), found("fox")) == (set(), {"ann"}, set())
    odd = [FieldChange(field="username", new={"a": 1}), FieldChange(field="username")]
    handle(HANDLERS, UserUpdated(user_id="ann", changes=odd), minute=6)
    assert found("wolf") == {"ann"}


def test_an_older_name_that_comes_late_does_not_win():
    told(named("ann", "New", minute=10), named("ann", "Old", minute=5))
    assert found("new") == {"ann"}
    assert found("old") == set()


def test_a_status_that_comes_before_its_post_is_kept():
    told(status("p1", "archived"), post("p1", caption="dog"))
    assert found("dog") == set()


def test_a_caption_as_long_as_can_be_is_indexed():
    told(post("p1", caption=" ".join(f"w{number}" for number in range(14_000)) + " needle"))
    assert found("needle") == {"p1"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=40) | st.text(alphabet="\"'-|&!():*<> or\\%_", max_size=20))
def test_any_text_is_answered_or_refused_by_name(q):
    with suppress(InvalidParameter):
        assert search(q).items == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    q=st.lists(st.sampled_from(["-", "-", "-", "-", " ", "!", "(", ")", "&", "|", "a", '"', "or", ":*"]), max_size=200)
)
def test_operators_without_end_are_answered_or_refused_by_name(q):
    with suppress(InvalidParameter):
        assert search("".join(q)).items == []


def test_as_many_dashes_as_anybody_writes_are_answered():
    told(post("p1", caption="dog"))
    assert found("a--b - dog") == set()
    assert found("-" * 16 + "cat") == set()
    assert found("--dog") == {"p1"}


@pytest.mark.parametrize("q", ["\ufdfa" * 500, "\u0390" * 500, "\U0001f4a9" * 500, "x-" * 250, "(" * 500, '"' * 500])
def test_a_text_that_grows_is_answered(q):
    assert search(q).items == []


@pytest.mark.parametrize(
    "q", ["", "   ", "\0", "x" * 501, "-" * 33 + "a", "- " * 33 + "a", "-!(" * 33 + "a", "\uff0d" * 33 + "a"]
)
def test_a_search_for_nothing_or_too_much_is_refused(q):
    with pytest.raises(InvalidParameter, match="q"):
        search(q)


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidParameter, match="kind"):
        search("dog", kind="cat")


def pages(q: str, *, limit: int, order: str = "best") -> list[str]:
    seen: list[str] = []
    after = None
    while True:
        page = search(q, order=order, after=after, limit=limit)
        seen += [hit.id for hit in page.items]
        after = page.next
        if after is None:
            return seen


@pytest.mark.parametrize("order", ["best", "newest"])
@pytest.mark.parametrize(("walked", "matches"), [(2_000, 5_000), (3, 5_000), (3, 4), (40, 4)])
def test_pages_are_the_same_from_whichever_side_hits_are_found(monkeypatch, order, walked, matches):
    monkeypatch.setattr("nova.services.matching.MAX_WALKED", walked)
    monkeypatch.setattr("nova.services.matching.MAX_MATCHES", matches)
    told(*(post(f"p{n}", caption="tea " * (n % 3 + 1) + "x " * (n % 5), minute=n // 2) for n in range(12)))
    told(*(named(f"u{n}", "Tea", minute=n) for n in range(12)))
    whole = [hit.id for hit in search("tea", order=order, limit=200).items]
    assert len(whole) == 24
    assert pages("tea", limit=5, order=order) == whole
    if order == "newest":
        assert whole[:4] == ["u11", "u10", "u9", "u8"]


def test_of_common_words_the_best_are_those_of_the_newest(monkeypatch):
    monkeypatch.setattr("nova.services.search.queries.MAX_RANKED", 3)
    monkeypatch.setattr("nova.services.matching.MAX_MATCHES", 3)
    told(post("old", caption="tea tea tea"), *(post(f"p{n}", caption="tea and more", minute=n + 1) for n in range(4)))
    assert pages("tea", limit=2) == ["p3", "p2", "p1"]
    assert pages("tea", limit=2, order="newest") == ["p3", "p2", "p1", "p0", "old"]


@pytest.mark.parametrize("limit", [0, 201])
def test_a_page_of_no_or_too_many_hits_is_refused(limit):
    with pytest.raises(InvalidParameter, match="limit"):
        search("dog", limit=limit)


def test_an_unknown_order_is_refused():
    with pytest.raises(InvalidParameter, match="order"):
        search("dog", order="oldest")
