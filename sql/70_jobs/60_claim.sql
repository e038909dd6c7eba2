-- Not pgmq.read: that orders by msg_id and compares vt with a volatile clock, so it walks past
-- every delayed job. Here the time is a parameter and the walk along the vt index ends by itself.
-- The settings keep the plan at depth, where the planner would turn to a hash join and a full scan.
create function private.jobs_claim(
  queue text, qty integer, lease interval, at timestamptz, worker text
) returns jsonb
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  -- Runners lost in a row without a word. More, and it is the job that takes them down.
  lost_limit constant integer := 5;
  jobs jsonb;
  crashing jsonb;
begin
  execute format($claim$
    with claimed as (
      update pgmq.%1$I as q set vt = $1 + $2, read_ct = q.read_ct + 1
      where q.msg_id = any (array(
        select due.msg_id from pgmq.%1$I as due
        where due.vt <= $1
        order by due.vt
        limit $3
        for update skip locked
      ))
      returning q.msg_id, q.read_ct, q.message,
        q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
    )
    select
      jsonb_agg(jsonb_build_object(
        'queue', $5, 'id', msg_id, 'read', read_ct,
        'attempt', unsettled + coalesce((message ->> 'failures')::integer, 0),
        'kind', message -> 'kind', 'payload', message -> 'payload', 'firm_id', message -> 'firm_id'
      ) order by msg_id) filter (where unsettled <= $4),
      jsonb_agg(jsonb_build_object(
        'id', msg_id, 'read', read_ct, 'outcome', 'dead', 'code', 'crash_loop',
        'error', format('%%s runners in a row were lost while they ran this job.', unsettled - 1)
      )) filter (where unsettled > $4)
    from claimed
  $claim$, 'q_' || queue)
  into jobs, crashing using at, lease, qty, lost_limit, queue;

  if crashing is not null then
    perform private.jobs_fail(queue, crashing, at, worker);
  end if;
  return coalesce(jobs, '[]');
end
$$;

revoke execute on function private.jobs_claim(text, integer, interval, timestamptz, text)
from public, anon, authenticated, service_role;

comment on function private.jobs_claim(text, integer, interval, timestamptz, text) is
'Leases up to qty due jobs of one queue, the longest due first. Jobs in a crash loop die.';
