create function private.jobs_step(
  worker text,
  version integer,
  queues text[],
  qty integer,
  vt integer,
  done jsonb,
  fail jsonb,
  extend jsonb,
  wait_ms integer,
  poll_ms integer,
  skip text[],
  places jsonb
) returns json
language plpgsql
security definer
set search_path = ''
as $$
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
$$;

create function private.queues_due(queues text[], at timestamptz) returns text[]
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
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
$$;

-- Not in SQL: that language plans anew with each call.
create function private.count_jobs(counts jsonb, worker text, at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
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
$$;

create function public.jobs_step(
  worker text,
  version integer,
  queues text[] default '{jobs_high,jobs_default,jobs_low}',
  qty integer default 1,
  vt integer default 30,
  done jsonb default '{}',
  fail jsonb default '{}',
  extend jsonb default '{}',
  wait_ms integer default 0,
  poll_ms integer default 2,
  skip text[] default '{}',
  places jsonb default '{}'
) returns json
language sql
volatile
set search_path = ''
-- The wait inside, and the clock's work, may outlast the role's own limit.
set statement_timeout = '30s'
return private.jobs_step(
  worker, version, queues, qty, vt, done, fail, extend, wait_ms, poll_ms, skip, places
);

revoke execute on function private.queues_due(text[], timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.count_jobs(jsonb, text, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb
) from public, anon, authenticated;
revoke execute on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb
) from public, anon, authenticated;
grant execute on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb
) to service_role;
grant execute on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb
) to service_role;

comment on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb
) is
'One round trip of a runner: settles its last jobs, renews the leases of the running ones (vt, in
seconds), claims up to qty (at most 2000, and 16 MiB) from the queues in their order and waits up to
wait_ms (at most 5000) for the first. done: {queue: [[id, read, milliseconds, result], …]}; fail: {queue: [{id,
read, outcome, code, error, after_s, children, state}, …]}; extend: {queue: [[id, read, progress],
…]}. skip: kinds it wants none of now; places: what the last answer said. The answer has jobs:
[{queue, claims: [[id, read, message], …]}, …]; lost: the leases that are not held any more; busy:
that another runner kept this one from something due; schedules: those with a time to use. A runner
built for another schema version gets no jobs.';
comment on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb
) is
'One round trip of a runner, for the secret key only.';
comment on function private.queues_due(text[], timestamptz) is
'Those of the queues that have something due, in the order in which to claim from them.';
comment on function private.count_jobs(jsonb, text, timestamptz) is
'Adds outcomes to private.job_stats: [{kind, done, retry, snooze, dead, seconds}, …].';
