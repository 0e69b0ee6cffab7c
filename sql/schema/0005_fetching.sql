-- Results that a dispatcher fetches and brings to the chat itself: a claim that is renewed while it does, and can be taken over.

ALTER TABLE jobs ADD COLUMN delivering_until timestamptz;                        -- the claim of the dispatcher that brings the result

-- Claim the delivery of a finished request. Its dispatcher renews the claim; a dead one's may be taken over and fetches again, it
-- never generates again. Answers what the delivery needs, or nothing where it is another's.
DROP FUNCTION claim_delivery(uuid, integer, text, interval);
CREATE FUNCTION claim_delivery(p_id uuid, p_attempt integer, p_by text, p_lease interval)
RETURNS TABLE (params jsonb, prompt text, seed bigint, inputs jsonb, user_id bigint, cancel_at timestamptz) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY UPDATE jobs AS j SET state = 'DELIVERING', leased_by = p_by, delivering_until = now() + p_lease, check_at = j.deadline_at,
           next_poll_at = now() + p_lease
    WHERE j.id = p_id AND j.attempt = p_attempt
        AND (j.state IN ('SUBMITTED', 'RUNNING') OR (j.state = 'DELIVERING' AND coalesce(j.delivering_until, '-infinity') <= now()))
    RETURNING j.params, j.prompt, j.seed, j.inputs, j.user_id, j.cancel_at;
    IF FOUND THEN PERFORM note(p_id, p_attempt, 'job.delivering', 'DELIVERING', jsonb_build_object('by', p_by)); END IF;
END $$;

-- The claim goes on. Answers false when it is not ours any more; `wished`: the person wants the result no more.
CREATE FUNCTION renew_delivery(p_id uuid, p_attempt integer, p_by text, p_lease interval)
RETURNS TABLE (ours boolean, wished boolean) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY UPDATE jobs AS j SET delivering_until = now() + p_lease, next_poll_at = now() + p_lease
    WHERE j.id = p_id AND j.attempt = p_attempt AND j.state = 'DELIVERING' AND j.leased_by = p_by
    RETURNING true, j.cancel_at IS NOT NULL;
    IF NOT FOUND THEN RETURN QUERY SELECT false, false; END IF;
END $$;

-- The delivery could not be done now: anybody may claim it after p_wait.
CREATE FUNCTION release_delivery(p_id uuid, p_attempt integer, p_by text, p_wait interval) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE jobs SET delivering_until = now(), next_poll_at = now() + p_wait
    WHERE id = p_id AND attempt = p_attempt AND state = 'DELIVERING' AND leased_by = p_by;
    IF FOUND THEN PERFORM wake('poll'); END IF;
    RETURN FOUND;
END $$;

REVOKE EXECUTE ON FUNCTION claim_delivery, renew_delivery, release_delivery FROM PUBLIC;
