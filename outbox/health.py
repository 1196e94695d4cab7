"""Are relay, consumers and workers alive? Their loops say so themselves; a silent one is not."""

from collections.abc import Iterable

from django.db.models import Max
from django.db.models.functions import Now
from msgspec import Struct

from outbox import heartbeats
from outbox.conf import outbox_conf
from outbox.handlers import registered_groups
from outbox.models import ProcessHeartbeat

# Seconds of silence after which a loop counts as dead or stuck.
SILENCE = 10.0


class Check(Struct, frozen=True, kw_only=True):
    """Whether something that should be alive is."""

    name: str
    healthy: bool
    detail: str


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
    ages = {
        row["name"]: row["age"].total_seconds()
        for row in ProcessHeartbeat.objects.values("name").annotate(age=Now() - Max("seen_at"))
    }
    return [_check(name, ages.get(name), silence) for name, silence in expected.items()]


def _check(name: str, age: float | None, silence: float) -> Check:
    if age is None:
        return Check(name=name, healthy=False, detail="never seen")
    return Check(name=name, healthy=age <= silence, detail=f"seen {max(age, 0):.1f} s ago")
