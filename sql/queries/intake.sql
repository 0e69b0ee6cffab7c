-- name: enqueue
SELECT * FROM enqueue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);

-- name: attach_message
SELECT attach_message($1, $2);

-- name: wish_cancel
SELECT wish_cancel($1, $2);

-- name: see_person
-- Upsert; the client's language holds until the person chose one. Answers locale and whether data is being wiped.
INSERT INTO people (user_id, locale) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET locale = CASE WHEN people.locale_chosen THEN people.locale ELSE excluded.locale END
RETURNING locale, locale_chosen, settings, forget_at IS NOT NULL AS forgetting;

-- name: choose_locale
INSERT INTO people (user_id, locale, locale_chosen) VALUES ($1, $2, true)
ON CONFLICT (user_id) DO UPDATE SET locale = $2, locale_chosen = true;

-- name: choose_settings
UPDATE people SET settings = settings || $2 WHERE user_id = $1;

-- name: wish_forget
SELECT wish_forget($1);

-- name: chat_gone
SELECT chat_gone($1, $2);

-- name: chat_back
SELECT chat_back($1);

-- name: chat_migrated
SELECT chat_migrated($1, $2);

-- name: note_failed_update
INSERT INTO failed_updates (bot_id, update_id, kind, error) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: card_by_short
SELECT j.*, c.message_id FROM job_names AS n JOIN jobs AS j ON j.id = n.job_id JOIN job_chat AS c ON c.job_id = n.job_id WHERE n.short = $1;

-- name: cards_of_person
SELECT j.*, c.message_id FROM job_names AS n JOIN jobs AS j ON j.id = n.job_id JOIN job_chat AS c ON c.job_id = n.job_id
WHERE n.user_id = $1 ORDER BY n.created_at DESC, n.job_id DESC LIMIT $2 OFFSET $3;

-- name: count_of_person
SELECT count(*) FROM job_names WHERE user_id = $1;

-- name: offered_backends
SELECT backend, lane, cap, facts FROM backends;
