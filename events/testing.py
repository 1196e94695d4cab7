"""Given, when, then: aggregates are tested without a database.

    given(OrderCreated(…)).when(PayOrder(payment_id="p", amount=500)).then(OrderPaid(…))
    given().when(PayOrder(payment_id="p", amount=500)).then_refused("order_not_found")

For users of the platform too; `docs/testing-aggregates.md` shows how.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from events.aggregates.aggregate import Aggregate, Issued, aggregates
from events.exceptions import CommandRefused

ID = "aggregate-1"
"""The aggregate's id where a test names no other."""
AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
"""When commands are issued where a test names no other time."""
COMMAND_ID = UUID("00000000-0000-7000-8000-000000000001")


class Outcome(Struct, frozen=True, kw_only=True):
    """What a command led to."""

    aggregate: Aggregate[Any]
    state: Any
    """What was known before."""
    events: list[Struct]
    """What happened; nothing when the command was refused."""
    refusal: CommandRefused | None

    def then(self, *expected: Struct) -> "Outcome":
        """Exactly these events happened, in this order; none for a command that had nothing to do."""
        if self.refusal is not None:
            raise AssertionError(f"refused with {self.refusal.code!r}: {self.refusal}")
        if self.events != list(expected):
            raise AssertionError(f"expected\n{_lines(expected)}\nbut there happened\n{_lines(self.events)}")
        return self

    def then_refused(self, code: str) -> "Outcome":
        """The command was refused with this code."""
        if self.refusal is None:
            raise AssertionError(f"expected a refusal with {code!r}, but there happened\n{_lines(self.events)}")
        if self.refusal.code != code:
            raise AssertionError(f"expected a refusal with {code!r}, but it was {self.refusal.code!r}: {self.refusal}")
        return self

    def then_state(self, **fields: Any) -> "Outcome":
        """Afterwards these fields of the state have these values."""
        state = self.aggregate.fold(self.state, self.events)
        wrong = {name: getattr(state, name) for name, value in fields.items() if getattr(state, name) != value}
        if wrong:
            raise AssertionError(f"expected { ({name: fields[name] for name in wrong}) }, but it is {wrong}")
        return self


class Given(Struct, frozen=True):
    """What has happened before."""

    events: tuple[Struct, ...]

    def when(
        self, command: Struct, *, aggregate_id: str = ID, at: datetime = AT, user_id: str | None = None
    ) -> Outcome:
        """What the command leads to. Whose it is, its class says."""
        aggregate, _ = aggregates.of(command)
        # What could not be sent should not be tested either.
        command = msgspec.convert(msgspec.to_builtins(command), type(command))
        state = aggregate.fold(aggregate.initial, self.events)
        issued = Issued(aggregate_id=aggregate_id, command_id=COMMAND_ID, at=at, user_id=user_id)
        try:
            events, refusal = aggregate.decide(state, command, issued), None
        except CommandRefused as error:
            events, refusal = [], error
        return Outcome(aggregate=aggregate, state=state, events=events, refusal=refusal)


def given(*events: Struct) -> Given:
    """What has happened to the aggregate before, in this order; nothing for one that is new."""
    return Given(events)


def _lines(events: Any) -> str:
    return "\n".join(f"  {event!r}" for event in events) or "  nothing"
