-- Version 9: indexes for what people look at: miners by weight, by age, and by class;
-- transfers by time.
CREATE INDEX miners_by_weight ON miners (weight, miner);
CREATE INDEX miners_by_age ON miners (first_ms, miner);
CREATE INDEX miners_by_class ON miners (class, miner);
CREATE INDEX transfers_by_time ON transfers (received_ms);
