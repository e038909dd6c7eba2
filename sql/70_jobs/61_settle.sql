-- Fencing: an outcome counts where (msg_id, read_ct) is the claim it belongs to and that claim has
-- no outcome yet (settled < read_ct). So a late worker cannot settle somebody else's attempt, and
-- an outcome that is sent twice counts once.
--
-- For each queue one of its own, as in 59_take.sql: every step acks, few do anything else.
do $each$
declare
  queue text;
begin
  foreach queue in array '{jobs_high,jobs_default,jobs_low}'::text[] loop
    execute format($create$

create function private.%1$s_ack(
  done jsonb, at timestamptz, out counts jsonb, out parents text[]
)
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  with gone as (
    delete from pgmq.q_%1$s as q
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
      and k.msg_id = g.msg_id and (k.expires_at is null or k.expires_at <= %1$s_ack.at)
  ), kept as (
    insert into private.finished_jobs (
      queue, msg_id, kind, firm_id, parent, result, attempts, seconds, enqueued_at, finished_at
    )
    select
      '%1$s', g.msg_id, g.message ->> 'kind', (g.message ->> 'firm_id')::uuid, g.parent, g.result,
      g.attempts, g.seconds, g.enqueued_at, %1$s_ack.at
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
$$;

revoke execute on function private.%1$s_ack(jsonb, timestamptz)
from public, anon, authenticated, service_role;

comment on function private.%1$s_ack(jsonb, timestamptz) is
'Ends jobs that succeeded: [[id, read, milliseconds, result], …], the last two if there are any.
Results are kept, and their unique keys are free again. Returns how many of each kind that were,
and the jobs that waited for them.';

    $create$, queue);
  end loop;
end
$each$;

create function private.jobs_fail(
  queue text, failed jsonb, at timestamptz, worker text, out counts jsonb, out parents text[]
)
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
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
$$;

create function private.jobs_bury(queue text, id bigint, at timestamptz) returns text
language plpgsql
set search_path = ''
as $$
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
$$;

create function private.jobs_extend(
  queue text, held jsonb, lease interval, at timestamptz
) returns jsonb
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
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
$$;

create function private.jobs_backoff(attempt integer) returns interval
language sql
volatile
set search_path = ''
return least(3600, 5 * 3 ^ least(attempt - 1, 10)) * (0.75 + random() / 2) * interval '1 second';

revoke execute on function private.jobs_fail(text, jsonb, timestamptz, text)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_bury(text, bigint, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_extend(text, jsonb, interval, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_backoff(integer)
from public, anon, authenticated, service_role;

comment on function private.jobs_fail(text, jsonb, timestamptz, text) is
'Settles attempts that did not succeed: [{id, read, outcome, code, error, after_s}]. retry comes
back after after_s or the backoff, snooze too but costs no attempt, dead goes to the dead letters;
wait, with children and state, comes back when its children have ended. Returns as the acks do.';
comment on function private.jobs_bury(text, bigint, timestamptz) is
'Moves a job from its queue to the dead letters and frees its unique key. Returns the job that
waited for it, if there is one.';
comment on function private.jobs_extend(text, jsonb, interval, timestamptz) is
'Renews leases: [[id, read, progress], …], progress if it has changed: {fraction, note}. Returns
those that are no longer held: [[queue, id, read], …].';
comment on function private.jobs_backoff(integer) is
'The wait after a failed attempt: 5 s, tripled each time, at most an hour, a quarter more or less.';
