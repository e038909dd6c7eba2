-- A job that waits lies in its queue without a time until the last of its children has ended, done
-- or dead; then its handler is called once more and finds out which.
create function private.jobs_fan_out(
  queue text, id bigint, children jsonb, at timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
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
$$;

create function private.children_ended(
  done text[], dead text[], at timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
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
$$;

create function private.wake_parent(queue text, id bigint, at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
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
$$;

revoke execute on function private.jobs_fan_out(text, bigint, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.children_ended(text[], text[], timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.wake_parent(text, bigint, timestamptz)
from public, anon, authenticated, service_role;

comment on function private.jobs_fan_out(text, bigint, jsonb, timestamptz) is
'Queues the children a job waits for: [{kind, payload, firm_id, priority}, …]. Returns false, with
the reason in the history of the job, where they cannot be queued.';
comment on function private.children_ended(text[], text[], timestamptz) is
'Counts children that ended, by the ids of those who wait for them, and wakes those whose last
it was.';
comment on function private.wake_parent(text, bigint, timestamptz) is
'Makes a job due whose children have all ended.';
