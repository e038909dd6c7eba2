SET local check_function_bodies = off;

CREATE TABLE "private"."clock_faults" (
  "rule"      text                     NOT NULL,
  "error"     text                     NOT NULL,
  "failed_at" timestamp with time zone NOT NULL,
  CONSTRAINT "clock_faults_pkey" PRIMARY KEY (RULE)
);

ALTER TABLE "private"."clock_faults"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "private"."clock_faults" FROM PUBLIC, "anon", "authenticated", "service_role";

CREATE OR REPLACE FUNCTION private.advance_contracts (
  p_now timestamp with time zone DEFAULT now()
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_started integer;
  v_ended integer;
begin
  -- The widest date on earth bounds the index scan; the firm's own day decides.
  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'signed'
      and c.starts_on <= (p_now at time zone 'UTC')::date + 1
      and c.starts_on <= (p_now at time zone f.timezone)::date
    limit 1000
    for update of c skip locked
  ), started as (
    update public.contracts c
    set status = 'active'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select s.firm_id, s.id, 'signed', 'active'
  from started s;
  get diagnostics v_started = row_count;

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
    limit 1000
    for update of c skip locked
  ), ended as (
    update public.contracts c
    set status = 'expired'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select e.firm_id, e.id, 'active', 'expired'
  from ended e;
  get diagnostics v_ended = row_count;
  return v_started + v_ended;
end
$function$;

CREATE OR REPLACE FUNCTION private.enqueue_contract_reminders (
  p_now timestamp with time zone DEFAULT now()
)
  RETURNS integer
  LANGUAGE sql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  with due as (
    select c.firm_id, c.id as contract_id, c.ends_on, rung.days
    from public.contracts as c
    join public.firms as f on f.id = c.firm_id
    cross join lateral (select (p_now at time zone f.timezone)::date as today) as clock
    -- The nearest rung only: after an outage one reminder says what is true now, not five.
    cross join lateral (
      select min(ladder.days) as days
      from unnest(array[60, 30, 14, 7, 1]) as ladder (days)
      where ladder.days >= c.ends_on - clock.today
    ) as rung
    where c.status = 'active'
      -- The widest date on earth bounds the index scan; the firm's own day decides.
      and c.ends_on between (p_now at time zone 'UTC')::date - 1
        and (p_now at time zone 'UTC')::date + 61
      and c.ends_on between clock.today and clock.today + 60
      and c.archived_at is null
      and f.status = 'active'
      and f.archived_at is null
      and not exists (
        select from private.contract_reminders as r
        where r.contract_id = c.id
          and r.event = 'ends'
          and r.target_date = c.ends_on
          and r.days = rung.days
      )
    limit 1000
  ), climbed as (
    insert into private.contract_reminders (contract_id, event, target_date, days)
    select due.contract_id, 'ends', due.ends_on, due.days from due
    on conflict do nothing
    returning contract_id, event, target_date, days
  ), queued as (
    select private.enqueue(
      'contract.remind',
      jsonb_build_object(
        'contract_id', climbed.contract_id,
        'event', climbed.event,
        'target_date', climbed.target_date,
        'days', climbed.days
      ),
      due.firm_id
    ) as job
    from climbed
    join due using (contract_id)
  )
  select count(queued.job)::integer from queued
$function$;

CREATE OR REPLACE FUNCTION private.jobs_clock()
  RETURNS TABLE (
    ticked_at timestamp with time zone,
    faults    jsonb
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
 SELECT ( SELECT clock.ticked_at
            FROM private.job_clock clock)
  AS ticked_at,
     ( SELECT COALESCE(jsonb_object_agg(f.rule, f.error), '{}'::jsonb) AS "coalesce"
            FROM private.clock_faults f) AS "coalesce";
END;

CREATE OR REPLACE FUNCTION private.jobs_tick (
  force boolean DEFAULT false
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Functions of the schema private without arguments that do at most this many things at a time
  -- and return how many: what an outage piled up must not run into the statement's time limit
  -- again and again.
  bite constant integer := 1000;
  rules constant text[] := array[
    'advance_contracts', 'sweep_uploads', 'enqueue_contract_reminders'
  ];
  ticked boolean;
  due text;
  done integer;
  more boolean := false;
  faults jsonb := '{}';
begin
  if not jobs_tick.force and exists (
    select from private.job_clock where ticked_at > clock_timestamp() - interval '1 minute'
  ) then
    return null;
  end if;
  -- Whoever finds another runner at it goes on with its jobs instead of waiting.
  if not pg_try_advisory_xact_lock(hashtext('private.jobs_tick')) then
    return null;
  end if;
  insert into private.job_clock as clock (ticked_at) values (clock_timestamp())
  on conflict (only_row) do update set ticked_at = excluded.ticked_at
  where jobs_tick.force or clock.ticked_at <= excluded.ticked_at - interval '1 minute'
  returning true into ticked;
  if ticked is null then
    return null;
  end if;
  foreach due in array rules loop
    -- A fault in one rule stops neither the others nor the jobs; the next minute tries again.
    begin
      done := private.run_rule(due);
      more := more or done >= bite;
      delete from private.clock_faults as f where f.rule = due;
    exception when query_canceled or others then
      faults := faults || jsonb_build_object(due, sqlerrm);
      insert into private.clock_faults as f (rule, error, failed_at)
      values (due, sqlerrm, clock_timestamp())
      on conflict (rule) do update set
        error = excluded.error, failed_at = excluded.failed_at;
    end;
  end loop;
  if more then
    update private.job_clock set ticked_at = '-infinity' where only_row;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'more', nullif(more, false), 'faults', nullif(faults, '{}')));
end
$function$;

CREATE OR REPLACE FUNCTION private.run_rule (
  rule text
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  done integer;
begin
  execute format('select private.%I()', run_rule.rule) into done;
  return done;
end
$function$;

CREATE OR REPLACE FUNCTION private.sweep_uploads()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_file public.files;
  v_swept integer := 0;
begin
  for v_file in
    select *
    from public.files
    where status = 'pending' and upload_expires_at <= now()
    limit 1000
    for update skip locked
  loop
    if exists (
      select from storage.objects o
      where o.bucket_id = v_file.bucket
        and o.name = v_file.path
        and (o.metadata ->> 'size')::bigint = v_file.size_bytes
    ) then
      perform private.receive_file(v_file);
    else
      update public.files
      set status = 'failed', reason = 'upload_expired', detail = 'The upload was never finished.'
      where id = v_file.id;
    end if;
    v_swept := v_swept + 1;
  end loop;
  return v_swept;
end
$function$;

CREATE OR REPLACE FUNCTION public.jobs_clock()
  RETURNS TABLE (
    ticked_at timestamp with time zone,
    faults    jsonb
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT c.ticked_at,
     c.faults
    FROM private.jobs_clock() c(ticked_at, faults);
END;

REVOKE ALL ON FUNCTION "public"."jobs_clock"() FROM PUBLIC, "anon", "authenticated";

CREATE POLICY "clock_faults_nobody" ON "private"."clock_faults"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

COMMENT ON FUNCTION "private"."advance_contracts"(timestamp with time zone) IS 'Daily: signed contracts whose first day has come become active, active ones past their last day expired, by the firm''s own calendar. Any number of runs, however late, ends in the same state. Returns the changes, at most 1000 of each.';

COMMENT ON FUNCTION "private"."enqueue_contract_reminders"(timestamp with time zone) IS 'Queues the reminders that are due 60, 30, 14, 7 and 1 days before an active contract ends, by the firm''s own calendar. Each once, however often this runs; returns how many, at most 1000.';

COMMENT ON FUNCTION "private"."jobs_clock"() IS 'Definer of public.jobs_clock.';

COMMENT ON FUNCTION "private"."jobs_tick"(boolean) IS 'Does the work that is due by the clock, at most once a minute unless forced or there is more of it
than one run may take. Returns null when it was not due or is being done, else an object: more is
true when it should run again at once, faults has the error of each rule that failed.';

COMMENT ON FUNCTION "private"."run_rule"(text) IS 'Runs one rule of the clock, a function of the schema private; returns how many things it did.';

COMMENT ON FUNCTION "private"."sweep_uploads"() IS 'Closes intents past their hour: what did arrive goes to the worker, the rest fails. Returns how many, at most 1000.';

COMMENT ON FUNCTION "public"."jobs_clock"() IS 'When the clock last ticked, and the error of each rule that failed then. For the secret key only.';

COMMENT ON TABLE "private"."clock_faults" IS 'The rules of the clock that failed at their last run, and with what; gone once they run again.';

REVOKE ALL ON FUNCTION "private"."jobs_clock"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_clock"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_clock"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_clock"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."run_rule"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."run_rule"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."run_rule"(text) TO "postgres";

REVOKE ALL ON FUNCTION "public"."jobs_clock"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_clock"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_clock"() TO "service_role";
