-- name: claim_sweeps
-- Requests that no row owns: cancel them and look again until the provider says that they are over.
WITH due AS (
    SELECT id FROM provider_requests WHERE sweep_at <= now() ORDER BY sweep_at LIMIT $1 FOR UPDATE SKIP LOCKED)
UPDATE provider_requests AS r SET sweep_at = now() + $2 FROM due WHERE r.id = due.id
RETURNING r.id, r.backend, r.request_id, r.job_id, r.attempt, r.learned_at, now() - r.learned_at AS age;

-- name: request_over
SELECT request_over($1, $2);

-- name: expire_places
SELECT expire_places();

-- name: wipe_forgotten
SELECT * FROM wipe_forgotten();

-- name: prune
SELECT prune($1, $2, $3);
