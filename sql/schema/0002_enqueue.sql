-- What the bot may do: insert, say which message is the job's, wish for a cancel, forget. Locks first, counts afterwards:
-- a single statement would count in a snapshot that was taken before its lock wait.

CREATE FUNCTION new_job_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    -- UUID version 7: 48 bits of Unix milliseconds, then random, so that ids follow the order of arrival
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
        substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION new_short() RETURNS text LANGUAGE sql VOLATILE AS $$
    -- 7 letters of Crockford's base 32 (no i, l, o, u): 34 thousand million, and the unique index settles the rest
    SELECT string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(b, i) & 31) + 1, 1), '')
    FROM (SELECT uuid_send(gen_random_uuid()) AS b) AS r, generate_series(9, 15) AS i
$$;

CREATE FUNCTION note(p_job uuid, p_attempt integer, p_event text, p_state text, p_detail jsonb DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO job_events (job_id, attempt, event, state, detail) VALUES (p_job, p_attempt, p_event, p_state, p_detail)
$$;

CREATE FUNCTION wake(p_what text) RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_notify('imgvid', p_what)                 -- delivered at commit, folded when equal within it
$$;

-- Upserts the person and locks the row. The caller holds the person from here to its commit.
CREATE FUNCTION lock_person(p_user bigint, p_locale text) RETURNS people LANGUAGE plpgsql VOLATILE AS $$
DECLARE person people;
BEGIN
    INSERT INTO people (user_id, locale) VALUES (p_user, p_locale) ON CONFLICT DO NOTHING;
    SELECT * INTO person FROM people WHERE user_id = p_user FOR NO KEY UPDATE;
    RETURN person;
END $$;

-- One more picture for an album's job. NULL when there is no job of this origin yet.
CREATE FUNCTION join_album(p_origin text, p_input jsonb, p_prompt text, p_max_inputs integer, p_wait interval)
RETURNS TABLE (verdict text, job_id uuid, short text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE job jobs; said text;
BEGIN
    SELECT * INTO job FROM jobs WHERE id = (SELECT n.job_id FROM job_names AS n WHERE n.origin = p_origin) FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF job.inputs @> jsonb_build_array(jsonb_build_object('message_id', p_input -> 'message_id')) THEN
        said := 'duplicate';
    ELSIF job.state <> 'QUEUED' OR job.attempt > 0 THEN
        said := 'album_late';
    ELSIF jsonb_array_length(job.inputs) >= p_max_inputs THEN
        said := 'album_full';
    ELSE
        said := 'joined';
        UPDATE jobs SET
            inputs = (SELECT jsonb_agg(item || jsonb_build_object('role', CASE WHEN place = 1 THEN 'image' ELSE 'last' END) ORDER BY place)
                      FROM (SELECT item, row_number() OVER (ORDER BY (item ->> 'message_id')::bigint) AS place
                            FROM jsonb_array_elements(job.inputs || p_input) AS item) AS ordered),
            prompt = coalesce(job.prompt, p_prompt),
            run_at = greatest(job.run_at, now() + p_wait),
            ready_at = NULL
        WHERE id = job.id;
        PERFORM note(job.id, 0, 'job.joined', 'QUEUED');
    END IF;
    RETURN QUERY SELECT said, job.id, job.short;
END $$;

-- Insert one job. Idempotent by origin: the same origin answers 'duplicate' with the job that is already there.
-- verdict: queued | duplicate | joined | album_late | album_full | too_many_pending | queue_full | too_fast | forgetting
CREATE FUNCTION enqueue(
    p_origin text, p_user bigint, p_chat bigint, p_thread bigint, p_source_message bigint, p_locale text,
    p_mode text, p_lane text, p_backend text, p_params jsonb, p_prompt text, p_seed bigint, p_inputs jsonb,
    p_wait interval, p_run_for interval, p_expires_in interval,
    p_max_inputs integer, p_max_pending integer, p_max_queued integer, p_max_per_minute integer)
RETURNS TABLE (verdict text, job_id uuid, short text, behind integer) LANGUAGE plpgsql VOLATILE AS $$
DECLARE person people; held integer; allowed integer; pending integer; new_id uuid := new_job_id(); new_word text; job jobs;
BEGIN
    person := lock_person(p_user, p_locale);
    SELECT j.* INTO job FROM jobs AS j JOIN job_names AS n ON n.job_id = j.id WHERE n.origin = p_origin;
    IF FOUND THEN
        IF p_origin LIKE 'g:%' THEN
            RETURN QUERY SELECT a.verdict, a.job_id, a.short, 0
                FROM join_album(p_origin, p_inputs -> 0, p_prompt, p_max_inputs, p_wait) AS a;
        ELSE
            RETURN QUERY SELECT 'duplicate', job.id, job.short, 0;
        END IF;
        RETURN;
    END IF;
    SELECT count(*) INTO pending FROM jobs AS j WHERE j.user_id = p_user
        AND (j.token OR (j.state = 'QUEUED' AND NOT j.token));                   -- two small indexes: all that is open and not closing
    verdict := CASE
        WHEN person.forget_at IS NOT NULL THEN 'forgetting'
        WHEN pending >= p_max_pending THEN 'too_many_pending'
        WHEN (SELECT count(*) FROM (SELECT 1 FROM job_names AS n WHERE n.chat_id = p_chat AND n.created_at > now() - interval '1 minute'
              LIMIT p_max_per_minute) AS recent) >= p_max_per_minute THEN 'too_fast'
        WHEN (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'QUEUED' AND lane = p_lane LIMIT p_max_queued) AS waiting)
             >= p_max_queued THEN 'queue_full'
    END;
    IF verdict IS NOT NULL THEN
        RETURN QUERY SELECT verdict, NULL::uuid, NULL::text, pending;
        RETURN;
    END IF;
    SELECT per_user_in_flight INTO STRICT allowed FROM lanes WHERE lane = p_lane;
    SELECT count(*) INTO held FROM jobs WHERE user_id = p_user AND lane = p_lane AND token;
    LOOP
        new_word := new_short();
        EXIT WHEN NOT EXISTS (SELECT 1 FROM job_names AS n WHERE n.short = new_word);
    END LOOP;
    INSERT INTO jobs (id, short, chat_id, user_id, locale, mode, lane, backend, params, prompt, seed, inputs, token,
                      run_at, run_for, expires_at, check_at)
    VALUES (new_id, new_word, p_chat, p_user, p_locale, p_mode, p_lane, p_backend, p_params, p_prompt, p_seed, p_inputs,
            held < allowed, now() + p_wait, p_run_for, now() + p_expires_in, now() + p_expires_in);
    INSERT INTO job_names (job_id, short, origin, user_id, chat_id) VALUES (new_id, new_word, p_origin, p_user, p_chat);
    INSERT INTO job_chat (job_id, source_message_id, thread_id, due_at)
    VALUES (new_id, p_source_message, p_thread, now() + interval '5 seconds');    -- announce sends what the bot did not
    PERFORM note(new_id, 0, 'job.queued', 'QUEUED', jsonb_build_object('mode', p_mode, 'lane', p_lane));
    RETURN QUERY SELECT 'queued', new_id, new_word, held;
END $$;

-- Says which message is the job's. Stored only where none is stored; answers the id that holds from now on. A message that is
-- being retired holds the place until its delete was answered (p_retired names it).
CREATE FUNCTION attach_message(p_job uuid, p_message bigint, p_retired bigint DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE holds bigint; job jobs;
BEGIN
    SELECT * INTO job FROM jobs WHERE id = p_job FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    UPDATE job_chat SET message_id = p_message, retiring = NULL, deleting = false, told = 'placeholder', told_at = now(),
           told_position = NULL,
           claimed_until = NULL,
           due_at = CASE job.state WHEN 'QUEUED' THEN now() + interval '3 seconds' WHEN 'CLOSING' THEN now() END
    WHERE job_id = p_job AND message_id IS NULL AND retiring IS NOT DISTINCT FROM p_retired;
    IF FOUND THEN
        UPDATE jobs SET announced = true,
               ready_at = CASE WHEN state = 'QUEUED' AND token AND run_at <= now() THEN now() END
        WHERE id = p_job;
        PERFORM note(p_job, job.attempt, 'message.attached', job.state);
        PERFORM wake(CASE WHEN job.run_at <= now() THEN 'ready' ELSE 'later' END);
    END IF;
    SELECT message_id INTO holds FROM job_chat WHERE job_id = p_job;
    RETURN holds;
END $$;

-- Rows whose run_at has come become ready. Answers how many, and the seconds until the next one (NULL: none waits).
CREATE FUNCTION promote_due(p_limit integer) RETURNS TABLE (promoted integer, next_in_s double precision) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    WITH due AS (
        SELECT id FROM jobs WHERE state = 'QUEUED' AND token AND announced AND ready_at IS NULL AND run_at <= now()
        ORDER BY run_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE jobs SET ready_at = now() FROM due WHERE jobs.id = due.id;
    GET DIAGNOSTICS promoted = ROW_COUNT;
    IF promoted > 0 THEN PERFORM wake('ready'); END IF;
    SELECT extract(epoch FROM min(run_at) - now()) INTO next_in_s
    FROM jobs WHERE state = 'QUEUED' AND token AND announced AND ready_at IS NULL;
    RETURN NEXT;
END $$;
