"""Notices of orders: what a customer is told at the end of a fulfilment, once for each order and end."""

from uuid import UUID, uuid5

from nova.services.identity.events import NoticeRequested

NAMESPACE = UUID("c4a0e6d2-8f0b-4f0e-9a37-0d6c1f2b7e55")


def fulfilled(order_id: str, customer_id: str) -> NoticeRequested:
    """The order has left the house."""
    return _notice(
        order_id,
        customer_id,
        end="fulfilled",
        subject="Your order has left the house",
        message=f"Your order {order_id} has left the house.",
    )


def cancelled(order_id: str, customer_id: str, reason: str) -> NoticeRequested:
    """The order could not be fulfilled."""
    return _notice(
        order_id,
        customer_id,
        end="cancelled",
        subject="Your order could not be fulfilled",
        message=f"Your order {order_id} could not be fulfilled{f': {reason}' if reason else ''}.",
    )


def _notice(order_id: str, customer_id: str, *, end: str, subject: str, message: str) -> NoticeRequested:
    notice_id = str(uuid5(NAMESPACE, f"{end}/{order_id}"))
    return NoticeRequested(
        user_id=customer_id, notice_id=notice_id, reference=order_id, subject=subject, message=message
    )
