SET local check_function_bodies = off;

DROP FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone);

DROP FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text);

DROP FUNCTION "private"."job_message"(text, jsonb, uuid, text, text);

DROP FUNCTION "private"."jobs_ack"(text, jsonb, timestamp WITH time zone);

DROP FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone);

DROP FUNCTION "private"."jobs_take"(text, text[], integer, interval, timestamp WITH time zone, text, boolean);

DROP FUNCTION "private"."jobs_walk"(text, text, timestamp WITH time zone, text[], integer, integer);

DROP FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text);

DROP FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text);

DROP FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb);

CREATE OR REPLACE FUNCTION private.count_jobs (
  counts jsonb,
  worker text,
  at     timestamp with time zone
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  insert into private.job_stats as s (minute, kind, slot, done, retried, snoozed, dead, seconds)
  select
    date_trunc('minute', count_jobs.at), c.kind, abs(hashtext(count_jobs.worker) % 16),
    coalesce(sum(c.done), 0), coalesce(sum(c.retry), 0), coalesce(sum(c.snooze), 0),
    coalesce(sum(c.dead), 0), coalesce(sum(c.seconds), 0)
  from
    jsonb_to_recordset(count_jobs.counts) as c (
      kind text, done integer, retry integer, snooze integer, dead integer, seconds double precision
    )
  group by c.kind
  order by c.kind
  on conflict on constraint job_stats_pkey do update set
    done = s.done + excluded.done,
    retried = s.retried + excluded.retried,
    snoozed = s.snoozed + excluded.snoozed,
    dead = s.dead + excluded.dead,
    seconds = s.seconds + excluded.seconds;
end
$function$;

CREATE OR REPLACE FUNCTION private.enqueue_many (
  kind     text,
  payloads jsonb[],
  firm_id  uuid     DEFAULT NULL::uuid,
  delay    interval DEFAULT '00:00:00'::interval,
  priority text     DEFAULT 'default'::text,
  parent   text     DEFAULT NULL::text,
  firm_ids uuid[]   DEFAULT NULL::uuid[]
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  firms constant uuid[] := coalesce(
    enqueue_many.firm_ids,
    array_fill(enqueue_many.firm_id, array[cardinality(enqueue_many.payloads)])
  );
  -- One message for each firm; the others are copies of it.
  messages constant jsonb := (
    select jsonb_object_agg(coalesce(f.id::text, ''), private.job_message(
      enqueue_many.kind, '{}', f.id, parent => enqueue_many.parent))
    from (select distinct unnest(firms)) as f (id)
  );
begin
  perform private.check_job(enqueue_many.kind, enqueue_many.payloads, enqueue_many.priority);
  if cardinality(firms) <> cardinality(enqueue_many.payloads) then
    perform private.fail(code => 'firm_for_each_job',
      message => format('There are %s jobs and %s firms.',
        cardinality(enqueue_many.payloads), cardinality(firms)),
      hint => 'firm_ids has the firm of each job, in the order of the payloads.', status => 400);
  end if;
  return array(select pgmq.send_batch(
    'jobs_' || enqueue_many.priority,
    array(
      select jsonb_set(messages -> coalesce(p.firm_id::text, ''), '{payload}', p.payload)
      from unnest(enqueue_many.payloads, firms) with ordinality as p (payload, firm_id, n)
      order by p.n
    ),
    greatest(0, ceil(extract(epoch from enqueue_many.delay)))::integer));
end
$function$;

CREATE OR REPLACE FUNCTION private.job_message (
  kind       text,
  payload    jsonb,
  firm_id    uuid,
  unique_key text  DEFAULT NULL::text,
  parent     text  DEFAULT NULL::text
)
  RETURNS jsonb
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'kind', kind, 'firm_id', firm_id, 'lane', kind || ':' || coalesce(firm_id::text, ''),
    'key', unique_key, 'parent', parent
  )) || jsonb_build_object('payload', payload);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_claim (
  queue  text,
  qty    integer,
  lease  interval,
  at     timestamp with time zone,
  worker text,
  barred text[],
  INOUT  place text,
  OUT    claims json[],
  OUT    taken integer,
  OUT    busy boolean,
  OUT    dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- How many lanes are looked at, and served, in one go.
  most_looks constant integer := 256;
  most_served constant integer := 50;
  -- Whether this round began at the first lane, and how many jobs left their lanes in it.
  whole boolean := jobs_claim.place = '';
  gained integer := 0;
  last text;
  due text[];
  limited text[];
  part record;
begin
  claims := '{}';
  taken := 0;
  busy := false;
  dead_parents := '{}';
  loop
    execute format('select due, last from private.%I($1, $2, $3, $4, $5)', queue || '_walk')
    into due, last
    using place, at, barred, most_looks, least(qty - taken, most_served);
    limited := array(
      select d.lane from unnest(due) as d (lane)
      inner join private.job_limits as l on l.kind = private.lane_kind(d.lane)
    );
    due := array(select unnest(due) except all select unnest(limited));
    if due <> '{}' then
      execute format('select * from private.%I($1, $2, $3, $4, $5, held => false)', queue || '_take')
      into part using due, qty - taken, lease, at, worker;
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      gained := gained + part.taken + part.died;
      dead_parents := dead_parents || part.dead_parents;
    end if;
    for n in 1 .. cardinality(limited) loop
      exit when taken >= jobs_claim.qty;
      continue when private.lane_kind(limited[n]) = any (barred);
      part := private.jobs_take_limited(jobs_claim.queue, limited[n], limited[n:],
        jobs_claim.qty - taken, jobs_claim.lease, jobs_claim.at, jobs_claim.worker);
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      gained := gained + part.taken + part.died;
      busy := busy or part.busy;
      if part."full" then
        -- Its other lanes need not be looked at.
        barred := barred || private.lane_kind(limited[n]);
      end if;
      dead_parents := dead_parents || part.dead_parents;
    end loop;
    place := coalesce(last, '');
    exit when taken >= jobs_claim.qty;
    if last is null then
      exit when whole and gained = 0;
      whole := true;
      gained := 0;
    end if;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_default_ack (
  done jsonb,
  at   timestamp with time zone,
  OUT  counts jsonb,
  OUT  parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  with gone as (
    delete from pgmq.q_jobs_default as q
    using jsonb_array_elements(done) as d
    where q.msg_id = (d.value ->> 0)::bigint and q.read_ct = (d.value ->> 1)::integer
      and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
    returning
      q.msg_id, q.enqueued_at, q.message, (d.value ->> 2)::double precision / 1000 as seconds,
      nullif(d.value -> 3, 'null') as result, q.message ->> 'parent' as parent,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
        + coalesce((q.message ->> 'failures')::integer, 0) as attempts
  ), freed as (
    delete from private.job_keys as k
    using gone as g
    where g.message ? 'key' and k.kind = g.message ->> 'kind' and k.key = g.message ->> 'key'
      and k.msg_id = g.msg_id and (k.expires_at is null or k.expires_at <= jobs_default_ack.at)
  ), kept as (
    insert into private.finished_jobs (
      queue, msg_id, kind, firm_id, parent, result, attempts, seconds, enqueued_at, finished_at
    )
    select
      'jobs_default', g.msg_id, g.message ->> 'kind', (g.message ->> 'firm_id')::uuid, g.parent, g.result,
      g.attempts, g.seconds, g.enqueued_at, jobs_default_ack.at
    from gone as g where g.result is not null or g.parent is not null
  ), kinds as (
    select g.message ->> 'kind' as kind, count(*) as done, sum(g.seconds) as seconds
    from gone as g group by 1
  )
  select
    coalesce((select jsonb_agg(to_jsonb(k)) from kinds as k where k.kind is not null), '[]'),
    array(select g.parent from gone as g where g.parent is not null)
  into counts, parents;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_default_take (
  lanes  text[],
  qty    integer,
  lease  interval,
  at     timestamp with time zone,
  worker text,
  held   boolean,
  OUT    claims json,
  OUT    taken integer,
  OUT    died integer,
  OUT    dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  -- Runners lost in a row without a word. After the first the job runs in a process of its own, so
  -- most are lost for other reasons; so many, and it is the job that takes the machines down.
  lost_limit constant integer := 20;
  share constant bigint := ceil(qty::numeric / cardinality(lanes));
  crashing jsonb;
begin
  with due as materialized (
    select picked.msg_id
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt from pgmq.q_jobs_default as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_default_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
    order by row_number() over (partition by l.lane order by picked.vt)
    limit qty
  ), claimed as (
    update pgmq.q_jobs_default as q set
      vt = jobs_default_take.at + lease,
      read_ct = q.read_ct + 1,
      message = case
        -- Sent by hand: a runner finds no kind in it, and it dies.
        when jsonb_typeof(q.message) is distinct from 'object'
          then jsonb_build_object('payload', q.message)
        when held
        then q.message || jsonb_build_object('lane', '!' || ltrim(q.message ->> 'lane', '!'))
        else q.message
      end
    where q.msg_id = any (array(select due.msg_id from due))
    returning q.msg_id, q.read_ct, q.message,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
  )
  select
    json_agg(json_build_array(c.msg_id, c.read_ct, c.message) order by c.msg_id)
      filter (where c.unsettled <= lost_limit),
    count(*) filter (where c.unsettled <= lost_limit),
    jsonb_agg(jsonb_build_object(
      'id', c.msg_id, 'read', c.read_ct, 'outcome', 'dead', 'code', 'crash_loop', 'error',
      format('%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit)
  into claims, taken, crashing
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail('jobs_default', crashing, at, worker)).parents;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_default_walk (
  place      text,
  at         timestamp with time zone,
  barred     text[],
  most_looks integer,
  most_due   integer,
  OUT        due text[],
  OUT        last text
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  with recursive walk as (
    select jobs_default_walk.place collate "C" as lane, false as due, 0 as looks, 0 as found
    union all
    select next.lane, next.due, walk.looks + 1, walk.found + next.due::integer
    from walk cross join lateral (
      select
        coalesce(q.message ->> 'lane', ':') collate "C" as lane,
        q.vt <= jobs_default_walk.at
          and private.lane_kind(coalesce(q.message ->> 'lane', ':')) <> all (barred) as due
      from pgmq.q_jobs_default as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") > walk.lane
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit 1
    ) as next
    where walk.looks < most_looks and walk.found < most_due
  )
  select
    coalesce(array_agg(w.lane) filter (where w.due), '{}'),
    max(w.lane) filter (where w.looks = most_looks or w.found = most_due)
  into due, last
  from walk as w;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_enqueue (
  kind         text,
  payloads     jsonb,
  firm_id      uuid,
  unique_key   text,
  delay_s      double precision,
  priority     text,
  unique_for_s double precision,
  if_queued    text,
  firm_ids     uuid[]
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  many constant jsonb[] := array(
    select p.value from jsonb_array_elements(case jsonb_typeof(jobs_enqueue.payloads)
      when 'array' then jobs_enqueue.payloads
      else jsonb_build_array(jobs_enqueue.payloads)
    end) as p
  );
begin
  if cardinality(many) = 1 and jobs_enqueue.firm_ids is null then
    return array[private.enqueue(
      jobs_enqueue.kind, many[1], jobs_enqueue.firm_id, jobs_enqueue.unique_key,
      make_interval(secs => jobs_enqueue.delay_s), jobs_enqueue.priority,
      make_interval(secs => jobs_enqueue.unique_for_s), jobs_enqueue.if_queued)];
  end if;
  if jobs_enqueue.unique_key is not null then
    perform private.fail(code => 'one_key_many_jobs',
      message => 'A unique key belongs to one job.',
      hint => 'Enqueue them one by one, each with its own key.', status => 400);
  end if;
  return private.enqueue_many(jobs_enqueue.kind, many, jobs_enqueue.firm_id,
    make_interval(secs => jobs_enqueue.delay_s), jobs_enqueue.priority,
    firm_ids => jobs_enqueue.firm_ids);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_high_ack (
  done jsonb,
  at   timestamp with time zone,
  OUT  counts jsonb,
  OUT  parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  with gone as (
    delete from pgmq.q_jobs_high as q
    using jsonb_array_elements(done) as d
    where q.msg_id = (d.value ->> 0)::bigint and q.read_ct = (d.value ->> 1)::integer
      and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
    returning
      q.msg_id, q.enqueued_at, q.message, (d.value ->> 2)::double precision / 1000 as seconds,
      nullif(d.value -> 3, 'null') as result, q.message ->> 'parent' as parent,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
        + coalesce((q.message ->> 'failures')::integer, 0) as attempts
  ), freed as (
    delete from private.job_keys as k
    using gone as g
    where g.message ? 'key' and k.kind = g.message ->> 'kind' and k.key = g.message ->> 'key'
      and k.msg_id = g.msg_id and (k.expires_at is null or k.expires_at <= jobs_high_ack.at)
  ), kept as (
    insert into private.finished_jobs (
      queue, msg_id, kind, firm_id, parent, result, attempts, seconds, enqueued_at, finished_at
    )
    select
      'jobs_high', g.msg_id, g.message ->> 'kind', (g.message ->> 'firm_id')::uuid, g.parent, g.result,
      g.attempts, g.seconds, g.enqueued_at, jobs_high_ack.at
    from gone as g where g.result is not null or g.parent is not null
  ), kinds as (
    select g.message ->> 'kind' as kind, count(*) as done, sum(g.seconds) as seconds
    from gone as g group by 1
  )
  select
    coalesce((select jsonb_agg(to_jsonb(k)) from kinds as k where k.kind is not null), '[]'),
    array(select g.parent from gone as g where g.parent is not null)
  into counts, parents;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_high_take (
  lanes  text[],
  qty    integer,
  lease  interval,
  at     timestamp with time zone,
  worker text,
  held   boolean,
  OUT    claims json,
  OUT    taken integer,
  OUT    died integer,
  OUT    dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  -- Runners lost in a row without a word. After the first the job runs in a process of its own, so
  -- most are lost for other reasons; so many, and it is the job that takes the machines down.
  lost_limit constant integer := 20;
  share constant bigint := ceil(qty::numeric / cardinality(lanes));
  crashing jsonb;
begin
  with due as materialized (
    select picked.msg_id
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt from pgmq.q_jobs_high as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_high_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
    order by row_number() over (partition by l.lane order by picked.vt)
    limit qty
  ), claimed as (
    update pgmq.q_jobs_high as q set
      vt = jobs_high_take.at + lease,
      read_ct = q.read_ct + 1,
      message = case
        -- Sent by hand: a runner finds no kind in it, and it dies.
        when jsonb_typeof(q.message) is distinct from 'object'
          then jsonb_build_object('payload', q.message)
        when held
        then q.message || jsonb_build_object('lane', '!' || ltrim(q.message ->> 'lane', '!'))
        else q.message
      end
    where q.msg_id = any (array(select due.msg_id from due))
    returning q.msg_id, q.read_ct, q.message,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
  )
  select
    json_agg(json_build_array(c.msg_id, c.read_ct, c.message) order by c.msg_id)
      filter (where c.unsettled <= lost_limit),
    count(*) filter (where c.unsettled <= lost_limit),
    jsonb_agg(jsonb_build_object(
      'id', c.msg_id, 'read', c.read_ct, 'outcome', 'dead', 'code', 'crash_loop', 'error',
      format('%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit)
  into claims, taken, crashing
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail('jobs_high', crashing, at, worker)).parents;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_high_walk (
  place      text,
  at         timestamp with time zone,
  barred     text[],
  most_looks integer,
  most_due   integer,
  OUT        due text[],
  OUT        last text
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  with recursive walk as (
    select jobs_high_walk.place collate "C" as lane, false as due, 0 as looks, 0 as found
    union all
    select next.lane, next.due, walk.looks + 1, walk.found + next.due::integer
    from walk cross join lateral (
      select
        coalesce(q.message ->> 'lane', ':') collate "C" as lane,
        q.vt <= jobs_high_walk.at
          and private.lane_kind(coalesce(q.message ->> 'lane', ':')) <> all (barred) as due
      from pgmq.q_jobs_high as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") > walk.lane
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit 1
    ) as next
    where walk.looks < most_looks and walk.found < most_due
  )
  select
    coalesce(array_agg(w.lane) filter (where w.due), '{}'),
    max(w.lane) filter (where w.looks = most_looks or w.found = most_due)
  into due, last
  from walk as w;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_low_ack (
  done jsonb,
  at   timestamp with time zone,
  OUT  counts jsonb,
  OUT  parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  with gone as (
    delete from pgmq.q_jobs_low as q
    using jsonb_array_elements(done) as d
    where q.msg_id = (d.value ->> 0)::bigint and q.read_ct = (d.value ->> 1)::integer
      and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
    returning
      q.msg_id, q.enqueued_at, q.message, (d.value ->> 2)::double precision / 1000 as seconds,
      nullif(d.value -> 3, 'null') as result, q.message ->> 'parent' as parent,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
        + coalesce((q.message ->> 'failures')::integer, 0) as attempts
  ), freed as (
    delete from private.job_keys as k
    using gone as g
    where g.message ? 'key' and k.kind = g.message ->> 'kind' and k.key = g.message ->> 'key'
      and k.msg_id = g.msg_id and (k.expires_at is null or k.expires_at <= jobs_low_ack.at)
  ), kept as (
    insert into private.finished_jobs (
      queue, msg_id, kind, firm_id, parent, result, attempts, seconds, enqueued_at, finished_at
    )
    select
      'jobs_low', g.msg_id, g.message ->> 'kind', (g.message ->> 'firm_id')::uuid, g.parent, g.result,
      g.attempts, g.seconds, g.enqueued_at, jobs_low_ack.at
    from gone as g where g.result is not null or g.parent is not null
  ), kinds as (
    select g.message ->> 'kind' as kind, count(*) as done, sum(g.seconds) as seconds
    from gone as g group by 1
  )
  select
    coalesce((select jsonb_agg(to_jsonb(k)) from kinds as k where k.kind is not null), '[]'),
    array(select g.parent from gone as g where g.parent is not null)
  into counts, parents;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_low_take (
  lanes  text[],
  qty    integer,
  lease  interval,
  at     timestamp with time zone,
  worker text,
  held   boolean,
  OUT    claims json,
  OUT    taken integer,
  OUT    died integer,
  OUT    dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  -- Runners lost in a row without a word. After the first the job runs in a process of its own, so
  -- most are lost for other reasons; so many, and it is the job that takes the machines down.
  lost_limit constant integer := 20;
  share constant bigint := ceil(qty::numeric / cardinality(lanes));
  crashing jsonb;
begin
  with due as materialized (
    select picked.msg_id
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt from pgmq.q_jobs_low as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_low_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
    order by row_number() over (partition by l.lane order by picked.vt)
    limit qty
  ), claimed as (
    update pgmq.q_jobs_low as q set
      vt = jobs_low_take.at + lease,
      read_ct = q.read_ct + 1,
      message = case
        -- Sent by hand: a runner finds no kind in it, and it dies.
        when jsonb_typeof(q.message) is distinct from 'object'
          then jsonb_build_object('payload', q.message)
        when held
        then q.message || jsonb_build_object('lane', '!' || ltrim(q.message ->> 'lane', '!'))
        else q.message
      end
    where q.msg_id = any (array(select due.msg_id from due))
    returning q.msg_id, q.read_ct, q.message,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
  )
  select
    json_agg(json_build_array(c.msg_id, c.read_ct, c.message) order by c.msg_id)
      filter (where c.unsettled <= lost_limit),
    count(*) filter (where c.unsettled <= lost_limit),
    jsonb_agg(jsonb_build_object(
      'id', c.msg_id, 'read', c.read_ct, 'outcome', 'dead', 'code', 'crash_loop', 'error',
      format('%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit)
  into claims, taken, crashing
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail('jobs_low', crashing, at, worker)).parents;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_low_walk (
  place      text,
  at         timestamp with time zone,
  barred     text[],
  most_looks integer,
  most_due   integer,
  OUT        due text[],
  OUT        last text
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  with recursive walk as (
    select jobs_low_walk.place collate "C" as lane, false as due, 0 as looks, 0 as found
    union all
    select next.lane, next.due, walk.looks + 1, walk.found + next.due::integer
    from walk cross join lateral (
      select
        coalesce(q.message ->> 'lane', ':') collate "C" as lane,
        q.vt <= jobs_low_walk.at
          and private.lane_kind(coalesce(q.message ->> 'lane', ':')) <> all (barred) as due
      from pgmq.q_jobs_low as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") > walk.lane
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit 1
    ) as next
    where walk.looks < most_looks and walk.found < most_due
  )
  select
    coalesce(array_agg(w.lane) filter (where w.due), '{}'),
    max(w.lane) filter (where w.looks = most_looks or w.found = most_due)
  into due, last
  from walk as w;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_schedules_due (
  at timestamp with time zone
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return coalesce((
    select
      jsonb_agg(jsonb_build_object(
        'name', s.name, 'cron', s.cron, 'time_zone', s.time_zone, 'if_missed', s.if_missed,
        'next_at', s.next_at
      ))
    from private.job_schedules as s
    where s.paused_at is null and (s.next_at is null or s.next_at <= jobs_schedules_due.at)
  ), '[]');
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_step (
  worker  text,
  version integer,
  queues  text[],
  qty     integer,
  vt      integer,
  done    jsonb,
  fail    jsonb,
  extend  jsonb,
  wait_ms integer,
  poll_ms integer,
  skip    text[],
  places  jsonb
)
  RETURNS json
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  lease constant interval := make_interval(secs => jobs_step.vt);
  at timestamptz := clock_timestamp();
  deadline timestamptz := at + make_interval(secs => least(jobs_step.wait_ms, 5000) / 1000.0);
  room integer := least(jobs_step.qty, 1000);
  lost jsonb := '[]';
  counts jsonb := '[]';
  done_parents text[] := '{}';
  dead_parents text[] := '{}';
  jobs json[] := '{}';
  busy boolean := false;
  tick jsonb;
  schedules jsonb := '[]';
  barred text[];
  due_queues text[];
  queue text;
  items jsonb;
  part record;
begin
  for queue, items in select key, value from jsonb_each(jobs_step.done) loop
    execute format('select * from private.%I($1, $2)', queue || '_ack') into part using items, at;
    counts := counts || part.counts;
    done_parents := done_parents || part.parents;
  end loop;
  for queue, items in select key, value from jsonb_each(jobs_step.fail) loop
    part := private.jobs_fail(queue, items, at, jobs_step.worker);
    counts := counts || part.counts;
    dead_parents := dead_parents || part.parents;
  end loop;
  for queue, items in select key, value from jsonb_each(jobs_step.extend) loop
    lost := lost || private.jobs_extend(queue, items, lease, at);
  end loop;
  if cardinality(done_parents || dead_parents) > 0 then
    perform private.children_ended(done_parents, dead_parents, at);
    dead_parents := '{}';
  end if;

  if jobs_step.version = private.schema_version() and room > 0 then
    tick := private.jobs_tick();
    schedules := private.jobs_schedules_due(at);
    -- What was queued up to here is due.
    at := clock_timestamp();
    barred := jobs_step.skip || array(select p.target from private.job_pauses as p);
    -- What was done so far counts, and its locks go, when this transaction ends: wait for new jobs
    -- only with empty hands.
    if tick is not null or schedules <> '[]'
      or jobs_step.done || jobs_step.fail || jobs_step.extend <> '{}' then
      deadline := at;
    end if;
    loop
      due_queues := private.queues_due(jobs_step.queues, at);
      foreach queue in array due_queues loop
        continue when queue = any (barred);
        part := private.jobs_claim(queue, room, lease, at, jobs_step.worker, barred,
          coalesce(jobs_step.places ->> queue, ''));
        room := room - part.taken;
        busy := busy or part.busy;
        dead_parents := dead_parents || part.dead_parents;
        jobs_step.places := jobs_step.places || jsonb_build_object(queue, part.place);
        jobs := jobs || array(
          select json_build_object('queue', queue, 'claims', c.batch)
          from unnest(part.claims) as c (batch) where c.batch is not null
        );
        exit when room <= 0;
      end loop;
      exit when cardinality(jobs) > 0 or busy or clock_timestamp() >= deadline;
      -- What is due and must wait is many looks at the index each time.
      perform pg_sleep(case when due_queues = '{}' then jobs_step.poll_ms / 1000.0 else 0.05 end);
      at := clock_timestamp();
    end loop;
    if cardinality(dead_parents) > 0 then
      perform private.children_ended('{}', dead_parents, at);
    end if;
  end if;
  -- A crash of the server may bring a settled job back, which every handler must bear anyway. A
  -- claim that it took back would be made again, by another runner perhaps, and could not be told
  -- from the first: what claims waits for the disk, once for all it claims.
  if cardinality(jobs) = 0 then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  -- Last, because other runners wait for the rows that are counted in.
  perform private.count_jobs(counts, jobs_step.worker, at);

  return json_build_object(
    'schema', private.schema_version(), 'jobs', array_to_json(jobs), 'lost', lost, 'tick', tick,
    'busy', busy, 'places', jobs_step.places, 'schedules', schedules);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_take_limited (
  queue  text,
  lane   text,
  among  text[],
  qty    integer,
  lease  interval,
  at     timestamp with time zone,
  worker text,
  OUT    claims json,
  OUT    taken integer,
  OUT    died integer,
  OUT    dead_parents text[],
  OUT    busy boolean,
  OUT    "full" boolean
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  lane_kind constant text := private.lane_kind(jobs_take_limited.lane);
  firm constant text := split_part(jobs_take_limited.lane, ':', 2);
  mates constant numeric := (
    select count(*) from unnest(among) as m (lane) where private.lane_kind(m.lane) = lane_kind
  );
  part record;
begin
  taken := 0;
  died := 0;
  dead_parents := '{}';
  busy := false;
  "full" := coalesce(private.job_room(lane_kind, null, at) <= 0, false);
  if "full" or private.job_room(lane_kind, firm, at) <= 0 then
    return;
  end if;
  perform from private.job_limits as l where l.kind = lane_kind
  for update skip locked;
  if not found then
    busy := true;
    return;
  end if;
  qty := least(
    ceil(qty / cardinality(among)::numeric),
    ceil(private.job_room(lane_kind, null, at) / mates),
    private.job_room(lane_kind, firm, at)
  );
  if qty > 0 then
    execute format('select * from private.%I($1, $2, $3, $4, $5, held => true)', queue || '_take')
    into part using array[lane], qty, lease, at, worker;
    claims := part.claims;
    taken := part.taken;
    died := part.died;
    dead_parents := part.dead_parents;
    perform private.take_tokens(lane_kind, firm, taken, at);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.queues_due (
  queues text[],
  at     timestamp with time zone
)
  RETURNS text[]
  LANGUAGE plpgsql
  SET search_path TO ''
  SET enable_seqscan TO 'off'
  AS $function$
declare
  due text[] := array_remove(array[
    case when exists (select from pgmq.q_jobs_high as q where q.vt <= queues_due.at)
      then 'jobs_high' end,
    case when exists (select from pgmq.q_jobs_default as q where q.vt <= queues_due.at)
      then 'jobs_default' end,
    case when exists (select from pgmq.q_jobs_low as q where q.vt <= queues_due.at)
      then 'jobs_low' end
  ], null);
  -- Once in ten the last are first, so that a flood of urgent jobs does not stop the others.
  direction constant integer := case when random() < 0.1 then -1 else 1 end;
begin
  if due = '{}' then
    return due;
  end if;
  return array(
    select q.name from unnest(queues_due.queues) with ordinality as q (name, n)
    where q.name = any (due)
    order by q.n * direction
  );
end
$function$;

CREATE OR REPLACE FUNCTION public.jobs_enqueue (
  kind         text,
  payloads     jsonb            DEFAULT '{}'::jsonb,
  firm_id      uuid             DEFAULT NULL::uuid,
  unique_key   text             DEFAULT NULL::text,
  delay_s      double precision DEFAULT 0,
  priority     text             DEFAULT 'default'::text,
  unique_for_s double precision DEFAULT NULL::double precision,
  if_queued    text             DEFAULT 'ignore'::text,
  firm_ids     uuid[]           DEFAULT NULL::uuid[]
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  return private.jobs_enqueue(
    kind, payloads, firm_id, unique_key, delay_s, priority, unique_for_s, if_queued, firm_ids
  );
end
$function$;

REVOKE ALL ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_step (
  worker  text,
  version integer,
  queues  text[]  DEFAULT '{jobs_high,jobs_default,jobs_low}'::text[],
  qty     integer DEFAULT 1,
  vt      integer DEFAULT 30,
  done    jsonb   DEFAULT '{}'::jsonb,
  fail    jsonb   DEFAULT '{}'::jsonb,
  extend  jsonb   DEFAULT '{}'::jsonb,
  wait_ms integer DEFAULT 0,
  poll_ms integer DEFAULT 2,
  skip    text[]  DEFAULT '{}'::text[],
  places  jsonb   DEFAULT '{}'::jsonb
)
  RETURNS json
  LANGUAGE sql
  SET search_path TO ''
  SET statement_timeout TO '30s'
RETURN private.jobs_step(worker, VERSION, queues, qty, vt, done, fail, extend, wait_ms, poll_ms, skip, places);

REVOKE ALL ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) FROM PUBLIC, "anon", "authenticated";

COMMENT ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp with time zone) IS 'Adds outcomes to private.job_stats: [{kind, done, retry, snooze, dead, seconds}, …].';

COMMENT ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text, uuid[]) IS 'Queues one job for each payload, with one statement: of one firm, or of the firms that firm_ids
names for them. Returns their message ids in that order.';

COMMENT ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) IS 'A new job as it lies in its queue: see private.jobs.';

COMMENT ON FUNCTION "private"."jobs_default_ack"(jsonb, timestamp with time zone) IS 'Ends jobs that succeeded: [[id, read, milliseconds, result], …], the last two if there are any.
Results are kept, and their unique keys are free again. Returns how many of each kind that were,
and the jobs that waited for them.';

COMMENT ON FUNCTION "private"."jobs_default_take"(text[], integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each. held: mark them as running, for
the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_default_walk"(text, timestamp with time zone, text[], integer, integer) IS 'The lanes after place that have something due; last is the one to go on from, null at the end.';

COMMENT ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) IS 'Definer of public.jobs_enqueue.';

COMMENT ON FUNCTION "private"."jobs_fail"(text, jsonb, timestamp with time zone, text) IS 'Settles attempts that did not succeed: [{id, read, outcome, code, error, after_s}]. retry comes
back after after_s or the backoff, snooze too but costs no attempt, dead goes to the dead letters;
wait, with children and state, comes back when its children have ended. Returns as the acks do.';

COMMENT ON FUNCTION "private"."jobs_high_ack"(jsonb, timestamp with time zone) IS 'Ends jobs that succeeded: [[id, read, milliseconds, result], …], the last two if there are any.
Results are kept, and their unique keys are free again. Returns how many of each kind that were,
and the jobs that waited for them.';

COMMENT ON FUNCTION "private"."jobs_high_take"(text[], integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each. held: mark them as running, for
the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_high_walk"(text, timestamp with time zone, text[], integer, integer) IS 'The lanes after place that have something due; last is the one to go on from, null at the end.';

COMMENT ON FUNCTION "private"."jobs_low_ack"(jsonb, timestamp with time zone) IS 'Ends jobs that succeeded: [[id, read, milliseconds, result], …], the last two if there are any.
Results are kept, and their unique keys are free again. Returns how many of each kind that were,
and the jobs that waited for them.';

COMMENT ON FUNCTION "private"."jobs_low_take"(text[], integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each. held: mark them as running, for
the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_low_walk"(text, timestamp with time zone, text[], integer, integer) IS 'The lanes after place that have something due; last is the one to go on from, null at the end.';

COMMENT ON FUNCTION "private"."jobs_schedules_due"(timestamp with time zone) IS 'The schedules that have a time to use, or none yet.';

COMMENT ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) IS 'Queues a job, or one for each object in an array of payloads; returns their numbers. delay_s and
unique_for_s are seconds; if_queued (ignore, replace, extend) says what becomes of it while another
holds the unique_key. firm_ids, in the place of firm_id, has the firm of each payload. For the secret
key only.';

COMMENT ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) IS 'One round trip of a runner, for the secret key only.';

REVOKE ALL ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_default_ack"(jsonb, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_default_ack"(jsonb, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_default_ack"(jsonb, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_default_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_default_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_default_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_default_walk"(text, timestamp WITH time zone, text[], integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_default_walk"(text, timestamp WITH time zone, text[], integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_default_walk"(text, timestamp WITH time zone, text[], integer, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_high_ack"(jsonb, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_high_ack"(jsonb, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_high_ack"(jsonb, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_high_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_high_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_high_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_high_walk"(text, timestamp WITH time zone, text[], integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_high_walk"(text, timestamp WITH time zone, text[], integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_high_walk"(text, timestamp WITH time zone, text[], integer, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_low_ack"(jsonb, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_low_ack"(jsonb, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_low_ack"(jsonb, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_low_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_low_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_low_take"(text[], integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_low_walk"(text, timestamp WITH time zone, text[], integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_low_walk"(text, timestamp WITH time zone, text[], integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_low_walk"(text, timestamp WITH time zone, text[], integer, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) TO "service_role";
