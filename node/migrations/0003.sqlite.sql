-- Version 3: transfers between wallets. A signed transfer waits (`pending`), and then is booked
-- (`confirmed`) or called off by the operator (`voided`). What it says never changes, nor how it ended.

CREATE TABLE transfers (
    id           INTEGER PRIMARY KEY,
    hash         TEXT    NOT NULL UNIQUE,
    from_address TEXT    NOT NULL,
    to_address   TEXT    NOT NULL,
    amount       INTEGER NOT NULL CHECK (amount > 0),
    nonce        INTEGER NOT NULL CHECK (nonce > 0),
    memo         TEXT    NOT NULL,
    public_key   BLOB    NOT NULL CHECK (length(public_key) = 32),
    signature    BLOB    NOT NULL CHECK (length(signature) = 64),
    signed       BLOB    NOT NULL,
    received_ms  INTEGER NOT NULL,
    confirms_ms  INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'confirmed', 'voided')),
    ended_ms     INTEGER,
    reason       TEXT,
    UNIQUE (from_address, nonce),
    CHECK (from_address <> to_address),
    CHECK ((state = 'pending') = (ended_ms IS NULL)),
    CHECK ((state = 'voided') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX transfers_by_sender ON transfers (from_address, received_ms);
CREATE INDEX transfers_by_receiver ON transfers (to_address, received_ms);
CREATE INDEX transfers_due ON transfers (confirms_ms, id) WHERE state = 'pending';
CREATE INDEX transfers_held ON transfers (from_address) WHERE state = 'pending';

CREATE TRIGGER transfers_in_order BEFORE INSERT ON transfers
WHEN NEW.nonce <= (SELECT max(nonce) FROM transfers WHERE from_address = NEW.from_address)
BEGIN SELECT RAISE(ABORT, 'the nonce is not above the last'); END;
CREATE TRIGGER transfers_funded BEFORE INSERT ON transfers
WHEN NEW.state = 'pending'
 AND NEW.amount > coalesce((SELECT amount FROM balances WHERE account = 'wallet/' || NEW.from_address), 0)
     - (SELECT coalesce(sum(amount), 0) FROM transfers
        WHERE from_address = NEW.from_address AND state = 'pending')
BEGIN SELECT RAISE(ABORT, 'the wallet does not have that much'); END;
-- A confirmed transfer is inserted by a restoration only: its transaction is there before it.
CREATE TRIGGER transfers_begin BEFORE INSERT ON transfers
WHEN NEW.state = 'confirmed'
 AND NOT EXISTS (SELECT 1 FROM transactions WHERE reference = 'transfer/' || NEW.hash)
BEGIN SELECT RAISE(ABORT, 'a confirmed transfer is booked first'); END;
CREATE TRIGGER transfers_end_once BEFORE UPDATE ON transfers
WHEN OLD.state <> 'pending' OR NEW.state = 'pending'
BEGIN SELECT RAISE(ABORT, 'a transfer ends once'); END;
CREATE TRIGGER transfers_end_booked BEFORE UPDATE ON transfers
WHEN (NEW.state = 'confirmed')
  <> EXISTS (SELECT 1 FROM transactions WHERE reference = 'transfer/' || NEW.hash)
BEGIN SELECT RAISE(ABORT, 'a transfer is booked where it is confirmed, and only there'); END;
CREATE TRIGGER transfers_stay BEFORE UPDATE OF
    id, hash, from_address, to_address, amount, nonce, memo, public_key, signature, signed,
    received_ms, confirms_ms ON transfers
BEGIN SELECT RAISE(ABORT, 'what a transfer says is never changed'); END;
CREATE TRIGGER transfers_remain BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;
