"""Topic policies: what becomes of rows that the broker refuses, by topic. Pure."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, convert

from kit.retry import RetryPolicy


class TopicPolicy(Struct, frozen=True, kw_only=True):
    """What becomes of refused rows of a topic."""

    retry: RetryPolicy
    dead_row_holds_its_key: bool = True
    """Whether the later rows of a dead row's key wait for an operator; else they go on without it."""


class TopicException(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the settings say about one topic; what they leave out is as usual."""

    max_retries: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    base: Annotated[float, Meta(ge=0, le=3_600)] | None = None
    """Most seconds before the first retry."""
    cap: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    """Most seconds before any retry."""
    dead_row: Literal["holds_its_key", "lets_its_key_go_on"] = "holds_its_key"

    def applied_to(self, usual: RetryPolicy) -> TopicPolicy:
        """The policy of the topic."""
        retry = RetryPolicy(
            limit=usual.limit if self.max_retries is None else self.max_retries,
            base=usual.base if self.base is None else self.base,
            cap=usual.cap if self.cap is None else self.cap,
        )
        return TopicPolicy(retry=retry, dead_row_holds_its_key=self.dead_row == "holds_its_key")


class TopicPolicies(Struct, frozen=True, kw_only=True):
    """The policy of each topic."""

    usual: TopicPolicy
    special: Mapping[str, TopicPolicy] = {}
    """By topic; the others have the usual one."""

    @classmethod
    def read(cls, usual: RetryPolicy, exceptions: object) -> "TopicPolicies":
        """From the settings: `exceptions` is an object of `TopicException`s by topic.

        Raises `msgspec.ValidationError` with the place of what is wrong.
        """
        special = convert(exceptions, dict[str, TopicException])
        return cls(
            usual=TopicPolicy(retry=usual),
            special={topic: exception.applied_to(usual) for topic, exception in special.items()},
        )

    def of(self, topic: str) -> TopicPolicy:
        """The policy of a topic."""
        return self.special.get(topic, self.usual)

    def topics_that_go_on(self) -> list[str]:
        """Those among the special ones whose dead rows hold nothing back."""
        return [topic for topic, policy in self.special.items() if not policy.dead_row_holds_its_key]
