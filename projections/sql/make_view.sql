-- Make a materialised view and fill it.
-- view: its name; query: a SELECT
CREATE MATERIALIZED VIEW {view} AS
{query}
WITH DATA
