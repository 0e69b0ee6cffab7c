-- What the dispatcher may do. Every write-back names (id, attempt) and repeats the state guard: a stale actor changes zero rows.
-- Lock order everywhere: people, jobs, backends. The lease takes backends first but jobs only with SKIP LOCKED, so it never waits.

-- Hand the free tokens of these people to their next rows: round robin between people, whoever ends first makes room.
CREATE FUNCTION hand_over(p_users bigint[], p_lanes text[]) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE handed integer;
BEGIN
    WITH freed AS (SELECT DISTINCT user_id, lane FROM unnest(p_users, p_lanes) AS f (user_id, lane)),
    next_rows AS (
        SELECT picked.id FROM freed JOIN lanes USING (lane) CROSS JOIN LATERAL (
            SELECT id FROM jobs WHERE jobs.user_id = freed.user_id AND jobs.lane = freed.lane AND state = 'QUEUED' AND NOT token
            ORDER BY id
            LIMIT greatest(0, lanes.per_user_in_flight - (SELECT count(*) FROM jobs AS held
                WHERE held.user_id = freed.user_id AND held.lane = freed.lane AND held.token))
        ) AS picked)
    UPDATE jobs SET token = true, ready_at = CASE WHEN announced AND run_at <= now() THEN clock_timestamp() END
    FROM next_rows WHERE jobs.id = next_rows.id AND jobs.state = 'QUEUED' AND NOT jobs.token;
    GET DIAGNOSTICS handed = ROW_COUNT;
    RETURN handed;
END $$;

CREATE FUNCTION lock_people_of(p_ids uuid[]) RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT 1 FROM people WHERE user_id IN (SELECT user_id FROM jobs WHERE id = ANY (p_ids)) ORDER BY user_id FOR NO KEY UPDATE
$$;

-- Give back places of a backend, n at once. Frees capacity, so it notifies.
CREATE FUNCTION free_places(p_backends text[], p_lanes text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE backends SET in_flight = in_flight - freed.n
    FROM (SELECT backend, lane, count(*)::integer AS n FROM unnest(p_backends, p_lanes) AS f (backend, lane) GROUP BY 1, 2 ORDER BY 1, 2) AS freed
    WHERE backends.backend = freed.backend AND backends.lane = freed.lane;
    IF FOUND THEN PERFORM wake('ready'); END IF;
END $$;

-- Claim up to p_limit ready jobs of one backend and lane, oldest first; each gets a new attempt number.
CREATE FUNCTION lease(p_backend text, p_lane text, p_limit integer, p_by text, p_lease interval, p_run_for interval DEFAULT NULL)
RETURNS TABLE (id uuid, short text, attempt integer, chat_id bigint, message_id bigint, user_id bigint, locale text, mode text,
               params jsonb, prompt text, seed bigint, inputs jsonb, deadline_at timestamptz, tries_own integer, tries_ours integer)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE free integer;
BEGIN
    SELECT least(p_limit, cap - in_flight) INTO free FROM backends AS b
    WHERE b.backend = p_backend AND b.lane = p_lane AND coalesce(b.paused_until, '-infinity') <= now() FOR NO KEY UPDATE;
    IF free IS NULL OR free <= 0 THEN RETURN; END IF;
    RETURN QUERY
    WITH picked AS (
        SELECT j.id FROM jobs AS j WHERE j.backend = p_backend AND j.lane = p_lane AND j.ready_at IS NOT NULL
        ORDER BY j.ready_at, j.id LIMIT free FOR NO KEY UPDATE SKIP LOCKED),
    leased AS (
        UPDATE jobs AS j SET state = 'LEASED', attempt = j.attempt + 1, ready_at = NULL, place = true, reruns = 0,
               leased_by = p_by, leased_at = now(), started_at = NULL, deadline_at = now() + coalesce(p_run_for, j.run_for), check_at = now() + p_lease,
               submitting_at = NULL, request_id = NULL, worker = NULL, phase = NULL, percent = NULL
        FROM picked WHERE j.id = picked.id RETURNING j.*),
    noted AS (
        INSERT INTO job_events (job_id, attempt, event, state, detail)
        SELECT l.id, l.attempt, 'job.leased', 'LEASED', jsonb_build_object('by', p_by) FROM leased AS l),
    taken AS (
        UPDATE backends AS b SET in_flight = b.in_flight + (SELECT count(*)::integer FROM leased)
        WHERE b.backend = p_backend AND b.lane = p_lane AND EXISTS (SELECT 1 FROM leased))
    SELECT l.id, l.short, l.attempt, l.chat_id, c.message_id, l.user_id, l.locale, l.mode, l.params, l.prompt, l.seed, l.inputs,
           l.deadline_at, l.tries_own, l.tries_ours
    FROM leased AS l JOIN job_chat AS c ON c.job_id = l.id ORDER BY l.id;
END $$;

-- From here on the provider may know of this attempt. Answers false when the row has moved on or a cancel was wished for:
-- then nothing may be sent.
CREATE FUNCTION begin_submit(p_id uuid, p_attempt integer, p_lease interval) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE jobs SET submitting_at = now(), check_at = now() + p_lease
    WHERE id = p_id AND attempt = p_attempt AND state = 'LEASED' AND cancel_at IS NULL;
    RETURN FOUND;
END $$;

-- The provider gave these request ids. Every id is remembered, also where the row has moved on (then: owned = false and the
-- caller cancels the id in its hand). An id whose attempt is over without us is swept. Safe to repeat; a worker that was faster
-- names the bare id, the dispatcher the same one as <endpoint>/<id>.
CREATE FUNCTION accept(p_ids uuid[], p_attempts integer[], p_requests text[], p_poll interval)
RETURNS TABLE (id uuid, owned boolean, cancel_wished boolean) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY
    WITH asked AS (SELECT * FROM unnest(p_ids, p_attempts, p_requests) AS a (job_id, attempt, request_id)),
    moved AS (
        UPDATE jobs AS j SET state = CASE WHEN j.state = 'LEASED' THEN 'SUBMITTED' ELSE j.state END, request_id = a.request_id,
               check_at = j.deadline_at, next_poll_at = CASE WHEN j.cancel_at IS NULL THEN now() + p_poll ELSE now() END
        FROM asked AS a WHERE j.id = a.job_id AND j.attempt = a.attempt AND j.state IN ('LEASED', 'SUBMITTED', 'RUNNING')
            AND (j.request_id IS NULL OR j.request_id = a.request_id OR a.request_id LIKE '%/' || j.request_id) RETURNING j.*),
    named AS (
        UPDATE provider_requests AS r SET request_id = a.request_id,
               sweep_at = CASE WHEN NOT EXISTS (SELECT 1 FROM moved AS m WHERE m.id = a.job_id) THEN now() END
        FROM asked AS a WHERE r.job_id = a.job_id AND r.attempt = a.attempt AND r.over_at IS NULL
            AND (r.request_id IS NULL OR a.request_id LIKE '%/' || r.request_id) RETURNING r.job_id, r.attempt),
    known AS (
        INSERT INTO provider_requests (backend, lane, request_id, job_id, attempt, sweep_at)
        SELECT j.backend, j.lane, a.request_id, a.job_id, a.attempt,
               CASE WHEN NOT EXISTS (SELECT 1 FROM moved AS m WHERE m.id = a.job_id) THEN now() END
        FROM asked AS a JOIN jobs AS j ON j.id = a.job_id
        WHERE NOT EXISTS (SELECT 1 FROM named AS n WHERE n.job_id = a.job_id AND n.attempt = a.attempt) ON CONFLICT DO NOTHING),
    noted AS (
        INSERT INTO job_events (job_id, attempt, event, state, detail)
        SELECT m.id, m.attempt, 'job.submitted', m.state, jsonb_build_object('request', m.request_id) FROM moved AS m)
    SELECT a.job_id, m.id IS NOT NULL, coalesce(m.cancel_at IS NOT NULL, false) FROM asked AS a LEFT JOIN moved AS m ON m.id = a.job_id;
END $$;

-- A worker's first sign of life; it may overtake the accept. Repeating it for the same worker changes nothing.
CREATE FUNCTION begin_run(p_id uuid, p_attempt integer, p_worker text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE jobs SET state = 'RUNNING', started_at = now(), worker = p_worker, check_at = deadline_at,
           reruns = reruns + (worker IS NOT NULL AND worker IS DISTINCT FROM p_worker)::integer
    WHERE id = p_id AND attempt = p_attempt AND (state IN ('LEASED', 'SUBMITTED')
        OR (state = 'RUNNING' AND worker IS DISTINCT FROM p_worker));
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM note(p_id, p_attempt, 'job.began', 'RUNNING', jsonb_build_object('worker', p_worker));
    RETURN true;
END $$;

CREATE FUNCTION progress(p_id uuid, p_attempt integer, p_phase text, p_percent integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE was text;
BEGIN
    SELECT phase INTO was FROM jobs WHERE id = p_id AND attempt = p_attempt AND state = 'RUNNING' FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE jobs SET phase = p_phase, percent = p_percent WHERE id = p_id;
    IF was IS DISTINCT FROM p_phase THEN PERFORM note(p_id, p_attempt, 'job.phase', 'RUNNING', jsonb_build_object('phase', p_phase)); END IF;
    RETURN true;
END $$;

-- The platform re-ran this attempt by itself (a new worker id, or IN_PROGRESS back to IN_QUEUE): a try of ours, bounded by the caller.
CREATE FUNCTION count_rerun(p_id uuid, p_attempt integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE n integer;
BEGIN
    UPDATE jobs SET reruns = reruns + 1, worker = NULL WHERE id = p_id AND attempt = p_attempt AND state IN ('SUBMITTED', 'RUNNING')
    RETURNING reruns INTO n;
    IF FOUND THEN PERFORM note(p_id, p_attempt, 'job.rerun', 'RUNNING', jsonb_build_object('reruns', n)); END IF;
    RETURN n;
END $$;

-- Claim the delivery of a fetched result; a crashed claim may be claimed again and fetches again, it never generates again.
CREATE FUNCTION claim_delivery(p_id uuid, p_attempt integer, p_by text, p_lease interval) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE jobs SET state = 'DELIVERING', leased_by = p_by, check_at = now() + p_lease, next_poll_at = now() + p_lease
    WHERE id = p_id AND attempt = p_attempt
        AND (state IN ('SUBMITTED', 'RUNNING') OR (state = 'DELIVERING' AND check_at <= now()));
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM note(p_id, p_attempt, 'job.delivering', 'DELIVERING', jsonb_build_object('by', p_by));
    RETURN true;
END $$;

-- The attempt's place: freed when the attempt is proven over, else moved to its request until it is, or until its ttl. An attempt
-- that is not proven over also loses its message: the announcer asks it, takes it away and sends a fresh one (DESIGN 7, retire).
CREATE FUNCTION settle_place(p_job jobs, p_over boolean, p_outcome text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE until_at timestamptz := CASE WHEN NOT p_over THEN coalesce(p_job.deadline_at, now()) END;
BEGIN
    IF p_over THEN
        UPDATE provider_requests SET over_at = coalesce(over_at, now()), outcome = coalesce(outcome, p_outcome), sweep_at = NULL
        WHERE job_id = p_job.id AND attempt = p_job.attempt;
        IF p_job.place THEN PERFORM free_places(ARRAY[p_job.backend], ARRAY[p_job.lane]); END IF;
    ELSIF p_job.place THEN
        UPDATE provider_requests SET sweep_at = now() WHERE job_id = p_job.id AND attempt = p_job.attempt AND over_at IS NULL;
        UPDATE provider_requests SET place_until = until_at WHERE id = (SELECT max(id) FROM provider_requests AS r
            WHERE r.job_id = p_job.id AND r.attempt = p_job.attempt AND r.over_at IS NULL);    -- one attempt, one place
        IF NOT FOUND THEN
            INSERT INTO provider_requests (backend, lane, job_id, attempt, place_until)
            VALUES (p_job.backend, p_job.lane, p_job.id, p_job.attempt, until_at);
        END IF;
    END IF;
    IF NOT p_over THEN
        UPDATE job_chat SET retiring = coalesce(message_id, retiring), message_id = NULL WHERE job_id = p_job.id;
    END IF;
END $$;

-- Back to the queue. p_cause: none (surely not accepted: no try used, and its place in the line) | own | ours. The token is kept: it
-- is still this person's turn.
CREATE FUNCTION requeue(p_id uuid, p_attempt integer, p_cause text, p_wait interval, p_over boolean, p_why text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE job jobs;
BEGIN
    SELECT * INTO job FROM jobs WHERE id = p_id AND attempt = p_attempt AND cancel_at IS NULL
        AND (state = 'LEASED' OR (p_cause <> 'none' AND state IN ('SUBMITTED', 'RUNNING', 'DELIVERING'))) FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE jobs SET state = 'QUEUED', place = false, run_at = CASE WHEN p_cause = 'none' AND p_wait <= interval '0' THEN run_at ELSE now() + p_wait END,
           check_at = expires_at, next_poll_at = NULL,
           announced = announced AND p_over,
           tries_own = tries_own + (p_cause = 'own')::integer,
           tries_ours = tries_ours + (p_cause = 'ours')::integer + CASE WHEN p_cause = 'none' THEN 0 ELSE reruns END,
           ready_at = CASE WHEN p_wait <= interval '0' AND announced AND p_over THEN CASE p_cause WHEN 'none' THEN run_at ELSE now() END END
    WHERE id = p_id;
    IF p_cause <> 'none' THEN
        UPDATE job_chat SET due_at = now(), claimed_until = NULL WHERE job_id = p_id;
        PERFORM wake('chat');
    END IF;
    PERFORM settle_place(job, p_over, p_why);
    PERFORM note(p_id, p_attempt, CASE p_cause WHEN 'none' THEN 'job.given_back' ELSE 'job.retried' END, 'QUEUED',
                 jsonb_build_object('cause', p_cause, 'why', p_why, 'wait_s', extract(epoch FROM p_wait)));
    PERFORM wake(CASE WHEN p_wait <= interval '0' THEN 'ready' ELSE 'later' END);
    RETURN true;
END $$;

-- Decided: capacity and token are freed now, the chat is owed the text.
CREATE FUNCTION close_job(p_id uuid, p_attempt integer, p_verdict text, p_code text, p_over boolean, p_detail jsonb DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE job jobs;
BEGIN
    PERFORM lock_people_of(ARRAY[p_id]);
    SELECT * INTO job FROM jobs WHERE id = p_id AND attempt = p_attempt
        AND state IN ('QUEUED', 'LEASED', 'SUBMITTED', 'RUNNING', 'DELIVERING') FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE jobs SET state = 'CLOSING', verdict = p_verdict, error_code = p_code, token = false, place = false, ready_at = NULL,
           check_at = NULL, next_poll_at = NULL WHERE id = p_id;
    UPDATE job_chat SET due_at = now(), claimed_until = NULL WHERE job_id = p_id;
    PERFORM note(p_id, p_attempt, 'job.closing', 'CLOSING',
                 jsonb_build_object('verdict', p_verdict, 'code', p_code) || coalesce(p_detail, '{}'));
    PERFORM hand_over(ARRAY[job.user_id], ARRAY[job.lane]);
    IF job.state <> 'QUEUED' THEN PERFORM settle_place(job, p_over, p_code); END IF;
    PERFORM wake('chat');
    RETURN true;
END $$;

-- The chat shows the result. Answers the ids that this call completed; a repeated or stale call answers none.
CREATE FUNCTION complete(p_ids uuid[], p_attempts integer[], p_results jsonb[]) RETURNS SETOF uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE done uuid[]; users bigint[]; user_lanes text[]; place_backends text[]; place_lanes text[];
BEGIN
    PERFORM lock_people_of(p_ids);
    WITH asked AS (SELECT * FROM unnest(p_ids, p_attempts, p_results) AS a (job_id, attempt, result)),
    old AS (SELECT j.id, j.place FROM jobs AS j JOIN asked AS a ON a.job_id = j.id ORDER BY j.id FOR NO KEY UPDATE OF j),
    moved AS (
        UPDATE jobs AS j SET state = 'COMPLETED', result = a.result, finished_at = now(), token = false, place = false, verdict = NULL,
               error_code = NULL, ready_at = NULL, check_at = NULL, next_poll_at = NULL
        FROM asked AS a, old WHERE j.id = a.job_id AND old.id = j.id AND j.attempt = a.attempt
            AND a.attempt > 0
            AND j.state IN ('QUEUED', 'LEASED', 'SUBMITTED', 'RUNNING', 'DELIVERING', 'CLOSING')
        RETURNING j.id, j.user_id, j.lane, j.backend, j.attempt, old.place, j.result -> 'recipe' AS recipe),
    kept AS (                                                                   -- the place of an attempt that delivered after all
        SELECT r.id, r.backend, r.lane FROM provider_requests AS r JOIN moved AS m ON m.id = r.job_id AND m.attempt = r.attempt
        WHERE r.place_until IS NOT NULL ORDER BY r.id FOR UPDATE OF r),
    noted AS (                                                                  -- with which workflow, shipped or the operator's
        INSERT INTO job_events (job_id, attempt, event, state, detail)
        SELECT m.id, m.attempt, 'job.completed', 'COMPLETED', CASE WHEN m.recipe ? 'graph' THEN jsonb_build_object(
            'workflow', m.recipe -> 'workflow', 'origin', m.recipe -> 'workflow_origin', 'graph', m.recipe -> 'graph') END FROM moved AS m),
    over AS (UPDATE provider_requests AS r SET over_at = now(), outcome = 'completed', sweep_at = NULL, place_until = NULL FROM moved AS m
             WHERE r.job_id = m.id AND r.attempt = m.attempt AND r.over_at IS NULL),
    owed AS (UPDATE job_chat AS c SET due_at = now(), claimed_until = NULL, message_id = coalesce(c.message_id, c.retiring),
             retiring = NULL, deleting = false FROM moved AS m WHERE c.job_id = m.id)
    SELECT array_agg(m.id), array_agg(m.user_id), array_agg(m.lane),
           array_agg(m.backend) FILTER (WHERE m.place) || (SELECT array_agg(k.backend ORDER BY k.id) FROM kept AS k),
           array_agg(m.lane) FILTER (WHERE m.place) || (SELECT array_agg(k.lane ORDER BY k.id) FROM kept AS k)
    INTO done, users, user_lanes, place_backends, place_lanes FROM moved AS m;
    IF done IS NULL THEN RETURN; END IF;
    PERFORM hand_over(users, user_lanes);
    IF place_backends IS NOT NULL THEN PERFORM free_places(place_backends, place_lanes); END IF;
    PERFORM wake('chat');
    RETURN QUERY SELECT unnest(done);
END $$;

-- The chat took the closing text, or the chat is gone: CLOSING becomes its verdict. The text is said once more at p_again.
CREATE FUNCTION told(p_id uuid, p_attempt integer, p_again interval, p_why text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE said text;
BEGIN
    UPDATE jobs SET state = verdict, finished_at = now() WHERE id = p_id AND attempt = p_attempt AND state = 'CLOSING'
    RETURNING state INTO said;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE job_chat SET told = 'closing', told_at = now(), claimed_until = NULL, again_at = now() + p_again, due_at = now() + p_again
    WHERE job_id = p_id;
    PERFORM note(p_id, p_attempt, 'job.told', said, jsonb_build_object('how', p_why));
    RETURN true;
END $$;

-- One plan for all, made of index scans: planning would touch as many pages as the lease itself, and a plan made while a table was
-- empty must not become a sequential scan over a million rows before the next analyze.
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname IN ('enqueue', 'attach_message',
        'promote_due', 'hand_over', 'lock_people_of', 'free_places', 'lease', 'begin_submit', 'accept', 'begin_run', 'complete') LOOP
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', one);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', one);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', one);      -- a generic LIMIT is guessed as a tenth of the table
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', one);
        EXECUTE format('ALTER FUNCTION %s SET jit = off', one);
    END LOOP;
END $$;
