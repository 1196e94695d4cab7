"""The rules of a payment: nothing is taken twice, and no more given back than was taken."""

from uuid import UUID

import pytest
from hypothesis import given as every
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from events.api import Issued
from events.testing import AT, ID
from nova.services.payments.aggregates import (
    PAYMENT,
    Authorize,
    Capture,
    PaymentCommand,
    Refund,
    Void,
    settled,
)
from nova.services.payments.events import (
    PaymentAuthorized,
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    PaymentRefused,
    PaymentVoided,
)
from nova.services.payments.outcome import Approved, Declined, Outcome

YES, NO = Approved(reference="r"), Declined(reason="no")
AUTHORIZED = PaymentAuthorized(order_id=ID, payment_id=ID, amount=500, currency="EUR", reference="r")
TAKEN = PaymentProcessed(order_id=ID, payment_id=ID, amount=500, currency="EUR", reference="r")
FAILED = PaymentFailed(order_id=ID, payment_id=ID, amount=500, currency="EUR", reason="no")
VOIDED = PaymentVoided(order_id=ID, payment_id=ID, amount=500)
NOTHING_VOIDED = PaymentVoided(order_id=ID, payment_id=ID, amount=0)
ALL_BACK = PaymentRefunded(order_id=ID, payment_id=ID, amount=500, total=500, currency="EUR")
PART_BACK = PaymentRefunded(order_id=ID, payment_id=ID, amount=200, total=200, currency="EUR")
NOTHING_BACK = PaymentRefunded(order_id=ID, payment_id=ID, amount=0, total=0, currency=None)
AUTHORIZE, CAPTURE = Authorize(amount=500, currency="EUR"), Capture(amount=500, currency="EUR")


def answer(command: PaymentCommand, *before: Struct, outcome: Outcome | None = None) -> Struct:
    state = PAYMENT.fold(PAYMENT.initial, before)
    (reply,) = PAYMENT.decide(
        state,
        structs.replace(command, outcome=outcome),
        Issued(aggregate_id=ID, command_id=UUID(int=1), at=AT, user_id=None),
    )
    return reply


@pytest.mark.parametrize(
    ("before", "command", "outcome", "expected"),
    [
        ([], AUTHORIZE, YES, AUTHORIZED),
        ([], AUTHORIZE, NO, FAILED),
        ([], CAPTURE, YES, TAKEN),
        ([], CAPTURE, NO, FAILED),
        ([FAILED], CAPTURE, YES, TAKEN),
        ([AUTHORIZED], CAPTURE, YES, TAKEN),
        ([AUTHORIZED], CAPTURE, NO, FAILED),
        ([AUTHORIZED], Void(), YES, VOIDED),
        ([AUTHORIZED, FAILED], AUTHORIZE, YES, AUTHORIZED),
        ([TAKEN], Refund(), YES, ALL_BACK),
        ([TAKEN], Refund(amount=200), YES, PART_BACK),
        ([TAKEN, PART_BACK], Refund(), YES, structs.replace(ALL_BACK, amount=300)),
        ([AUTHORIZED], Refund(), YES, structs.replace(NOTHING_BACK, currency="EUR")),
    ],
)
def test_what_the_provider_is_asked_for_is_answered_as_it_says(
    before: list[Struct], command: PaymentCommand, outcome: Outcome, expected: Struct
) -> None:
    assert settled(PAYMENT.fold(PAYMENT.initial, before), command, ID) is None
    assert answer(command, *before, outcome=outcome) == expected


@pytest.mark.parametrize(
    ("before", "command", "expected"),
    [
        ([AUTHORIZED], AUTHORIZE, structs.replace(AUTHORIZED, repeated=True)),
        ([TAKEN], CAPTURE, structs.replace(TAKEN, repeated=True)),
        ([AUTHORIZED, VOIDED], Void(), NOTHING_VOIDED),
        ([TAKEN, ALL_BACK], Refund(), structs.replace(ALL_BACK, amount=0)),
        ([TAKEN, ALL_BACK], Refund(amount=400), structs.replace(ALL_BACK, amount=0)),
        ([TAKEN, PART_BACK], Refund(amount=200), structs.replace(PART_BACK, amount=0)),
        ([TAKEN, ALL_BACK], Void(), NOTHING_VOIDED),
    ],
)
def test_what_is_so_already_is_said_again_without_the_provider(
    before: list[Struct], command: PaymentCommand, expected: Struct
) -> None:
    assert answer(command, *before) == expected
    state = PAYMENT.fold(PAYMENT.initial, before)
    assert PAYMENT.evolve(state, expected) == state


@pytest.mark.parametrize(
    ("mark", "command"),
    [(NOTHING_VOIDED, Void()), (NOTHING_BACK, Refund()), (NOTHING_BACK, Refund(amount=500))],
)
@pytest.mark.parametrize("late", [AUTHORIZE, CAPTURE])
def test_a_charge_that_comes_after_its_void_or_refund_takes_nothing(
    mark: Struct, command: PaymentCommand, late: PaymentCommand
) -> None:
    assert answer(command) == mark
    reply = answer(late, mark)
    assert isinstance(reply, PaymentRefused)
    assert reply.code in {"already_voided", "already_refunded"}


@pytest.mark.parametrize(
    ("before", "command", "outcome", "code"),
    [
        ([AUTHORIZED], Capture(amount=501, currency="EUR"), None, "already_authorized"),
        ([AUTHORIZED], Authorize(amount=500, currency="USD"), None, "already_authorized"),
        ([TAKEN], Capture(amount=400, currency="EUR"), None, "already_captured"),
        ([TAKEN], AUTHORIZE, None, "already_captured"),
        ([TAKEN], Void(), None, "already_captured"),
        ([AUTHORIZED, VOIDED], CAPTURE, None, "already_voided"),
        ([TAKEN, ALL_BACK], CAPTURE, None, "already_refunded"),
        ([TAKEN], Refund(amount=501), None, "exceeds_captured"),
        ([TAKEN], Refund(), NO, "declined"),
        ([AUTHORIZED], Void(), NO, "declined"),
    ],
)
def test_what_the_rules_are_against_is_answered_too(
    before: list[Struct], command: PaymentCommand, outcome: Outcome | None, code: str
) -> None:
    reply = answer(command, *before, outcome=outcome)
    assert isinstance(reply, PaymentRefused)
    assert reply.code == code
    state = PAYMENT.fold(PAYMENT.initial, before)
    assert PAYMENT.evolve(state, reply) == state


amounts = st.sampled_from([0, 100, 200, 300])
commands = st.one_of(
    st.builds(Authorize, amount=amounts, currency=st.just("EUR")),
    st.builds(Capture, amount=amounts, currency=st.just("EUR")),
    st.builds(Void),
    st.builds(Refund, amount=st.none() | amounts),
)


@settings(max_examples=300)
@every(st.lists(st.tuples(commands, st.sampled_from([YES, NO])), max_size=20))
def test_whatever_is_asked_for_money_is_taken_once_and_no_more_given_back(
    life: list[tuple[PaymentCommand, Outcome]],
) -> None:
    happened: list[Struct] = []
    for command, outcome in life:
        happened.append(answer(command, *happened, outcome=outcome))

    taken = [one.amount for one in happened if isinstance(one, PaymentProcessed) and not one.repeated]
    back = [one.amount for one in happened if isinstance(one, PaymentRefunded)]
    state = PAYMENT.fold(PAYMENT.initial, happened)
    assert len(taken) <= 1
    assert (state.captured, state.refunded) == (sum(taken), sum(back))
    assert sum(back) <= sum(taken)
    assert sum(back) == sum(taken) or state.status not in {"voided", "refunded"}
