-- Where the instances stand that have not ended. The partial index has them.
-- Result: saga_type, status, number
SELECT saga_type, status, count(*)
FROM saga_state
WHERE NOT status IN ('compensated', 'completed', 'failed')
GROUP BY saga_type, status
ORDER BY saga_type, status
