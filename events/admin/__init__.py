"""Admin of the event store: the log, streams, snapshots, imports, and commands to aggregates."""

from events.admin.log import DomainEventAdmin, EventImportAdmin
from events.admin.snapshots import AggregateSnapshotAdmin
from events.admin.streams import StreamMetadataAdmin

__all__ = ["AggregateSnapshotAdmin", "DomainEventAdmin", "EventImportAdmin", "StreamMetadataAdmin"]
