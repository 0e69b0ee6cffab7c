-- name: ensure_backend
INSERT INTO backends (backend, lane, cap) VALUES ($1, $2, $3) ON CONFLICT (backend, lane) DO UPDATE SET cap = excluded.cap;

-- name: set_lane
UPDATE lanes SET per_user_in_flight = $2 WHERE lane = $1;

-- name: all_backends
SELECT backend, lane, cap, in_flight, paused_until, pause_reason FROM backends ORDER BY backend, lane;

-- name: pause_backend
-- Pauses every lane of the backend; never shortens a pause. Answers whether this call began it.
WITH before AS (SELECT bool_and(coalesce(paused_until, '-infinity') <= now()) AS running FROM backends WHERE backend = $1)
UPDATE backends SET paused_until = greatest(coalesce(paused_until, '-infinity'), now() + $2), pause_reason = $3,
    pause_told_at = CASE WHEN coalesce(paused_until, '-infinity') <= now() THEN NULL ELSE pause_told_at END
FROM before WHERE backend = $1 RETURNING before.running;

-- name: resume_backend
UPDATE backends SET paused_until = NULL, pause_reason = NULL, pause_told_at = NULL, failing = '{}' WHERE backend = $1;

-- name: count_failure
-- The breaker counts distinct jobs: one poisoned job closes nothing.
UPDATE backends SET failing = CASE WHEN $3 = ANY (failing) THEN failing ELSE (failing || $3::uuid)[1:20] END
WHERE backend = $1 AND lane = $2 RETURNING cardinality(failing);

-- name: count_success
UPDATE backends SET failing = '{}' WHERE backend = $1 AND lane = $2 AND failing <> '{}';

-- name: owe_pause
-- People of the first 20 waiting jobs are told once that the line stands still.
UPDATE job_chat AS c SET due_at = now() FROM (
    SELECT id FROM jobs WHERE backend = $1 AND ready_at IS NOT NULL ORDER BY ready_at, id LIMIT 20) AS first
WHERE c.job_id = first.id AND c.told IS DISTINCT FROM 'paused';

-- name: depth
SELECT lane, backend, count(*) FILTER (WHERE ready_at IS NOT NULL) AS ready, count(*) AS queued,
    extract(epoch FROM now() - min(ready_at))::float8 AS oldest_s
FROM jobs WHERE state = 'QUEUED' GROUP BY lane, backend ORDER BY lane, backend;

-- name: in_line
-- Accepted but not begun, with the age of the oldest: a backend that takes jobs and starts none is starved.
SELECT backend, count(*) AS waiting, extract(epoch FROM now() - min(leased_at))::float8 AS oldest_s
FROM jobs WHERE state = 'SUBMITTED' GROUP BY backend;
