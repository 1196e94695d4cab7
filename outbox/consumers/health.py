"""Health checks: relay, consumers and workers are alive while their heartbeats come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from msgspec import Struct

from outbox.conf import outbox_conf
from outbox.consumers.set_back import RESTORED, STAYING_OUT
from outbox.handling.database_identity import is_restored
from outbox.handling.handlers import registered_groups
from outbox.models import ProcessHeartbeat
from outbox.signals import heartbeats

# Seconds of silence after which a loop counts as dead or stuck.
SILENCE = 10.0


class Check(Struct, frozen=True, kw_only=True):
    """Whether something that should be alive is."""

    name: str
    healthy: bool
    detail: str


def after_restore_is_due() -> str | None:
    """Why `manage.py after_restore` is to be run, as the database and its consumers know it; None when it is not."""
    if is_restored():
        return RESTORED
    out = ProcessHeartbeat.objects.filter(
        name__startswith=heartbeats.consumer_name(""),
        detail__state=STAYING_OUT,
        seen_at__gte=Now() - timedelta(seconds=SILENCE),
    )
    reasons = (reason for detail in out.values_list("detail", flat=True) for reason in detail.get("stalled", ()))
    return next(reasons, None)


def checks(runners: Iterable[str] = ()) -> list[Check]:
    """The relay, every registered consumer group, a worker that beat reaches, and the named hosted runners."""
    beats = outbox_conf().beat_interval
    expected = {
        heartbeats.RELAY: SILENCE,
        **{heartbeats.consumer_name(group.name): SILENCE for group in registered_groups()},
        **{heartbeats.runner_name(name): SILENCE for name in runners},
        # A worker speaks when beat has reached it, which may be missed once.
        heartbeats.WORKER: max(SILENCE, 2.5 * beats),
    }
    seen: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
    for name, age, detail in ProcessHeartbeat.objects.annotate(age=Now() - F("seen_at")).values_list(
        "name", "age", "detail"
    ):
        seen[name].append((age.total_seconds(), detail))
    return [_check(name, seen[name], silence) for name, silence in expected.items()]


def _check(name: str, seen: Sequence[tuple[float, dict[str, Any]]], silence: float) -> Check:
    """One process that turns is enough, and one that is stuck is too many: it has partitions that no other one has."""
    if not seen:
        return Check(name=name, healthy=False, detail="never seen")
    stuck = [what for age, detail in seen if age <= silence for what in detail.get("stalled", ())]
    if stuck:
        return Check(name=name, healthy=False, detail=f"stalled: {', '.join(stuck)}")
    age = min(age for age, _ in seen)
    return Check(name=name, healthy=age <= silence, detail=f"seen {max(age, 0):.1f} s ago")
