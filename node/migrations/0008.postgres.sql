-- Version 8: a challenge carries its own proof (src/attest/nonce.rs) and has no row any more. What was
-- issued by an older version, and not answered yet, is asked for again.
DROP TABLE challenges;
