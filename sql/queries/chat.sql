-- name: claim_owed
-- Chats that are owed something; one claim per message write. Closing texts first, then what has waited longest.
WITH due AS (
    SELECT c.job_id FROM job_chat AS c
    WHERE c.due_at <= now() AND coalesce(c.claimed_until, '-infinity') <= now()
    ORDER BY c.due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE job_chat AS c SET claimed_until = now() + $2 FROM due, jobs AS j
WHERE c.job_id = due.job_id AND j.id = due.job_id
RETURNING j.*, c.message_id, c.source_message_id, c.thread_id, c.told, c.told_at, c.told_position, c.retiring, c.deleting,
    c.again_at, c.ping_claimed_at, c.failures, c.claimed_until, now() AS now;

-- name: read_owed
-- The same row again, after a wait for the flood budget: texts are composed from what is true now.
SELECT j.*, c.message_id, c.source_message_id, c.thread_id, c.told, c.told_at, c.told_position, c.retiring, c.deleting,
    c.again_at, c.ping_claimed_at, c.failures, c.claimed_until, now() AS now
FROM job_chat AS c JOIN jobs AS j ON j.id = c.job_id WHERE c.job_id = $1;

-- name: said
-- $5 is the claim that the text was written under. Where it is another one by now, the chat became owed something newer meanwhile.
UPDATE job_chat SET told = $2, told_at = now(), told_position = $3, failures = 0,
    due_at = CASE WHEN claimed_until = $5 THEN now() + $4::interval ELSE due_at END,
    claimed_until = CASE WHEN claimed_until = $5 THEN NULL ELSE claimed_until END
WHERE job_id = $1;

-- name: owe_later
-- The write did not go through: again after $2, counted, so that a chat that never answers is given up.
UPDATE job_chat SET failures = failures + 1, due_at = CASE WHEN claimed_until = $3 THEN now() + $2 ELSE due_at END,
    claimed_until = CASE WHEN claimed_until = $3 THEN NULL ELSE claimed_until END
WHERE job_id = $1 RETURNING failures;

-- name: look_again
-- Nothing to say now: look again after $2 (NULL: not before something happens).
UPDATE job_chat SET due_at = now() + $2::interval, claimed_until = NULL WHERE job_id = $1 AND claimed_until = $3;

-- name: owe_now
UPDATE job_chat SET due_at = now() WHERE job_id = $1 AND coalesce(due_at, 'infinity') > now();

-- name: begin_delete
UPDATE job_chat SET deleting = true WHERE job_id = $1 AND retiring IS NOT NULL;

-- name: replace_message
SELECT attach_message($1, $2, $3);

-- name: lose_message
-- The person deleted the job's message: there is none until a fresh one is sent.
UPDATE job_chat SET message_id = NULL WHERE job_id = $1 AND message_id = $2;

-- name: claim_ping
UPDATE job_chat SET ping_claimed_at = now() WHERE job_id = $1 AND ping_claimed_at IS NULL RETURNING true;

-- name: told
SELECT told($1, $2, $3, $4);

-- name: owe_positions
-- The first 20 of a backend's lane whose place in the line was not told for a minute are owed a look.
UPDATE job_chat AS c SET due_at = now() FROM (
    SELECT id FROM jobs WHERE backend = $1 AND lane = $2 AND ready_at IS NOT NULL ORDER BY ready_at, id LIMIT 20) AS first
WHERE c.job_id = first.id AND c.due_at IS NULL AND coalesce(c.told_at, '-infinity') < now() - interval '60 seconds';

-- name: ahead_of
-- How many ready rows are before this one in its lane, counted up to 21.
SELECT count(*)::integer FROM (
    SELECT 1 FROM jobs AS j, (SELECT backend, lane, ready_at, id FROM jobs WHERE id = $1) AS me
    WHERE j.backend = me.backend AND j.lane = me.lane AND j.ready_at IS NOT NULL AND (j.ready_at, j.id) < (me.ready_at, me.id)
    LIMIT 21) AS before;

-- name: own_ahead
-- How many of the person's own open jobs come first.
SELECT count(*)::integer FROM jobs WHERE user_id = $1 AND lane = $2 AND id <> $3
    AND (token OR (state = 'QUEUED' AND NOT token AND id < $3));

-- name: queue_told_at
-- When this chat last heard of a place in the line, about any of its jobs of the last day.
SELECT max(c.told_at) FROM job_names AS n JOIN job_chat AS c ON c.job_id = n.job_id
WHERE n.chat_id = $1 AND n.created_at > now() - interval '1 day' AND (c.told LIKE 'position%' OR c.told LIKE 'behind%');
