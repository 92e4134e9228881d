-- Version 4: signed headers of slots, and what the operator does to the keys of names.

-- One header for a slot: the first that its producer signed. It decides nothing about money: epochs end
-- by the clock.
CREATE TABLE headers (
    slot        INTEGER PRIMARY KEY CHECK (slot >= 0),
    miner       TEXT    NOT NULL,
    -- The header's canonical JSON; absent where a text alone was signed.
    header      TEXT,
    message     BLOB    NOT NULL,
    signature   BLOB    NOT NULL CHECK (length(signature) = 64),
    public_key  BLOB    NOT NULL CHECK (length(public_key) = 32),
    received_ms INTEGER NOT NULL
) STRICT;
CREATE TRIGGER headers_stay BEFORE UPDATE ON headers
BEGIN SELECT RAISE(ABORT, 'headers are never changed'); END;
CREATE TRIGGER headers_remain BEFORE DELETE ON headers
BEGIN SELECT RAISE(ABORT, 'headers are never deleted'); END;

-- The operator's decisions about names: `set` gives a name to another key, `unpin` to whoever signs for
-- it next, `freeze` to nobody until `unfreeze`. Never changed: who lost a name can see why.
CREATE TABLE key_actions (
    id           INTEGER PRIMARY KEY,
    at_ms        INTEGER NOT NULL,
    miner        TEXT    NOT NULL,
    action       TEXT    NOT NULL CHECK (action IN ('set', 'unpin', 'freeze', 'unfreeze')),
    previous_key BLOB    CHECK (length(previous_key) = 32),
    public_key   BLOB    CHECK (length(public_key) = 32),
    reason       TEXT    NOT NULL,
    CHECK ((action = 'set') = (public_key IS NOT NULL))
) STRICT;
CREATE INDEX key_actions_by_miner ON key_actions (miner, id);
CREATE TRIGGER key_actions_stay BEFORE UPDATE ON key_actions
BEGIN SELECT RAISE(ABORT, 'key actions are never changed'); END;
CREATE TRIGGER key_actions_remain BEFORE DELETE ON key_actions
BEGIN SELECT RAISE(ABORT, 'key actions are never deleted'); END;

ALTER TABLE miners ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1));

-- A pinned key stays, unless the newest action on it says otherwise.
DROP TRIGGER pins_stay;
CREATE TRIGGER pins_stay BEFORE UPDATE ON miners
WHEN OLD.public_key IS NOT NULL AND NEW.public_key IS NOT OLD.public_key
 AND NOT EXISTS (
    SELECT 1 FROM key_actions
    WHERE id = (SELECT max(id) FROM key_actions
                WHERE miner = OLD.miner AND action IN ('set', 'unpin'))
      AND previous_key IS OLD.public_key AND public_key IS NEW.public_key)
BEGIN SELECT RAISE(ABORT, 'a pinned key is never changed but by a recorded action'); END;
