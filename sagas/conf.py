"""Settings of sagas."""

from typing import Annotated

from msgspec import Meta

from kit.conf import SharedConf
from kit.settings import Setting, reader


class SagasConf(SharedConf, frozen=True, kw_only=True):
    """The settings as one value, for long-lived objects to be built from."""

    max_poll_interval: Annotated[float, Setting("NOVA_SAGA_POLL_LONGEST"), Meta(ge=0.005, le=5)] = 0.5
    """Most seconds between two looks at the timers."""
    timer_batch: Annotated[int, Setting("NOVA_SAGA_TIMER_BATCH"), Meta(ge=1, le=10_000)] = 500
    """Most instances that one look at the timers moves on."""
    retention_days: Annotated[int, Setting("NOVA_SAGA_RETENTION_DAYS"), Meta(ge=30, le=3_650)] = 90
    """Days for which instances that have ended stay, with their history."""


sagas_conf = reader(SagasConf)
