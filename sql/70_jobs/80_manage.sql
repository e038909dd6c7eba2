create function private.jobs_stats() returns table (
  priority text, kind text, ready bigint, running bigint, waiting bigint, dead bigint,
  oldest_ready_at timestamptz
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    j.priority,
    j.kind,
    count(*) filter (where j.state = 'ready'),
    count(*) filter (where j.state = 'running'),
    count(*) filter (where j.state = 'waiting'),
    count(*) filter (where j.state = 'dead'),
    min(j.due_at) filter (where j.state = 'ready')
  from private.jobs as j
  group by j.priority, j.kind
  order by j.priority, j.kind;
end;

create function private.jobs_list(state text, kind text, max_rows integer) returns table (
  id text, kind text, state text, attempts integer, firm_id uuid,
  enqueued_at timestamptz, due_at timestamptz, error text
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    j.id, j.kind, j.state, j.attempts, j.firm_id, j.enqueued_at, j.due_at,
    j.history -> -1 ->> 'error'
  from private.jobs as j
  where
    (jobs_list.state is null or j.state = jobs_list.state)
    and (jobs_list.kind is null or j.kind = jobs_list.kind)
  order by j.due_at desc
  limit jobs_list.max_rows;
end;

create function private.jobs_show(id text) returns jsonb
language sql
stable
security definer
set search_path = ''
begin atomic
  select to_jsonb(j) from private.jobs as j where j.id = jobs_show.id;
end;

create function private.jobs_retry(id text) returns text
language plpgsql
security definer
set search_path = ''
as $$
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
      hint => 'List them with: firmbase jobs list --state dead', status => 404);
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
$$;

create function public.jobs_stats() returns table (
  priority text, kind text, ready bigint, running bigint, waiting bigint, dead bigint,
  oldest_ready_at timestamptz
)
language sql
stable
set search_path = ''
begin atomic
  select s.priority, s.kind, s.ready, s.running, s.waiting, s.dead, s.oldest_ready_at
  from private.jobs_stats() as s;
end;

create function public.jobs_list(
  state text default null, kind text default null, max_rows integer default 50
) returns table (
  id text, kind text, state text, attempts integer, firm_id uuid,
  enqueued_at timestamptz, due_at timestamptz, error text
)
language sql
stable
set search_path = ''
begin atomic
  select l.id, l.kind, l.state, l.attempts, l.firm_id, l.enqueued_at, l.due_at, l.error
  from private.jobs_list(jobs_list.state, jobs_list.kind, jobs_list.max_rows) as l;
end;

create function public.jobs_show(id text) returns jsonb
language sql
stable
set search_path = ''
return private.jobs_show(id);

create function public.jobs_retry(id text) returns text
language sql
volatile
set search_path = ''
return private.jobs_retry(id);

revoke execute on function private.jobs_stats() from public, anon, authenticated;
revoke execute on function private.jobs_list(text, text, integer) from public, anon, authenticated;
revoke execute on function private.jobs_show(text) from public, anon, authenticated;
revoke execute on function private.jobs_retry(text) from public, anon, authenticated;
revoke execute on function public.jobs_stats() from public, anon, authenticated;
revoke execute on function public.jobs_list(text, text, integer) from public, anon, authenticated;
revoke execute on function public.jobs_show(text) from public, anon, authenticated;
revoke execute on function public.jobs_retry(text) from public, anon, authenticated;
grant execute on function private.jobs_stats() to service_role;
grant execute on function private.jobs_list(text, text, integer) to service_role;
grant execute on function private.jobs_show(text) to service_role;
grant execute on function private.jobs_retry(text) to service_role;
grant execute on function public.jobs_stats() to service_role;
grant execute on function public.jobs_list(text, text, integer) to service_role;
grant execute on function public.jobs_show(text) to service_role;
grant execute on function public.jobs_retry(text) to service_role;

comment on function private.jobs_stats() is 'How many jobs of each kind are in which state.';
comment on function private.jobs_list(text, text, integer) is
'Jobs that are queued, running or dead, the latest due first.';
comment on function private.jobs_show(text) is
'One job with its payload and history, null if there is none.';
comment on function private.jobs_retry(text) is
'Queues a dead job again, its attempts counted anew. Returns its new id.';
comment on function public.jobs_stats() is 'How many jobs of each kind are in which state.';
comment on function public.jobs_list(text, text, integer) is
'Jobs that are queued, running or dead (state: ready, running, waiting, dead).';
comment on function public.jobs_show(text) is
'One job with its payload and history, null if there is none.';
comment on function public.jobs_retry(text) is
'Queues a dead job again, its attempts counted anew. Returns its new id.';
