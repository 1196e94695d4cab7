"""Batch: handled whole; when it fails, halves find the guilty message, which is tried again and becomes a dead letter.

One step does one piece of the work and never waits: what is to be tried later says when, so that whoever does the steps
has its hands free for others meanwhile.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from django.db import connection

from kit.outage_log import outage_log
from kit.outages import is_outage, part_of
from kit.pacing.retry import RetryPolicy
from outbox.bus.base import IncomingMessage
from outbox.exceptions import Poisonous

log = structlog.get_logger(__name__)

SERVER_RETRY = RetryPolicy(limit=0, base=0.1, cap=3.0)
# Pieces of so few messages are taken apart at once: halving them further would try the innocent ones more often.
FEW = 8


class Effect(Protocol):
    """What is done about messages."""

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        """Let all of them take effect together; raises whatever goes wrong, and nothing has happened then."""
        ...

    def dead_letter(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        """Give a message up, so that those behind it go on."""
        ...


class Batch:
    """Messages of one partition in their order, and how far their effect has come. One thread at a time."""

    def __init__(self, effect: Effect, policy: RetryPolicy, *, chance: Callable[[], float] = random.random) -> None:
        self._effect = effect
        self._policy = policy
        self._chance = chance
        self._pieces: deque[Sequence[IncomingMessage]] = deque()
        self._attempts = 0
        self._outages = 0
        self._missed = ""
        self.position: int | None = None
        """The next offset after all that is done; None before anything is."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self._pieces

    @property
    def first(self) -> Sequence[IncomingMessage]:
        """What the next step tries."""
        return self._pieces[0]

    def add(self, messages: Sequence[IncomingMessage]) -> None:
        """Some more, behind the others."""
        self._pieces.append(messages)

    def finish_first(self) -> None:
        """The first piece has had its effect: by a step, or together with others."""
        piece = self._pieces.popleft()
        if self._missed:
            outage_log(self._missed).found()
        self._attempts, self._outages, self._missed = 0, 0, ""
        self.position = piece[-1].offset + 1

    def step(self) -> float:
        """Try the first piece; seconds until the next step is due. Raises when no dead letter can be stored."""
        piece = self._pieces[0]
        try:
            self._effect.take(piece)
        except Exception as error:  # noqa: BLE001 - whatever it is, one message is guilty of it and is to be found
            return self._after(error, piece)
        self.finish_first()
        return 0.0

    def _after(self, error: Exception, piece: Sequence[IncomingMessage]) -> float:
        if is_outage(error):
            return self._wait_for_server(error)
        if len(piece) > 1:
            log.info("a batch failed and is taken apart", messages=len(piece), error=type(error).__name__)
            self._pieces.popleft()
            self._pieces.extendleft(reversed(_parts(piece)))
            return 0.0
        self._attempts += 1
        if not isinstance(error, Poisonous) and self._attempts <= self._policy.limit:
            return self._policy.delay(self._attempts, chance=self._chance())
        try:
            self._effect.dead_letter(piece[0], error, attempts=self._attempts)
        except Exception as failure:
            if not is_outage(failure):
                raise
            self._attempts -= 1
            return self._wait_for_server(failure)
        self.finish_first()
        return 0.0

    def _wait_for_server(self, error: Exception) -> float:
        """Servers that are away are no message's fault."""
        connection.close()
        self._outages += 1
        self._missed = part_of(error)
        outage_log(self._missed).lost(error)
        return SERVER_RETRY.delay(self._outages, chance=self._chance())


def take_together(effect: Effect, batches: Sequence[Batch]) -> bool:
    """Try the first pieces of several batches at once; whether they have had their effect.

    If not, nothing has happened, and nobody is counted guilty: each tries for itself.
    """
    messages = [message for batch in batches for message in batch.first]
    try:
        effect.take(messages)
    except Exception as error:  # noqa: BLE001 - whatever it is, the steps of each find out whose it is
        log.info("batches failed together", batches=len(batches), messages=len(messages), error=type(error).__name__)
        return False
    for batch in batches:
        batch.finish_first()
    return True


def _parts(piece: Sequence[IncomingMessage]) -> list[Sequence[IncomingMessage]]:
    if len(piece) <= FEW:
        return [[message] for message in piece]
    half = len(piece) // 2
    return [piece[:half], piece[half:]]
