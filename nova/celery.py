"""Celery application: workers, and the schedule that beat keeps.

`celery --app nova.celery:app worker --pool threads --consumers feed-service,search-service --runners projections`
"""

import gc
import os
import signal
from types import FrameType
from typing import Any

import celery.apps.worker
from celery import Celery, signals
from click import Option
from django.conf import settings

from kit.conf import shared_conf
from kit.stop import BEAT_STOP, LOOPS_STOP, end_within
from nova.start import refuse_unsound_settings
from nova.telemetry.logs import is_for_people, write_entry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nova.settings.local")

app = Celery("nova")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.user_options["worker"].update(
    (
        Option(("--consumers",), default="", help="Consumer groups to host, comma-separated."),
        Option(("--runners",), default="", help="Other loops to host, comma-separated: projections, sagas, relay."),
    )
)
# By name, because Django is not set up yet when Celery reads this.
app.steps["worker"].update(
    f"outbox.hosting.worker_steps:{step}" for step in ("ConsumersStep", "RunnersStep", "MetricsStep")
)

UPKEEP_INTERVAL = 3600.0


@app.on_after_finalize.connect
def schedule(sender: Celery, **_: Any) -> None:
    """What beat starts. A start that no worker has taken when the next is due is dropped: one look is enough."""
    often = float(shared_conf().beat_interval)
    intervals = {
        "outbox.tasks.relay_pass": often,
        "outbox.tasks.run_operations": often,
        "outbox.tasks.publish_dead_letters": often,
        "projections.tasks.project": often,
        "projections.tasks.rebuild": often,
        "projections.tasks.refresh_views": often,
        "sagas.tasks.fire_timers": often,
        "sagas.tasks.run_operations": often,
        "nova.services.feed.tasks.show_feed_changes": often,
        "outbox.tasks.prune": UPKEEP_INTERVAL,
        "events.tasks.rebuild_snapshots": UPKEEP_INTERVAL,
        "events.tasks.prune_snapshots": UPKEEP_INTERVAL,
        "outbox.tasks.prune_inbox": UPKEEP_INTERVAL,
        "sagas.tasks.prune": UPKEEP_INTERVAL,
    }
    for task, seconds in intervals.items():
        sender.add_periodic_task(seconds, sender.signature(task), name=task, expires=seconds)


@signals.worker_shutting_down.connect
def bound_stop_of_worker(**_: Any) -> None:
    """Celery itself waits as long as it takes, for tasks as for a broker that is away."""
    end_within(LOOPS_STOP)


@signals.beat_init.connect
def bound_stop_of_beat(**_: Any) -> None:
    """Of a beat that is asked to end Celery tells nobody; what it has installed for that is called as before."""
    celerys = signal.getsignal(signal.SIGTERM)
    # What is loaded need not be searched for cycles when Python ends, which takes seconds on a busy machine.
    gc.freeze()

    def end(number: int, frame: FrameType | None) -> None:
        end_within(BEAT_STOP)
        if callable(celerys):
            celerys(number, frame)

    signal.signal(signal.SIGTERM, end)


@signals.import_modules.connect
def refuse_to_start(**_: Any) -> None:
    """Once Django is set up: Celery runs the system checks itself, and does not look at what they find."""
    refuse_unsound_settings()


@signals.setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Nova's logging stays as Django has configured it; Celery leaves it alone when somebody listens here."""


@signals.celeryd_init.connect
def write_entries_only(**_: Any) -> None:
    """Where logs are JSON, so is what a worker says when it is asked to stop; `--quiet` keeps its banner away."""
    if not is_for_people(settings.LOGGING.get("format", "")):
        celery.apps.worker.safe_say = write_entry  # type: ignore[attr-defined]  # it has no setting for that
