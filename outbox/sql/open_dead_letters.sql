-- Open dead letters by consumer group, without those that were put aside.
-- Result: (consumer group, dead letters)
SELECT consumer, count(*) FROM dead_letters WHERE status = 'open' AND archived_at IS NULL GROUP BY consumer
