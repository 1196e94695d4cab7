"""The public face of the event store does not change by accident."""

from events import api

TYPES = """
Aggregate AggregateNotFound Appended AppendOnly AppendRefused BatchWriter Command CommandIdConflict CommandRefused
ConcurrencyError EventContext EventIdConflict EventNotFound EventStoreError EventType Executed Expected
FieldDifference HIGHEST_RECEIVED HookNotSet InlineEffect InlineFollower InvalidArgument InvalidCommand InvalidEvent
InvalidJSON Issued LamportClock Loaded LogPage LogPartition MAX_PARTITION_KEY MissingCast NewEvent NotFound OnAppend
OpenAppend PayloadTooLarge PreconditionRequired PreparedEvent RecordedEvent Replayed ReplayFailed SequenceBehind
SourceNotOwner StaleSnapshot StreamId StreamMetadata StreamNotFound StreamSummary StreamTombstoned StreamWrite
TooManyValues Topic Unavailable UnknownAggregate UnknownCommand UnknownEventType UnreadableStream Untyped
VersionConflict VersionNotFound Explored Head HeadPage LogFilter Neighbours
"""
FUNCTIONS = """
accept_payload aggregate_types aggregates append_events append_only append_streams archive_stream casts clock_of
current_context decode_payload difference differences downcast downcaster encode_payload event event_context execute
forget_stream get_event get_events get_events_by_causation get_events_by_correlation get_events_by_id
get_events_by_type get_events_since get_stream_metadata inline_effect last_position latest_event_ids latest_snapshot
list_streams load_aggregate load_events_range load_stream loads_json log_backlog open_appends partition_number
payload_version preceding_positions process_clock read_log registry replay restore_stream safe_position save_snapshot
set_on_append set_owners set_stream_metadata state_at_time state_at_version stream_events stream_log stream_version
tombstone_stream type_name unknown_event_ids upcaster uuid7
explore filter_of head_at_position head_of_event neighbours_of read_heads types_of_aggregate_id
"""


def test_the_public_names_are_these() -> None:
    assert sorted(api.__all__) == sorted([*TYPES.split(), *FUNCTIONS.split()])
    assert all(hasattr(api, name) for name in api.__all__)


def test_each_of_them_says_what_it_is_for() -> None:
    undocumented = [name for name in FUNCTIONS.split() if not getattr(api, name).__doc__]

    assert undocumented == []
