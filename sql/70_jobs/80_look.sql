create view private.job_numbers
with (security_invoker = true) as
with live as (
  select
    priority,
    kind,
    count(*) filter (where state = 'ready') as ready,
    count(*) filter (where state = 'running') as running,
    count(*) filter (where state = 'waiting') as waiting,
    count(*) filter (where state = 'dead') as dead,
    min(due_at) filter (where state = 'ready') as oldest_ready_at
  from private.jobs
  group by priority, kind
),

ended as (
  select
    kind,
    sum(done)::bigint as done,
    sum(retried + dead)::bigint as failed,
    sum(seconds) as seconds
  from private.job_stats
  where minute > now() - interval '1 hour'
  group by kind
)

select
  live.oldest_ready_at,
  coalesce(live.priority, '') as priority,
  coalesce(live.kind, ended.kind, '') as kind,
  coalesce(live.ready, 0) as ready,
  coalesce(live.running, 0) as running,
  coalesce(live.waiting, 0) as waiting,
  coalesce(live.dead, 0) as dead,
  coalesce(ended.done, 0) as done,
  coalesce(ended.failed, 0) as failed,
  coalesce(ended.seconds, 0) as seconds
from live full join ended on live.kind = ended.kind;

revoke all on private.job_numbers from public, anon, authenticated, service_role;

comment on view private.job_numbers is
'How many jobs of each kind are in which state now, and what became of attempts in the last hour.';

create function private.jobs_stats() returns table (
  priority text, kind text, ready bigint, running bigint, waiting bigint, dead bigint,
  done_1h bigint, failed_1h bigint, seconds_1h double precision, oldest_ready_at timestamptz,
  paused boolean
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    n.priority, n.kind, n.ready, n.running, n.waiting, n.dead, n.done, n.failed, n.seconds,
    n.oldest_ready_at,
    exists (
      select from private.job_pauses as p where p.target in (n.kind, 'jobs_' || n.priority)
    )
  from private.job_numbers as n
  order by n.kind, n.priority;
end;

create function private.jobs_rates(minutes integer) returns table (
  kind text, done bigint, retried bigint, snoozed bigint, dead bigint, seconds double precision
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    s.kind, sum(s.done)::bigint, sum(s.retried)::bigint, sum(s.snoozed)::bigint,
    sum(s.dead)::bigint, sum(s.seconds)
  from private.job_stats as s
  where s.minute > date_trunc('minute', now()) - make_interval(mins => jobs_rates.minutes)
  group by s.kind
  order by s.kind;
end;

-- Planned for the filters it gets: a list of what is done must not read ten million rows.
create function private.jobs_list(filters jsonb, max_rows integer) returns table (
  id text, kind text, state text, attempts integer, firm_id uuid, enqueued_at timestamptz,
  due_at timestamptz, error text, progress jsonb
)
language plpgsql
stable
security definer
set search_path = ''
as $$
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
$$;

create function private.jobs_show(id text) returns jsonb
language sql
stable
security definer
set search_path = ''
return coalesce(
  (
    select to_jsonb(j) - 'msg_id' from private.jobs as j
    where
      j.priority = split_part(jobs_show.id, ':', 1)
      and j.msg_id = substring(jobs_show.id from ':([0-9]{1,18})$')::bigint
  ),
  (
    select
      to_jsonb(f) - 'queue' - 'msg_id' || jsonb_build_object(
        'id', jobs_show.id, 'state', 'done', 'history', jsonb_build_array()
      )
    from private.finished_jobs as f
    where
      f.queue = 'jobs_' || split_part(jobs_show.id, ':', 1)
      and f.msg_id = substring(jobs_show.id from ':([0-9]{1,18})$')::bigint
  )
);

create function private.jobs_children(parent text) returns table (
  kind text, result jsonb, id text, state text, code text, error text
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    f.kind, f.result, substr(f.queue, 6) || ':' || f.msg_id as id, 'done' as state, null as code,
    null as error
  from private.finished_jobs as f where f.parent = jobs_children.parent
  union all
  select
    d.kind, null as result, substr(d.queue, 6) || ':' || d.msg_id as id, 'dead' as state, d.code,
    d.error
  from private.dead_jobs as d where d.parent = jobs_children.parent;
end;

create function public.jobs_stats() returns table (
  priority text, kind text, ready bigint, running bigint, waiting bigint, dead bigint,
  done_1h bigint, failed_1h bigint, seconds_1h double precision, oldest_ready_at timestamptz,
  paused boolean
)
language sql
stable
set search_path = ''
begin atomic
  select
    s.priority, s.kind, s.ready, s.running, s.waiting, s.dead, s.done_1h, s.failed_1h, s.seconds_1h,
    s.oldest_ready_at, s.paused
  from private.jobs_stats() as s;
end;

create function public.jobs_rates(minutes integer default 60) returns table (
  kind text, done bigint, retried bigint, snoozed bigint, dead bigint, seconds double precision
)
language sql
stable
set search_path = ''
begin atomic
  select r.kind, r.done, r.retried, r.snoozed, r.dead, r.seconds
  from private.jobs_rates(jobs_rates.minutes) as r;
end;

create function public.jobs_list(
  state text default null,
  kind text default null,
  firm_id uuid default null,
  parent text default null,
  max_rows integer default 50
) returns table (
  id text, kind text, state text, attempts integer, firm_id uuid, enqueued_at timestamptz,
  due_at timestamptz, error text, progress jsonb
)
language sql
stable
set search_path = ''
begin atomic
  select
    l.id, l.kind, l.state, l.attempts, l.firm_id, l.enqueued_at, l.due_at, l.error, l.progress
  from private.jobs_list(
    jsonb_strip_nulls(jsonb_build_object(
      'state', jobs_list.state, 'kind', jobs_list.kind, 'firm_id', jobs_list.firm_id,
      'parent', jobs_list.parent
    )),
    jobs_list.max_rows
  ) as l;
end;

create function public.jobs_show(id text) returns jsonb
language sql
stable
set search_path = ''
return private.jobs_show(id);

create function public.jobs_children(parent text) returns table (
  id text, kind text, state text, result jsonb, code text, error text
)
language sql
stable
set search_path = ''
begin atomic
  select c.id, c.kind, c.state, c.result, c.code, c.error
  from private.jobs_children(jobs_children.parent) as c;
end;

revoke execute on function private.jobs_stats()
from public, anon, authenticated;
revoke execute on function public.jobs_stats()
from public, anon, authenticated;
revoke execute on function private.jobs_rates(integer)
from public, anon, authenticated;
revoke execute on function public.jobs_rates(integer)
from public, anon, authenticated;
revoke execute on function private.jobs_list(jsonb, integer)
from public, anon, authenticated;
revoke execute on function public.jobs_list(text, text, uuid, text, integer)
from public, anon, authenticated;
revoke execute on function private.jobs_show(text)
from public, anon, authenticated;
revoke execute on function public.jobs_show(text)
from public, anon, authenticated;
revoke execute on function private.jobs_children(text)
from public, anon, authenticated;
revoke execute on function public.jobs_children(text)
from public, anon, authenticated;
grant execute on function private.jobs_stats() to service_role;
grant execute on function public.jobs_stats() to service_role;
grant execute on function private.jobs_rates(integer) to service_role;
grant execute on function public.jobs_rates(integer) to service_role;
grant execute on function private.jobs_list(jsonb, integer) to service_role;
grant execute on function public.jobs_list(text, text, uuid, text, integer) to service_role;
grant execute on function private.jobs_show(text) to service_role;
grant execute on function public.jobs_show(text) to service_role;
grant execute on function private.jobs_children(text) to service_role;
grant execute on function public.jobs_children(text) to service_role;

comment on function private.jobs_stats() is 'Definer of public.jobs_stats.';
comment on function private.jobs_rates(integer) is 'Definer of public.jobs_rates.';
comment on function private.jobs_list(jsonb, integer) is 'Definer of public.jobs_list.';
comment on function private.jobs_show(text) is 'Definer of public.jobs_show.';
comment on function private.jobs_children(text) is 'Definer of public.jobs_children.';
comment on function public.jobs_stats() is
'How many jobs of each kind are in which state, how many ended in the last hour and how long their
handlers took. For the secret key only.';
comment on function public.jobs_rates(integer) is
'How many attempts of each kind ended in the last minutes, and how. For the secret key only.';
comment on function public.jobs_list(text, text, uuid, text, integer) is
'Jobs in a state (ready, running, waiting, dead, done) or, without one, all but those that are
done; the latest due first. For the secret key only.';
comment on function public.jobs_show(text) is
'One job with its payload and history, null if there is none. For the secret key only.';
comment on function public.jobs_children(text) is
'How the jobs ended that this one waited for. For the secret key only.';
