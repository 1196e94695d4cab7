"""An operator keeps filters of the log under a name, for oneself or for all who may see it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from nova.console import saved_views
from nova.models import SavedView

pytestmark = pytest.mark.usefixtures("db", "redis_url")


def person(name: str, *permissions: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions or ("view_domainevent",)))
    client = Client()
    client.force_login(user)
    return client


def save(client: Client, name: str, query: str = "user_id=ann", **said: str) -> Any:
    return client.post(
        reverse("console-save-view"), {"name": name, "query": query} | said, headers={"HX-Request": "true"}
    )


def listed(client: Client) -> list[str]:
    return [str(one["row"]) for one in client.get(reverse("console-saved-views")).context["views"]]


def test_a_view_is_kept_for_its_owner_and_leads_to_the_list() -> None:
    ann, bob = person("ann"), person("bob")

    shown = save(ann, "Ann's", "user_id=ann&event_type=&beyond=7&odd=1").content.decode()

    assert f'href="{reverse("admin:events_domainevent_changelist")}?user_id=ann"' in shown
    assert (listed(ann), listed(bob)) == (["Ann's"], [])


def test_a_view_that_is_shared_is_seen_by_others_who_cannot_forget_it() -> None:
    ann, bob = person("ann"), person("bob")
    save(ann, "Ours", shared="on")
    (row,) = SavedView.objects.all()

    assert listed(bob) == ["Ours"]
    bob.post(reverse("console-forget-view"), {"view": row.pk, "query": ""})
    assert listed(bob) == ["Ours"]
    ann.post(reverse("console-forget-view"), {"view": row.pk, "query": ""})
    assert listed(bob) == []


def test_a_name_is_given_once_and_may_be_given_anew() -> None:
    ann = person("ann")
    save(ann, "Mine", "user_id=ann", shared="on")
    save(ann, "Mine", "user_id=bob")

    (row,) = SavedView.objects.all()
    assert (row.query, row.is_shared) == ("user_id=bob", False)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "user_id=a"),
        ("x" * 101, "user_id=a"),
        ("a\0", "user_id=a"),
        ("n", ""),
        ("n", "since=never"),
        ("n", "odd=1"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_word(name: str, query: str) -> None:
    answer = save(person("ann"), name, query)
    assert answer.context["problem"]
    assert not SavedView.objects.exists()


def test_there_is_a_bound_to_how_many_one_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MAX_OWN", 2)
    ann = person("ann")
    for name in ("a", "b", "c"):
        save(ann, name)
    save(ann, "b", "user_id=new")

    assert listed(ann) == ["a", "b"]
    assert SavedView.objects.get(name="b").query == "user_id=new"


def test_whoever_may_not_see_the_log_sees_no_view_of_it_and_keeps_none() -> None:
    save(person("ann"), "Ours", shared="on")
    stranger = person("eve", "view_outboxevent")

    assert stranger.get(reverse("console-saved-views")).status_code == 403
    assert save(stranger, "Mine").status_code == 403
    assert stranger.post(reverse("console-forget-view"), {"view": SavedView.objects.get().pk}).status_code == 403
    assert Client().get(reverse("console-saved-views")).status_code == 302


@pytest.mark.parametrize("view", ["", "x", "9" * 40, "½"])
def test_views_that_cannot_be_are_not_forgotten(view: str) -> None:
    assert person("ann").post(reverse("console-forget-view"), {"view": view}).status_code == 302
