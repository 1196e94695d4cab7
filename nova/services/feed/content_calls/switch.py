"""Feature flag of direct calls: whether feeds are read from the content side, decided at run time or by the setting.

A decision of an operator is a row, with who and why, and the newest one holds; `reset` leaves it to the setting
`ENABLE_DIRECT_CALL` again. Every process notices within a second, without a restart.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from msgspec import Struct

from kit.actions import Action, NoArguments, Operator
from kit.arguments import Arguments
from kit.exceptions import InvalidParameter
from nova.services.feed.conf import feed_conf
from nova.services.feed.models import ContentCallDecision

OPERATE = "nova_feed.operate_contentcalldecision"
NOTICED_WITHIN = 1.0
"""Seconds after which a process has noticed a decision."""
Clock = Callable[[], float]

log = structlog.get_logger(__name__)


class ContentCallState(Struct, frozen=True, kw_only=True):
    """Whether feeds are read from the content side, and who has decided that."""

    enabled: bool
    decided_by: str
    """The operator, or `ENABLE_DIRECT_CALL` where the setting says so."""
    reason: str
    since: datetime | None
    setting: bool
    """What holds by the setting."""
    way: str
    """How the content side is asked: `in process`, or `http`."""


class Switch:
    """What a process knows of the decisions; it looks again after a second."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, bool] | None = None

    def is_on(self) -> bool:
        """Whether feeds are read from the content side."""
        known, now = self._known, self._clock()
        if known is not None and now - known[0] < NOTICED_WITHIN:
            return known[1]
        with self._lock:
            enabled = content_call_state().enabled
            self._known = (now, enabled)
        return enabled

    def forget(self) -> None:
        """Look again at once."""
        self._known = None


SWITCH = Switch()


def content_call_state() -> ContentCallState:
    """What holds now, by the table."""
    conf = feed_conf()
    latest = ContentCallDecision.objects.order_by("-id").first()
    way = "http" if conf.content_url else "in process"
    if latest is None or latest.verb == "reset":
        return ContentCallState(
            enabled=conf.direct_call,
            decided_by="ENABLE_DIRECT_CALL",
            reason=latest.reason if latest else "",
            since=latest.decided_at if latest else None,
            setting=conf.direct_call,
            way=way,
        )
    return ContentCallState(
        enabled=latest.verb == "enable",
        decided_by=latest.actor,
        reason=latest.reason,
        since=latest.decided_at,
        setting=conf.direct_call,
        way=way,
    )


def decide(verb: str, *, actor: str, reason: str) -> ContentCallState:
    """Do what an operator wants, and keep it; what holds then. Raises `InvalidParameter`."""
    ACTIONS[verb].perform(None, NoArguments(), Operator(name=actor, reason=reason), checks=Arguments(InvalidParameter))
    log.info("direct_call_decided", actor=actor, verb=verb, reason=reason)
    return content_call_state()


def _keep(verb: str, _: None, __: Any, operator: Operator) -> None:
    ContentCallDecision.objects.create(verb=verb, actor=operator.name, reason=operator.reason)
    SWITCH.forget()
    transaction.on_commit(SWITCH.forget)


def _action(verb: str, label: str, explanation: str) -> Action[None]:
    return Action(verb=verb, label=label, explanation=explanation, permission=OPERATE, effect=partial(_keep, verb))


ACTIONS: dict[str, Action[None]] = {
    action.verb: action
    for action in (
        _action(
            "enable",
            "Enable",
            "Feeds read posts straight from the content side, and from their local copy only while it does not answer.",
        ),
        _action("disable", "Disable", "Feeds read posts from their local copy, whatever the setting says."),
        _action("reset", "Leave to the setting", "What holds is what ENABLE_DIRECT_CALL says."),
    )
}
"""By verb."""
