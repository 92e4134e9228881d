-- Version 10: an index for what people look at: miners by their architecture's family.
CREATE INDEX miners_by_family ON miners (family, miner);
