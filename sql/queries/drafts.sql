-- name: open_draft
SELECT d.*, n.short AS job FROM open_draft($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS d
LEFT JOIN job_names AS n ON n.origin = 's:' || d.bot_id || ':' || d.id;

-- name: draft_by_id
SELECT d.*, n.short AS job FROM drafts AS d LEFT JOIN job_names AS n ON n.origin = 's:' || d.bot_id || ':' || d.id
WHERE d.id = $1 AND d.bot_id = $2;

-- name: draft_for_message
-- The person's card that a message is meant for: the one that has it already, the one that it replies to, the one whose album it belongs
-- to, the newest that waited for such a thing within the last hour.
SELECT d.*, n.short AS job FROM drafts AS d LEFT JOIN job_names AS n ON n.origin = 's:' || d.bot_id || ':' || d.id
WHERE d.user_id = $1 AND d.chat_id = $2 AND d.bot_id = $3 AND ($4 = ANY (d.heard) OR (NOT d.closed AND (d.message_id = $5 OR d.album = $6
    OR (d.changed_at > now() - interval '1 hour' AND (d.awaits = ANY ($7::text[])) = $8))))
ORDER BY ($4 = ANY (d.heard)) DESC, coalesce(d.message_id = $5, false) DESC, coalesce(d.album = $6, false) DESC, d.changed_at DESC
LIMIT 1;

-- name: save_draft
UPDATE drafts SET among = $2, mode = $3, params = $4, prompt = $5, seed = $6, inputs = $7, awaits = $8, album = $9, heard = $10,
    changed_at = now()
WHERE id = $1 AND NOT closed;

-- name: show_draft
UPDATE drafts SET message_id = $2 WHERE id = $1;

-- name: close_draft
SELECT close_draft($1);
