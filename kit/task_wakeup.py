"""Task wake-up: a Celery worker is told that there is something to do. Nothing depends on it: beat looks as well."""

import threading

import kombu.exceptions
import redis
import structlog
from celery import current_app

log = structlog.get_logger(__name__)


def wake_task(name: str) -> None:
    """Have a worker run the task soon, from a thread of its own: whoever asks waits for no broker that is away."""
    threading.Thread(target=_send, args=(name,), name=f"wake-{name}", daemon=True).start()


def _send(name: str) -> None:
    try:
        current_app.send_task(name, retry=False, ignore_result=True)
    except (kombu.exceptions.KombuError, redis.RedisError, OSError) as error:
        # It may be lost: beat looks at the rows.
        log.warning("workers are not woken, and look by themselves", task=name, error=str(error))
