"""Topic policies: what becomes of rows that the broker refuses, by topic. Pure."""

from collections.abc import Mapping

from msgspec import Struct, convert

from kit.pacing.retry import RetryPolicy
from outbox.conf import OutboxConf, TopicException


class TopicPolicy(Struct, frozen=True, kw_only=True):
    """What becomes of refused rows of a topic."""

    retry: RetryPolicy
    dead_row_holds_its_key: bool = True
    """Whether the later rows of a dead row's key wait for an operator; else they go on without it."""


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
            special={topic: _policy(exception, usual) for topic, exception in special.items()},
        )

    @classmethod
    def of_settings(cls, conf: OutboxConf) -> "TopicPolicies":
        """Those of the settings. Raises `msgspec.ValidationError` for what the system check of the settings refuses."""
        return cls.read(RetryPolicy(limit=conf.relay_max_retries), conf.relay_exceptions)

    def of(self, topic: str) -> TopicPolicy:
        """The policy of a topic."""
        return self.special.get(topic, self.usual)

    def topics_that_go_on(self) -> list[str]:
        """Those among the special ones whose dead rows hold nothing back."""
        return [topic for topic, policy in self.special.items() if not policy.dead_row_holds_its_key]


def _policy(exception: TopicException, usual: RetryPolicy) -> TopicPolicy:
    retry = RetryPolicy(
        limit=usual.limit if exception.max_retries is None else exception.max_retries,
        base=usual.base if exception.base is None else exception.base,
        cap=usual.cap if exception.cap is None else exception.cap,
    )
    return TopicPolicy(retry=retry, dead_row_holds_its_key=exception.dead_row == "holds_its_key")
