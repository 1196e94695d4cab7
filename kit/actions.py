"""Action: a verb of operators, said once: what it means, who may do it, what it needs to know, and its effect.

Console, REST and command line are made from it, so that none of them can do more, or otherwise, than the others. Every
action has a reason, and its effect keeps both with whatever it changes.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from kit.arguments import MAX_REASON, Arguments

TargetT = TypeVar("TargetT")


class Operator(Struct, frozen=True, kw_only=True):
    """Who acts, and why."""

    name: str
    """As the audit names people and tokens."""
    reason: str
    """1 to 500 characters."""


class NoArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action needs to know that needs to know nothing."""


class Action(Struct, Generic[TargetT], frozen=True, kw_only=True, eq=False):
    """A verb."""

    verb: str
    """In addresses and on the command line: `retry`."""
    label: str
    """On a button: "Retry step"."""
    explanation: str
    """What it does, in a sentence."""
    permission: str
    """Django's, such as `sagas.operate_sagastate`."""
    arguments: type[Struct] = NoArguments
    """What it needs to know beside the target and the reason."""
    effect: Callable[[TargetT, Any, Operator], Any]
    """Does it, with arguments of that type, and keeps who did it and why. Raises what the app raises."""
    dangerous: bool = False
    """Whether it cannot be taken back."""

    def perform(self, target: TargetT, arguments: Struct, operator: Operator, *, checks: Arguments) -> Any:
        """Check who and why, and do it. Raises what `checks` raises, and what the effect raises."""
        checks.text("actor", operator.name, least=1, most=255)
        checks.text("reason", operator.reason, least=1, most=MAX_REASON)
        return self.effect(target, arguments, operator)
