-- Version 5: an epoch is paid in parts, and the operator moves the money of names that have no key.

-- A transaction has one line for an account. Found by transaction and account: an index by account
-- would be written all over by every settlement, at a cost that grows with the age of the chain.
DROP TRIGGER transactions_balance;
CREATE TABLE postings_5 (
    tx      INTEGER NOT NULL REFERENCES transactions (id) DEFERRABLE INITIALLY DEFERRED,
    account TEXT    NOT NULL,
    amount  INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (tx, account)
) STRICT, WITHOUT ROWID;
INSERT INTO postings_5 (tx, account, amount)
SELECT tx, account, amount FROM postings ORDER BY tx, account;
DROP TABLE postings;
ALTER TABLE postings_5 RENAME TO postings;

CREATE TRIGGER postings_before_the_seal BEFORE INSERT ON postings
WHEN EXISTS (SELECT 1 FROM transactions WHERE id = NEW.tx)
BEGIN SELECT RAISE(ABORT, 'the transaction is sealed'); END;
CREATE TRIGGER postings_stay BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never changed'); END;
CREATE TRIGGER postings_remain BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never deleted'); END;

CREATE TRIGGER transactions_balance BEFORE INSERT ON transactions
WHEN (SELECT coalesce(sum(amount), 1) FROM postings WHERE tx = NEW.id) <> 0
BEGIN SELECT RAISE(ABORT, 'the postings do not sum to zero'); END;
-- The seal moves the balances of all its postings at once, and nothing else does. Who is paid may be
-- new; for who pays, a row that would be below zero by itself must not be tried.
CREATE TRIGGER transactions_move_balances AFTER INSERT ON transactions
BEGIN
    INSERT INTO balances (account, amount)
    SELECT account, amount FROM postings WHERE tx = NEW.id AND amount > 0 ORDER BY account
    ON CONFLICT (account) DO UPDATE SET amount = amount + excluded.amount;
    INSERT INTO balances (account, amount)
    SELECT account, 0 FROM postings WHERE tx = NEW.id AND amount < 0
    ON CONFLICT (account) DO NOTHING;
    UPDATE balances
    SET amount = amount + (SELECT amount FROM postings WHERE tx = NEW.id AND account = balances.account)
    WHERE account IN (SELECT account FROM postings WHERE tx = NEW.id AND amount < 0);
END;

-- How an epoch is divided, written before anybody is paid; from then on nobody enrols in it. With it,
-- what a miner gets follows from the miner's own weight and id: see `epoch::Division`.
CREATE TABLE settlements (
    epoch         INTEGER PRIMARY KEY,
    begun_ms      INTEGER NOT NULL,
    pot           INTEGER NOT NULL CHECK (pot >= 0),
    paid          INTEGER NOT NULL CHECK (paid IN (0, pot)),
    total_weight  TEXT    NOT NULL,
    miners        INTEGER NOT NULL,
    cut_remainder TEXT,
    cut_miner     TEXT,
    CHECK ((cut_remainder IS NULL) = (cut_miner IS NULL))
) STRICT;
INSERT INTO settlements (epoch, begun_ms, pot, paid, total_weight, miners)
SELECT epoch, settled_ms, pot, paid, total_weight, miners FROM epochs;
CREATE TRIGGER settlements_in_order BEFORE INSERT ON settlements
WHEN NEW.epoch <= (SELECT max(epoch) FROM settlements)
BEGIN SELECT RAISE(ABORT, 'the epoch is settled, or a later one'); END;
CREATE TRIGGER settlements_stay BEFORE UPDATE ON settlements
BEGIN SELECT RAISE(ABORT, 'settlements are never changed'); END;
CREATE TRIGGER settlements_remain BEFORE DELETE ON settlements
BEGIN SELECT RAISE(ABORT, 'settlements are never deleted'); END;

DROP TRIGGER enrolments_in_time;
CREATE TRIGGER enrolments_in_time BEFORE INSERT ON enrolments
WHEN NEW.epoch <= (SELECT max(epoch) FROM settlements)
BEGIN SELECT RAISE(ABORT, 'the epoch is settled'); END;

-- One row for each part of a settlement: the miners after the part before, up to and with this one.
-- Where all of them got nothing there is no transaction.
CREATE TABLE payouts (
    epoch      INTEGER NOT NULL REFERENCES settlements (epoch),
    last_miner TEXT    NOT NULL,
    tx         INTEGER UNIQUE REFERENCES transactions (id),
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (epoch, last_miner),
    CHECK ((tx IS NULL) = (amount = 0))
) STRICT, WITHOUT ROWID;
INSERT INTO payouts (epoch, last_miner, tx, amount)
SELECT p.epoch, (SELECT max(miner) FROM enrolments e WHERE e.epoch = p.epoch), t.id, p.paid
FROM epochs p JOIN transactions t ON t.reference = 'epoch/' || p.epoch WHERE p.paid > 0;
CREATE TRIGGER payouts_in_order BEFORE INSERT ON payouts
WHEN NEW.last_miner <= (SELECT max(last_miner) FROM payouts WHERE epoch = NEW.epoch)
BEGIN SELECT RAISE(ABORT, 'these miners are paid'); END;
CREATE TRIGGER payouts_are_booked BEFORE INSERT ON payouts
WHEN NEW.amount <> coalesce((SELECT -amount FROM postings
                             WHERE tx = NEW.tx AND account = 'system/emission'), 0)
BEGIN SELECT RAISE(ABORT, 'a payout is booked as it says'); END;
CREATE TRIGGER payouts_stay BEFORE UPDATE ON payouts
BEGIN SELECT RAISE(ABORT, 'payouts are never changed'); END;
CREATE TRIGGER payouts_remain BEFORE DELETE ON payouts
BEGIN SELECT RAISE(ABORT, 'payouts are never deleted'); END;

-- A row in `epochs` seals a settlement: everybody is paid.
CREATE TRIGGER epochs_are_paid BEFORE INSERT ON epochs
WHEN NOT EXISTS (SELECT 1 FROM settlements s
                 WHERE s.epoch = NEW.epoch AND s.pot = NEW.pot AND s.paid = NEW.paid)
  OR NEW.paid <> (SELECT coalesce(sum(amount), 0) FROM payouts WHERE epoch = NEW.epoch)
BEGIN SELECT RAISE(ABORT, 'the epoch is not paid out'); END;

-- A transfer without a key and a signature was ordered by the operator.
CREATE TABLE transfers_5 (
    id           INTEGER PRIMARY KEY,
    hash         TEXT    NOT NULL UNIQUE,
    from_address TEXT    NOT NULL,
    to_address   TEXT    NOT NULL,
    amount       INTEGER NOT NULL CHECK (amount > 0),
    nonce        INTEGER NOT NULL CHECK (nonce > 0),
    memo         TEXT    NOT NULL,
    public_key   BLOB    CHECK (length(public_key) = 32),
    signature    BLOB    CHECK (length(signature) = 64),
    signed       BLOB    NOT NULL,
    received_ms  INTEGER NOT NULL,
    confirms_ms  INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'confirmed', 'voided')),
    ended_ms     INTEGER,
    reason       TEXT,
    UNIQUE (from_address, nonce),
    CHECK (from_address <> to_address),
    CHECK ((public_key IS NULL) = (signature IS NULL)),
    CHECK ((state = 'pending') = (ended_ms IS NULL)),
    CHECK ((state = 'voided') = (reason IS NOT NULL))
) STRICT;
INSERT INTO transfers_5
SELECT id, hash, from_address, to_address, amount, nonce, memo, public_key, signature, signed,
       received_ms, confirms_ms, state, ended_ms, reason FROM transfers ORDER BY id;
DROP TABLE transfers;
ALTER TABLE transfers_5 RENAME TO transfers;
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

-- What the operator decided about wallets; the newest counts. Who is held or blocked sends nothing.
CREATE TABLE wallet_reviews (
    id       INTEGER PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    wallet   TEXT    NOT NULL,
    decision TEXT    NOT NULL CHECK (decision IN ('held', 'blocked', 'cleared')),
    reason   TEXT    NOT NULL
) STRICT;
CREATE INDEX wallet_reviews_by_wallet ON wallet_reviews (wallet, id);
CREATE TRIGGER wallet_reviews_stay BEFORE UPDATE ON wallet_reviews
BEGIN SELECT RAISE(ABORT, 'reviews are never changed'); END;
CREATE TRIGGER wallet_reviews_remain BEFORE DELETE ON wallet_reviews
BEGIN SELECT RAISE(ABORT, 'reviews are never deleted'); END;
