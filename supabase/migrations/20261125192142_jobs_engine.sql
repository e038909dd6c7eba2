SET local check_function_bodies = off;

DROP FUNCTION "private"."enqueue"(text, jsonb, uuid, text, interval, text);

DROP FUNCTION "private"."jobs_ack"(text, jsonb);

DROP FUNCTION "private"."jobs_bury"(text, bigint, timestamp WITH time zone);

DROP FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text);

DROP FUNCTION "private"."jobs_fail"(text, jsonb, timestamp WITH time zone, text);

DROP FUNCTION "public"."jobs_list"(text, text, integer);

DROP FUNCTION "private"."jobs_list"(text, text, integer);

DROP FUNCTION "public"."jobs_show"(text);

DROP FUNCTION "private"."jobs_show"(text);

DROP FUNCTION "public"."jobs_stats"();

DROP FUNCTION "private"."jobs_stats"();

DROP VIEW "private"."jobs";

DROP FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer);

DROP FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer);

CREATE TABLE "private"."finished_jobs" (
  "queue"       text                     NOT NULL,
  "msg_id"      bigint                   NOT NULL,
  "kind"        text                     NOT NULL,
  "firm_id"     uuid,
  "parent"      text,
  "result"      jsonb,
  "attempts"    integer                  NOT NULL,
  "seconds"     real,
  "enqueued_at" timestamp with time zone NOT NULL,
  "finished_at" timestamp with time zone NOT NULL,
  CONSTRAINT "finished_jobs_pkey" PRIMARY KEY (queue, msg_id)
);

ALTER TABLE "private"."finished_jobs"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."job_buckets" (
  "kind"      text                     NOT NULL,
  "firm"      text                     NOT NULL,
  "tokens"    double precision         NOT NULL,
  "filled_at" timestamp with time zone NOT NULL,
  CONSTRAINT "job_buckets_pkey" PRIMARY KEY (kind, firm)
);

ALTER TABLE "private"."job_buckets"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."job_limits" (
  "kind"                 text     NOT NULL,
  "max_running"          integer,
  "max_running_per_firm" integer,
  "rate"                 integer,
  "rate_period"          interval,
  "firm_rate"            integer,
  "firm_rate_period"     interval,
  CONSTRAINT "job_limits_check1" CHECK (((firm_rate IS NULL) = (firm_rate_period IS NULL))),
  CONSTRAINT "job_limits_check" CHECK (((rate IS NULL) = (rate_period IS NULL))),
  CONSTRAINT "job_limits_firm_rate_check" CHECK (((firm_rate >= 1) AND (firm_rate <= 1000000))),
  CONSTRAINT "job_limits_firm_rate_period_check" CHECK (((firm_rate_period >= '00:00:01'::interval) AND (firm_rate_period <= '1 day'::interval))),
  CONSTRAINT "job_limits_max_running_check" CHECK (((max_running >= 1) AND (max_running <= 10000))),
  CONSTRAINT "job_limits_max_running_per_firm_check" CHECK (((max_running_per_firm >= 1) AND (max_running_per_firm <= 10000))),
  CONSTRAINT "job_limits_pkey" PRIMARY KEY (kind),
  CONSTRAINT "job_limits_rate_check" CHECK (((rate >= 1) AND (rate <= 1000000))),
  CONSTRAINT "job_limits_rate_period_check" CHECK (((rate_period >= '00:00:01'::interval) AND (rate_period <= '1 day'::interval)))
);

ALTER TABLE "private"."job_limits"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."job_parents" (
  "queue"   text    NOT NULL,
  "msg_id"  bigint  NOT NULL,
  "pending" integer NOT NULL,
  "done"    integer NOT NULL DEFAULT 0,
  "dead"    integer NOT NULL DEFAULT 0,
  CONSTRAINT "job_parents_pkey" PRIMARY KEY (queue, msg_id)
);

ALTER TABLE "private"."job_parents"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."job_pauses" (
  "target"    text                     NOT NULL,
  "paused_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "job_pauses_pkey" PRIMARY KEY (target)
);

ALTER TABLE "private"."job_pauses"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."job_schedules" (
  "name"       text                     NOT NULL,
  "kind"       text                     NOT NULL,
  "payload"    jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "firm_id"    uuid,
  "priority"   text                     NOT NULL DEFAULT 'default'::text,
  "cron"       text                     NOT NULL,
  "time_zone"  text                     NOT NULL DEFAULT 'UTC'::text,
  "if_missed"  text                     NOT NULL DEFAULT 'once'::text,
  "if_running" text                     NOT NULL DEFAULT 'skip'::text,
  "jitter"     interval                 NOT NULL DEFAULT '00:00:00'::interval,
  "paused_at"  timestamp with time zone,
  "next_at"    timestamp with time zone,
  "last_at"    timestamp with time zone,
  "error"      text,
  CONSTRAINT "job_schedules_cron_check" CHECK (((char_length(cron) >= 9) AND (char_length(cron) <= 200))),
  CONSTRAINT "job_schedules_if_missed_check" CHECK ((if_missed = ANY (ARRAY['skip'::text, 'once'::text, 'all'::text]))),
  CONSTRAINT "job_schedules_if_running_check" CHECK ((if_running = ANY (ARRAY['skip'::text, 'queue'::text]))),
  CONSTRAINT "job_schedules_jitter_check" CHECK (((jitter >= '00:00:00'::interval) AND (jitter <= '1 day'::interval))),
  CONSTRAINT "job_schedules_name_check" CHECK ((name ~ '^[a-z][a-z0-9_.-]{0,99}$'::text)),
  CONSTRAINT "job_schedules_payload_check" CHECK ((jsonb_typeof(payload) = 'object'::text)),
  CONSTRAINT "job_schedules_pkey" PRIMARY KEY (name),
  CONSTRAINT "job_schedules_priority_check" CHECK ((priority = ANY (ARRAY['high'::text, 'default'::text, 'low'::text])))
);

ALTER TABLE "private"."job_schedules"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."job_stats" (
  "minute"  timestamp with time zone NOT NULL,
  "kind"    text                     NOT NULL,
  "slot"    smallint                 NOT NULL,
  "done"    bigint                   NOT NULL DEFAULT 0,
  "retried" bigint                   NOT NULL DEFAULT 0,
  "snoozed" bigint                   NOT NULL DEFAULT 0,
  "dead"    bigint                   NOT NULL DEFAULT 0,
  "seconds" double precision         NOT NULL DEFAULT 0,
  CONSTRAINT "job_stats_pkey" PRIMARY KEY (minute, kind, slot)
);

ALTER TABLE "private"."job_stats"
  ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."dead_jobs"
  ADD COLUMN "parent" text;

ALTER TABLE "private"."job_keys"
  ADD COLUMN "expires_at" timestamp WITH time zone;

CREATE OR REPLACE FUNCTION private.check_job (
  kind     text,
  payloads jsonb[],
  priority text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  objects boolean;
  largest integer;
begin
  if check_job.kind is null or check_job.kind !~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' then
    perform private.fail(code => 'invalid_kind',
      message => format('"%s" is not a kind of job.', check_job.kind),
      hint => 'A kind is two lower-case words and a dot: file.process.', status => 400);
  end if;
  if check_job.priority is null or check_job.priority not in ('high', 'default', 'low') then
    perform private.fail(code => 'invalid_priority',
      message => format('"%s" is not a priority.', check_job.priority),
      hint => 'Use high, default or low.', status => 400);
  end if;
  select bool_and(jsonb_typeof(p.payload) is not distinct from 'object'),
    max(octet_length(p.payload::text))
  into objects, largest
  from unnest(check_job.payloads) as p (payload);
  if not objects then
    perform private.fail(code => 'invalid_payload',
      message => 'The payload of a job is a JSON object.',
      hint => 'Name each value: {"file_id": "…"}.', status => 400);
  end if;
  if largest > 262144 then
    perform private.fail(code => 'payload_too_large',
      message => 'The payload of a job is at most 256 kB.',
      hint => 'Store the data and put its id into the payload.', status => 413);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.children_ended (
  done text[],
  dead text[],
  at   timestamp with time zone
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  family record;
begin
  -- In one order for everybody: runners that settle the same families must not lock each other out.
  for family in
    select
      'jobs_' || split_part(e.parent, ':', 1) as queue,
      split_part(e.parent, ':', 2)::bigint as msg_id,
      count(*) filter (where e.how = 'done') as done,
      count(*) filter (where e.how = 'dead') as dead
    from (
      select parent, 'done' as how from unnest(children_ended.done) as d (parent)
      union all
      select parent, 'dead' as how from unnest(children_ended.dead) as d (parent)
    ) as e
    group by 1, 2
    order by 1, 2
  loop
    update private.job_parents as p set
      pending = p.pending - family.done - family.dead,
      done = p.done + family.done,
      dead = p.dead + family.dead
    where p.queue = family.queue and p.msg_id = family.msg_id;
    perform private.wake_parent(family.queue, family.msg_id, at);
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.count_jobs (
  counts jsonb,
  worker text,
  at     timestamp with time zone
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
BEGIN ATOMIC
 INSERT INTO private.job_stats
  AS s (minute, kind, slot, done, retried, snoozed, dead, seconds)  SELECT date_trunc('minute'::text, count_jobs.at) AS date_trunc,
             c.kind,
             abs((hashtext(count_jobs.worker) % 16)) AS abs,
             COALESCE(sum(c.done), (0)::bigint) AS "coalesce",
             COALESCE(sum(c.retry), (0)::bigint) AS "coalesce",
             COALESCE(sum(c.snooze), (0)::bigint) AS "coalesce",
             COALESCE(sum(c.dead), (0)::bigint) AS "coalesce",
             COALESCE(sum(c.seconds), (0)::double precision) AS "coalesce"
            FROM jsonb_to_recordset(count_jobs.counts) c(kind text, done integer, retry integer, snooze integer, dead integer, seconds double precision)
           GROUP BY c.kind
           ORDER BY c.kind ON CONFLICT(minute, kind, slot) DO UPDATE SET done = (s.done + excluded.done), retried = (s.retried + excluded.retried), snoozed = (s.snoozed + excluded.snoozed), dead = (s.dead + excluded.dead), seconds = (s.seconds + excluded.seconds);
END;

CREATE OR REPLACE FUNCTION private.enqueue (
  kind       text,
  payload    jsonb    DEFAULT '{}'::jsonb,
  firm_id    uuid     DEFAULT NULL::uuid,
  unique_key text     DEFAULT NULL::text,
  delay      interval DEFAULT '00:00:00'::interval,
  priority   text     DEFAULT 'default'::text,
  unique_for interval DEFAULT NULL::interval,
  if_queued  text     DEFAULT 'ignore'::text
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  queue constant text := 'jobs_' || enqueue.priority;
  message jsonb;
  earlier bigint;
  id bigint;
begin
  perform private.check_job(enqueue.kind, array[enqueue.payload], enqueue.priority);
  message := private.job_message(
    enqueue.kind, enqueue.payload, enqueue.firm_id, enqueue.unique_key);
  if enqueue.unique_key is not null then
    earlier := private.take_job_key(enqueue.kind, enqueue.unique_key, queue,
      now() + enqueue.delay, now() + enqueue.unique_for, enqueue.if_queued);
    if earlier is not null then
      return nullif(earlier, 0);
    end if;
  end if;
  id := pgmq.send(queue, message, greatest(0, ceil(extract(epoch from enqueue.delay)))::integer);
  if enqueue.unique_key is not null then
    update private.job_keys as k set msg_id = id
    where k.kind = enqueue.kind and k.key = enqueue.unique_key;
  end if;
  return id;
end
$function$;

CREATE OR REPLACE FUNCTION private.enqueue_many (
  kind     text,
  payloads jsonb[],
  firm_id  uuid     DEFAULT NULL::uuid,
  delay    interval DEFAULT '00:00:00'::interval,
  priority text     DEFAULT 'default'::text,
  parent   text     DEFAULT NULL::text
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message constant jsonb := private.job_message(
    enqueue_many.kind, '{}', enqueue_many.firm_id, parent => enqueue_many.parent);
begin
  perform private.check_job(enqueue_many.kind, enqueue_many.payloads, enqueue_many.priority);
  return array(select pgmq.send_batch(
    'jobs_' || enqueue_many.priority,
    array(
      select message || jsonb_build_object('payload', p.payload)
      from unnest(enqueue_many.payloads) with ordinality as p (payload, n)
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
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
RETURN
  (jsonb_strip_nulls(jsonb_build_object('kind', kind, 'firm_id', firm_id, 'lane', ((kind || ':'::text) || COALESCE((firm_id)::text, ''::text)), 'key', unique_key, 'parent',
  parent)) || jsonb_build_object('payload', payload));

CREATE OR REPLACE FUNCTION private.job_room (
  kind text,
  firm text,
  at   timestamp with time zone
)
  RETURNS integer
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  l private.job_limits;
begin
  select * into l from private.job_limits as limits where limits.kind = job_room.kind;
  return floor(least(
    case when l.max_running > 0 then l.max_running - private.jobs_running(kind, null, at) end,
    private.tokens_left(kind, '', l.rate, l.rate_period, at),
    case when l.max_running_per_firm > 0 and firm is not null
      then l.max_running_per_firm - private.jobs_running(kind, firm, at) end,
    case when firm is not null
      then private.tokens_left(kind, '/' || firm, l.firm_rate, l.firm_rate_period, at) end));
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_ack (
  queue text,
  done  jsonb,
  at    timestamp with time zone,
  OUT   counts jsonb,
  OUT   parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  execute format($ack$
    with gone as (
      delete from pgmq.%I as q
      using jsonb_array_elements($1) as d
      where q.msg_id = (d.value ->> 0)::bigint and q.read_ct = (d.value ->> 1)::integer
        and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      returning
        q.msg_id, q.enqueued_at, q.message, (d.value ->> 2)::double precision / 1000 as seconds,
        nullif(d.value -> 3, 'null') as result, q.message ->> 'parent' as parent,
        q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
          + coalesce((q.message ->> 'failures')::integer, 0) as attempts
    ), freed as (
      delete from private.job_keys as k
      using gone
      where gone.message ? 'key' and k.kind = gone.message ->> 'kind'
        and k.key = gone.message ->> 'key' and k.msg_id = gone.msg_id
        and (k.expires_at is null or k.expires_at <= $2)
    ), kept as (
      insert into private.finished_jobs (
        queue, msg_id, kind, firm_id, parent, result, attempts, seconds, enqueued_at, finished_at
      )
      select
        $3, msg_id, message ->> 'kind', (message ->> 'firm_id')::uuid, parent, result, attempts,
        seconds, enqueued_at, $2
      from gone where result is not null or parent is not null
    ), kinds as (
      select message ->> 'kind' as kind, count(*) as n, sum(seconds) as seconds
      from gone group by 1
    )
    select
      (select jsonb_agg(jsonb_build_object('kind', kind, 'done', n, 'seconds', seconds))
        from kinds where kind is not null),
      array(select parent from gone where parent is not null)
  $ack$, 'q_' || queue) into counts, parents using done, at, queue;
  counts := coalesce(counts, '[]');
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_bury (
  queue text,
  id    bigint,
  at    timestamp with time zone
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  parent text;
begin
  execute format($bury$
    with gone as (
      delete from pgmq.%I as q where q.msg_id = $2
      returning q.msg_id, q.enqueued_at, q.message, q.message -> 'history' -> -1 as last
    ), released as (
      delete from private.job_keys as k
      using gone
      where k.kind = gone.message ->> 'kind' and k.key = gone.message ->> 'key'
        and k.msg_id = gone.msg_id
    ), orphaned as (
      delete from private.job_parents as p where p.queue = $1 and p.msg_id = $2
    )
    insert into private.dead_jobs (
      queue, msg_id, kind, payload, firm_id, unique_key, code, error, attempts, history, parent,
      enqueued_at
    )
    select
      $1, msg_id, coalesce(message ->> 'kind', ''), coalesce(message -> 'payload', 'null'),
      (message ->> 'firm_id')::uuid, message ->> 'key', last ->> 'code', last ->> 'error',
      (message ->> 'failures')::integer, message -> 'history', message ->> 'parent', enqueued_at
    from gone
    returning parent
  $bury$, 'q_' || queue) into parent using queue, id;
  return parent;
exception when others then
  -- The domain's triggers run in here. One that fails must not take the step's other outcomes
  -- with it: the job stays, and dies another time.
  execute format($keep$
    update pgmq.%I as q set
      vt = $2 + private.jobs_backoff((q.message ->> 'failures')::integer),
      message = jsonb_set(q.message, '{history}', q.message -> 'history' || jsonb_build_object(
        'at', $2, 'attempt', q.message -> 'failures', 'worker', null,
        'code', 'burial_failed', 'error', $3))
    where q.msg_id = $1
  $keep$, 'q_' || queue) using id, at, sqlerrm;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_cancel (
  id text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  queue constant text := 'jobs_' || split_part(jobs_cancel.id, ':', 1);
  number constant text := split_part(jobs_cancel.id, ':', 2);
  at constant timestamptz := clock_timestamp();
  cancelled bigint;
  parent text;
begin
  if queue in ('jobs_high', 'jobs_default', 'jobs_low') and number ~ '^[0-9]{1,18}$' then
    execute format($cancel$
      update pgmq.%I as q set message = q.message || jsonb_build_object(
        'failures', q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
          + coalesce((q.message ->> 'failures')::integer, 0),
        'history', coalesce(q.message -> 'history', '[]') || jsonb_build_object(
          'at', $2, 'attempt', 0, 'worker', null, 'code', 'cancelled',
          'error', 'It was cancelled.'))
      where q.msg_id = $1
      returning q.msg_id
    $cancel$, 'q_' || queue) into cancelled using number::bigint, at;
  end if;
  if cancelled is null then
    perform private.fail(code => 'job_not_found',
      message => format('There is no job %s that has not ended.', jobs_cancel.id),
      hint => 'List them with: firmbase jobs list', status => 404);
  end if;
  parent := private.jobs_bury(queue, cancelled, at);
  if parent is not null then
    perform private.children_ended('{}', array[parent], at);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_children (
  parent text
)
  RETURNS TABLE (
    kind   text,
    result jsonb,
    id     text,
    state  text,
    code   text,
    error  text
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
 SELECT f.kind,
     f.result,
     ((substr(f.queue, 6) || ':'::text) || f.msg_id)
  AS id,
     'done'::text AS state,
     NULL::text AS code,
     NULL::text AS error
    FROM private.finished_jobs f
   WHERE (f.parent = jobs_children.parent)
 UNION ALL
  SELECT d.kind,
     NULL::jsonb AS result,
     ((substr(d.queue, 6) || ':'::text) || d.msg_id) AS id,
     'dead'::text AS state,
     d.code,
     d.error
    FROM private.dead_jobs d
   WHERE (d.parent = jobs_children.parent);
END;

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
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
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
    select w.due, w.last into due, last
    from private.jobs_walk(jobs_claim.queue, jobs_claim.place, jobs_claim.at, jobs_claim.barred,
      most_looks, least(jobs_claim.qty - taken, most_served)) as w;
    limited := array(
      select d.lane from unnest(due) as d (lane)
      inner join private.job_limits as l on l.kind = private.lane_kind(d.lane)
    );
    due := array(select unnest(due) except all select unnest(limited));
    if due <> '{}' then
      part := private.jobs_take(jobs_claim.queue, due, jobs_claim.qty - taken,
        jobs_claim.lease, jobs_claim.at, jobs_claim.worker, held => false);
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

CREATE OR REPLACE FUNCTION private.jobs_controls()
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
RETURN
  jsonb_build_object('paused', COALESCE((SELECT jsonb_object_agg(p.target, p.paused_at ORDER BY p.target) AS jsonb_object_agg FROM private.job_pauses p), '{}'::jsonb), 'limits',
  COALESCE((SELECT jsonb_agg(to_jsonb(l.*) ORDER BY l.kind) AS jsonb_agg FROM private.job_limits l), '[]'::jsonb));

CREATE OR REPLACE FUNCTION private.jobs_dead (
  kind        text,
  code        text,
  firm_id     uuid,
  died_before timestamp with time zone,
  max_rows    integer
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
RETURN (WITH chosen AS
  NOT MATERIALIZED
  (SELECT d.queue, d.msg_id, d.kind, d.payload, d.firm_id, d.unique_key, d.code, d.error, d.attempts, d.history, d.parent, d.enqueued_at, d.died_at FROM private.dead_jobs d
  WHERE
  (((jobs_dead.kind IS NULL) OR (d.kind = jobs_dead.kind)) AND ((jobs_dead.code IS NULL) OR (d.code = jobs_dead.code)) AND ((jobs_dead.firm_id IS NULL) OR (d.firm_id =
  jobs_dead.firm_id)) AND (d.died_at <= jobs_dead.died_before))),
  listed AS
  (SELECT c.kind, c.code, c.error, c.attempts, c.firm_id, c.died_at, ((substr(c.queue, 6) || ':'::text) || c.msg_id) AS id FROM chosen c ORDER BY c.died_at DESC LIMIT
  jobs_dead.max_rows) SELECT
  jsonb_build_object('died_before', died_before, 'count', (SELECT count(*) AS count FROM chosen), 'jobs', COALESCE((SELECT jsonb_agg(to_jsonb(l.*) ORDER BY l.died_at DESC) AS
  jsonb_agg FROM listed l), '[]'::jsonb)) AS jsonb_build_object);

CREATE OR REPLACE FUNCTION private.jobs_enqueue (
  kind         text,
  payloads     jsonb,
  firm_id      uuid,
  unique_key   text,
  delay_s      double precision,
  priority     text,
  unique_for_s double precision,
  if_queued    text
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
  if jobs_enqueue.unique_key is null then
    return private.enqueue_many(jobs_enqueue.kind, many, jobs_enqueue.firm_id,
      make_interval(secs => jobs_enqueue.delay_s), jobs_enqueue.priority);
  end if;
  if cardinality(many) <> 1 then
    perform private.fail(code => 'one_key_many_jobs',
      message => 'A unique key belongs to one job.',
      hint => 'Enqueue them one by one, each with its own key.', status => 400);
  end if;
  return array[private.enqueue(
    jobs_enqueue.kind, many[1], jobs_enqueue.firm_id, jobs_enqueue.unique_key,
    make_interval(secs => jobs_enqueue.delay_s), jobs_enqueue.priority,
    make_interval(secs => jobs_enqueue.unique_for_s), jobs_enqueue.if_queued)];
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_extend (
  queue text,
  held  jsonb,
  lease interval,
  at    timestamp with time zone
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO ''
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  lost jsonb;
begin
  execute format($extend$
    with extended as (
      update pgmq.%I as q set
        vt = $2 + $3,
        message = case when jsonb_typeof(h.value -> 2) = 'object'
          then q.message || jsonb_build_object('progress', (h.value -> 2) || jsonb_build_object('at', $2))
          else q.message
        end
      from jsonb_array_elements($1) as h
      where q.msg_id = (h.value ->> 0)::bigint and q.read_ct = (h.value ->> 1)::integer
        and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      returning h.value
    )
    select jsonb_agg(jsonb_build_array($4, h.value -> 0, h.value -> 1))
    from jsonb_array_elements($1) as h
    where h.value not in (select value from extended)
  $extend$, 'q_' || queue) into lost using held, at, lease, queue;
  return coalesce(lost, '[]');
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_fail (
  queue  text,
  failed jsonb,
  at     timestamp with time zone,
  worker text,
  OUT    counts jsonb,
  OUT    parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  ended record;
  outcome text;
  parent text;
begin
  parents := '{}';
  counts := '[]';
  for ended in execute format($fail$
    with reported as (
      select f.*, q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
        + coalesce((q.message ->> 'failures')::integer, 0) as attempt
      from jsonb_to_recordset($1) as f (
        id bigint, read integer, outcome text, code text, error text, after_s float,
        state jsonb, children jsonb
      )
      inner join pgmq.%1$I as q on q.msg_id = f.id and q.read_ct = f.read
      where coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      order by q.msg_id
      for update of q
    )
    update pgmq.%1$I as q set
      vt = case r.outcome
        when 'dead' then $2
        when 'wait' then 'infinity'
        else $2 + coalesce(make_interval(secs => r.after_s), private.jobs_backoff(r.attempt))
      end,
      message = (q.message - 'progress')
        || jsonb_build_object('lane', ltrim(q.message ->> 'lane', '!'), 'settled', r.read)
        || case r.outcome
          when 'snooze' then jsonb_build_object('failures', r.attempt - 1)
          when 'wait' then jsonb_build_object('failures', r.attempt - 1, 'state', r.state)
          else jsonb_build_object('failures', r.attempt, 'history',
            coalesce(q.message -> 'history', '[]') || jsonb_build_object(
              'at', $2, 'attempt', r.attempt, 'worker', $3,
              'code', coalesce(r.code, 'failed'), 'error', coalesce(left(r.error, 2000), '')))
        end
    from reported as r
    where q.msg_id = r.id
    returning q.msg_id, q.message ->> 'kind' as kind, r.outcome, r.children
  $fail$, 'q_' || queue) using failed, at, worker
  loop
    outcome := ended.outcome;
    if outcome = 'wait' and not private.jobs_fan_out(queue, ended.msg_id, ended.children, at) then
      outcome := 'dead';
    end if;
    if outcome = 'dead' then
      parent := private.jobs_bury(queue, ended.msg_id, at);
      parents := parents || array_remove(array[parent], null);
    end if;
    if ended.kind is not null and outcome in ('retry', 'snooze', 'dead') then
      counts := counts || jsonb_build_object('kind', ended.kind, outcome, 1);
    end if;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_fan_out (
  queue    text,
  id       bigint,
  children jsonb,
  at       timestamp with time zone
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  parent constant text := substr(jobs_fan_out.queue, 6) || ':' || jobs_fan_out.id;
  batch record;
begin
  insert into private.job_parents (queue, msg_id, pending)
  values (jobs_fan_out.queue, jobs_fan_out.id, coalesce(jsonb_array_length(children), 0));
  for batch in
    select c.kind, c.firm_id, coalesce(c.priority, 'default') as priority,
      array_agg(coalesce(c.payload, '{}')) as payloads
    from jsonb_to_recordset(children) as c (
      kind text, payload jsonb, firm_id uuid, priority text
    )
    group by 1, 2, 3
  loop
    perform private.enqueue_many(batch.kind, batch.payloads, batch.firm_id,
      priority => batch.priority, parent => parent);
  end loop;
  -- There may be none to wait for.
  perform private.wake_parent(jobs_fan_out.queue, jobs_fan_out.id, at);
  return true;
exception when others then
  -- Children that cannot be queued are the handler's fault, and must not take the step's other
  -- outcomes with them.
  execute format($blame$
    update pgmq.%I as q set vt = $2, message = jsonb_set(q.message, '{history}',
      coalesce(q.message -> 'history', '[]') || jsonb_build_object(
        'at', $2, 'attempt', (q.message -> 'failures')::integer + 1, 'worker', null,
        'code', 'bad_children', 'error', $3))
    where q.msg_id = $1
  $blame$, 'q_' || jobs_fan_out.queue) using id, at, sqlerrm;
  return false;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_limit (
  kind   text,
  limits jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  wanted private.job_limits;
begin
  perform private.check_job(jobs_limit.kind, '{}', 'default');
  wanted := jsonb_populate_record(null::private.job_limits, jsonb_strip_nulls(jobs_limit.limits));
  delete from private.job_limits as l where l.kind = jobs_limit.kind;
  if jsonb_strip_nulls(jobs_limit.limits) <> '{}' then
    insert into private.job_limits (
      kind, max_running, max_running_per_firm, rate, rate_period, firm_rate, firm_rate_period
    ) values (
      jobs_limit.kind, wanted.max_running, wanted.max_running_per_firm, wanted.rate,
      wanted.rate_period, wanted.firm_rate, wanted.firm_rate_period
    );
  end if;
exception when check_violation or invalid_text_representation or invalid_datetime_format
  or numeric_value_out_of_range or datetime_field_overflow then
  perform private.fail(code => 'impossible_limit',
    message => format('These limits are not possible: %s.', sqlerrm),
    hint => 'Counts are at least 1; a rate needs a period between a second and a day.',
    status => 400);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_list (
  filters  jsonb,
  max_rows integer
)
  RETURNS TABLE (
    id          text,
    kind        text,
    state       text,
    attempts    integer,
    firm_id     uuid,
    enqueued_at timestamp with time zone,
    due_at      timestamp with time zone,
    error       text,
    progress    jsonb
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  wanted constant text := concat_ws(' and ', 'true',
    case when filters ? 'kind' then $f$j.kind = $1 ->> 'kind'$f$ end,
    case when filters ? 'firm_id' then $f$j.firm_id = ($1 ->> 'firm_id')::uuid$f$ end,
    case when filters ? 'parent' then $f$j.parent = $1 ->> 'parent'$f$ end,
    case when filters ->> 'state' <> 'done' then $f$j.state = $1 ->> 'state'$f$ end);
begin
  if filters ->> 'state' = 'done' then
    return query execute format($done$
      select substr(j.queue, 6) || ':' || j.msg_id, j.kind, 'done', j.attempts, j.firm_id,
        j.enqueued_at, j.finished_at, null::text, null::jsonb
      from private.finished_jobs as j where %s order by j.finished_at desc limit $2
    $done$, wanted) using filters, max_rows;
  else
    return query execute format($live$
      select j.id, j.kind, j.state, j.attempts, j.firm_id, j.enqueued_at, j.due_at,
        j.history -> -1 ->> 'error', j.progress
      from private.jobs as j where %s order by j.due_at desc limit $2
    $live$, wanted) using filters, max_rows;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_pause (
  target text,
  paused boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  what constant text := case
    when jobs_pause.target in ('high', 'default', 'low') then 'jobs_' || jobs_pause.target
    else jobs_pause.target
  end;
begin
  if what is null or what !~ '^(jobs_[a-z]+|[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)$' then
    perform private.fail(code => 'invalid_target',
      message => format('"%s" is neither a kind of job nor a queue.', jobs_pause.target),
      hint => 'Name a kind, such as file.process, or high, default or low.', status => 400);
  end if;
  if jobs_pause.paused then
    insert into private.job_pauses (target) values (what) on conflict do nothing;
  else
    delete from private.job_pauses as p where p.target = what;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_purge (
  kind        text,
  code        text,
  firm_id     uuid,
  died_before timestamp with time zone,
  max_jobs    integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  purged integer;
begin
  delete from private.dead_jobs as d
  where d.ctid = any (array(
    select o.ctid from private.dead_jobs as o
    where (jobs_purge.kind is null or o.kind = jobs_purge.kind)
      and (jobs_purge.code is null or o.code = jobs_purge.code)
      and (jobs_purge.firm_id is null or o.firm_id = jobs_purge.firm_id)
      and o.died_at <= jobs_purge.died_before
    order by o.died_at
    limit least(jobs_purge.max_jobs, 1000)
    for update skip locked
  ));
  get diagnostics purged = row_count;
  return purged;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_rates (
  minutes integer
)
  RETURNS TABLE (
    minute  timestamp with time zone,
    kind    text,
    done    bigint,
    retried bigint,
    snoozed bigint,
    dead    bigint,
    seconds double precision
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
 SELECT s.minute,
     s.kind,
     (sum(s.done))::bigint
  AS sum,
     (sum(s.retried))::bigint AS sum,
     (sum(s.snoozed))::bigint AS sum,
     (sum(s.dead))::bigint AS sum,
     sum(s.seconds) AS sum
    FROM private.job_stats s
   WHERE (s.minute > (date_trunc('minute'::text, now()) - make_interval(mins => jobs_rates.minutes)))
   GROUP BY s.minute, s.kind
   ORDER BY s.minute, s.kind;
END;

CREATE OR REPLACE FUNCTION private.jobs_redrive (
  kind        text,
  code        text,
  firm_id     uuid,
  died_before timestamp with time zone,
  max_jobs    integer
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  letter private.dead_jobs;
  queued integer := 0;
  refused integer := 0;
begin
  for letter in
    delete from private.dead_jobs as d
    where d.ctid = any (array(
      select o.ctid from private.dead_jobs as o
      where (jobs_redrive.kind is null or o.kind = jobs_redrive.kind)
        and (jobs_redrive.code is null or o.code = jobs_redrive.code)
        and (jobs_redrive.firm_id is null or o.firm_id = jobs_redrive.firm_id)
        and o.died_at <= jobs_redrive.died_before
        -- Messages that never were jobs die, too. They stay where they are, and keep nothing back.
        and o.kind ~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' and jsonb_typeof(o.payload) = 'object'
      order by o.died_at
      limit least(jobs_redrive.max_jobs, 1000)
      for update skip locked
    ))
    returning *
  loop
    -- Null where another job of that key does the work already: then this one is not needed.
    if private.enqueue(letter.kind, letter.payload, letter.firm_id, letter.unique_key,
      priority => substr(letter.queue, 6)) is not null then
      queued := queued + 1;
    else
      refused := refused + 1;
    end if;
  end loop;
  return jsonb_build_object('queued', queued, 'queued_already', refused);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_retry (
  id text
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  letter private.dead_jobs;
  new_id bigint;
begin
  delete from private.dead_jobs as d
  where 'jobs_' || jobs_retry.id = d.queue || ':' || d.msg_id
  returning * into letter;
  if not found then
    perform private.fail(code => 'job_not_dead',
      message => format('There is no dead job %s.', jobs_retry.id),
      hint => 'List them with: firmbase jobs dead list', status => 404);
  end if;
  new_id := private.enqueue(letter.kind, letter.payload, letter.firm_id, letter.unique_key,
    priority => substr(letter.queue, 6));
  if new_id is null then
    perform private.fail(code => 'job_queued_already',
      message => format('A job like %s is queued already.', jobs_retry.id),
      hint => 'Wait for it: it does the same work.', status => 409);
  end if;
  return substr(letter.queue, 6) || ':' || new_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_running (
  kind text,
  firm text,
  at   timestamp with time zone
)
  RETURNS integer
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET enable_seqscan TO 'off'
  AS $function$
declare
  lanes_from constant text := '!' || jobs_running.kind || ':' || coalesce(jobs_running.firm, '');
  lanes_to constant text := '!' || jobs_running.kind || coalesce(':' || jobs_running.firm, ';');
begin
  return (
    select count(*) from (
      select coalesce(q.message ->> 'lane', ':') collate "C" as lane, q.vt
      from pgmq.q_jobs_high as q
      union all
      select coalesce(q.message ->> 'lane', ':') collate "C", q.vt from pgmq.q_jobs_default as q
      union all
      select coalesce(q.message ->> 'lane', ':') collate "C", q.vt from pgmq.q_jobs_low as q
    ) as q
    where q.lane between lanes_from and lanes_to and q.vt > jobs_running.at
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_schedule_fire (
  name        text,
  expected_at timestamp with time zone,
  run_at      timestamp with time zone[],
  next_at     timestamp with time zone,
  error       text
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  schedule private.job_schedules;
  at timestamptz;
  queued integer := 0;
begin
  update private.job_schedules as s set
    next_at = jobs_schedule_fire.next_at,
    last_at = coalesce((select max(r) from unnest(run_at) as r), s.last_at),
    error = jobs_schedule_fire.error,
    paused_at = case when jobs_schedule_fire.error is not null then now() end
  where s.name = jobs_schedule_fire.name and s.paused_at is null
    and s.next_at is not distinct from jobs_schedule_fire.expected_at
  returning s.name, s.kind, s.payload, s.firm_id, s.priority, s.if_running, s.jitter
  into schedule.name, schedule.kind, schedule.payload, schedule.firm_id, schedule.priority,
    schedule.if_running, schedule.jitter;
  if not found then
    return 0;
  end if;
  foreach at in array run_at loop
    queued := queued + private.run_schedule(schedule, at);
  end loop;
  return queued;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_schedule_pause (
  name   text,
  paused boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- What was missed meanwhile was missed on purpose.
  update private.job_schedules as s set
    paused_at = case when jobs_schedule_pause.paused then coalesce(s.paused_at, now()) end,
    next_at = case when jobs_schedule_pause.paused or s.paused_at is null then s.next_at end,
    error = case when jobs_schedule_pause.paused then s.error end
  where s.name = jobs_schedule_pause.name;
  if not found then
    perform private.no_such_schedule(name);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_schedule_remove (
  name text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  delete from private.job_schedules as s where s.name = jobs_schedule_remove.name;
  if not found then
    perform private.no_such_schedule(name);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_schedule_set (
  schedule jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  wanted private.job_schedules;
begin
  wanted := jsonb_populate_record(null::private.job_schedules, jsonb_build_object(
    'payload', jsonb_build_object(), 'priority', 'default', 'time_zone', 'UTC',
    'if_missed', 'once', 'if_running', 'skip', 'jitter', '0') || jsonb_strip_nulls(schedule));
  perform private.check_job(wanted.kind, array[wanted.payload], wanted.priority);
  if not exists (select from pg_catalog.pg_timezone_names as z where z.name = wanted.time_zone) then
    perform private.fail(code => 'unknown_time_zone',
      message => format('"%s" is not a time zone.', wanted.time_zone),
      hint => 'Use a name such as Europe/Berlin.', status => 400);
  end if;
  insert into private.job_schedules as s (
    name, kind, payload, firm_id, priority, cron, time_zone, if_missed, if_running, jitter, next_at
  ) values (
    wanted.name, wanted.kind, wanted.payload, wanted.firm_id, wanted.priority, wanted.cron,
    wanted.time_zone, wanted.if_missed, wanted.if_running, wanted.jitter, wanted.next_at
  )
  on conflict (name) do update set
    kind = excluded.kind, payload = excluded.payload, firm_id = excluded.firm_id,
    priority = excluded.priority, cron = excluded.cron, time_zone = excluded.time_zone,
    if_missed = excluded.if_missed, if_running = excluded.if_running, jitter = excluded.jitter,
    next_at = excluded.next_at,
    -- What a runner paused for its error goes on once that is mended.
    paused_at = case when s.error is null then s.paused_at end,
    error = null;
exception when check_violation or not_null_violation or foreign_key_violation
  or invalid_text_representation or invalid_datetime_format or datetime_field_overflow then
  perform private.fail(code => 'impossible_schedule',
    message => format('This schedule is not possible: %s.', sqlerrm),
    hint => 'See private.job_schedules for what its columns may hold.', status => 400);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_schedules()
  RETURNS SETOF private.job_schedules
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
 SELECT s.name,
     s.kind,
     s.payload,
     s.firm_id,
     s.priority,
     s.cron,
     s.time_zone,
     s.if_missed,
     s.if_running,
     s.jitter,
     s.paused_at,
     s.next_at,
     s.last_at,
     s.error
    FROM private.job_schedules s
   ORDER BY s.name;
END;

CREATE OR REPLACE FUNCTION private.jobs_schedules_due (
  at timestamp with time zone
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
RETURN
  COALESCE((SELECT jsonb_agg(jsonb_build_object('name', s.name, 'cron', s.cron, 'time_zone', s.time_zone, 'if_missed', s.if_missed, 'next_at', s.next_at)) AS jsonb_agg FROM
  private.job_schedules s WHERE ((s.paused_at IS NULL) AND ((s.next_at IS NULL) OR (s.next_at <= jobs_schedules_due.at)))), '[]'::jsonb);

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
  room integer := least(jobs_step.qty, 500);
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
    part := private.jobs_ack(queue, items, at);
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

CREATE OR REPLACE FUNCTION private.jobs_take (
  queue  text,
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
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  -- Runners lost in a row without a word. After the first the job runs in a process of its own, so
  -- most are lost for other reasons; so many, and it is the job that takes the machines down.
  lost_limit constant integer := 20;
  crashing jsonb;
begin
  execute format($take$
    with due as materialized (
      select picked.msg_id
      from unnest($1) as l (lane) cross join lateral (
        select q.msg_id, q.vt from pgmq.%1$I as q
        where (coalesce(q.message ->> 'lane', ':') collate "C") = l.lane and q.vt <= $2
        order by q.vt
        limit $3
        for update skip locked
      ) as picked
      order by row_number() over (partition by l.lane order by picked.vt)
      limit $4
    ), claimed as (
      update pgmq.%1$I as q set
        vt = $2 + $5,
        read_ct = q.read_ct + 1,
        message = case
          -- Sent by hand: a runner finds no kind in it, and it dies.
          when jsonb_typeof(q.message) is distinct from 'object'
            then jsonb_build_object('payload', q.message)
          when $6
          then q.message || jsonb_build_object('lane', '!' || ltrim(q.message ->> 'lane', '!'))
          else q.message
        end
      where q.msg_id = any (array(select due.msg_id from due))
      returning q.msg_id, q.read_ct, q.message,
        q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
    )
    select
      json_agg(json_build_array(msg_id, read_ct, message) order by msg_id)
        filter (where unsettled <= $7),
      count(*) filter (where unsettled <= $7),
      jsonb_agg(jsonb_build_object(
        'id', msg_id, 'read', read_ct, 'outcome', 'dead', 'code', 'crash_loop',
        'error', format('%%s runners in a row were lost while they ran this job.', unsettled - 1)
      )) filter (where unsettled > $7)
    from claimed
  $take$, 'q_' || queue)
  into claims, taken, crashing
  using lanes, at, ceil(qty::numeric / cardinality(lanes)), qty, lease, held, lost_limit;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail(queue, crashing, at, worker)).parents;
  end if;
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
    part := private.jobs_take(queue, array[lane], qty, lease, at, worker, held => true);
    claims := part.claims;
    taken := part.taken;
    died := part.died;
    dead_parents := part.dead_parents;
    perform private.take_tokens(lane_kind, firm, taken, at);
  end if;
end
$function$;

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
    'advance_contracts', 'sweep_uploads', 'enqueue_contract_reminders', 'remind_signers',
    'apply_retention', 'remove_objects', 'prune_jobs'
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

CREATE OR REPLACE FUNCTION private.jobs_walk (
  queue      text,
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
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  execute format($walk$
    with recursive walk as (
      select $1 collate "C" as lane, false as due, 0 as looks, 0 as found
      union all
      select next.lane, next.due, walk.looks + 1, walk.found + next.due::integer
      from walk cross join lateral (
        select
          coalesce(q.message ->> 'lane', ':') collate "C" as lane,
          q.vt <= $2 and private.lane_kind(coalesce(q.message ->> 'lane', ':')) <> all ($3) as due
        from pgmq.%I as q
        where (coalesce(q.message ->> 'lane', ':') collate "C") > walk.lane
        order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
        limit 1
      ) as next
      where walk.looks < $4 and walk.found < $5
    )
    select
      coalesce(array_agg(lane) filter (where due), '{}'),
      max(lane) filter (where looks = $4 or found = $5)
    from walk
  $walk$, 'q_' || queue)
  into due, last using place, at, barred, most_looks, most_due;
end
$function$;

CREATE OR REPLACE FUNCTION private.lane_kind (
  lane text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
RETURN split_part(ltrim(lane, '!'::text), ':'::text, 1);

CREATE OR REPLACE FUNCTION private.no_such_schedule (
  name text
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN
  private.fail(code => 'schedule_not_found'::text, message => format('There is no schedule %s.'::text, name), hint => 'List them with: firmbase jobs schedules list'::text, status
  => 404);

CREATE OR REPLACE FUNCTION private.postpone_waiting_job (
  queue  text,
  id     bigint,
  due_at timestamp with time zone
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  postponed bigint;
begin
  execute format($postpone$
    update pgmq.%I as q set vt = $2
    where q.msg_id = $1
      and (q.vt <= now() or q.read_ct = coalesce((q.message ->> 'settled')::integer, 0))
    returning q.msg_id
  $postpone$, 'q_' || queue) into postponed using id, due_at;
  return postponed is not null;
end
$function$;

CREATE OR REPLACE FUNCTION private.prune_jobs()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  left_over integer := 1000;
  pruned integer;
begin
  delete from private.job_stats as s where s.ctid = any (array(
    select o.ctid from private.job_stats as o
    where o.minute < now() - interval '7 days'
    limit left_over
    for update skip locked
  ));
  get diagnostics pruned = row_count;
  left_over := left_over - pruned;
  -- By then each is full, whatever its period.
  delete from private.job_buckets as b where b.ctid = any (array(
    select o.ctid from private.job_buckets as o
    where o.filled_at < now() - interval '1 day'
    limit left_over
    for update skip locked
  ));
  get diagnostics pruned = row_count;
  left_over := left_over - pruned;
  delete from private.job_keys as k where k.ctid = any (array(
    select o.ctid from private.job_keys as o
    where o.expires_at <= now() and not private.job_is_queued(o.queue, o.msg_id)
    limit left_over
    for update skip locked
  ));
  get diagnostics pruned = row_count;
  return 1000 - left_over + pruned;
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
  return array(
    select q.name from unnest(queues_due.queues) with ordinality as q (name, n)
    where q.name = any (due)
    order by q.n * direction
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.retention_rules()
  RETURNS TABLE (
    table_name text,
    what       text,
    keep       interval,
    due        text,
    change     text,
    why        text
  )
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  values
  (
    'public.notifications', 'that were read', interval '180 days', 'read_at < $1', null,
    'News of half a year ago; nobody scrolls further back.'
  ),
  (
    'public.notifications', 'that nobody read', '365 days', 'created_at < $1', null,
    'What was not read in a year will not be.'
  ),
  (
    'public.emails', 'that were sent or failed', '90 days',
    'created_at < $1 and status in (''sent'', ''failed'')', null,
    'Long enough to answer whether a mail went out; its address is personal data.'
  ),
  (
    'public.invitations', 'that were accepted, revoked or have expired', '180 days',
    'coalesce(accepted_at, revoked_at, expires_at) < $1', null,
    'The membership says the rest; the address is personal data.'
  ),
  (
    'public.reports', 'with their documents', '30 days',
    'coalesce(finished_at, created_at) < $1', null,
    'A report shows one day and can be made anew.'
  ),
  (
    'public.files', 'that were archived, with their objects', '30 days',
    'archived_at < $1 and not exists ('
    'select from public.contracts c where c.firm_id = t.firm_id and c.id = t.contract_id '
    'and t.status <> ''failed'' and private.contract_kept_until(c) >= current_date)', null,
    'Time to restore one. Files of a signed contract stay until the end of the tenth year after it '
    'ended: § 147 AO, § 257 HGB.'
  ),
  (
    'public.files', 'whose upload or examination failed', '30 days',
    'status = ''failed'' and updated_at < $1', null,
    'Long enough for whoever uploaded it to read why. Its bytes go earlier: at once, or after a '
    'week where the job may be sent back.'
  ),
  (
    'public.firm_exports', 'with their parts', '7 days', 'expires_at <= now() and $1 < now()', null,
    'A copy of everything is not left lying about.'
  ),
  (
    'public.merge_log', 'what it takes to undo a merge', '30 days',
    'merged_at < $1 and moved <> ''{}''', 'moved = ''{}'', filled = ''{}''',
    'A merge can be undone that long. That there was one stays known.'
  ),
  (
    'public.audit_log', 'all of it', '3 years', 'at < $1', null,
    'Claims among the people of a firm lapse after three years: § 195 BGB.'
  ),
  (
    'private.dead_jobs', 'all of them', '90 days', 'died_at < $1', null,
    'Nobody sends a job back after that; their errors may hold personal data.'
  ),
  (
    'private.finished_jobs', 'all of them', '7 days', 'finished_at < $1', null,
    'Long enough to look up what a job came to; what it did is in the firm''s rows.'
  ),
  (
    'public.firms', 'that were archived, with everything in them', '30 days', null, null,
    'Until then the operator can open the firm again. What law makes a firm keep, it takes along '
    'with export_firm first.'
  ),
  (
    'public.erasures', 'what law kept of a person', interval '10 years', null, null,
    'The name and the signatures, until the end of the tenth year after the contract ended: § 147 '
    'AO, § 257 HGB. The entry itself stays with the firm.'
  ),
  ('public.companies', 'all', null, null, null, 'The firm''s own business; it archives them.'),
  ('public.contacts', 'all', null, null, null, 'As the company; people who ask are erased.'),
  ('public.consultants', 'all', null, null, null, 'The firm''s own; people who ask are erased.'),
  ('public.consultant_private', 'all', null, null, null, 'Goes with the consultant.'),
  ('public.contracts', 'all', null, null, null, 'Evidence of what was agreed; others refer to it.'),
  ('public.contract_events', 'all', null, null, null, 'Evidence of how a contract came about.'),
  ('public.contract_consultants', 'all', null, null, null, 'Goes with the contract.'),
  ('public.contract_signers', 'all', null, null, null, 'Evidence of who signed.'),
  ('public.notes', 'all', null, null, null, 'The firm''s own; they go with an erased person.'),
  ('public.tags', 'all', null, null, null, 'Words of the firm.'),
  ('public.taggings', 'all', null, null, null, 'Few and small; they go with an erased person.'),
  ('public.saved_views', 'all', null, null, null, 'Settings of its people.'),
  ('public.firm_members', 'all', null, null, null, 'Ends with the membership.'),
  ('public.profiles', 'all', null, null, null, 'Belongs to the account, not to a firm.'),
  ('private.contract_counters', 'all', null, null, null, 'The next number of a contract.'),
  (
    'private.contract_reminders', 'all', null, null, null,
    'Few for each contract; a reminder is sent once.'
  ),
  (
    'private.job_schedules', 'all', null, null, null, 'What the operator runs for the firm.'
  ),
  (
    'private.doomed_objects', 'all', null, null, null,
    'Until the worker has removed the object, which takes minutes; hours where an upload was open.'
  ),
  ('private.invitation_tokens', 'all', null, null, null, 'Goes with the invitation.'),
  ('private.search_entries', 'all', null, null, null, 'Goes with the row that is found.'),
  ('private.signing_tokens', 'all', null, null, null, 'Goes when it is nobody''s turn any more.')
$function$;

CREATE OR REPLACE FUNCTION private.run_schedule (
  schedule private.job_schedules,
  at       timestamp with time zone
)
  RETURNS integer
  LANGUAGE sql
  SET search_path TO ''
RETURN
  ((private.enqueue((schedule).kind, ((schedule).payload || jsonb_build_object('scheduled_at', at)), (schedule).firm_id, CASE (schedule).if_running WHEN 'skip'::text THEN
  ('schedule '::text || (schedule).name) ELSE ((('schedule '::text || (schedule).name) || ' '::text) || EXTRACT(epoch FROM at)) END,
  ((schedule).jitter * random()), (schedule).priority) IS NOT NULL))::integer;

CREATE OR REPLACE FUNCTION private.schema_version()
  RETURNS integer
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
RETURN 2;

CREATE OR REPLACE FUNCTION private.take_job_key (
  kind       text,
  key        text,
  queue      text,
  due_at     timestamp with time zone,
  expires_at timestamp with time zone,
  if_queued  text
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  holder private.job_keys;
begin
  if take_job_key.if_queued is null
    or take_job_key.if_queued not in ('ignore', 'replace', 'extend') then
    perform private.fail(code => 'invalid_unique_policy',
      message => format('"%s" is not what may become of a job with a key that is taken.',
        take_job_key.if_queued),
      hint => 'Use ignore, replace or extend.', status => 400);
  end if;
  if char_length(take_job_key.key) not between 1 and 200 then
    perform private.fail(code => 'invalid_unique_key',
      message => 'A unique key has 1 to 200 characters.',
      hint => 'Use the ids of what the job is about.', status => 400);
  end if;
  loop
    insert into private.job_keys (kind, key, queue, expires_at)
    values (take_job_key.kind, take_job_key.key, take_job_key.queue, take_job_key.expires_at)
    on conflict do nothing;
    if found then
      return null;
    end if;
    select k.* into holder from private.job_keys as k
    where k.kind = take_job_key.kind and k.key = take_job_key.key
    for update;
    continue when not found;
    if take_job_key.if_queued = 'ignore' then
      if private.job_is_queued(holder.queue, holder.msg_id)
        or coalesce(holder.expires_at > now(), false) then
        return 0;
      end if;
    elsif take_job_key.if_queued = 'extend' then
      if private.postpone_waiting_job(holder.queue, holder.msg_id, take_job_key.due_at) then
        return holder.msg_id;
      end if;
    else
      perform private.withdraw_waiting_job(holder.queue, holder.msg_id);
    end if;
    delete from private.job_keys as k
    where k.kind = take_job_key.kind and k.key = take_job_key.key;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.tokens_left (
  kind   text,
  firm   text,
  rate   integer,
  period interval,
  at     timestamp with time zone
)
  RETURNS double precision
  LANGUAGE sql
  STABLE
  SET search_path TO ''
RETURN
  (SELECT COALESCE(LEAST((tokens_left.rate)::double precision, (b.tokens + ((((tokens_left.rate)::numeric * EXTRACT(epoch FROM (tokens_left.at - b.filled_at))) / EXTRACT(epoch FROM
  tokens_left.period)))::double precision)),
  (tokens_left.rate)::double precision) AS "coalesce" FROM ((VALUES (tokens_left.kind,tokens_left.firm)) wanted(kind, firm) LEFT JOIN private.job_buckets b
  ON (((b.kind = wanted.kind) AND (b.firm = wanted.firm)))));

CREATE OR REPLACE FUNCTION private.take_tokens (
  kind text,
  firm text,
  n    integer,
  at   timestamp with time zone
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
BEGIN ATOMIC
 INSERT INTO private.job_buckets
  AS b (kind, firm, tokens, filled_at)  SELECT take_tokens.kind AS kind,
             bucket.firm,
             (bucket.tokens - (take_tokens.n)::double precision),
             take_tokens.at AS at
            FROM (private.job_limits l
              CROSS JOIN LATERAL ( VALUES (''::text,private.tokens_left(take_tokens.kind, ''::text, l.rate, l.rate_period, take_tokens.at)), (('/'::text || take_tokens.firm),private.tokens_left(take_tokens.kind, ('/'::text || take_tokens.firm), l.firm_rate, l.firm_rate_period, take_tokens.at))) bucket(firm, tokens))
           WHERE ((l.kind = take_tokens.kind) AND (bucket.tokens IS NOT NULL)) ON CONFLICT(kind, firm) DO UPDATE SET tokens = excluded.tokens, filled_at = excluded.filled_at;
END;

CREATE OR REPLACE FUNCTION private.wake_parent (
  queue text,
  id    bigint,
  at    timestamp with time zone
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  ended jsonb;
begin
  delete from private.job_parents as p
  where p.queue = wake_parent.queue and p.msg_id = wake_parent.id and p.pending <= 0
  returning jsonb_build_object('done', p.done, 'dead', p.dead) into ended;
  if found then
    execute format($wake$
      update pgmq.%I as q set vt = $2, message = q.message || jsonb_build_object('children', $3)
      where q.msg_id = $1
    $wake$, 'q_' || wake_parent.queue)
    using id, at, ended;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.withdraw_waiting_job (
  queue text,
  id    bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  execute format($withdraw$
    delete from pgmq.%I as q
    where q.msg_id = $1
      and (q.vt <= now() or q.read_ct = coalesce((q.message ->> 'settled')::integer, 0))
  $withdraw$, 'q_' || queue) using id;
end
$function$;

CREATE OR REPLACE FUNCTION public.jobs_cancel (
  id text
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_cancel(id);

REVOKE ALL ON FUNCTION "public"."jobs_cancel"(text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_children (
  parent text
)
  RETURNS TABLE (
    id     text,
    kind   text,
    state  text,
    result jsonb,
    code   text,
    error  text
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT c.id,
     c.kind,
     c.state,
     c.result,
     c.code,
     c.error
    FROM private.jobs_children(jobs_children.parent) c(kind, result, id, state, code, error);
END;

REVOKE ALL ON FUNCTION "public"."jobs_children"(text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_controls()
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
RETURN private.jobs_controls();

REVOKE ALL ON FUNCTION "public"."jobs_controls"() FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_dead (
  kind        text                     DEFAULT NULL::text,
  code        text                     DEFAULT NULL::text,
  firm_id     uuid                     DEFAULT NULL::uuid,
  died_before timestamp with time zone DEFAULT now(),
  max_rows    integer                  DEFAULT 50
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
RETURN private.jobs_dead(kind, code, firm_id, died_before, max_rows);

REVOKE ALL ON FUNCTION "public"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_enqueue (
  kind         text,
  payloads     jsonb            DEFAULT '{}'::jsonb,
  firm_id      uuid             DEFAULT NULL::uuid,
  unique_key   text             DEFAULT NULL::text,
  delay_s      double precision DEFAULT 0,
  priority     text             DEFAULT 'default'::text,
  unique_for_s double precision DEFAULT NULL::double precision,
  if_queued    text             DEFAULT 'ignore'::text
)
  RETURNS bigint[]
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_enqueue(kind, payloads, firm_id, unique_key, delay_s, priority, unique_for_s, if_queued);

REVOKE ALL ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_limit (
  kind   text,
  limits jsonb
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_limit(kind, limits);

REVOKE ALL ON FUNCTION "public"."jobs_limit"(text, jsonb) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_list (
  state    text    DEFAULT NULL::text,
  kind     text    DEFAULT NULL::text,
  firm_id  uuid    DEFAULT NULL::uuid,
  parent   text    DEFAULT NULL::text,
  max_rows integer DEFAULT 50
)
  RETURNS TABLE (
    id          text,
    kind        text,
    state       text,
    attempts    integer,
    firm_id     uuid,
    enqueued_at timestamp with time zone,
    due_at      timestamp with time zone,
    error       text,
    progress    jsonb
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT l.id,
     l.kind,
     l.state,
     l.attempts,
     l.firm_id,
     l.enqueued_at,
     l.due_at,
     l.error,
     l.progress
    FROM
      private.jobs_list(jsonb_strip_nulls(jsonb_build_object('state', jobs_list.state, 'kind', jobs_list.kind, 'firm_id', jobs_list.firm_id, 'parent', jobs_list.parent)),
      jobs_list.max_rows) l(id, kind, state, attempts, firm_id, enqueued_at, due_at, error, progress);
END;

REVOKE ALL ON FUNCTION "public"."jobs_list"(text, text, uuid, text, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_pause (
  target text,
  paused boolean DEFAULT true
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_pause(target, paused);

REVOKE ALL ON FUNCTION "public"."jobs_pause"(text, boolean) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_purge (
  kind        text                     DEFAULT NULL::text,
  code        text                     DEFAULT NULL::text,
  firm_id     uuid                     DEFAULT NULL::uuid,
  died_before timestamp with time zone DEFAULT now(),
  max_jobs    integer                  DEFAULT 1000
)
  RETURNS integer
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_purge(kind, code, firm_id, died_before, max_jobs);

REVOKE ALL ON FUNCTION "public"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_rates (
  minutes integer DEFAULT 60
)
  RETURNS TABLE (
    minute  timestamp with time zone,
    kind    text,
    done    bigint,
    retried bigint,
    snoozed bigint,
    dead    bigint,
    seconds double precision
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT r.minute,
     r.kind,
     r.done,
     r.retried,
     r.snoozed,
     r.dead,
     r.seconds
    FROM private.jobs_rates(jobs_rates.minutes) r(minute, kind, done, retried, snoozed, dead, seconds);
END;

REVOKE ALL ON FUNCTION "public"."jobs_rates"(integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_redrive (
  kind        text                     DEFAULT NULL::text,
  code        text                     DEFAULT NULL::text,
  firm_id     uuid                     DEFAULT NULL::uuid,
  died_before timestamp with time zone DEFAULT now(),
  max_jobs    integer                  DEFAULT 1000
)
  RETURNS jsonb
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_redrive(kind, code, firm_id, died_before, max_jobs);

REVOKE ALL ON FUNCTION "public"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_schedule_fire (
  name        text,
  expected_at timestamp with time zone,
  run_at      timestamp with time zone[],
  next_at     timestamp with time zone,
  error       text                       DEFAULT NULL::text
)
  RETURNS integer
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_schedule_fire(name, expected_at, run_at, next_at, error);

REVOKE ALL
  ON FUNCTION "public"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text)
  FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_schedule_pause (
  name   text,
  paused boolean DEFAULT true
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_schedule_pause(name, paused);

REVOKE ALL ON FUNCTION "public"."jobs_schedule_pause"(text, boolean) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_schedule_remove (
  name text
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_schedule_remove(name);

REVOKE ALL ON FUNCTION "public"."jobs_schedule_remove"(text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_schedule_set (
  schedule jsonb
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.jobs_schedule_set(schedule);

REVOKE ALL ON FUNCTION "public"."jobs_schedule_set"(jsonb) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.jobs_schedules()
  RETURNS TABLE (
    name       text,
    kind       text,
    payload    jsonb,
    firm_id    uuid,
    priority   text,
    cron       text,
    time_zone  text,
    if_missed  text,
    if_running text,
    jitter     interval,
    paused_at  timestamp with time zone,
    next_at    timestamp with time zone,
    last_at    timestamp with time zone,
    error      text
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT s.name,
     s.kind,
     s.payload,
     s.firm_id,
     s.priority,
     s.cron,
     s.time_zone,
     s.if_missed,
     s.if_running,
     s.jitter,
     s.paused_at,
     s.next_at,
     s.last_at,
     s.error
    FROM private.jobs_schedules() s(name, kind, payload, firm_id, priority, cron, time_zone, if_missed, if_running, jitter, paused_at, next_at, last_at, error);
END;

REVOKE ALL ON FUNCTION "public"."jobs_schedules"() FROM PUBLIC, "anon", "authenticated";

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
  poll_ms integer DEFAULT 5,
  skip    text[]  DEFAULT '{}'::text[],
  places  jsonb   DEFAULT '{}'::jsonb
)
  RETURNS json
  LANGUAGE sql
  SET search_path TO ''
  SET statement_timeout TO '30s'
RETURN private.jobs_step(worker, VERSION, queues, qty, vt, done, fail, extend, wait_ms, poll_ms, skip, places);

REVOKE ALL ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) FROM PUBLIC, "anon", "authenticated";

ALTER TABLE "private"."job_schedules"
  ADD CONSTRAINT "job_schedules_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

CREATE VIEW "private"."jobs" WITH (security_invoker=true) AS  WITH messages AS (
         SELECT 'high'::text AS priority,
            q_jobs_high.msg_id,
            q_jobs_high.read_ct,
            q_jobs_high.enqueued_at,
            q_jobs_high.vt,
            q_jobs_high.message
           FROM pgmq.q_jobs_high
        UNION ALL
         SELECT 'default'::text AS priority,
            q_jobs_default.msg_id,
            q_jobs_default.read_ct,
            q_jobs_default.enqueued_at,
            q_jobs_default.vt,
            q_jobs_default.message
           FROM pgmq.q_jobs_default
        UNION ALL
         SELECT 'low'::text AS priority,
            q_jobs_low.msg_id,
            q_jobs_low.read_ct,
            q_jobs_low.enqueued_at,
            q_jobs_low.vt,
            q_jobs_low.message
           FROM pgmq.q_jobs_low
        )
 SELECT ((messages.priority || ':'::text) || messages.msg_id) AS id,
    messages.priority,
    (messages.message ->> 'kind'::text) AS kind,
        CASE
            WHEN (messages.vt <= now()) THEN 'ready'::text
            WHEN (messages.read_ct > COALESCE(((messages.message ->> 'settled'::text))::integer, 0)) THEN 'running'::text
            ELSE 'waiting'::text
        END AS state,
    ((COALESCE(((messages.message ->> 'failures'::text))::integer, 0) + messages.read_ct) - COALESCE(((messages.message ->> 'settled'::text))::integer, 0)) AS attempts,
    ((messages.message ->> 'firm_id'::text))::uuid AS firm_id,
    messages.enqueued_at,
    messages.vt AS due_at,
    (messages.message -> 'payload'::text) AS payload,
    COALESCE((messages.message -> 'history'::text), '[]'::jsonb) AS history,
    (messages.message -> 'progress'::text) AS progress,
    (messages.message ->> 'parent'::text) AS parent,
    messages.msg_id
   FROM messages
UNION ALL
 SELECT ((substr(dead_jobs.queue, 6) || ':'::text) || dead_jobs.msg_id) AS id,
    substr(dead_jobs.queue, 6) AS priority,
    dead_jobs.kind,
    'dead'::text AS state,
    dead_jobs.attempts,
    dead_jobs.firm_id,
    dead_jobs.enqueued_at,
    dead_jobs.died_at AS due_at,
    dead_jobs.payload,
    dead_jobs.history,
    NULL::jsonb AS progress,
    dead_jobs.parent,
    dead_jobs.msg_id
   FROM private.dead_jobs;

CREATE OR REPLACE FUNCTION private.jobs_show (
  id text
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
RETURN COALESCE((SELECT (to_jsonb(j.*) - 'msg_id'::text) FROM private.jobs j
  WHERE ((j.priority = split_part(jobs_show.id, ':'::text, 1)) AND (j.msg_id = ("substring"(jobs_show.id, ':([0-9]{1,18})$'::text))::bigint))),
  (SELECT (((to_jsonb(f.*) - 'queue'::text) - 'msg_id'::text) || jsonb_build_object('id', jobs_show.id, 'state', 'done', 'history', jsonb_build_array())) FROM private.finished_jobs
  f WHERE ((f.queue = ('jobs_'::text || split_part(jobs_show.id, ':'::text, 1))) AND (f.msg_id = ("substring"(jobs_show.id, ':([0-9]{1,18})$'::text))::bigint))));

CREATE OR REPLACE FUNCTION public.jobs_show (
  id text
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
RETURN private.jobs_show(id);

REVOKE ALL ON FUNCTION "public"."jobs_show"(text) FROM PUBLIC, "anon", "authenticated";

CREATE VIEW "private"."job_numbers" WITH (security_invoker=true) AS  WITH live AS (
         SELECT jobs.priority,
            jobs.kind,
            count(*) FILTER (WHERE (jobs.state = 'ready'::text)) AS ready,
            count(*) FILTER (WHERE (jobs.state = 'running'::text)) AS running,
            count(*) FILTER (WHERE (jobs.state = 'waiting'::text)) AS waiting,
            count(*) FILTER (WHERE (jobs.state = 'dead'::text)) AS dead,
            min(jobs.due_at) FILTER (WHERE (jobs.state = 'ready'::text)) AS oldest_ready_at
           FROM private.jobs
          GROUP BY jobs.priority, jobs.kind
        ), ended AS (
         SELECT job_stats.kind,
            (sum(job_stats.done))::bigint AS done,
            (sum((job_stats.retried + job_stats.dead)))::bigint AS failed,
            sum(job_stats.seconds) AS seconds
           FROM private.job_stats
          WHERE (job_stats.minute > (now() - '01:00:00'::interval))
          GROUP BY job_stats.kind
        )
 SELECT live.oldest_ready_at,
    COALESCE(live.priority, ''::text) AS priority,
    COALESCE(live.kind, ended.kind, ''::text) AS kind,
    COALESCE(live.ready, (0)::bigint) AS ready,
    COALESCE(live.running, (0)::bigint) AS running,
    COALESCE(live.waiting, (0)::bigint) AS waiting,
    COALESCE(live.dead, (0)::bigint) AS dead,
    COALESCE(ended.done, (0)::bigint) AS done,
    COALESCE(ended.failed, (0)::bigint) AS failed,
    COALESCE(ended.seconds, (0)::double precision) AS seconds
   FROM (live
     FULL JOIN ended ON ((live.kind = ended.kind)));

CREATE OR REPLACE FUNCTION private.jobs_stats()
  RETURNS TABLE (
    priority        text,
    kind            text,
    ready           bigint,
    running         bigint,
    waiting         bigint,
    dead            bigint,
    done_1h         bigint,
    failed_1h       bigint,
    seconds_1h      double precision,
    oldest_ready_at timestamp with time zone,
    paused          boolean
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
 SELECT n.priority,
     n.kind,
     n.ready,
     n.running,
     n.waiting,
     n.dead,
     n.done,
     n.failed,
     n.seconds,
     n.oldest_ready_at,
     (EXISTS ( SELECT
            FROM private.job_pauses p
           WHERE (p.target = ANY (ARRAY[n.kind, ('jobs_'::text || n.priority)]))))
  AS "exists"
    FROM private.job_numbers n
   ORDER BY n.kind, n.priority;
END;

CREATE OR REPLACE FUNCTION public.jobs_stats()
  RETURNS TABLE (
    priority        text,
    kind            text,
    ready           bigint,
    running         bigint,
    waiting         bigint,
    dead            bigint,
    done_1h         bigint,
    failed_1h       bigint,
    seconds_1h      double precision,
    oldest_ready_at timestamp with time zone,
    paused          boolean
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT s.priority,
     s.kind,
     s.ready,
     s.running,
     s.waiting,
     s.dead,
     s.done_1h,
     s.failed_1h,
     s.seconds_1h,
     s.oldest_ready_at,
     s.paused
    FROM private.jobs_stats() s(priority, kind, ready, running, waiting, dead, done_1h, failed_1h, seconds_1h, oldest_ready_at, paused);
END;

REVOKE ALL ON FUNCTION "public"."jobs_stats"() FROM PUBLIC, "anon", "authenticated";

CREATE INDEX dead_jobs_kind_idx ON private.dead_jobs USING btree (kind, died_at);

CREATE INDEX dead_jobs_parent_idx ON private.dead_jobs USING btree (parent)
  WHERE (parent IS NOT NULL);

CREATE INDEX finished_jobs_finished_at_idx ON private.finished_jobs USING btree (finished_at);

CREATE INDEX finished_jobs_firm_id_idx ON private.finished_jobs USING btree (firm_id, finished_at)
  WHERE (firm_id IS NOT NULL);

CREATE INDEX finished_jobs_kind_idx ON private.finished_jobs USING btree (kind, finished_at);

CREATE INDEX finished_jobs_parent_idx ON private.finished_jobs USING btree (parent)
  WHERE (parent IS NOT NULL);

CREATE INDEX job_buckets_filled_at_idx ON private.job_buckets USING btree (filled_at);

CREATE INDEX job_keys_expires_at_idx ON private.job_keys USING btree (expires_at)
  WHERE (expires_at IS NOT NULL);

CREATE INDEX job_schedules_firm_id_idx ON private.job_schedules USING btree (firm_id)
  WHERE (firm_id IS NOT NULL);

CREATE INDEX job_schedules_next_at_idx ON private.job_schedules USING btree (next_at)
  WHERE (paused_at IS NULL);

CREATE POLICY "finished_jobs_nobody" ON "private"."finished_jobs"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "job_buckets_nobody" ON "private"."job_buckets"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "job_limits_nobody" ON "private"."job_limits"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "job_parents_nobody" ON "private"."job_parents"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "job_pauses_nobody" ON "private"."job_pauses"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "job_schedules_nobody" ON "private"."job_schedules"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "job_stats_nobody" ON "private"."job_stats"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

COMMENT ON COLUMN "private"."dead_jobs"."parent" IS 'The id of the job that waited for this one.';

COMMENT ON COLUMN "private"."finished_jobs"."parent" IS 'The id of the job that waited for this one.';

COMMENT ON COLUMN "private"."finished_jobs"."seconds" IS 'How long the last attempt took.';

COMMENT ON COLUMN "private"."job_schedules"."cron" IS 'Minute, hour, day of the month, month, day of the week, as in crontab(5); in time_zone.';

COMMENT ON COLUMN "private"."job_schedules"."error" IS 'Why it was paused, if a runner had to.';

COMMENT ON COLUMN "private"."job_schedules"."if_missed" IS 'What becomes of times that passed while nobody looked: skip them, run once for all, or run each.';

COMMENT ON COLUMN "private"."job_schedules"."if_running" IS 'What becomes of a time at which the last run has not ended: skip it, or queue another.';

COMMENT ON COLUMN "private"."job_schedules"."next_at" IS 'Null: whoever looks next works it out.';

COMMENT ON COLUMN "private"."job_stats"."seconds" IS 'What the handlers of those that are done took.';

COMMENT ON FUNCTION "private"."check_job"(text, jsonb[], text) IS 'Refuses what cannot be a job: its kind, its payloads, its priority.';

COMMENT ON FUNCTION "private"."children_ended"(text[], text[], timestamp with time zone) IS 'Counts children that ended, by the ids of those who wait for them, and wakes those whose last
it was.';

COMMENT ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp with time zone) IS 'Adds outcomes to private.job_stats: [{kind, done, retry, snooze, dead, seconds}, …].';

COMMENT ON FUNCTION "private"."enqueue"(text, jsonb, uuid, text, interval, text, interval, text) IS 'Queues a job in the caller''s transaction and returns its message id. A unique_key is taken until
the job ends, and for unique_for at least. If it is taken, if_queued says what happens: ignore
changes nothing and returns null; replace puts this job in the place of one that is not running
yet; extend lets such a one wait for delay from now, and returns its id. Where the earlier job is
running, replace and extend queue this one behind it.';

COMMENT ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text) IS 'Queues one job for each payload, with one statement. Returns their message ids in that order.';

COMMENT ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) IS 'A new job as it lies in its queue: see private.jobs.';

COMMENT ON FUNCTION "private"."job_room"(text, text, timestamp with time zone) IS 'How many jobs of the kind may start now for the firm, or for all together where firm is null. Null
where nothing limits them.';

COMMENT ON FUNCTION "private"."jobs_ack"(text, jsonb, timestamp with time zone) IS 'Ends jobs that succeeded: [[id, read, milliseconds, result], …], the last two if there are any.
Results are kept, and their unique keys are free again. Returns how many of each kind that were,
and the jobs that waited for them.';

COMMENT ON FUNCTION "private"."jobs_bury"(text, bigint, timestamp with time zone) IS 'Moves a job from its queue to the dead letters and frees its unique key. Returns the job that
waited for it, if there is one.';

COMMENT ON FUNCTION "private"."jobs_cancel"(text) IS 'Definer of public.jobs_cancel.';

COMMENT ON FUNCTION "private"."jobs_children"(text) IS 'Definer of public.jobs_children.';

COMMENT ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp with time zone, text, text[], text) IS 'Leases up to qty due jobs of one queue; the lanes take turns, beginning after place, and of each
the longest due come first. Kinds that are barred are left alone. claims: one
[[id, read, message], …] or more;
place: the lane to go on after; busy: whether another runner kept this one from a lane.';

COMMENT ON FUNCTION "private"."jobs_controls"() IS 'Definer of public.jobs_controls.';

COMMENT ON FUNCTION "private"."jobs_dead"(text, text, uuid, timestamp with time zone, integer) IS 'Definer of public.jobs_dead.';

COMMENT ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) IS 'Definer of public.jobs_enqueue.';

COMMENT ON FUNCTION "private"."jobs_extend"(text, jsonb, interval, timestamp with time zone) IS 'Renews leases: [[id, read, progress], …], progress if it has changed: {fraction, note}. Returns
those that are no longer held: [[queue, id, read], …].';

COMMENT ON FUNCTION "private"."jobs_fail"(text, jsonb, timestamp with time zone, text) IS 'Settles attempts that did not succeed: [{id, read, outcome, code, error, after_s}]. retry comes
back after after_s or the backoff, snooze too but costs no attempt, dead goes to the dead letters;
wait, with children and state, comes back when its children have ended. Returns as jobs_ack.';

COMMENT ON FUNCTION "private"."jobs_fan_out"(text, bigint, jsonb, timestamp with time zone) IS 'Queues the children a job waits for: [{kind, payload, firm_id, priority}, …]. Returns false, with
the reason in the history of the job, where they cannot be queued.';

COMMENT ON FUNCTION "private"."jobs_limit"(text, jsonb) IS 'Definer of public.jobs_limit.';

COMMENT ON FUNCTION "private"."jobs_list"(jsonb, integer) IS 'Definer of public.jobs_list.';

COMMENT ON FUNCTION "private"."jobs_pause"(text, boolean) IS 'Definer of public.jobs_pause.';

COMMENT ON FUNCTION "private"."jobs_purge"(text, text, uuid, timestamp with time zone, integer) IS 'Definer of public.jobs_purge.';

COMMENT ON FUNCTION "private"."jobs_rates"(integer) IS 'Definer of public.jobs_rates.';

COMMENT ON FUNCTION "private"."jobs_redrive"(text, text, uuid, timestamp with time zone, integer) IS 'Definer of public.jobs_redrive.';

COMMENT ON FUNCTION "private"."jobs_retry"(text) IS 'Definer of public.jobs_retry.';

COMMENT ON FUNCTION "private"."jobs_running"(text, text, timestamp with time zone) IS 'How many jobs of a kind with limits run: of one firm, or of all where firm is null.';

COMMENT ON FUNCTION "private"."jobs_schedule_fire"(text, timestamp with time zone, timestamp with time zone[], timestamp with time zone, text) IS 'Definer of public.jobs_schedule_fire.';

COMMENT ON FUNCTION "private"."jobs_schedule_pause"(text, boolean) IS 'Definer of public.jobs_schedule_pause.';

COMMENT ON FUNCTION "private"."jobs_schedule_remove"(text) IS 'Definer of public.jobs_schedule_remove.';

COMMENT ON FUNCTION "private"."jobs_schedule_set"(jsonb) IS 'Definer of public.jobs_schedule_set.';

COMMENT ON FUNCTION "private"."jobs_schedules"() IS 'Definer of public.jobs_schedules.';

COMMENT ON FUNCTION "private"."jobs_schedules_due"(timestamp with time zone) IS 'The schedules that have a time to use, or none yet.';

COMMENT ON FUNCTION "private"."jobs_show"(text) IS 'Definer of public.jobs_show.';

COMMENT ON FUNCTION "private"."jobs_stats"() IS 'Definer of public.jobs_stats.';

COMMENT ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) IS 'One round trip of a runner: settles its last jobs, renews the leases of the running ones (vt, in
seconds), claims up to qty (at most 500) from the queues in their order and waits up to wait_ms (at
most 5000) for the first. done: {queue: [[id, read, milliseconds, result], …]}; fail: {queue: [{id,
read, outcome, code, error, after_s, children, state}, …]}; extend: {queue: [[id, read, progress],
…]}. skip: kinds it wants none of now; places: what the last answer said. The answer has jobs:
[{queue, claims: [[id, read, message], …]}, …]; lost: the leases that are not held any more; busy:
that another runner kept this one from something due; schedules: those with a time to use. A runner
built for another schema version gets no jobs.';

COMMENT ON FUNCTION "private"."jobs_take"(text, text[], integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each. held: mark them as running, for
the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, interval, timestamp with time zone, text) IS 'Leases due jobs of one lane: its share of qty, and of what private.job_limits admits, with those
among which it takes its turn. full: its kind has no room for any firm.';

COMMENT ON FUNCTION "private"."jobs_walk"(text, text, timestamp with time zone, text[], integer, integer) IS 'The lanes after place that have something due; last is the one to go on from, null at the end.';

COMMENT ON FUNCTION "private"."lane_kind"(text) IS 'The kind of the jobs of a lane.';

COMMENT ON FUNCTION "private"."no_such_schedule"(text) IS 'Refuses a name that no schedule has.';

COMMENT ON FUNCTION "private"."postpone_waiting_job"(text, bigint, timestamp with time zone) IS 'Moves the time of a job that no runner holds. Returns whether there was one.';

COMMENT ON FUNCTION "private"."prune_jobs"() IS 'Deletes what the engine needs no longer: old counts, full buckets, expired keys. Returns how
many.';

COMMENT ON FUNCTION "private"."queues_due"(text[], timestamp with time zone) IS 'Those of the queues that have something due, in the order in which to claim from them.';

COMMENT ON FUNCTION "private"."run_schedule"(private.job_schedules, timestamp with time zone) IS 'Queues the job of a schedule for one of its times. Returns 1, or 0 where its last run has not ended
and it says to skip.';

COMMENT ON FUNCTION "private"."take_job_key"(text, text, text, timestamp with time zone, timestamp with time zone, text) IS 'Takes the unique key for a job that is about to be queued: null. Else the id of the job that will
do instead, 0 if nothing is to be done.';

COMMENT ON FUNCTION "private"."take_tokens"(text, text, integer, timestamp with time zone) IS 'Counts jobs that start against the rates of their kind.';

COMMENT ON FUNCTION "private"."tokens_left"(text, text, integer, interval, timestamp with time zone) IS 'What is in a bucket at that time. Null where there is no rate.';

COMMENT ON FUNCTION "private"."wake_parent"(text, bigint, timestamp with time zone) IS 'Makes a job due whose children have all ended.';

COMMENT ON FUNCTION "private"."withdraw_waiting_job"(text, bigint) IS 'Takes a job out of its queue unless a runner holds it.';

COMMENT ON FUNCTION "public"."jobs_cancel"(text) IS 'Ends a job that has not ended, also one that runs: its runner loses it. It is kept with the dead
jobs, with the code cancelled. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_children"(text) IS 'How the jobs ended that this one waited for. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_controls"() IS 'What is paused, since when, and the limits of the kinds. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_dead"(text, text, uuid, timestamp with time zone, integer) IS 'Dead jobs, chosen as in jobs_redrive: their count, and the last that died. For the secret key
only.';

COMMENT ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) IS 'Queues a job, or one for each object in an array of payloads; returns their numbers. delay_s and
unique_for_s are seconds; if_queued (ignore, replace, extend) says what becomes of it while another
holds the unique_key. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_limit"(text, jsonb) IS 'Sets what private.job_limits holds for a kind; without limits, none. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_list"(text, text, uuid, text, integer) IS 'Jobs in a state (ready, running, waiting, dead, done) or, without one, all but those that are
done; the latest due first. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_pause"(text, boolean) IS 'Starts no job of a kind or a queue any more, or does again; what runs goes on. For the secret key
only.';

COMMENT ON FUNCTION "public"."jobs_purge"(text, text, uuid, timestamp with time zone, integer) IS 'Forgets dead jobs, chosen as in jobs_redrive. Returns how many. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_rates"(integer) IS 'How many attempts of each kind ended in each of the last minutes, and how; the last of them is the
one that goes on. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_redrive"(text, text, uuid, timestamp with time zone, integer) IS 'Queues dead jobs again, the oldest first, at most 1000: of a kind, that died with a code, of a
firm, or all; those of whose unique_key another is queued already are dropped. Returns how many were
queued and queued_already. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_retry"(text) IS 'Queues a dead job again, its attempts counted anew. Returns its new id. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_schedule_fire"(text, timestamp with time zone, timestamp with time zone[], timestamp with time zone, text) IS 'Uses the time expected_at of a schedule: queues a job for each of run_at and puts next_at in its
place; or pauses it because of an error. Does nothing where another runner was first. Returns how
many jobs were queued. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_schedule_pause"(text, boolean) IS 'Pauses a schedule or lets it go on with its next time. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_schedule_remove"(text) IS 'Removes a schedule; what it has queued still runs. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_schedule_set"(jsonb) IS 'Makes a schedule or changes the one of that name: the columns of private.job_schedules, those that
are absent by default. next_at is its first time. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_schedules"() IS 'Every schedule, for the secret key only.';

COMMENT ON FUNCTION "public"."jobs_show"(text) IS 'One job with its payload and history, null if there is none. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_stats"() IS 'How many jobs of each kind are in which state, how many ended in the last hour and how long their
handlers took. For the secret key only.';

COMMENT ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) IS 'One round trip of a runner, for the secret key only.';

COMMENT ON TABLE "private"."finished_jobs" IS 'Jobs that succeeded and had something to say: a result, or a job that waited for them. What the
others did is in the rows they worked on.';

COMMENT ON TABLE "private"."job_buckets" IS 'What is left of the rates in private.job_limits; no row is a full bucket. firm: / and the firm''s
id, empty for the bucket of all firms.';

COMMENT ON TABLE "private"."job_keys" IS 'The unique keys of the jobs that are queued or running, and of those whose time is not yet up.';

COMMENT ON TABLE "private"."job_limits" IS 'How many jobs of a kind may run at once and how many may start in a period: in all, and of each
firm. Null is no limit. Whoever claims jobs of such a kind locks its row, so that two runners never
overstep together.';

COMMENT ON TABLE "private"."job_parents" IS 'Jobs that wait for others: how many of those have not ended, and how the rest did.';

COMMENT ON TABLE "private"."job_pauses" IS 'Kinds (file.process) and queues (jobs_low) of which no job starts until they are resumed.';

COMMENT ON TABLE "private"."job_schedules" IS 'Jobs that are queued again and again, by the clock.';

COMMENT ON TABLE "private"."job_stats" IS 'How many attempts of each kind ended in each minute, and how: counted as they end, so that nobody
has to count what is kept.';

COMMENT ON VIEW "private"."job_numbers" IS 'How many jobs of each kind are in which state now, and what became of attempts in the last hour.';

COMMENT ON VIEW "private"."jobs" IS 'Every job that is queued, running or dead. due_at: when it may run, its lease ends, or it died.';

REVOKE ALL ON FUNCTION "private"."check_job"(text, jsonb[], text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_job"(text, jsonb[], text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."check_job"(text, jsonb[], text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."children_ended"(text[], text[], timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."children_ended"(text[], text[], timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."children_ended"(text[], text[], timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_jobs"(jsonb, text, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."enqueue"(text, jsonb, uuid, text, interval, text, interval, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."enqueue"(text, jsonb, uuid, text, interval, text, interval, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."enqueue"(text, jsonb, uuid, text, interval, text, interval, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."enqueue_many"(text, jsonb[], uuid, interval, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."job_message"(text, jsonb, uuid, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."job_room"(text, text, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."job_room"(text, text, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."job_room"(text, text, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_ack"(text, jsonb, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_ack"(text, jsonb, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_ack"(text, jsonb, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_bury"(text, bigint, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_bury"(text, bigint, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_bury"(text, bigint, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_cancel"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_cancel"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_cancel"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_cancel"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_children"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_children"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_children"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_children"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_controls"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_controls"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_controls"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_controls"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_fail"(text, jsonb, timestamp WITH time zone, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_fail"(text, jsonb, timestamp WITH time zone, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_fail"(text, jsonb, timestamp WITH time zone, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_fan_out"(text, bigint, jsonb, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_fan_out"(text, bigint, jsonb, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_fan_out"(text, bigint, jsonb, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_limit"(text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_limit"(text, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_limit"(text, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_limit"(text, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_list"(jsonb, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_list"(jsonb, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_list"(jsonb, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_list"(jsonb, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_pause"(text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_pause"(text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_pause"(text, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_pause"(text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_rates"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_rates"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_rates"(integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_rates"(integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_running"(text, text, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_running"(text, text, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_running"(text, text, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_schedule_pause"(text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedule_pause"(text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_pause"(text, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_pause"(text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_schedule_remove"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedule_remove"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_remove"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_remove"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_schedule_set"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedule_set"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_set"(jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedule_set"(jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_schedules"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedules"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedules"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedules"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_schedules_due"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_show"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_show"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_show"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_show"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_stats"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_stats"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_stats"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_stats"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."jobs_take"(text, text[], integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_take"(text, text[], integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_take"(text, text[], integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, interval, timestamp WITH time zone, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, interval, timestamp WITH time zone, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, interval, timestamp WITH time zone, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_walk"(text, text, timestamp WITH time zone, text[], integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_walk"(text, text, timestamp WITH time zone, text[], integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_walk"(text, text, timestamp WITH time zone, text[], integer, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lane_kind"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lane_kind"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lane_kind"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."no_such_schedule"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."no_such_schedule"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."no_such_schedule"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."postpone_waiting_job"(text, bigint, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."postpone_waiting_job"(text, bigint, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."postpone_waiting_job"(text, bigint, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."prune_jobs"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."prune_jobs"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."prune_jobs"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."queues_due"(text[], timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."queues_due"(text[], timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."queues_due"(text[], timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."run_schedule"(private.job_schedules, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."run_schedule"(private.job_schedules, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."run_schedule"(private.job_schedules, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."take_job_key"(text, text, text, timestamp WITH time zone, timestamp WITH time zone, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_job_key"(text, text, text, timestamp WITH time zone, timestamp WITH time zone, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."take_job_key"(text, text, text, timestamp WITH time zone, timestamp WITH time zone, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."take_tokens"(text, text, integer, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_tokens"(text, text, integer, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."take_tokens"(text, text, integer, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tokens_left"(text, text, integer, interval, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tokens_left"(text, text, integer, interval, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tokens_left"(text, text, integer, interval, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."wake_parent"(text, bigint, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wake_parent"(text, bigint, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."wake_parent"(text, bigint, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."withdraw_waiting_job"(text, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."withdraw_waiting_job"(text, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."withdraw_waiting_job"(text, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "public"."jobs_cancel"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_cancel"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_cancel"(text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_children"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_children"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_children"(text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_controls"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_controls"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_controls"() TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_dead"(text, text, uuid, timestamp WITH time zone, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_enqueue"(text, jsonb, uuid, text, double precision, text, double precision, text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_limit"(text, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_limit"(text, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_limit"(text, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_list"(text, text, uuid, text, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_list"(text, text, uuid, text, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_list"(text, text, uuid, text, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_pause"(text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_pause"(text, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_pause"(text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_purge"(text, text, uuid, timestamp WITH time zone, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_rates"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_rates"(integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_rates"(integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_redrive"(text, text, uuid, timestamp WITH time zone, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_fire"(text, timestamp WITH time zone, timestamp WITH time zone[], timestamp WITH time zone, text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_schedule_pause"(text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_pause"(text, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_pause"(text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_schedule_remove"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_remove"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_remove"(text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_schedule_set"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_set"(jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedule_set"(jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_schedules"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedules"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_schedules"() TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_show"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_show"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_show"(text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_stats"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_stats"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_stats"() TO "service_role";

REVOKE ALL ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) TO "service_role";


CREATE INDEX q_jobs_high_lane_idx ON pgmq.q_jobs_high (
  (coalesce(message ->> 'lane', ':') collate "C"), vt
);
CREATE INDEX q_jobs_default_lane_idx ON pgmq.q_jobs_default (
  (coalesce(message ->> 'lane', ':') collate "C"), vt
);
CREATE INDEX q_jobs_low_lane_idx ON pgmq.q_jobs_low (
  (coalesce(message ->> 'lane', ':') collate "C"), vt
);

-- What nobody was granted has no list of rights yet: it is written down that there are none.
REVOKE ALL ON private.finished_jobs, private.job_buckets, private.job_limits, private.job_parents,
private.job_pauses, private.job_schedules, private.job_stats, private.job_numbers, private.jobs
FROM public, anon, authenticated, service_role;
