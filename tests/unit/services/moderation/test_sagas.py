"""Moderation: a flagged post waits for a decision, goes up a level each day without one, and is removed if it must."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct

from events.testing import AT, ID, given
from nova.services.content.events import ContentFlagged, ContentPostDeleted, RemovalRequested
from nova.services.moderation.aggregates import Decide
from nova.services.moderation.events import ModerationDecided, ReviewRequested
from nova.services.moderation.sagas import MODERATION
from sagas.explorer.explore import explore
from sagas.explorer.scenario import Scenario
from sagas.machine.instance import Instance, Status
from sagas.testing import begin

FLAGGED = ContentFlagged(content_id="p", reason="rude")
KEEP = ModerationDecided(content_id="p", decision="keep", decided_by="ann")
REMOVE = ModerationDecided(content_id="p", decision="remove", decided_by="ann")
DELETED = ContentPostDeleted(post_id="p", user_id="bob", deleted_at=AT)
REMOVAL = RemovalRequested(content_id="p", reason="rude")


def asked(level: int) -> ReviewRequested:
    return ReviewRequested(content_id="p", reason="rude", level=level)


def test_what_is_to_be_kept_stays():
    begin(MODERATION, FLAGGED).asks(asked(1)).when(KEEP).asks().stands("completed", remove="skipped")


def test_what_is_to_be_removed_is_removed():
    story = begin(MODERATION, FLAGGED).when(REMOVE).asks(REMOVAL).knows(decided_by="ann")

    story.when(DELETED).stands("completed", remove="done")


def test_the_next_level_is_asked_each_day_and_then_an_operator():
    story = begin(MODERATION, FLAGGED)

    story.after(days=1).asks(asked(2)).after(days=1).asks(asked(3)).after(days=1).asks()
    story.stands("awaiting_operator", review="uncertain")
    story.when(KEEP).stands("completed")


def test_a_post_that_its_author_deletes_first_need_not_be_removed():
    begin(MODERATION, FLAGGED).when(DELETED).asks().when(REMOVE).asks(REMOVAL).stands("completed")


def test_a_second_flag_opens_no_second_case():
    story = begin(MODERATION, FLAGGED).when(FLAGGED)

    assert story.ignored == "the instance has begun before"


def test_it_is_decided_once():
    decided = ModerationDecided(content_id=ID, decision="keep", decided_by="ann")

    given().when(Decide(decision="keep"), user_id="ann").then(decided)
    given(decided).when(Decide(decision="keep"), user_id="eve").then()
    given(decided).when(Decide(decision="remove"), user_id="eve").then_refused("already_decided")


class Reviewer:
    """Decides once, and stays with it."""

    requests = (ReviewRequested,)
    decision = ""

    def answer(self, request: Any, choose: Any) -> Struct:
        self.decision = self.decision or ("keep", "remove")[choose(2)]
        return KEEP if self.decision == "keep" else REMOVE


class Content:
    """Deletes a post once: asked again, it has nothing to say."""

    requests = (RemovalRequested,)
    deleted = False

    def answer(self, request: Any, choose: Any) -> Struct | None:
        if self.deleted or choose(4) == 1:
            return None
        self.deleted = True
        return DELETED


def violation(instance: Instance, world: Sequence[Any]) -> str:
    """A post that is gone without a decision, or there in spite of one."""
    reviewer, content = world
    if content.deleted and reviewer.decision != "remove":
        return "the post is removed, and nobody has decided so"
    if instance.status is Status.COMPLETED and content.deleted != (reviewer.decision == "remove"):
        return f"it was decided to {reviewer.decision}, and the post is {'gone' if content.deleted else 'there'}"
    return ""


A_CASE = Scenario(saga=MODERATION, events=(FLAGGED,), participants=lambda: (Reviewer(), Content()), violation=violation)


def test_no_schedule_removes_what_was_kept():
    assert explore(A_CASE, schedules=300, name="A_CASE") > 150


@pytest.mark.slow
def test_ten_thousand_schedules_remove_nothing_that_was_kept():
    assert explore(A_CASE, schedules=10_000, name="A_CASE") > 5_000
