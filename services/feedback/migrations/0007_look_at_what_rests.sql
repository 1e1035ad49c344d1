-- What nothing moves by itself is compared with the ledger now and then. What was compared once and left to rest begins now.
UPDATE troubles SET next_attempt_at = now() WHERE next_attempt_at IS NULL;
