-- Version 7: what is known of miners over time, and which of their names are one machine.

-- One row for each miner that sent evidence, by the first 16 bytes of its name's SHA-256. `state` is
-- written and read by the program alone (`fleet::known`); its first byte says in which form.
CREATE TABLE dossiers (
    tag      BYTEA  NOT NULL PRIMARY KEY CHECK (length(tag) = 16),
    miner    TEXT   COLLATE "C" NOT NULL,
    since_ms BIGINT NOT NULL,
    seen_ms  BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    state    BYTEA  NOT NULL CHECK (length(state) <= 4096)
);

-- The rates that counters are held against where the hardware states none: for each model, by the hash
-- of its identification, and source.
CREATE TABLE clock_references (
    model  BYTEA  NOT NULL CHECK (length(model) = 16),
    source TEXT   COLLATE "C" NOT NULL,
    hz     BIGINT NOT NULL CHECK (hz > 0),
    PRIMARY KEY (model, source, hz)
);

-- Miners that have something in common, at most 64 in a row. The key is a kind and a hash. `epoch` is the
-- last one in which somebody entered.
CREATE TABLE fleet_buckets (
    key   BYTEA  NOT NULL PRIMARY KEY CHECK (length(key) = 17),
    epoch BIGINT NOT NULL,
    state BYTEA  NOT NULL CHECK (length(state) <= 4096)
);
CREATE INDEX fleet_buckets_by_epoch ON fleet_buckets (epoch, key);

-- What assessments came to, where that is worth a row: the last of an epoch counts. Without a row, or with
-- one that has a vote, a miner counts in the epoch as it was enrolled; otherwise it counts nothing.
CREATE TABLE assessments (
    epoch          BIGINT  NOT NULL,
    miner          TEXT    COLLATE "C" NOT NULL,
    attestation_id BIGINT  NOT NULL REFERENCES attestations (id),
    assessed_ms    BIGINT  NOT NULL,
    has_vote       BOOLEAN NOT NULL,
    detail         TEXT    NOT NULL,
    PRIMARY KEY (epoch, miner)
);
CREATE FUNCTION verdigris_assessment_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch <= (SELECT max(epoch) FROM settlements) THEN
        RAISE EXCEPTION 'the epoch is settled' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.epoch <> OLD.epoch OR NEW.miner <> OLD.miner) THEN
        RAISE EXCEPTION 'an assessment stays where it is'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assessments_in_time BEFORE INSERT OR UPDATE ON assessments
    FOR EACH ROW EXECUTE FUNCTION verdigris_assessment_in_time();
CREATE TRIGGER assessments_remain BEFORE DELETE OR TRUNCATE ON assessments
    FOR EACH STATEMENT EXECUTE FUNCTION verdigris_refuse('assessments are never deleted');
