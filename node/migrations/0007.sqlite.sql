-- Version 7: what is known of miners over time, and which of their names are one machine.

-- One row for each miner that sent evidence, by the first 16 bytes of its name's SHA-256. `state` is
-- written and read by the program alone (`fleet::known`); its first byte says in which form.
CREATE TABLE dossiers (
    tag      BLOB    NOT NULL PRIMARY KEY CHECK (length(tag) = 16),
    miner    TEXT    NOT NULL,
    since_ms INTEGER NOT NULL,
    seen_ms  INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    state    BLOB    NOT NULL CHECK (length(state) <= 4096)
) STRICT;

-- The rates that counters are held against where the hardware states none: for each model, by the hash
-- of its identification, and source.
CREATE TABLE clock_references (
    model  BLOB    NOT NULL CHECK (length(model) = 16),
    source TEXT    NOT NULL,
    hz     INTEGER NOT NULL CHECK (hz > 0),
    PRIMARY KEY (model, source, hz)
) STRICT, WITHOUT ROWID;

-- Miners that have something in common, at most 64 in a row. The key is a kind and a hash. `epoch` is the
-- last one in which somebody entered.
CREATE TABLE fleet_buckets (
    key   BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 17),
    epoch INTEGER NOT NULL,
    state BLOB    NOT NULL CHECK (length(state) <= 4096)
) STRICT;
CREATE INDEX fleet_buckets_by_epoch ON fleet_buckets (epoch, key);

-- What assessments came to, where that is worth a row: the last of an epoch counts. Without a row, or with
-- one that has a vote, a miner counts in the epoch as it was enrolled; otherwise it counts nothing.
-- A settlement looks every miner up: in the key's own index, which is small, not among long rows.
CREATE TABLE assessments (
    epoch          INTEGER NOT NULL,
    miner          TEXT    NOT NULL,
    attestation_id INTEGER NOT NULL REFERENCES attestations (id),
    assessed_ms    INTEGER NOT NULL,
    has_vote       INTEGER NOT NULL CHECK (has_vote IN (0, 1)),
    detail         TEXT    NOT NULL,
    PRIMARY KEY (epoch, miner)
) STRICT;
CREATE TRIGGER assessments_in_time BEFORE INSERT ON assessments
WHEN NEW.epoch <= (SELECT max(epoch) FROM settlements)
BEGIN SELECT RAISE(ABORT, 'the epoch is settled'); END;
CREATE TRIGGER assessments_stay BEFORE UPDATE ON assessments
WHEN OLD.epoch <= (SELECT max(epoch) FROM settlements)
  OR NEW.epoch <> OLD.epoch OR NEW.miner <> OLD.miner
BEGIN SELECT RAISE(ABORT, 'what a settlement counted is never changed'); END;
CREATE TRIGGER assessments_remain BEFORE DELETE ON assessments
BEGIN SELECT RAISE(ABORT, 'assessments are never deleted'); END;
