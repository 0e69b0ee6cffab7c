-- name: record
-- Everything about one job, for operators. Nothing here writes.
SELECT j.*, c.message_id, c.thread_id, n.origin, now() AS now
FROM job_names AS n JOIN jobs AS j ON j.id = n.job_id JOIN job_chat AS c ON c.job_id = n.job_id WHERE n.short = $1;

-- name: records
-- The newest jobs, of these states (NULL: all).
SELECT j.*, c.message_id, c.thread_id, n.origin, now() AS now
FROM jobs AS j JOIN job_names AS n ON n.job_id = j.id JOIN job_chat AS c ON c.job_id = j.id
WHERE ($1::text[] IS NULL OR j.state = ANY ($1)) ORDER BY j.id DESC LIMIT $2;

-- name: requests_of
SELECT backend, request_id, attempt, learned_at, missing_since, place_until, over_at, outcome, sweep_at
FROM provider_requests WHERE job_id = $1 ORDER BY id;
