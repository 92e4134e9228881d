-- Version 2: the first that PostgreSQL has too. There a column has one type, so the values of `meta`
-- have a column for each.
CREATE TABLE meta_2 (
    key    TEXT PRIMARY KEY,
    number INTEGER,
    bytes  BLOB,
    CHECK ((number IS NULL) <> (bytes IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO meta_2 (key, number, bytes)
SELECT key,
       CASE typeof(value) WHEN 'integer' THEN value END,
       CASE typeof(value) WHEN 'blob' THEN value END
FROM meta;
DROP TABLE meta;
ALTER TABLE meta_2 RENAME TO meta;
