-- Which database this is. One that was restored from a dump is another one, in whatever cluster it stands.
SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid
FROM pg_database
WHERE datname = current_database()
