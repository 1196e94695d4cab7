-- Make the unique index by which a materialised view is refreshed while it is read.
-- index, view: names; unique: names of columns
CREATE UNIQUE INDEX {index} ON {view} ({unique})
