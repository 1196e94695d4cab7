"""A payment is taken once and given back whole, each request is answered once, and the provider is asked once."""

from uuid import UUID, uuid4

import pytest
from django.db import transaction
from msgspec import Struct

from events.api import Expected, NewEvent, StreamId, Unavailable, append_events, get_events, load_aggregate
from nova.services.payments.aggregates import PAYMENT, Payment
from nova.services.payments.checks import the_provider_is_there
from nova.services.payments.commands import authorize, capture, refund, void
from nova.services.payments.events import (
    AuthorizeRequested,
    ChargeRequested,
    PaymentAuthorized,
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    PaymentRefused,
    PaymentVoided,
    RefundRequested,
    VoidRequested,
)
from nova.services.payments.outcome import Approved, Declined, Outcome
from outbox.api import group_named, take_effect
from outbox.models import InboxEntry
from tests.support.received import received

pytestmark = pytest.mark.usefixtures("redis_url", "db")


class Recorder:
    """A provider that remembers what it was asked, and moves money once for each key."""

    asked: list[str] = []
    moved: dict[str, int] = {}
    is_away = False
    declines: tuple[str, ...] = ()

    def _answer(self, verb: str, key: str, amount: int) -> Outcome:
        if Recorder.is_away:
            raise Unavailable("the payment provider is away")
        Recorder.asked.append(verb)
        if verb in Recorder.declines:
            return Declined(reason=f"no {verb}")
        Recorder.moved[key] = amount
        return Approved(reference=f"ref-{verb}")

    def authorize(self, *, key: str, amount: int, currency: str, method: str) -> Outcome:
        return self._answer("authorize", key, 0)

    def capture(self, *, key: str, reference: str, amount: int, currency: str) -> Outcome:
        assert reference == "ref-authorize"
        return self._answer("capture", key, amount)

    def void(self, *, key: str, reference: str) -> Outcome:
        assert reference == "ref-authorize"
        return self._answer("void", key, 0)

    def refund(self, *, key: str, reference: str, amount: int, currency: str) -> Outcome:
        assert reference == "ref-capture"
        return self._answer("refund", key, -amount)


@pytest.fixture
def provider(settings: object) -> type[Recorder]:
    settings.NOVA_PAYMENT_PROVIDER = f"{__name__}.Recorder"  # type: ignore[attr-defined]
    Recorder.asked, Recorder.moved, Recorder.is_away, Recorder.declines = [], {}, False, ()
    return Recorder


def charge(order_id: str = "o1", *, amount: int = 500, method: str = "", command_id: UUID | None = None) -> Struct:
    return capture(order_id=order_id, amount=amount, currency="EUR", method=method, command_id=command_id or uuid4())


def payment(order_id: str = "o1") -> Payment:
    state: Payment = load_aggregate(PAYMENT, order_id).state
    return state


def replies(order_id: str = "o1") -> list[str]:
    return [event.event_type for event in get_events(StreamId("payment", order_id))]


def ask(order_id: str, *bodies: Struct) -> None:
    """Append the requests as a saga does, to a stream of its own, and hand them to the group as Kafka would."""
    stream = StreamId("fulfilment", order_id)
    append_events(stream, Expected.ANY, [NewEvent(payload=body) for body in bodies])
    take_effect(
        group_named("payment-service"),
        [
            received(event.payload, event_id=event.event_id, correlation_id=event.correlation_id)
            for event in get_events(stream)
        ],
    )


def test_what_is_held_is_taken_and_given_back(provider: type[Recorder]) -> None:
    held = authorize(order_id="o1", amount=500, currency="EUR", method="card", command_id=uuid4())
    assert held == PaymentAuthorized(
        order_id="o1", payment_id="o1", amount=500, currency="EUR", reference="ref-authorize"
    )
    taken = charge()
    assert taken == PaymentProcessed(
        order_id="o1", payment_id="o1", amount=500, currency="EUR", reference="ref-capture"
    )
    back = refund(order_id="o1", command_id=uuid4())
    assert back == PaymentRefunded(order_id="o1", payment_id="o1", amount=500, total=500, currency="EUR")
    assert provider.asked == ["authorize", "capture", "refund"]
    assert sum(provider.moved.values()) == 0


def test_a_charge_holds_and_takes_at_once_and_never_twice(provider: type[Recorder]) -> None:
    command_id = uuid4()
    first = charge(command_id=command_id)
    assert charge(command_id=command_id) == first
    again = charge()
    assert isinstance(again, PaymentProcessed)
    assert again.repeated
    assert provider.asked == ["authorize", "capture"]
    assert replies() == ["payment.processed", "payment.processed"]
    assert payment().captured == 500


def test_a_part_is_given_back_and_then_the_rest(provider: type[Recorder]) -> None:
    charge()
    for amount in (200, 200, None):
        refund(order_id="o1", amount=amount, command_id=uuid4())
    assert [amount for amount in provider.moved.values() if amount < 0] == [-200, -300]
    assert (payment().refunded, payment().status) == (500, "refunded")
    assert isinstance(refund(order_id="o1", amount=501, command_id=uuid4()), PaymentRefused)


def test_what_is_rolled_back_is_asked_again_with_the_same_key(provider: type[Recorder]) -> None:
    with pytest.raises(LookupError), transaction.atomic():
        charge()
        raise LookupError
    assert replies() == []
    charge()
    assert provider.asked == ["authorize", "capture"] * 2
    assert sum(provider.moved.values()) == 500


def test_after_a_decline_the_provider_is_asked_anew(provider: type[Recorder]) -> None:
    provider.declines = ("capture",)
    assert isinstance(charge(), PaymentFailed)
    # What was held for it is let go of.
    assert provider.asked == ["authorize", "capture", "void"]

    provider.declines = ()
    assert isinstance(charge(), PaymentProcessed)
    assert set(provider.moved) == {"o1/authorize/0", "o1/void/0", "o1/authorize/1", "o1/capture/1"}


def test_what_is_held_is_let_go_of_by_a_void_and_by_a_refund(provider: type[Recorder]) -> None:
    for order_id in ("o1", "o2"):
        authorize(order_id=order_id, amount=500, currency="EUR", command_id=uuid4())
    assert void(order_id="o1", command_id=uuid4()) == PaymentVoided(order_id="o1", payment_id="o1", amount=500)
    back = refund(order_id="o2", command_id=uuid4())
    assert back == PaymentRefunded(order_id="o2", payment_id="o2", amount=0, total=0, currency="EUR")
    assert provider.asked == ["authorize", "authorize", "void", "void"]
    for order_id in ("o1", "o2"):
        assert isinstance(charge(order_id), PaymentRefused)


def test_a_void_or_refund_that_comes_first_leaves_a_mark(provider: type[Recorder]) -> None:
    void(order_id="o1", command_id=uuid4())
    refund(order_id="o2", command_id=uuid4())
    late = [charge("o1"), charge("o2")]
    assert [one.code for one in late if isinstance(one, PaymentRefused)] == ["already_voided", "already_refunded"]
    assert provider.asked == []


def test_a_provider_that_is_away_leaves_nothing_behind(provider: type[Recorder]) -> None:
    provider.is_away = True
    with pytest.raises(Unavailable):
        charge()
    assert replies() == []


def test_the_provider_in_this_house_declines_by_rule(settings: object) -> None:
    settings.NOVA_PAYMENT_DECLINE_ABOVE = 1_000  # type: ignore[attr-defined]
    settings.NOVA_PAYMENT_DECLINED_METHODS = ("stolen",)  # type: ignore[attr-defined]
    assert isinstance(charge("o1", amount=1_000), PaymentProcessed)
    assert isinstance(charge("o2", amount=1_001), PaymentFailed)
    assert isinstance(charge("o3", method="stolen"), PaymentFailed)
    refund(order_id="o1", command_id=uuid4())
    assert payment("o1").refunded == 1_000


def test_a_provider_that_is_not_there_is_refused_at_start(settings: object) -> None:
    assert the_provider_is_there() == []
    settings.NOVA_PAYMENT_PROVIDER = "shop.Nowhere"  # type: ignore[attr-defined]
    (problem,) = the_provider_is_there()
    assert problem.id == "nova_payments.E002"


def test_requests_that_come_as_events_are_answered_once_each_and_caused_by_them() -> None:
    body = ChargeRequested(order_id="o1", amount=500, currency="EUR")
    ask("o1", AuthorizeRequested(order_id="o1", amount=500, currency="EUR"), body, body, VoidRequested(order_id="o1"))
    ask("o1", RefundRequested(order_id="o1"))
    expected = ["authorized", "processed", "processed", "refused", "refunded"]
    assert replies() == [f"payment.{name}" for name in expected]
    requests = get_events(StreamId("fulfilment", "o1"))
    answers = get_events(StreamId("payment", "o1"))
    assert [one.causation_id for one in answers] == [one.event_id for one in requests]
    assert [one.correlation_id for one in answers] == [one.correlation_id for one in requests]

    # Also when the inbox has forgotten them.
    InboxEntry.objects.all().delete()
    take_effect(group_named("payment-service"), [received(one.payload, event_id=one.event_id) for one in requests])
    assert len(replies()) == 5
