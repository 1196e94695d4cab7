"""Append throughput: alone, in transactions, from many processes, in batches."""

import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection, transaction

from benchmarks import raw
from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, rate
from events.api import Expected, append_events

ONE_BY_ONE = 1_000
BATCHES, BATCH = 40, 100
PROCESSES, EACH = 8, 300


def measures(url: str) -> list[Measure]:
    """All measures of appending."""
    client = raw.connect(url)
    return [
        Measure(
            name="append_1_client",
            unit="events/s",
            goal=0.85,
            raw=lambda: rate(lambda: _raw_ones(client, ONE_BY_ONE)),
            nova=lambda: rate(lambda: _nova_ones(ONE_BY_ONE)),
        ),
        Measure(
            name="append_1_client_atomic",
            unit="events/s",
            goal=0.85,
            raw=lambda: rate(lambda: _raw_ones_in_django(ONE_BY_ONE)),
            nova=lambda: rate(lambda: _nova_ones(ONE_BY_ONE, in_transaction=True)),
        ),
        Measure(
            name="append_8_processes",
            unit="events/s",
            goal=0.85,
            raw=lambda: _in_processes("raw", url),
            nova=lambda: _in_processes("nova", url),
        ),
        Measure(
            name="append_100_per_transaction",
            unit="events/s",
            goal=0.8,
            raw=lambda: rate(lambda: _raw_batches(client)),
            nova=lambda: rate(_nova_batches),
        ),
    ]


def _raw_ones(client: psycopg.Connection[Any], count: int) -> int:
    for _ in range(count):
        raw.append_one(client, new_stream().aggregate_id, new_event().payload)
    return count


def _raw_ones_in_django(count: int) -> int:
    """Both sides open Django's transaction, for it is the caller's."""
    for _ in range(count):
        with transaction.atomic():
            raw.append_one(connection.connection, new_stream().aggregate_id, new_event().payload)
    return count


def _nova_ones(count: int, *, in_transaction: bool = False) -> int:
    for _ in range(count):
        if in_transaction:
            with transaction.atomic():
                append_events(new_stream(), Expected.NO_STREAM, [new_event()])
        else:
            append_events(new_stream(), Expected.NO_STREAM, [new_event()])
    return count


def _raw_batches(client: psycopg.Connection[Any]) -> int:
    for _ in range(BATCHES):
        raw.append_many(client, new_stream().aggregate_id, [new_event().payload for _ in range(BATCH)])
    return BATCHES * BATCH


def _nova_batches() -> int:
    for _ in range(BATCHES):
        append_events(new_stream(), Expected.NO_STREAM, [new_event() for _ in range(BATCH)])
    return BATCHES * BATCH


def _in_processes(side: str, url: str) -> float:
    """Events per second of several processes together, each with a connection of its own, after all are ready."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(PROCESSES + 1), context.Barrier(PROCESSES + 1)
    workers = [context.Process(target=_worker, args=(side, url, ready, go)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    go.wait()
    for worker in workers:
        worker.join()
    return PROCESSES * EACH / (time.perf_counter() - began)


def _worker(side: str, url: str, ready: Any, go: Any) -> None:
    from benchmarks.setting import set_up

    set_up(url)
    work: Callable[[int], int]
    if side == "raw":
        client = raw.connect(url)
        work = lambda count: _raw_ones(client, count)  # noqa: E731
    else:
        work = _nova_ones
    work(20)
    ready.wait()
    go.wait()
    work(EACH)
    connection.close()
