-- Version 10: an index for what people look at: miners by their architecture's family. It has all that they are filtered
-- and sorted by, so that most of a large family is passed over without being read.
CREATE INDEX miners_by_family ON miners (family, class, last_ms, weight, first_ms, miner);
