-- Version 1. The rules that the code keeps are kept here a second time: what is booked stays
-- booked, a transaction's postings sum to zero, an epoch is paid once, a pinned key stays.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE challenges (
    nonce       TEXT PRIMARY KEY,
    issued_ms   INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    bound_miner TEXT,
    used_ms     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_expiry ON challenges (expires_ms);

-- The log: every judged submission, in the order of arrival, with all that a second judge needs.
CREATE TABLE attestations (
    id               INTEGER PRIMARY KEY,
    issued_ms        INTEGER NOT NULL,
    received_ms      INTEGER NOT NULL,
    miner            TEXT    NOT NULL,
    nonce            TEXT    NOT NULL UNIQUE,
    epoch            INTEGER NOT NULL,
    accepted         INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    weight           INTEGER NOT NULL CHECK (weight >= 0),
    previous_id      INTEGER REFERENCES attestations (id),
    fingerprint_hash BLOB,
    body             BLOB    NOT NULL,
    verdict          TEXT    NOT NULL
) STRICT;
CREATE INDEX attestations_by_miner ON attestations (miner, id);
CREATE INDEX attestations_by_fingerprint ON attestations (fingerprint_hash)
    WHERE fingerprint_hash IS NOT NULL;
CREATE TRIGGER attestations_stay BEFORE UPDATE ON attestations
BEGIN SELECT RAISE(ABORT, 'attestations are never changed'); END;
CREATE TRIGGER attestations_remain BEFORE DELETE ON attestations
BEGIN SELECT RAISE(ABORT, 'attestations are never deleted'); END;

-- The newest accepted attestation of each miner, and the key that owns the name.
CREATE TABLE miners (
    miner            TEXT PRIMARY KEY,
    public_key       BLOB CHECK (length(public_key) = 32),
    first_ms         INTEGER NOT NULL,
    last_ms          INTEGER NOT NULL,
    attestation_id   INTEGER NOT NULL REFERENCES attestations (id),
    family           TEXT    NOT NULL,
    class            TEXT    NOT NULL,
    physical         INTEGER NOT NULL CHECK (physical IN (0, 1)),
    presence_ppm     INTEGER,
    multiplier       INTEGER NOT NULL CHECK (multiplier >= 0),
    weight           INTEGER NOT NULL CHECK (weight >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX miners_by_time ON miners (last_ms, miner);
CREATE TRIGGER pins_stay BEFORE UPDATE ON miners
WHEN OLD.public_key IS NOT NULL AND NEW.public_key IS NOT OLD.public_key
BEGIN SELECT RAISE(ABORT, 'a pinned key is never changed'); END;

CREATE TABLE enrolments (
    epoch          INTEGER NOT NULL,
    miner          TEXT    NOT NULL,
    weight         INTEGER NOT NULL CHECK (weight >= 0),
    attestation_id INTEGER NOT NULL REFERENCES attestations (id),
    PRIMARY KEY (epoch, miner)
) STRICT, WITHOUT ROWID;

-- One row for each epoch that had enrolments and has been settled. Epochs are settled in order.
CREATE TABLE epochs (
    epoch        INTEGER PRIMARY KEY,
    settled_ms   INTEGER NOT NULL,
    pot          INTEGER NOT NULL CHECK (pot >= 0),
    paid         INTEGER NOT NULL CHECK (paid IN (0, pot)),
    total_weight TEXT    NOT NULL,
    miners       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER epochs_stay BEFORE UPDATE ON epochs
BEGIN SELECT RAISE(ABORT, 'settled epochs are never changed'); END;
CREATE TRIGGER epochs_remain BEFORE DELETE ON epochs
BEGIN SELECT RAISE(ABORT, 'settled epochs are never deleted'); END;

CREATE TRIGGER enrolments_in_time BEFORE INSERT ON enrolments
WHEN NEW.epoch <= (SELECT max(epoch) FROM epochs)
BEGIN SELECT RAISE(ABORT, 'the epoch is settled'); END;
CREATE TRIGGER enrolments_stay BEFORE UPDATE ON enrolments
BEGIN SELECT RAISE(ABORT, 'enrolments are never changed'); END;
CREATE TRIGGER enrolments_remain BEFORE DELETE ON enrolments
BEGIN SELECT RAISE(ABORT, 'enrolments are never deleted'); END;

-- Double entry. Postings are written first; the row in `transactions` seals them, once they sum to
-- zero. A posting without its transaction fails the commit.
CREATE TABLE transactions (
    id         INTEGER PRIMARY KEY,
    reference  TEXT    NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE postings (
    tx      INTEGER NOT NULL REFERENCES transactions (id) DEFERRABLE INITIALLY DEFERRED,
    line    INTEGER NOT NULL,
    account TEXT    NOT NULL,
    amount  INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (tx, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX postings_by_account ON postings (account, tx);

-- Derived from the postings, by the trigger below and nothing else.
CREATE TABLE balances (
    account TEXT PRIMARY KEY,
    amount  INTEGER NOT NULL CHECK (amount >= 0 OR account = 'system/issuance')
) STRICT, WITHOUT ROWID;

CREATE TRIGGER postings_before_the_seal BEFORE INSERT ON postings
WHEN EXISTS (SELECT 1 FROM transactions WHERE id = NEW.tx)
BEGIN SELECT RAISE(ABORT, 'the transaction is sealed'); END;
CREATE TRIGGER postings_move_balances AFTER INSERT ON postings
BEGIN
    INSERT INTO balances (account, amount) VALUES (NEW.account, 0) ON CONFLICT DO NOTHING;
    UPDATE balances SET amount = amount + NEW.amount WHERE account = NEW.account;
END;
CREATE TRIGGER postings_stay BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never changed'); END;
CREATE TRIGGER postings_remain BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never deleted'); END;

CREATE TRIGGER transactions_balance BEFORE INSERT ON transactions
WHEN (SELECT coalesce(sum(amount), 1) FROM postings WHERE tx = NEW.id) <> 0
BEGIN SELECT RAISE(ABORT, 'the postings do not sum to zero'); END;
CREATE TRIGGER transactions_stay BEFORE UPDATE ON transactions
BEGIN SELECT RAISE(ABORT, 'transactions are never changed'); END;
CREATE TRIGGER transactions_remain BEFORE DELETE ON transactions
BEGIN SELECT RAISE(ABORT, 'transactions are never deleted'); END;
