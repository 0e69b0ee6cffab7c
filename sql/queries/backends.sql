-- name: ensure_backend
INSERT INTO backends AS b (backend, lane, cap, facts) VALUES ($1, $2, $3, coalesce($4::jsonb, '{}'))
ON CONFLICT (backend, lane) DO UPDATE SET cap = excluded.cap, facts = coalesce($4::jsonb, b.facts);

-- name: shut_others
-- Backends that are not configured any more: what they have goes on, nothing new is leased for them.
UPDATE backends SET cap = 0 WHERE backend <> ALL ($1);

-- name: set_lane
UPDATE lanes SET per_user_in_flight = $2 WHERE lane = $1;

-- name: all_backends
SELECT backend, lane, cap, in_flight, paused_until, pause_reason FROM backends ORDER BY backend, lane;

-- name: pause_backend
-- Pauses every lane of the backend; never shortens a pause. Answers whether this is news: not while it is paused, and not when it is
-- paused again for the same reason before anything succeeded.
WITH before AS (
    SELECT backend, lane, coalesce(paused_until, '-infinity') AS until, pause_reason AS reason FROM backends WHERE backend = $1 FOR UPDATE)
UPDATE backends AS b SET paused_until = greatest(before.until, now() + $2),
    pause_reason = CASE WHEN before.until < now() + $2 THEN $3 ELSE before.reason END
FROM before WHERE b.backend = before.backend AND b.lane = before.lane
RETURNING before.reason IS DISTINCT FROM $3 AND (before.until <= now() OR before.until < now() + $2);

-- name: resume_backend
UPDATE backends SET paused_until = NULL, pause_reason = NULL, failing = '{}' WHERE backend = $1;

-- name: count_failure
-- The breaker counts distinct jobs: one poisoned job closes nothing.
UPDATE backends SET failing = CASE WHEN $3 = ANY (failing) THEN failing ELSE (failing || $3::uuid)[1:20] END
WHERE backend = $1 AND lane = $2 RETURNING cardinality(failing);

-- name: count_success
-- Ends a row of failures and a pause that has run out; answers the reason of that pause.
WITH before AS (
    SELECT backend, lane, pause_reason FROM backends WHERE backend = $1
        AND (failing <> '{}' OR (pause_reason IS NOT NULL AND paused_until <= now())) FOR UPDATE)
UPDATE backends AS b SET failing = '{}', pause_reason = CASE WHEN b.paused_until <= now() THEN NULL ELSE b.pause_reason END
FROM before WHERE b.backend = before.backend AND b.lane = before.lane
RETURNING CASE WHEN b.pause_reason IS NULL THEN before.pause_reason END;

-- name: owe_starved
-- Accepted jobs of a backend without workers: their people are told once.
UPDATE job_chat AS c SET due_at = now() FROM jobs AS j
WHERE j.id = c.job_id AND j.backend = $1 AND j.state = 'SUBMITTED' AND coalesce(c.told, '') NOT LIKE 'starved%' AND c.due_at IS NULL;

-- name: claim_revival
-- Whoever gets a row may set the backend's max workers back: once until end_revivals has seen a job begin.
UPDATE backends SET revived_at = now() WHERE backend = $1 AND revived_at IS NULL RETURNING true;

-- name: end_revivals
-- A job has begun since the repair: running ones are polled, ended ones have ended since (two small indexes). One that was over
-- before anybody looked was never seen to begin.
UPDATE backends AS b SET revived_at = NULL WHERE b.revived_at IS NOT NULL AND (
    EXISTS (SELECT 1 FROM jobs AS j WHERE j.next_poll_at IS NOT NULL AND j.backend = b.backend AND j.started_at > b.revived_at)
    OR EXISTS (SELECT 1 FROM jobs AS j WHERE j.finished_at > b.revived_at AND j.backend = b.backend
              AND (j.state = 'COMPLETED' OR j.started_at > b.revived_at)))
RETURNING b.backend;

-- name: owe_pause
-- People of the first 20 waiting jobs are told once that the line stands still.
UPDATE job_chat AS c SET due_at = now() FROM (
    SELECT id FROM jobs WHERE backend = $1 AND ready_at IS NOT NULL ORDER BY ready_at, id LIMIT 20) AS first
WHERE c.job_id = first.id AND coalesce(c.told, '') NOT LIKE 'paused%' AND coalesce(c.due_at, 'infinity') > now();

-- name: depth
SELECT lane, backend, count(*) FILTER (WHERE ready_at IS NOT NULL) AS ready, count(*) AS queued,
    extract(epoch FROM now() - min(ready_at))::float8 AS oldest_s
FROM jobs WHERE state = 'QUEUED' GROUP BY lane, backend ORDER BY lane, backend;

-- name: in_line
-- Accepted but not begun, with the age of the oldest: a backend that takes jobs and starts none is starved.
SELECT backend, count(*) AS waiting, extract(epoch FROM now() - min(leased_at))::float8 AS oldest_s
FROM jobs WHERE state = 'SUBMITTED' GROUP BY backend;
