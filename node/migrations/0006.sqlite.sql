-- Version 6: machines, and the names that they are bound to. What names a machine is kept as keyed hashes,
-- whose secret is not here.

CREATE TABLE units (
    id       INTEGER PRIMARY KEY,
    -- Whom it is bound to; nobody where it was released, or joined to another.
    miner    TEXT,
    bound_ms INTEGER NOT NULL,
    -- Its hashes, as JSON.
    known    TEXT    NOT NULL,
    -- Whether its owner may show it once with other parts.
    renews   INTEGER NOT NULL DEFAULT 0 CHECK (renews IN (0, 1)),
    -- The last epoch in which it was paid for, and whom.
    epoch    INTEGER,
    paid     TEXT,
    CHECK ((epoch IS NULL) = (paid IS NULL))
) STRICT;
CREATE INDEX units_by_miner ON units (miner) WHERE miner IS NOT NULL;
CREATE TRIGGER units_remain BEFORE DELETE ON units
BEGIN SELECT RAISE(ABORT, 'units are never deleted'); END;

-- Which units have a hash: an index of what is in `known`.
CREATE TABLE unit_marks (
    tag  BLOB    NOT NULL CHECK (length(tag) = 16),
    unit INTEGER NOT NULL REFERENCES units (id),
    PRIMARY KEY (tag, unit)
) STRICT, WITHOUT ROWID;

-- A machine is paid for under one name in an epoch.
CREATE TABLE unit_epochs (
    epoch          INTEGER NOT NULL,
    unit           INTEGER NOT NULL REFERENCES units (id),
    miner          TEXT    NOT NULL,
    attestation_id INTEGER NOT NULL REFERENCES attestations (id),
    PRIMARY KEY (epoch, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX unit_epochs_by_miner ON unit_epochs (miner, epoch);
CREATE TRIGGER unit_epochs_stay BEFORE UPDATE ON unit_epochs
BEGIN SELECT RAISE(ABORT, 'what a machine was paid as is never changed'); END;
CREATE TRIGGER unit_epochs_remain BEFORE DELETE ON unit_epochs
BEGIN SELECT RAISE(ABORT, 'what a machine was paid as is never deleted'); END;

-- Migrations of machines: to another name (`wallet`), or to other parts under the same (`hardware`). Each
-- waits, and then is done or was cancelled. What it says never changes, nor how it ended.
CREATE TABLE unit_moves (
    id               INTEGER PRIMARY KEY,
    kind             TEXT    NOT NULL CHECK (kind IN ('wallet', 'hardware')),
    unit             INTEGER NOT NULL REFERENCES units (id),
    from_miner       TEXT    NOT NULL,
    to_miner         TEXT    NOT NULL,
    -- What the owner signed; nothing where the operator began it, for this reason.
    nonce            INTEGER CHECK (nonce > 0),
    public_key       BLOB    CHECK (length(public_key) = 32),
    signature        BLOB    CHECK (length(signature) = 64),
    signed           BLOB,
    reason           TEXT,
    requested_ms     INTEGER NOT NULL,
    due_ms           INTEGER NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'cancelled')),
    ended_ms         INTEGER,
    -- Who cancelled it: the owner, by this signature, or somebody else, for this reason.
    cancel_key       BLOB    CHECK (length(cancel_key) = 32),
    cancel_signature BLOB    CHECK (length(cancel_signature) = 64),
    cancel_signed    BLOB,
    cancel_reason    TEXT,
    UNIQUE (from_miner, nonce),
    CHECK ((kind = 'wallet') = (from_miner <> to_miner)),
    CHECK ((signed IS NULL) = (nonce IS NULL) AND (signed IS NULL) = (signature IS NULL)
       AND (signed IS NULL) = (public_key IS NULL) AND (signed IS NULL) = (reason IS NOT NULL)),
    CHECK ((state = 'pending') = (ended_ms IS NULL)),
    CHECK ((cancel_signed IS NULL) = (cancel_key IS NULL)
       AND (cancel_signed IS NULL) = (cancel_signature IS NULL)),
    CHECK ((state = 'cancelled') = ((cancel_signed IS NULL) <> (cancel_reason IS NULL)))
) STRICT;
CREATE UNIQUE INDEX unit_moves_pending ON unit_moves (unit) WHERE state = 'pending';
CREATE INDEX unit_moves_due ON unit_moves (due_ms, id) WHERE state = 'pending';
CREATE INDEX unit_moves_by_giver ON unit_moves (from_miner, id);
CREATE INDEX unit_moves_by_receiver ON unit_moves (to_miner, id);
CREATE TRIGGER unit_moves_in_order BEFORE INSERT ON unit_moves
WHEN NEW.nonce <= (SELECT max(nonce) FROM unit_moves WHERE from_miner = NEW.from_miner)
BEGIN SELECT RAISE(ABORT, 'the nonce is not above the last'); END;
CREATE TRIGGER unit_moves_end_once BEFORE UPDATE ON unit_moves
WHEN OLD.state <> 'pending' OR NEW.state = 'pending'
BEGIN SELECT RAISE(ABORT, 'a migration ends once'); END;
CREATE TRIGGER unit_moves_stay BEFORE UPDATE OF
    id, kind, unit, from_miner, to_miner, nonce, public_key, signature, signed, reason, requested_ms,
    due_ms ON unit_moves
BEGIN SELECT RAISE(ABORT, 'what a migration says is never changed'); END;
CREATE TRIGGER unit_moves_remain BEFORE DELETE ON unit_moves
BEGIN SELECT RAISE(ABORT, 'migrations are never deleted'); END;

-- What happened to units, in order: enough to derive `units` again.
CREATE TABLE unit_events (
    id             INTEGER PRIMARY KEY,
    at_ms          INTEGER NOT NULL,
    unit           INTEGER NOT NULL REFERENCES units (id),
    kind           TEXT    NOT NULL CHECK (kind IN
        ('bound', 'learned', 'renewed', 'joined', 'moved', 'opened', 'released')),
    miner          TEXT    NOT NULL,
    attestation_id INTEGER REFERENCES attestations (id),
    move           INTEGER REFERENCES unit_moves (id),
    -- The unit that it was found to be one with.
    other          INTEGER REFERENCES units (id),
    reason         TEXT,
    CHECK ((kind IN ('bound', 'learned', 'renewed', 'joined')) = (attestation_id IS NOT NULL)),
    CHECK ((kind IN ('moved', 'opened')) = (move IS NOT NULL)),
    CHECK ((kind = 'joined') = (other IS NOT NULL)),
    CHECK ((kind = 'released') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX unit_events_by_unit ON unit_events (unit, id);
CREATE TRIGGER unit_events_stay BEFORE UPDATE ON unit_events
BEGIN SELECT RAISE(ABORT, 'what happened is never changed'); END;
CREATE TRIGGER unit_events_remain BEFORE DELETE ON unit_events
BEGIN SELECT RAISE(ABORT, 'what happened is never deleted'); END;
