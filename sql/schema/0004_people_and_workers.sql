-- Wishes of people, the chat's own fate, sweeping, retention, and what a worker's role may do.

-- QUEUED ends at once; from LEASED on a cancel is a wish, and a wish beats every retry.
-- verdict: closing | wished | over | unknown | not_yours
CREATE FUNCTION wish_cancel(p_id uuid, p_user bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE job jobs;
BEGIN
    PERFORM lock_people_of(ARRAY[p_id]);
    SELECT * INTO job FROM jobs WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN 'unknown'; END IF;
    IF p_user IS NOT NULL AND job.user_id <> p_user THEN RETURN 'not_yours'; END IF;
    IF job.state = 'QUEUED' THEN
        PERFORM close_job(p_id, job.attempt, 'CANCELLED', NULL, true);
        RETURN 'closing';
    ELSIF job.state IN ('LEASED', 'SUBMITTED', 'RUNNING', 'DELIVERING') THEN
        IF job.cancel_at IS NULL THEN
            UPDATE jobs SET cancel_at = now(), next_poll_at = CASE WHEN state = 'LEASED' THEN next_poll_at ELSE now() END,
                   check_at = CASE WHEN state = 'LEASED' THEN least(check_at, now() + interval '5 seconds') ELSE check_at END
            WHERE id = p_id;                               -- LEASED: most submits are answered within the 5 s
            PERFORM note(p_id, job.attempt, 'job.cancel_wished', job.state);
            PERFORM wake('poll');
        END IF;
        RETURN 'wished';
    END IF;
    RETURN 'over';
END $$;

-- The bot was blocked, kicked, or the chat is gone: waiting jobs end, running ones are wished away.
CREATE FUNCTION chat_gone(p_chat bigint, p_why text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE touched integer := 0; one uuid;
BEGIN
    INSERT INTO chats (chat_id, gone_at, gone_why) VALUES (p_chat, now(), p_why)
    ON CONFLICT (chat_id) DO UPDATE SET gone_at = now(), gone_why = p_why;
    FOR one IN SELECT j.id FROM jobs AS j JOIN job_names AS n ON n.job_id = j.id
        WHERE n.chat_id = p_chat AND j.finished_at IS NULL AND j.state <> 'CLOSING' ORDER BY j.id LOOP
        PERFORM wish_cancel(one, NULL);
        touched := touched + 1;
    END LOOP;
    RETURN touched;
END $$;

CREATE FUNCTION chat_back(p_chat bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE chats SET gone_at = NULL, gone_why = NULL WHERE chat_id = p_chat
$$;

-- A group became a supergroup: its jobs go with it. Its messages stay behind, out of everybody's reach (which fences them), and their
-- ids mean other messages in the new chat: open jobs get a fresh message there. Safe to repeat.
CREATE FUNCTION chat_migrated(p_old bigint, p_new bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE touched integer;
BEGIN
    INSERT INTO chats (chat_id, migrated_to) VALUES (p_old, p_new) ON CONFLICT (chat_id) DO UPDATE SET migrated_to = p_new;
    UPDATE jobs SET chat_id = p_new, announced = announced AND finished_at IS NOT NULL, ready_at = NULL
    WHERE id IN (SELECT job_id FROM job_names WHERE chat_id = p_old);
    UPDATE job_chat AS c SET message_id = NULL, source_message_id = NULL, retiring = NULL, deleting = false, told = NULL,
           claimed_until = NULL, due_at = CASE WHEN j.finished_at IS NULL THEN now() END
    FROM job_names AS n JOIN jobs AS j ON j.id = n.job_id WHERE n.chat_id = p_old AND c.job_id = n.job_id;
    UPDATE job_names SET chat_id = p_new WHERE chat_id = p_old;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END $$;

-- A person's own jobs, and what operators replayed of them (origin r:<short>:<number>, 1 to 9): the same pictures and words.
CREATE FUNCTION jobs_about(p_user bigint) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT job_id FROM job_names WHERE user_id = p_user
    UNION
    SELECT r.job_id FROM job_names AS n CROSS JOIN generate_series(1, 9) AS number
        JOIN job_names AS r ON r.origin = 'r:' || n.short || ':' || number
    WHERE n.user_id = p_user
$$;

-- /deletemydata: everything of the person is cancelled now and wiped once it is terminal. Answers the open jobs.
CREATE FUNCTION wish_forget(p_user bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE open_jobs integer := 0; one uuid;
BEGIN
    UPDATE people SET forget_at = coalesce(forget_at, now()) WHERE user_id = p_user;
    FOR one IN SELECT j.id FROM jobs AS j JOIN jobs_about(p_user) AS about (id) ON about.id = j.id
        WHERE j.finished_at IS NULL ORDER BY j.id LOOP
        PERFORM wish_cancel(one, NULL);
        open_jobs := open_jobs + 1;
    END LOOP;
    PERFORM wake('forget');
    RETURN open_jobs;
END $$;

-- Wipe one person whose jobs are all terminal and whose last text is out. Answers who it was and the language to say so in, or none.
CREATE FUNCTION wipe_forgotten() RETURNS TABLE (user_id bigint, locale text) LANGUAGE plpgsql VOLATILE AS $$
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
    DELETE FROM chats WHERE chat_id = who;
    DELETE FROM people AS p WHERE p.user_id = who;
    RETURN QUERY SELECT who, tongue;
END $$;

-- Prompts go after p_prompts, rows and events after p_rows, in batches so small that nobody waits for them.
CREATE FUNCTION prune(p_prompts interval, p_rows interval, p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE cleared integer; gone uuid[];
BEGIN
    UPDATE jobs SET prompt = NULL WHERE id IN (SELECT id FROM jobs WHERE finished_at < now() - p_prompts AND prompt IS NOT NULL
        ORDER BY finished_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS cleared = ROW_COUNT;
    SELECT array_agg(id) INTO gone FROM (SELECT id FROM jobs WHERE finished_at < now() - p_rows
        ORDER BY finished_at LIMIT p_limit FOR UPDATE SKIP LOCKED) AS old;
    DELETE FROM job_events WHERE job_id = ANY (gone);
    DELETE FROM provider_requests WHERE job_id = ANY (gone) AND (over_at IS NOT NULL OR sweep_at IS NULL);
    DELETE FROM jobs WHERE id = ANY (gone);
    RETURN cleared + coalesce(cardinality(gone), 0);
END $$;

-- An attempt that no row waits for is proven over (or its ttl has passed): its place comes back.
CREATE FUNCTION request_over(p_id bigint, p_outcome text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE request provider_requests;
BEGIN
    SELECT * INTO request FROM provider_requests WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE provider_requests SET over_at = coalesce(over_at, now()), outcome = coalesce(outcome, p_outcome), sweep_at = NULL,
           place_until = NULL WHERE id = p_id;
    IF request.place_until IS NOT NULL THEN PERFORM free_places(ARRAY[request.backend], ARRAY[request.lane]); END IF;
    RETURN request.over_at IS NULL;
END $$;

CREATE FUNCTION expire_places() RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE one bigint; freed integer := 0;
BEGIN
    FOR one IN SELECT id FROM provider_requests WHERE place_until <= now() ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED LOOP
        PERFORM request_over(one, 'expired');
        freed := freed + 1;
    END LOOP;
    RETURN freed;
END $$;

-- After a restore from a backup: what happened since is unknown, so every open attempt is fenced off. Safe to repeat.
CREATE FUNCTION fence_restored() RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE touched integer;
BEGIN
    UPDATE jobs SET attempt = attempt + 1000 WHERE finished_at IS NULL;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END $$;

-- The worker's role may execute these three and nothing else. They speed things up; they grant nothing.
CREATE FUNCTION worker_begin(p_job uuid, p_attempt integer, p_worker text, p_request text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_request IS NOT NULL THEN
        -- an attempt that was given up only where its id was lost: the sweep can then end it and get its place back
        PERFORM public.accept(ARRAY[p_job], ARRAY[p_attempt], ARRAY[left(p_request, 200)], interval '10 seconds')
        FROM public.jobs AS j WHERE id = p_job AND ((attempt = p_attempt AND request_id IS NULL AND state = 'LEASED')
            OR (attempt >= p_attempt AND EXISTS (SELECT 1 FROM public.provider_requests AS r
                WHERE r.job_id = p_job AND r.attempt = p_attempt AND r.request_id IS NULL AND r.over_at IS NULL)));
    END IF;
    RETURN public.begin_run(p_job, p_attempt, left(p_worker, 200));
END $$;

CREATE FUNCTION worker_progress(p_job uuid, p_attempt integer, p_phase text, p_percent integer) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT public.progress(p_job, p_attempt, left(p_phase, 40), least(100, greatest(0, p_percent)))
$$;

CREATE FUNCTION worker_result(p_job uuid, p_attempt integer, p_output jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF pg_column_size(p_output) > 65536 THEN RETURN false; END IF;
    UPDATE public.jobs SET next_poll_at = now() WHERE id = p_job AND attempt = p_attempt
        AND state IN ('LEASED', 'SUBMITTED', 'RUNNING');
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO public.worker_reports (job_id, attempt, output) VALUES (p_job, p_attempt, p_output) ON CONFLICT DO NOTHING;
    PERFORM public.wake('poll');
    RETURN true;
END $$;

-- Roles belong to the whole server, so the role may be there already (another database, a second run). It cannot log in until the
-- operator gives it a password: ALTER ROLE imgvid_worker LOGIN PASSWORD '…'.
DO $$
BEGIN
    CREATE ROLE imgvid_worker NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
GRANT EXECUTE ON FUNCTION worker_begin, worker_progress, worker_result TO imgvid_worker;
