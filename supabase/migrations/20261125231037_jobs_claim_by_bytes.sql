SET local check_function_bodies = off;

DROP FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text);

DROP FUNCTION "private"."jobs_default_take"(text[], integer, interval, timestamp WITH time zone, text, boolean);

DROP FUNCTION "private"."jobs_high_take"(text[], integer, interval, timestamp WITH time zone, text, boolean);

DROP FUNCTION "private"."jobs_low_take"(text[], integer, interval, timestamp WITH time zone, text, boolean);

DROP FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, interval, timestamp WITH time zone, text);

CREATE OR REPLACE FUNCTION private.jobs_claim (
  queue  text,
  qty    integer,
  lease  interval,
  at     timestamp with time zone,
  worker text,
  barred text[],
  INOUT  place text,
  INOUT  room_bytes integer,
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
      execute format('select * from private.%I($1, $2, $3, $4, $5, $6, held => false)',
        queue || '_take')
      into part using due, qty - taken, room_bytes, lease, at, worker;
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      room_bytes := room_bytes - part.bytes;
      gained := gained + part.taken + part.died;
      dead_parents := dead_parents || part.dead_parents;
    end if;
    for n in 1 .. cardinality(limited) loop
      exit when taken >= jobs_claim.qty or room_bytes <= 0;
      continue when private.lane_kind(limited[n]) = any (barred);
      part := private.jobs_take_limited(jobs_claim.queue, limited[n], limited[n:],
        jobs_claim.qty - taken, room_bytes, jobs_claim.lease, jobs_claim.at, jobs_claim.worker);
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      room_bytes := room_bytes - part.bytes;
      gained := gained + part.taken + part.died;
      busy := busy or part.busy;
      if part."full" then
        -- Its other lanes need not be looked at.
        barred := barred || private.lane_kind(limited[n]);
      end if;
      dead_parents := dead_parents || part.dead_parents;
    end loop;
    place := coalesce(last, '');
    exit when taken >= jobs_claim.qty or room_bytes <= 0;
    if last is null then
      exit when whole and gained = 0;
      whole := true;
      gained := 0;
    end if;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_default_take (
  lanes      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  held       boolean,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[]
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
  with picked as (
    select picked.msg_id, picked.bytes,
      row_number() over (partition by l.lane order by picked.vt) as turn
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_jobs_default as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_default_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
  ), due as materialized (
    select d.msg_id, d.bytes
    from (
      select p.msg_id, p.bytes, p.turn,
        sum(p.bytes) over (order by p.turn rows unbounded preceding) as so_far
      from picked as p
    ) as d
    -- The first goes in any case.
    where d.so_far - d.bytes < most_bytes
    order by d.turn
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
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail('jobs_default', crashing, at, worker)).parents;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_high_take (
  lanes      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  held       boolean,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[]
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
  with picked as (
    select picked.msg_id, picked.bytes,
      row_number() over (partition by l.lane order by picked.vt) as turn
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_jobs_high as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_high_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
  ), due as materialized (
    select d.msg_id, d.bytes
    from (
      select p.msg_id, p.bytes, p.turn,
        sum(p.bytes) over (order by p.turn rows unbounded preceding) as so_far
      from picked as p
    ) as d
    -- The first goes in any case.
    where d.so_far - d.bytes < most_bytes
    order by d.turn
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
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail('jobs_high', crashing, at, worker)).parents;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_low_take (
  lanes      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  held       boolean,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[]
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
  with picked as (
    select picked.msg_id, picked.bytes,
      row_number() over (partition by l.lane order by picked.vt) as turn
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_jobs_low as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_low_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
  ), due as materialized (
    select d.msg_id, d.bytes
    from (
      select p.msg_id, p.bytes, p.turn,
        sum(p.bytes) over (order by p.turn rows unbounded preceding) as so_far
      from picked as p
    ) as d
    -- The first goes in any case.
    where d.so_far - d.bytes < most_bytes
    order by d.turn
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
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail('jobs_low', crashing, at, worker)).parents;
  end if;
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
  room integer := least(jobs_step.qty, 2000);
  -- An answer the runner can hold, whatever the payloads are.
  room_bytes integer := 16 * 1024 * 1024;
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
          coalesce(jobs_step.places ->> queue, ''), room_bytes);
        room := room - part.taken;
        room_bytes := part.room_bytes;
        busy := busy or part.busy;
        dead_parents := dead_parents || part.dead_parents;
        jobs_step.places := jobs_step.places || jsonb_build_object(queue, part.place);
        jobs := jobs || array(
          select json_build_object('queue', queue, 'claims', c.batch)
          from unnest(part.claims) as c (batch) where c.batch is not null
        );
        exit when room <= 0 or room_bytes <= 0;
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
  queue      text,
  lane       text,
  among      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[],
  OUT        busy boolean,
  OUT        "full" boolean
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
  bytes := 0;
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
    execute format('select * from private.%I($1, $2, $3, $4, $5, $6, held => true)', queue || '_take')
    into part using array[lane], qty, most_bytes, lease, at, worker;
    claims := part.claims;
    taken := part.taken;
    bytes := part.bytes;
    died := part.died;
    dead_parents := part.dead_parents;
    perform private.take_tokens(lane_kind, firm, taken, at);
  end if;
end
$function$;

COMMENT ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp with time zone, text, text[], text, integer) IS 'Leases up to qty due jobs of one queue; the lanes take turns, beginning after place, and of each
the longest due come first. Kinds that are barred are left alone. claims: one
[[id, read, message], …] or more;
place: the lane to go on after; room_bytes: what may still be claimed, and is left then; busy: whether another runner kept this one from a lane.';

COMMENT ON FUNCTION "private"."jobs_default_take"(text[], integer, integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each, and no more once they have
most_bytes. held: mark them as running, for the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_high_take"(text[], integer, integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each, and no more once they have
most_bytes. held: mark them as running, for the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_low_take"(text[], integer, integer, interval, timestamp with time zone, text, boolean) IS 'Leases up to qty due jobs of these lanes, the same number of each, and no more once they have
most_bytes. held: mark them as running, for the count of their kind. Jobs in a crash loop die.';

COMMENT ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) IS 'One round trip of a runner: settles its last jobs, renews the leases of the running ones (vt, in
seconds), claims up to qty (at most 2000, and 16 MiB) from the queues in their order and waits up to
wait_ms (at most 5000) for the first. done: {queue: [[id, read, milliseconds, result], …]}; fail: {queue: [{id,
read, outcome, code, error, after_s, children, state}, …]}; extend: {queue: [[id, read, progress],
…]}. skip: kinds it wants none of now; places: what the last answer said. The answer has jobs:
[{queue, claims: [[id, read, message], …]}, …]; lost: the leases that are not held any more; busy:
that another runner kept this one from something due; schedules: those with a time to use. A runner
built for another schema version gets no jobs.';

COMMENT ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, integer, interval, timestamp with time zone, text) IS 'Leases due jobs of one lane: its share of qty, and of what private.job_limits admits, with those
among which it takes its turn. full: its kind has no room for any firm.';

REVOKE ALL ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_claim"(text, integer, interval, timestamp WITH time zone, text, text[], text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_default_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_default_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_default_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_high_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_high_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_high_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_low_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_low_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_low_take"(text[], integer, integer, interval, timestamp WITH time zone, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, integer, interval, timestamp WITH time zone, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, integer, interval, timestamp WITH time zone, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."jobs_take_limited"(text, text, text[], integer, integer, interval, timestamp WITH time zone, text) TO "postgres";

-- A claim counts the bytes it hands out, which a compressed message would not tell.
alter table pgmq.q_jobs_high alter column message set storage external;
alter table pgmq.q_jobs_default alter column message set storage external;
alter table pgmq.q_jobs_low alter column message set storage external;
