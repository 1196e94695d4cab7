"""What can an operator do about rows and messages that are stuck? Each action says who did it and why."""

from collections.abc import Iterable

import structlog
from django.db import transaction
from django.db.models.functions import Now

from outbox import hints
from outbox.models import DeadLetter, OutboxEvent
from outbox.tasks import retry_dead_letters as retry_task

log = structlog.get_logger(__name__)


def retry_outbox_rows(ids: Iterable[int], *, actor: str, reason: str = "") -> int:
    """Try dead and waiting rows again at once, with all their attempts; how many there were."""
    rows = OutboxEvent.objects.filter(pk__in=list(ids))
    again = {"dead_at": None, "next_attempt_at": None, "retry_count": 0}
    with transaction.atomic():
        retried = rows.dead().update(**again) + rows.waiting().update(**again)
        transaction.on_commit(hints.announce_append)
    log.info("outbox rows retried", actor=actor, reason=reason, rows=retried)
    return retried


def discard_outbox_rows(ids: Iterable[int], *, actor: str, reason: str) -> int:
    """Never publish these dead rows, so that the later rows of their keys go on; how many there were."""
    with transaction.atomic():
        discarded = OutboxEvent.objects.filter(pk__in=list(ids)).dead().update(discarded_at=Now(), dead_at=None)
        transaction.on_commit(hints.announce_append)
    log.info("outbox rows discarded", actor=actor, reason=reason, rows=discarded)
    return discarded


def retry_dead_letters(ids: Iterable[int], *, actor: str, reason: str = "") -> int:
    """Have open dead letters handled again by their group's handlers, in a worker; how many there were."""
    with transaction.atomic():
        asked = DeadLetter.objects.filter(pk__in=list(ids), status=DeadLetter.Status.OPEN).update(
            status=DeadLetter.Status.RETRYING
        )
        # A hint only, and it may be lost: beat looks at the rows.
        transaction.on_commit(lambda: retry_task.apply_async(retry=False, ignore_result=True), robust=True)
    log.info("dead letters to be retried", actor=actor, reason=reason, messages=asked)
    return asked


def discard_dead_letters(ids: Iterable[int], *, actor: str, reason: str = "") -> int:
    """Close open dead letters without handling them; how many there were."""
    discarded = DeadLetter.objects.filter(pk__in=list(ids), status=DeadLetter.Status.OPEN).update(
        status=DeadLetter.Status.DISCARDED
    )
    log.info("dead letters discarded", actor=actor, reason=reason, messages=discarded)
    return discarded
