"""Settings of projections."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from kit.conf import SharedConf
from kit.settings import Setting, reader


class ProjectionsConf(SharedConf, frozen=True, kw_only=True):
    """The settings as one value, for long-lived objects to be built from."""

    batch_size: Annotated[int, Setting("NOVA_PROJECTION_BATCH_SIZE"), Meta(ge=1, le=50_000)] = 1_000
    """Most events applied in one transaction."""
    max_poll_interval: Annotated[float, Setting("NOVA_PROJECTION_POLL_LONGEST"), Meta(ge=0.005, le=5)] = 0.5
    """Most seconds between two looks at a log of which no wake-up comes."""
    projections: Annotated[
        dict[str, dict[str, Any]],
        Setting("NOVA_PROJECTIONS", hint='By name: {"users": {"on_error": "park", "max_parked": 20}}.'),
    ] = field(default_factory=dict)
    """By projection, what holds instead of what its class says, such as `{"users": {"on_error": "park"}}`."""
    rebuild: Annotated[Literal["manual", "auto"], Setting("NOVA_PROJECTION_REBUILD")] = "manual"
    """Who begins a rebuild when the code of a projection has a higher version: an operator, or a worker by itself."""
    rebuild_batch_size: Annotated[int, Setting("NOVA_PROJECTION_REBUILD_BATCH_SIZE"), Meta(ge=1, le=50_000)] = 5_000
    """Most events that a rebuild applies in one transaction."""
    swap_timeout: Annotated[float, Setting("NOVA_PROJECTION_SWAP_TIMEOUT"), Meta(ge=0.01, le=10)] = 0.2
    """Most seconds that readers of a projection's tables wait for a swap, before it lets go and tries again later."""
    wait_timeout: Annotated[float, Setting("NOVA_PROJECTION_WAIT_TIMEOUT"), Meta(ge=0, le=30)] = 2.0
    """Most seconds that a query waits for an event that its client has named (`Prefer: wait`); 0 for none."""


projections_conf = reader(ProjectionsConf)
