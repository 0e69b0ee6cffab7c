-- The house's memory: people, jobs, what their chats were told, what providers were asked, and what happened.
-- States repeat src/imgvid/jobs/state.py; a test walks every pair in both.

CREATE TABLE people (
    user_id       bigint PRIMARY KEY,
    locale        text NOT NULL DEFAULT 'en',
    locale_chosen boolean NOT NULL DEFAULT false,      -- /language beats the client's language_code
    settings      jsonb NOT NULL DEFAULT '{}',
    forget_at     timestamptz,                         -- /deletemydata: cancel, wait for terminal, wipe
    created_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);                              -- locked and updated in place all day

CREATE TABLE lanes (
    lane               text PRIMARY KEY,
    per_user_in_flight integer NOT NULL DEFAULT 1 CHECK (per_user_in_flight > 0)
);
INSERT INTO lanes (lane) VALUES ('video'), ('image');

-- One row per backend and lane: cap, in flight, pause. The lease locks it first, so the cap is exact for any number of
-- dispatchers, and breaker, drain and resume have one place.
CREATE TABLE backends (
    backend       text NOT NULL,
    lane          text NOT NULL REFERENCES lanes,
    cap           integer NOT NULL CHECK (cap >= 0),
    in_flight     integer NOT NULL DEFAULT 0,
    paused_until  timestamptz,                         -- 'infinity' = until resumed by hand
    pause_reason  text,                                -- outlives the pause until something succeeds: the same one is no news
    failing       uuid[] NOT NULL DEFAULT '{}',        -- distinct jobs that failed in a row: the breaker counts jobs
    revived_at    timestamptz,                         -- its workers were given back by us, and no job has begun since
    PRIMARY KEY (backend, lane)
) WITH (fillfactor = 50);

CREATE TABLE jobs (
    id              uuid PRIMARY KEY,                  -- time-ordered
    short           text NOT NULL,                     -- 7 letters that a person can read out
    chat_id         bigint NOT NULL,
    user_id         bigint NOT NULL REFERENCES people,
    locale          text NOT NULL,
    mode            text NOT NULL,
    lane            text NOT NULL REFERENCES lanes,
    backend         text NOT NULL,
    params          jsonb NOT NULL,
    prompt          text,                              -- personal data: nulled after 30 days
    seed            bigint NOT NULL,
    inputs          jsonb NOT NULL,                    -- [{role, file_id, file_unique_id, kind, message_id}]
    state           text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'LEASED', 'SUBMITTED', 'RUNNING',
                        'DELIVERING', 'CLOSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    verdict         text CHECK (verdict IN ('FAILED', 'CANCELLED')),
    error_code      text,
    attempt         integer NOT NULL DEFAULT 0,        -- fencing token, +1 per lease
    tries_own       integer NOT NULL DEFAULT 0,
    tries_ours      integer NOT NULL DEFAULT 0,
    reruns          integer NOT NULL DEFAULT 0,        -- the platform's silent re-runs of this attempt
    token           boolean NOT NULL,                  -- one of the person's places in this lane
    place           boolean NOT NULL DEFAULT false,    -- counts in backends.in_flight
    announced       boolean NOT NULL DEFAULT false,    -- the chat has the job's message
    run_at          timestamptz NOT NULL,
    ready_at        timestamptz,                       -- token, message and run_at reached: may be leased
    cancel_at       timestamptz,                       -- the wish
    submitting_at   timestamptz,                       -- the provider may have been asked from here on
    request_id      text,
    worker          text,
    phase           text,
    percent         integer,
    check_at        timestamptz,                       -- when the sweep must look: lease end, deadlines, expiry
    next_poll_at    timestamptz,
    run_for         interval NOT NULL,                 -- the mode's deadline for one attempt, from lease
    deadline_at     timestamptz,                       -- of the running attempt
    expires_at      timestamptz NOT NULL,              -- of the whole job
    leased_by       text,
    leased_at       timestamptz,
    started_at      timestamptz,
    finished_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    result          jsonb,
    CHECK ((state IN ('FAILED', 'CANCELLED', 'CLOSING')) = (verdict IS NOT NULL)),
    CHECK (ready_at IS NULL OR (state = 'QUEUED' AND token AND announced))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX jobs_ready ON jobs (backend, lane, ready_at, id) WHERE ready_at IS NOT NULL;
CREATE INDEX jobs_token ON jobs (user_id, lane) WHERE token;
CREATE INDEX jobs_behind ON jobs (user_id, lane, id) WHERE state = 'QUEUED' AND NOT token;
CREATE INDEX jobs_later ON jobs (run_at) WHERE state = 'QUEUED' AND token AND announced AND ready_at IS NULL;
CREATE INDEX jobs_queued ON jobs (lane, backend) WHERE state = 'QUEUED';
CREATE INDEX jobs_check ON jobs (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX jobs_poll ON jobs (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX jobs_history ON jobs (mode, finished_at DESC) WHERE state = 'COMPLETED';
CREATE INDEX jobs_old ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- What a job is known by. Written once: every index that lives here instead of on jobs is one index less that each change of
-- state has to write (a lease touches half the pages).
CREATE TABLE job_names (
    job_id     uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    short      text NOT NULL UNIQUE,
    origin     text UNIQUE,                            -- m:<bot>:<chat>:<message> | g:… | c:<bot>:<callback> | s:…
    user_id    bigint NOT NULL,
    chat_id    bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_names_person ON job_names (user_id, created_at DESC);
CREATE INDEX job_names_chat ON job_names (chat_id, created_at DESC);

-- What the job's one message is and what it last said, so that texts never touch the queue row.
CREATE TABLE job_chat (
    job_id            uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    message_id        bigint,                          -- the commit record; replaced when an attempt is retired
    source_message_id bigint,                          -- what the person sent
    thread_id         bigint,
    due_at            timestamptz,                     -- the chat is owed something from here on
    claimed_until     timestamptz,
    told              text,                            -- key of the last text written by us
    told_at           timestamptz,
    told_position     integer,
    retiring          bigint,                          -- message of an attempt not proven over: to be asked, then taken away
    deleting          boolean NOT NULL DEFAULT false,  -- its delete may have been sent: from here on "not found" is ours
    again_at          timestamptz,                     -- closing text once more, after the longest write timeout
    ping_claimed_at   timestamptz,                     -- the short "ready" reply, claimed before it is sent
    failures          integer NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX job_chat_due ON job_chat (due_at) WHERE due_at IS NOT NULL;

-- Every request id ever learned (only those can be swept), and places of attempts that are not proven over.
CREATE TABLE provider_requests (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    backend     text NOT NULL,
    lane        text NOT NULL,
    request_id  text,                                  -- NULL: an attempt whose submit answer was lost
    job_id      uuid,
    attempt     integer NOT NULL,
    learned_at  timestamptz NOT NULL DEFAULT now(),
    missing_since timestamptz,                         -- the provider answers 404 for it since then: unknown, not failed
    place_until timestamptz,                           -- keeps a place of the backend until proven over, or then
    over_at     timestamptz,
    outcome     text,
    sweep_at    timestamptz,                           -- no row owns it: cancel it and look again then
    UNIQUE (backend, request_id)
);
CREATE INDEX provider_requests_job ON provider_requests (job_id, attempt);
CREATE INDEX provider_requests_place ON provider_requests (place_until) WHERE place_until IS NOT NULL;
CREATE INDEX provider_requests_sweep ON provider_requests (sweep_at) WHERE sweep_at IS NOT NULL;

CREATE TABLE job_events (
    id      bigint GENERATED ALWAYS AS IDENTITY,
    job_id  uuid NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt integer NOT NULL,
    event   text NOT NULL,
    state   text NOT NULL,
    detail  jsonb,
    PRIMARY KEY (job_id, id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.2);

-- What a worker said of itself (optional, through three functions of sql/schema/0004): speeds things up, grants nothing.
CREATE TABLE worker_reports (
    job_id  uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt integer NOT NULL,
    output  jsonb NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, attempt)
);

CREATE TABLE chats (
    chat_id     bigint PRIMARY KEY,
    gone_at     timestamptz,
    gone_why    text,
    migrated_to bigint
);

-- An update that failed three times: what kind it was and why, never what it said.
CREATE TABLE failed_updates (
    bot_id    bigint NOT NULL,
    update_id bigint NOT NULL,
    kind      text NOT NULL,
    error     text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, update_id)
);
