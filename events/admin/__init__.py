"""What does an operator see of the log, its streams and snapshots, and which commands can be given?"""

from events.admin.log import DomainEventAdmin, EventImportAdmin
from events.admin.snapshots import AggregateSnapshotAdmin
from events.admin.streams import StreamMetadataAdmin

__all__ = ["AggregateSnapshotAdmin", "DomainEventAdmin", "EventImportAdmin", "StreamMetadataAdmin"]
