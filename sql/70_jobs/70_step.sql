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
  poll_ms integer
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  lease constant interval := make_interval(secs => jobs_step.vt);
  at timestamptz := clock_timestamp();
  deadline timestamptz := at + make_interval(secs => least(jobs_step.wait_ms, 5000) / 1000.0);
  pause double precision := jobs_step.poll_ms / 1000.0;
  lost jsonb := '[]';
  jobs jsonb := '[]';
  tick jsonb;
  queue text;
  items jsonb;
begin
  -- A crash of the server may bring a settled job back, which every handler must bear anyway.
  perform set_config('synchronous_commit', 'off', true);

  for queue, items in select key, value from jsonb_each(jobs_step.done) loop
    perform private.jobs_ack(queue, items);
  end loop;
  for queue, items in select key, value from jsonb_each(jobs_step.fail) loop
    perform private.jobs_fail(queue, items, at, jobs_step.worker);
  end loop;
  for queue, items in select key, value from jsonb_each(jobs_step.extend) loop
    lost := lost || private.jobs_extend(queue, items, lease, at);
  end loop;

  if jobs_step.version = private.schema_version() and jobs_step.qty > 0 then
    tick := private.jobs_tick();
    -- What was done so far counts, and its locks go, when this transaction ends: wait for new jobs
    -- only with empty hands.
    if tick is not null or jobs_step.done || jobs_step.fail || jobs_step.extend <> '{}' then
      deadline := at;
    end if;
    loop
      foreach queue in array jobs_step.queues loop
        jobs := jobs || private.jobs_claim(
          queue, least(jobs_step.qty, 500) - jsonb_array_length(jobs), lease, at, jobs_step.worker);
        exit when jsonb_array_length(jobs) >= jobs_step.qty;
      end loop;
      exit when jobs <> '[]' or clock_timestamp() >= deadline;
      perform pg_sleep(pause);
      pause := least(pause * 1.5, 0.05);
      at := clock_timestamp();
    end loop;
  end if;

  return jsonb_build_object(
    'schema', private.schema_version(), 'jobs', jobs, 'lost', lost, 'tick', tick);
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
  poll_ms integer default 5
) returns jsonb
language sql
volatile
set search_path = ''
-- The wait inside, and the clock's work, may outlast the role's own limit.
set statement_timeout = '30s'
return private.jobs_step(worker, version, queues, qty, vt, done, fail, extend, wait_ms, poll_ms);

revoke execute on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) from public, anon, authenticated;
revoke execute on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) from public, anon, authenticated;
grant execute on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) to service_role;
grant execute on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) to service_role;

comment on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) is
'One round trip of a runner: settles its last jobs, renews the leases of the running ones (vt, in
seconds), claims up to qty (at most 500) from the queues in their order and waits up to wait_ms (at
most 5000) for the first. done and extend: {queue: [[id, read], …]}; fail: {queue: [{id, read,
outcome, code, error, after_s}, …]}. A runner built for another schema version gets no jobs.';
comment on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) is
'One round trip of a runner, for the secret key only.';
