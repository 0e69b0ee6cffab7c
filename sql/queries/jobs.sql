-- name: promote_due
SELECT * FROM promote_due($1);

-- name: lease
SELECT * FROM lease($1, $2, $3, $4, $5, $6);

-- name: begin_submit
SELECT begin_submit($1, $2, $3);

-- name: accept
SELECT * FROM accept($1, $2, $3, $4);

-- name: begin_run
SELECT begin_run($1, $2, $3);

-- name: progress
SELECT progress($1, $2, $3, $4);

-- name: count_rerun
SELECT count_rerun($1, $2);

-- name: claim_delivery
SELECT * FROM claim_delivery($1, $2, $3, $4);

-- name: renew_delivery
SELECT * FROM renew_delivery($1, $2, $3, $4);

-- name: release_delivery
SELECT release_delivery($1, $2, $3, $4);

-- name: requeue
SELECT requeue($1, $2, $3, $4, $5, $6);

-- name: close_job
SELECT close_job($1, $2, $3, $4, $5, $6);

-- name: complete
SELECT * FROM complete($1, $2, $3);

-- name: claim_polls
-- Rows whose provider is to be asked now. The claim pushes the next poll away, so that copies do not ask twice.
WITH due AS (
    SELECT id FROM jobs WHERE next_poll_at <= now() ORDER BY next_poll_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE jobs AS j SET next_poll_at = now() + $2 FROM due, job_chat AS c
WHERE j.id = due.id AND c.job_id = j.id
RETURNING j.*, c.message_id, now() AS now,
    (SELECT r.output FROM worker_reports AS r WHERE r.job_id = j.id AND r.attempt = j.attempt) AS report,
    (SELECT min(p.missing_since) FROM provider_requests AS p WHERE p.job_id = j.id AND p.attempt = j.attempt) AS missing_since;

-- name: plan_poll
-- $4 is the next poll as it was read: where it is another one by now, somebody asked for a look meanwhile.
UPDATE jobs SET next_poll_at = now() + $3 WHERE id = $1 AND attempt = $2 AND state IN ('SUBMITTED', 'RUNNING', 'DELIVERING')
    AND next_poll_at IS NOT DISTINCT FROM $4;

-- name: claim_checks
-- Rows whose lease, deadline or expiry has come.
WITH due AS (
    SELECT id FROM jobs WHERE check_at <= now() ORDER BY check_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE jobs AS j SET check_at = now() + $2 FROM due, job_chat AS c
WHERE j.id = due.id AND c.job_id = j.id
RETURNING j.*, c.message_id, now() AS now,
    (SELECT r.output FROM worker_reports AS r WHERE r.job_id = j.id AND r.attempt = j.attempt) AS report,
    (SELECT min(p.missing_since) FROM provider_requests AS p WHERE p.job_id = j.id AND p.attempt = j.attempt) AS missing_since;

-- name: close_wished
-- Leased and not sent, and the person wants it no more.
SELECT close_job(id, attempt, 'CANCELLED', NULL, $3) FROM jobs
WHERE id = $1 AND attempt = $2 AND state = 'LEASED' AND cancel_at IS NOT NULL;

-- name: request_missing
-- The provider answers 404 for the attempt's request; the first time counts.
UPDATE provider_requests SET missing_since = coalesce(missing_since, now()) WHERE job_id = $1 AND attempt = $2 AND over_at IS NULL;

-- name: request_seen
UPDATE provider_requests SET missing_since = NULL WHERE job_id = $1 AND attempt = $2 AND missing_since IS NOT NULL;

-- name: hold_lease
-- An unknown submit: nobody touches the row until then, unless its person wants it no more.
UPDATE jobs SET check_at = CASE WHEN cancel_at IS NULL THEN now() + $3 ELSE now() END
WHERE id = $1 AND attempt = $2 AND state = 'LEASED';

-- name: give_back_leases
-- A clean stop: what this dispatcher leased and surely has not sent yet.
SELECT requeue(id, attempt, 'none', interval '0', true, 'shutdown') FROM jobs
WHERE leased_by = $1 AND state = 'LEASED' AND submitting_at IS NULL;

-- name: note_event
SELECT note($1, $2, $3, $4, $5);

-- name: events_of
SELECT at, attempt, event, state, detail FROM job_events WHERE job_id = $1 ORDER BY id;

-- name: run_history
-- Seconds from lease to finish, and from lease to the worker's start, of the mode's last completed jobs, newest first.
SELECT extract(epoch FROM finished_at - leased_at)::float8 AS run_s, extract(epoch FROM started_at - leased_at)::float8 AS boot_s
FROM jobs WHERE state = 'COMPLETED' AND mode = $1 AND leased_at IS NOT NULL ORDER BY finished_at DESC LIMIT $2;
