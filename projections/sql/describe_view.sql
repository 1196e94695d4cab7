-- Let a materialised view say which definition it was made by.
-- view: its name; digest: text
COMMENT ON MATERIALIZED VIEW {view} IS {digest}
