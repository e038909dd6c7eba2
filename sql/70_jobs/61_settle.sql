-- Fencing: an outcome counts where (msg_id, read_ct) is the claim it belongs to and that claim has
-- no outcome yet (settled < read_ct). So a late worker cannot settle somebody else's attempt, and
-- an outcome that is sent twice counts once.
create function private.jobs_ack(queue text, done jsonb) returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  execute format($ack$
    with gone as (
      delete from pgmq.%I as q
      using jsonb_array_elements($1) as d
      where q.msg_id = (d.value ->> 0)::bigint and q.read_ct = (d.value ->> 1)::integer
        and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      returning q.msg_id, q.message ->> 'kind' as kind, q.message ->> 'key' as key
    )
    delete from private.job_keys as k
    using gone
    where k.kind = gone.kind and k.key = gone.key and k.msg_id = gone.msg_id
  $ack$, 'q_' || queue) using done;
end
$$;

create function private.jobs_fail(
  queue text, failed jsonb, at timestamptz, worker text
) returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  dead bigint[];
  dead_id bigint;
begin
  execute format($fail$
    with reported as (
      select f.*, q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
        + coalesce((q.message ->> 'failures')::integer, 0) as attempt
      from jsonb_to_recordset($1)
        as f (id bigint, read integer, outcome text, code text, error text, after_s float)
      inner join pgmq.%1$I as q on q.msg_id = f.id and q.read_ct = f.read
      where coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      for update of q
    ), settled as (
      update pgmq.%1$I as q set
        vt = $2 + case r.outcome
          when 'dead' then '0'
          else coalesce(make_interval(secs => r.after_s), private.jobs_backoff(r.attempt))
        end,
        message = q.message || case r.outcome
          when 'snooze' then jsonb_build_object('settled', r.read, 'failures', r.attempt - 1)
          else jsonb_build_object('settled', r.read, 'failures', r.attempt, 'history',
            coalesce(q.message -> 'history', '[]') || jsonb_build_object(
              'at', $2, 'attempt', r.attempt, 'worker', $3,
              'code', coalesce(r.code, 'failed'), 'error', coalesce(left(r.error, 2000), '')))
        end
      from reported as r
      where q.msg_id = r.id
      returning q.msg_id, r.outcome
    )
    select array_agg(msg_id) from settled where outcome = 'dead'
  $fail$, 'q_' || queue) into dead using failed, at, worker;

  foreach dead_id in array coalesce(dead, '{}') loop
    perform private.jobs_bury(queue, dead_id, at);
  end loop;
end
$$;

create function private.jobs_bury(queue text, id bigint, at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
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
    )
    insert into private.dead_jobs (
      queue, msg_id, kind, payload, firm_id, unique_key, code, error, attempts, history, enqueued_at
    )
    select
      $1, msg_id, message ->> 'kind', message -> 'payload', (message ->> 'firm_id')::uuid,
      message ->> 'key', last ->> 'code', last ->> 'error', (message ->> 'failures')::integer,
      message -> 'history', enqueued_at
    from gone
  $bury$, 'q_' || queue) using queue, id;
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
      update pgmq.%I as q set vt = $2 + $3
      from jsonb_array_elements($1) as h
      where q.msg_id = (h.value ->> 0)::bigint and q.read_ct = (h.value ->> 1)::integer
        and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      returning h.value
    )
    select jsonb_agg(jsonb_build_array($4) || h.value)
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

revoke execute on function private.jobs_ack(text, jsonb)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_fail(text, jsonb, timestamptz, text)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_bury(text, bigint, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_extend(text, jsonb, interval, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_backoff(integer)
from public, anon, authenticated, service_role;

comment on function private.jobs_ack(text, jsonb) is
'Ends jobs that succeeded: [[id, read], …]. Their unique keys are free again.';
comment on function private.jobs_fail(text, jsonb, timestamptz, text) is
'Settles attempts that did not succeed: [{id, read, outcome, code, error, after_s}]. retry comes
back after after_s or the backoff, snooze too but costs no attempt, dead goes to the dead letters.';
comment on function private.jobs_bury(text, bigint, timestamptz) is
'Moves a job from its queue to the dead letters and frees its unique key.';
comment on function private.jobs_extend(text, jsonb, interval, timestamptz) is
'Renews leases: [[id, read], …]. Returns those that are no longer held: [[queue, id, read], …].';
comment on function private.jobs_backoff(integer) is
'The wait after a failed attempt: 5 s, tripled each time, at most an hour, a quarter more or less.';
