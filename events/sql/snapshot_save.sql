-- Keeps the state of an aggregate at a version. What was kept of the version before stays, unless it was made with
-- another fold or codec and counts no longer.
-- aggregate_type, aggregate_id, codec, fold, data: text; version: bigint; fold_version: int
-- Result: one row if something was written.
INSERT INTO aggregate_snapshots AS kept (aggregate_type, aggregate_id, version, fold_version, fold, codec, data)
VALUES (
    %(aggregate_type)s, %(aggregate_id)s, %(version)s, %(fold_version)s, %(fold)s, %(codec)s, %(data)s::json
)
ON CONFLICT (aggregate_id, aggregate_type, version) DO UPDATE
SET fold_version = excluded.fold_version, fold = excluded.fold, codec = excluded.codec, data = excluded.data,
    created_at = now()
WHERE (kept.fold, kept.codec) <> (excluded.fold, excluded.codec)
RETURNING version
