-- Version 5: an epoch is paid in parts, and the operator moves the money of names that have no key.

-- A restoration has just filled the tables that change here.
SET CONSTRAINTS ALL IMMEDIATE;

-- A transaction has one line for an account. Found by transaction and account: an index by account
-- would be written all over by every settlement, at a cost that grows with the age of the chain.
DROP TRIGGER postings_move_balances ON postings;
DROP FUNCTION verdigris_post();
DROP INDEX postings_by_account;
ALTER TABLE postings DROP CONSTRAINT postings_pkey;
ALTER TABLE postings DROP COLUMN line;
ALTER TABLE postings ADD PRIMARY KEY (tx, account);

-- Postings are written first; the row in `transactions` seals them. A foreign key would look for it once
-- for every posting. So it is looked for once for each transaction: a row stands here until the seal,
-- and where it still does at the end, the commit fails.
ALTER TABLE postings DROP CONSTRAINT postings_tx_fkey;
CREATE TABLE unsealed (
    tx BIGINT PRIMARY KEY REFERENCES transactions (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE FUNCTION verdigris_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO unsealed (tx) SELECT DISTINCT tx FROM fresh ON CONFLICT DO NOTHING;
    IF EXISTS (SELECT FROM transactions WHERE id IN (SELECT DISTINCT tx FROM fresh)) THEN
        RAISE EXCEPTION 'the transaction is sealed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER postings_before_the_seal AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION verdigris_post();

-- The seal moves the balances of all its postings at once, and nothing else does. Who is paid may be
-- new; for who pays, a row that would be below zero by itself must not be tried.
CREATE FUNCTION verdigris_move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM unsealed WHERE tx = NEW.id;
    INSERT INTO balances AS b (account, amount)
    SELECT account, amount FROM postings WHERE tx = NEW.id AND amount > 0 ORDER BY account
    ON CONFLICT (account) DO UPDATE SET amount = b.amount + excluded.amount;
    INSERT INTO balances (account, amount)
    SELECT account, 0 FROM postings WHERE tx = NEW.id AND amount < 0
    ON CONFLICT (account) DO NOTHING;
    UPDATE balances SET amount = balances.amount + p.amount
    FROM postings p WHERE p.tx = NEW.id AND p.amount < 0 AND p.account = balances.account;
    RETURN NULL;
END $$;
CREATE TRIGGER transactions_move_balances AFTER INSERT ON transactions
    FOR EACH ROW EXECUTE FUNCTION verdigris_move_balances();

-- How an epoch is divided, written before anybody is paid; from then on nobody enrols in it. With it,
-- what a miner gets follows from the miner's own weight and id: see `epoch::Division`.
CREATE TABLE settlements (
    epoch         BIGINT PRIMARY KEY,
    begun_ms      BIGINT NOT NULL,
    pot           BIGINT NOT NULL CHECK (pot >= 0),
    paid          BIGINT NOT NULL CHECK (paid IN (0, pot)),
    total_weight  TEXT   NOT NULL,
    miners        BIGINT NOT NULL,
    cut_remainder TEXT,
    cut_miner     TEXT   COLLATE "C",
    CHECK ((cut_remainder IS NULL) = (cut_miner IS NULL))
);
INSERT INTO settlements (epoch, begun_ms, pot, paid, total_weight, miners)
SELECT epoch, settled_ms, pot, paid, total_weight, miners FROM epochs;
CREATE FUNCTION verdigris_settlement_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch <= (SELECT max(epoch) FROM settlements) THEN
        RAISE EXCEPTION 'the epoch is settled, or a later one'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER settlements_in_order BEFORE INSERT ON settlements
    FOR EACH ROW EXECUTE FUNCTION verdigris_settlement_begins();
CREATE TRIGGER settlements_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements
    FOR EACH STATEMENT EXECUTE FUNCTION verdigris_refuse('settlements are never changed or deleted');

CREATE OR REPLACE FUNCTION verdigris_enrolments_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch <= (SELECT max(epoch) FROM settlements) THEN
        RAISE EXCEPTION 'the epoch is settled' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- One row for each part of a settlement: the miners after the part before, up to and with this one.
-- Where all of them got nothing there is no transaction.
CREATE TABLE payouts (
    epoch      BIGINT NOT NULL REFERENCES settlements (epoch),
    last_miner TEXT   COLLATE "C" NOT NULL,
    tx         BIGINT UNIQUE REFERENCES transactions (id),
    amount     BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (epoch, last_miner),
    CHECK ((tx IS NULL) = (amount = 0))
);
INSERT INTO payouts (epoch, last_miner, tx, amount)
SELECT p.epoch, (SELECT max(miner) FROM enrolments e WHERE e.epoch = p.epoch), t.id, p.paid
FROM epochs p JOIN transactions t ON t.reference = 'epoch/' || p.epoch WHERE p.paid > 0;
CREATE FUNCTION verdigris_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_miner <= (SELECT max(last_miner) FROM payouts WHERE epoch = NEW.epoch) THEN
        RAISE EXCEPTION 'these miners are paid' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.amount <> coalesce((SELECT -amount FROM postings
                               WHERE tx = NEW.tx AND account = 'system/emission'), 0) THEN
        RAISE EXCEPTION 'a payout is booked as it says'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_in_order BEFORE INSERT ON payouts
    FOR EACH ROW EXECUTE FUNCTION verdigris_payout();
CREATE TRIGGER payouts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts
    FOR EACH STATEMENT EXECUTE FUNCTION verdigris_refuse('payouts are never changed or deleted');

-- A row in `epochs` seals a settlement: everybody is paid.
CREATE FUNCTION verdigris_epoch_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM settlements s
                   WHERE s.epoch = NEW.epoch AND s.pot = NEW.pot AND s.paid = NEW.paid)
       OR NEW.paid <> (SELECT coalesce(sum(amount), 0) FROM payouts WHERE epoch = NEW.epoch) THEN
        RAISE EXCEPTION 'the epoch is not paid out'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER epochs_are_paid BEFORE INSERT ON epochs
    FOR EACH ROW EXECUTE FUNCTION verdigris_epoch_ends();

-- A transfer without a key and a signature was ordered by the operator.
ALTER TABLE transfers ALTER COLUMN public_key DROP NOT NULL;
ALTER TABLE transfers ALTER COLUMN signature DROP NOT NULL;
ALTER TABLE transfers ADD CHECK ((public_key IS NULL) = (signature IS NULL));

-- What the operator decided about wallets; the newest counts. Who is held or blocked sends nothing.
CREATE TABLE wallet_reviews (
    id       BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    wallet   TEXT   COLLATE "C" NOT NULL,
    decision TEXT   COLLATE "C" NOT NULL CHECK (decision IN ('held', 'blocked', 'cleared')),
    reason   TEXT   NOT NULL
);
CREATE INDEX wallet_reviews_by_wallet ON wallet_reviews (wallet, id);
CREATE TRIGGER wallet_reviews_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_reviews
    FOR EACH STATEMENT EXECUTE FUNCTION verdigris_refuse('reviews are never changed or deleted');

SET CONSTRAINTS ALL DEFERRED;
