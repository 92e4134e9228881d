-- Version 8: a challenge carries its own proof (src/attest/nonce.rs) and has no row any more. What was
-- issued by an older version, and not answered yet, is asked for again.
DROP TABLE challenges;

-- Who sent measurements first, one row for each: the log's own index of them had one for each submission,
-- at a random place.
CREATE TABLE fingerprints (
    hash  BYTEA NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    miner TEXT  COLLATE "C" NOT NULL
);
INSERT INTO fingerprints (hash, miner)
SELECT fingerprint_hash, miner FROM attestations
WHERE fingerprint_hash IS NOT NULL AND accepted ORDER BY id
ON CONFLICT (hash) DO NOTHING;
DROP INDEX attestations_by_fingerprint;
CREATE TRIGGER fingerprints_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON fingerprints
    FOR EACH STATEMENT EXECUTE FUNCTION verdigris_refuse('who was first stays');
