-- What a message is, said once. In `message`: kind, payload, firm_id, lane (whom it takes turns
-- with), key, parent (the job that waits for it), failures (attempts that failed), settled (read_ct
-- at the last outcome that was reported), history, progress, and, of a job that waited for others,
-- state and children (how those ended). Most may be absent. pgmq before 1.5 has no headers, so all
-- of it lives there. The state follows: a message that was read since its last outcome is held by a
-- runner until vt, else it waits for vt.
create view private.jobs
with (security_invoker = true) as
with messages as (
  select 'high' as priority, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_high
  union all
  select 'default' as priority, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_default
  union all
  select 'low' as priority, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_low
)

select
  priority || ':' || msg_id as id,
  priority,
  message ->> 'kind' as kind,
  case
    when vt <= now() then 'ready'
    when read_ct > coalesce((message ->> 'settled')::integer, 0) then 'running'
    else 'waiting'
  end as state,
  coalesce((message ->> 'failures')::integer, 0)
  + read_ct - coalesce((message ->> 'settled')::integer, 0) as attempts,
  (message ->> 'firm_id')::uuid as firm_id,
  enqueued_at,
  vt as due_at,
  message -> 'payload' as payload,
  coalesce(message -> 'history', '[]') as history,
  message -> 'progress' as progress,
  message ->> 'parent' as parent,
  msg_id
from messages
union all
select
  substr(queue, 6) || ':' || msg_id as id,
  substr(queue, 6) as priority,
  kind,
  'dead' as state,
  attempts,
  firm_id,
  enqueued_at,
  died_at as due_at,
  payload,
  history,
  null as progress,
  parent,
  msg_id
from private.dead_jobs;

revoke all on private.jobs from public, anon, authenticated, service_role;

comment on view private.jobs is
'Every job that is queued, running or dead. due_at: when it may run, its lease ends, or it died.';
