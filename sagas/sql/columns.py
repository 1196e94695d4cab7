"""Columns of instances, in the order in which a row is read."""

INSTANCE = (
    "saga_id",
    "saga_type",
    "key",
    "shape",
    "status",
    "version",
    "started_at::text",
    "correlation_id",
    "state::text",
)
