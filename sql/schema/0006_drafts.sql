-- Cards: what a person is about to ask for, one row a card, until it is made into a job, thrown away or forgotten (two days).
-- And what is known of a backend beside its cap: {"vram_gb": 48} holds back choices that its GPU is too small for.

ALTER TABLE backends ADD COLUMN facts jsonb NOT NULL DEFAULT '{}';

CREATE TABLE drafts (
    id                text PRIMARY KEY,                -- 7 letters, as in a job's buttons; the job's origin is s:<bot>:<id>
    origin            text NOT NULL UNIQUE,            -- m:<bot>:<chat>:<message> | g:… | c:<bot>:<callback>: one card each
    user_id           bigint NOT NULL REFERENCES people,
    bot_id            bigint NOT NULL,
    chat_id           bigint NOT NULL,
    thread_id         bigint,
    source_message_id bigint,                          -- what the person sent, or the result that the card hangs under
    message_id        bigint,                          -- the card itself
    among             text NOT NULL,                   -- which modes may be chosen: photo | words | a group of the catalogue
    mode              text,                            -- NULL: not chosen yet
    params            jsonb NOT NULL DEFAULT '{}',     -- wishes by parameter, as they were typed or pressed
    prompt            text,
    seed              bigint,
    inputs            jsonb NOT NULL DEFAULT '[]',     -- as in jobs, with width and height where they are known
    awaits            text,                            -- prompt | image | mask | a text parameter: what the next message is
    album             text,                            -- the media group that its first picture came in
    heard             bigint[] NOT NULL DEFAULT '{}',  -- messages taken in: a second delivery changes nothing
    closed            boolean NOT NULL DEFAULT false,  -- made or thrown away; the row stays, so that its origin opens no second card
    created_at        timestamptz NOT NULL DEFAULT now(),
    changed_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX drafts_person ON drafts (user_id, chat_id);
CREATE INDEX drafts_chat ON drafts (chat_id, created_at);
CREATE INDEX drafts_old ON drafts (changed_at);

-- Open a card. Idempotent by origin: the same origin answers the card that is already there. No row: too many in a minute.
CREATE FUNCTION open_draft(
    p_origin text, p_user bigint, p_bot bigint, p_chat bigint, p_thread bigint, p_source_message bigint, p_among text, p_mode text,
    p_params jsonb, p_prompt text, p_seed bigint, p_inputs jsonb, p_awaits text, p_album text, p_heard bigint[], p_max_per_minute integer)
RETURNS SETOF drafts LANGUAGE plpgsql VOLATILE AS $$
DECLARE card drafts; new_id text;
BEGIN
    SELECT * INTO card FROM drafts WHERE origin = p_origin;
    IF NOT FOUND THEN
        IF (SELECT count(*) FROM (SELECT 1 FROM drafts WHERE chat_id = p_chat AND created_at > now() - interval '1 minute'
            LIMIT p_max_per_minute) AS recent) >= p_max_per_minute THEN RETURN; END IF;
        LOOP
            new_id := new_short();
            EXIT WHEN NOT EXISTS (SELECT 1 FROM drafts WHERE id = new_id)
                AND NOT EXISTS (SELECT 1 FROM job_names WHERE origin = 's:' || p_bot || ':' || new_id);
        END LOOP;
        INSERT INTO drafts (id, origin, user_id, bot_id, chat_id, thread_id, source_message_id, among, mode, params, prompt, seed, inputs,
                            awaits, album, heard)
        VALUES (new_id, p_origin, p_user, p_bot, p_chat, p_thread, p_source_message, p_among, p_mode, p_params, p_prompt, p_seed, p_inputs,
                p_awaits, p_album, p_heard)
        ON CONFLICT (origin) DO NOTHING;
        SELECT * INTO card FROM drafts WHERE origin = p_origin;
    END IF;
    RETURN NEXT card;
END $$;

-- Made or thrown away: nothing of what it said is kept.
CREATE FUNCTION close_draft(p_id text) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE drafts SET closed = true, params = '{}', prompt = NULL, seed = NULL, inputs = '[]', awaits = NULL, album = NULL, changed_at = now()
    WHERE id = p_id AND NOT closed
$$;

-- The bot was blocked, kicked, or the chat is gone: waiting jobs end, running ones are wished away, cards go.
CREATE OR REPLACE FUNCTION chat_gone(p_chat bigint, p_why text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE touched integer := 0; one uuid;
BEGIN
    INSERT INTO chats (chat_id, gone_at, gone_why) VALUES (p_chat, now(), p_why)
    ON CONFLICT (chat_id) DO UPDATE SET gone_at = now(), gone_why = p_why;
    DELETE FROM drafts WHERE chat_id = p_chat;
    FOR one IN SELECT j.id FROM jobs AS j JOIN job_names AS n ON n.job_id = j.id
        WHERE n.chat_id = p_chat AND j.finished_at IS NULL AND j.state <> 'CLOSING' ORDER BY j.id LOOP
        PERFORM wish_cancel(one, NULL);
        touched := touched + 1;
    END LOOP;
    RETURN touched;
END $$;

-- A group became a supergroup: its jobs and cards go with it. Its messages stay behind, out of everybody's reach (which fences them), and
-- their ids mean other messages in the new chat: open jobs and cards get a fresh message there. Safe to repeat.
CREATE OR REPLACE FUNCTION chat_migrated(p_old bigint, p_new bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE touched integer;
BEGIN
    INSERT INTO chats (chat_id, migrated_to) VALUES (p_old, p_new) ON CONFLICT (chat_id) DO UPDATE SET migrated_to = p_new;
    UPDATE drafts SET chat_id = p_new, message_id = NULL, source_message_id = NULL, heard = '{}' WHERE chat_id = p_old;
    UPDATE jobs SET chat_id = p_new, announced = announced AND finished_at IS NOT NULL, ready_at = NULL
    WHERE id IN (SELECT job_id FROM job_names WHERE chat_id = p_old);
    UPDATE job_chat AS c SET message_id = NULL, source_message_id = NULL, retiring = NULL, deleting = false, told = NULL,
           claimed_until = NULL, due_at = CASE WHEN j.finished_at IS NULL THEN now() END
    FROM job_names AS n JOIN jobs AS j ON j.id = n.job_id WHERE n.chat_id = p_old AND c.job_id = n.job_id;
    UPDATE job_names SET chat_id = p_new WHERE chat_id = p_old;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END $$;

-- Wipe one person whose jobs are all terminal and whose last text is out. Answers who it was and the language to say so in, or none.
CREATE OR REPLACE FUNCTION wipe_forgotten() RETURNS TABLE (user_id bigint, locale text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE who bigint; tongue text; gone uuid[];
BEGIN
    SELECT p.user_id, p.locale INTO who, tongue FROM people AS p WHERE forget_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM jobs_about(p.user_id) AS about (id) JOIN jobs AS j ON j.id = about.id WHERE j.finished_at IS NULL)
    ORDER BY forget_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT array_agg(about.id) INTO gone FROM jobs_about(who) AS about (id);
    DELETE FROM job_events WHERE job_id = ANY (gone);
    UPDATE provider_requests SET job_id = NULL WHERE job_id = ANY (gone);
    DELETE FROM jobs WHERE id = ANY (gone);
    DELETE FROM drafts AS d WHERE d.user_id = who;
    DELETE FROM chats WHERE chat_id = who;
    DELETE FROM people AS p WHERE p.user_id = who;
    RETURN QUERY SELECT who, tongue;
END $$;

-- Prompts go after p_prompts, rows and events after p_rows, cards after two days, in batches so small that nobody waits for them.
CREATE OR REPLACE FUNCTION prune(p_prompts interval, p_rows interval, p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE cleared integer; gone uuid[]; forgotten integer;
BEGIN
    UPDATE jobs SET prompt = NULL WHERE id IN (SELECT id FROM jobs WHERE finished_at < now() - p_prompts AND prompt IS NOT NULL
        ORDER BY finished_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS cleared = ROW_COUNT;
    SELECT array_agg(id) INTO gone FROM (SELECT id FROM jobs WHERE finished_at < now() - p_rows
        ORDER BY finished_at LIMIT p_limit FOR UPDATE SKIP LOCKED) AS old;
    DELETE FROM job_events WHERE job_id = ANY (gone);
    DELETE FROM provider_requests WHERE job_id = ANY (gone) AND (over_at IS NOT NULL OR sweep_at IS NULL);
    DELETE FROM jobs WHERE id = ANY (gone);
    DELETE FROM drafts WHERE id IN (SELECT id FROM drafts WHERE changed_at < now() - interval '2 days'
        ORDER BY changed_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN cleared + coalesce(cardinality(gone), 0) + forgotten;
END $$;

REVOKE ALL ON drafts FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
