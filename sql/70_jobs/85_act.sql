-- Waits until a runner's step that holds the job is over, and then knows better than its state.
create function private.jobs_cancel(id text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  queue constant text := 'jobs_' || split_part(jobs_cancel.id, ':', 1);
  number constant text := split_part(jobs_cancel.id, ':', 2);
  at constant timestamptz := clock_timestamp();
  cancelled bigint;
  parent text;
  fault text;
begin
  if queue in ('jobs_high', 'jobs_default', 'jobs_low') and number ~ '^[0-9]{1,18}$' then
    -- In the order of a child that ends and wakes it.
    perform from private.job_parents as p
    where p.queue = 'jobs_' || split_part(jobs_cancel.id, ':', 1) and p.msg_id = number::bigint
    for update;
    execute format($cancel$
      update pgmq.%I as q set message = q.message || jsonb_build_object(
        'failures', q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
          + coalesce((q.message ->> 'failures')::integer, 0),
        'history', coalesce(q.message -> 'history', '[]') || jsonb_build_object(
          'at', $2, 'attempt', 0, 'worker', null, 'code', 'cancelled',
          'error', 'It was cancelled.'))
      where q.msg_id = $1
      returning q.msg_id
    $cancel$, 'q_' || queue) into cancelled using number::bigint, at;
  end if;
  if cancelled is null then
    perform private.fail(code => 'job_not_found',
      message => format('There is no job %s that has not ended.', jobs_cancel.id),
      hint => 'List them with: firmbase jobs list', status => 404);
  end if;
  parent := private.jobs_bury(queue, cancelled, at);
  execute format($fault$
    select q.message -> 'history' -> -1 ->> 'error' from pgmq.%I as q where q.msg_id = $1
  $fault$, 'q_' || queue) into fault using cancelled;
  if fault is not null then
    perform private.fail(code => 'job_not_cancelled',
      message => format('Job %s could not be cancelled: %s.', jobs_cancel.id, rtrim(fault, '.')),
      hint => 'Try again.', status => 409);
  end if;
  if parent is not null then
    perform private.children_ended('{}', array[parent], at);
  end if;
end
$$;

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
      hint => 'List them with: firmbase jobs dead list', status => 404);
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

-- One bite: whoever called it calls it again until nothing is left.
create function private.jobs_redrive(
  kind text, code text, firm_id uuid, died_before timestamptz, max_jobs integer
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  letter private.dead_jobs;
  queued integer := 0;
  refused integer := 0;
begin
  for letter in
    delete from private.dead_jobs as d
    where d.ctid = any (array(
      select o.ctid from private.dead_jobs as o
      where (jobs_redrive.kind is null or o.kind = jobs_redrive.kind)
        and (jobs_redrive.code is null or o.code = jobs_redrive.code)
        and (jobs_redrive.firm_id is null or o.firm_id = jobs_redrive.firm_id)
        and o.died_at <= jobs_redrive.died_before
        -- Messages that never were jobs die, too. They stay where they are, and keep nothing back.
        and o.kind ~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' and jsonb_typeof(o.payload) = 'object'
      order by o.died_at
      limit least(jobs_redrive.max_jobs, 1000)
      for update skip locked
    ))
    returning *
  loop
    -- Null where another job of that key does the work already: then this one is not needed.
    if private.enqueue(letter.kind, letter.payload, letter.firm_id, letter.unique_key,
      priority => substr(letter.queue, 6)) is not null then
      queued := queued + 1;
    else
      refused := refused + 1;
    end if;
  end loop;
  return jsonb_build_object('queued', queued, 'queued_already', refused);
end
$$;

create function private.jobs_purge(
  kind text, code text, firm_id uuid, died_before timestamptz, max_jobs integer
) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from private.dead_jobs as d
  where d.ctid = any (array(
    select o.ctid from private.dead_jobs as o
    where (jobs_purge.kind is null or o.kind = jobs_purge.kind)
      and (jobs_purge.code is null or o.code = jobs_purge.code)
      and (jobs_purge.firm_id is null or o.firm_id = jobs_purge.firm_id)
      and o.died_at <= jobs_purge.died_before
    order by o.died_at
    limit least(jobs_purge.max_jobs, 1000)
    for update skip locked
  ));
  get diagnostics purged = row_count;
  return purged;
end
$$;

create function private.jobs_pause(target text, paused boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  what constant text := case
    when jobs_pause.target in ('high', 'default', 'low') then 'jobs_' || jobs_pause.target
    else jobs_pause.target
  end;
begin
  if what is null or what !~ '^(jobs_[a-z]+|[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)$' then
    perform private.fail(code => 'invalid_target',
      message => format('"%s" is neither a kind of job nor a queue.', jobs_pause.target),
      hint => 'Name a kind, such as file.process, or high, default or low.', status => 400);
  end if;
  if jobs_pause.paused then
    insert into private.job_pauses (target) values (what) on conflict do nothing;
  else
    delete from private.job_pauses as p where p.target = what;
  end if;
end
$$;

create function private.jobs_limit(kind text, limits jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted private.job_limits;
begin
  perform private.check_job(jobs_limit.kind, '{}', 'default');
  wanted := jsonb_populate_record(null::private.job_limits, jsonb_strip_nulls(jobs_limit.limits));
  delete from private.job_limits as l where l.kind = jobs_limit.kind;
  if jsonb_strip_nulls(jobs_limit.limits) <> '{}' then
    insert into private.job_limits (
      kind, max_running, max_running_per_firm, rate, rate_period, firm_rate, firm_rate_period
    ) values (
      jobs_limit.kind, wanted.max_running, wanted.max_running_per_firm, wanted.rate,
      wanted.rate_period, wanted.firm_rate, wanted.firm_rate_period
    );
  end if;
exception when check_violation or invalid_text_representation or invalid_datetime_format
  or numeric_value_out_of_range or datetime_field_overflow then
  perform private.fail(code => 'impossible_limit',
    message => format('These limits are not possible: %s.', sqlerrm),
    hint => 'Counts are at least 1; a rate needs a period between a second and a day.',
    status => 400);
end
$$;

create function private.jobs_controls() returns jsonb
language sql
stable
security definer
set search_path = ''
return jsonb_build_object(
  'paused', coalesce((
    select jsonb_object_agg(p.target, p.paused_at order by p.target) from private.job_pauses as p
  ), '{}'),
  'limits', coalesce((
    select jsonb_agg(to_jsonb(l) order by l.kind) from private.job_limits as l
  ), '[]')
);

create function public.jobs_cancel(id text) returns void
language sql
volatile
set search_path = ''
return private.jobs_cancel(id);

create function public.jobs_retry(id text) returns text
language sql
volatile
set search_path = ''
return private.jobs_retry(id);

create function public.jobs_redrive(
  kind text default null,
  code text default null,
  firm_id uuid default null,
  died_before timestamptz default now(),
  max_jobs integer default 1000
) returns jsonb
language sql
volatile
set search_path = ''
return private.jobs_redrive(kind, code, firm_id, died_before, max_jobs);

create function public.jobs_purge(
  kind text default null,
  code text default null,
  firm_id uuid default null,
  died_before timestamptz default now(),
  max_jobs integer default 1000
) returns integer
language sql
volatile
set search_path = ''
return private.jobs_purge(kind, code, firm_id, died_before, max_jobs);

create function public.jobs_pause(target text, paused boolean default true) returns void
language sql
volatile
set search_path = ''
return private.jobs_pause(target, paused);

create function public.jobs_limit(kind text, limits jsonb) returns void
language sql
volatile
set search_path = ''
return private.jobs_limit(kind, limits);

create function public.jobs_controls() returns jsonb
language sql
stable
set search_path = ''
return private.jobs_controls();

revoke execute on function private.jobs_cancel(text)
from public, anon, authenticated;
revoke execute on function public.jobs_cancel(text)
from public, anon, authenticated;
revoke execute on function private.jobs_retry(text)
from public, anon, authenticated;
revoke execute on function public.jobs_retry(text)
from public, anon, authenticated;
revoke execute on function private.jobs_redrive(text, text, uuid, timestamptz, integer)
from public, anon, authenticated;
revoke execute on function public.jobs_redrive(text, text, uuid, timestamptz, integer)
from public, anon, authenticated;
revoke execute on function private.jobs_purge(text, text, uuid, timestamptz, integer)
from public, anon, authenticated;
revoke execute on function public.jobs_purge(text, text, uuid, timestamptz, integer)
from public, anon, authenticated;
revoke execute on function private.jobs_pause(text, boolean)
from public, anon, authenticated;
revoke execute on function public.jobs_pause(text, boolean)
from public, anon, authenticated;
revoke execute on function private.jobs_limit(text, jsonb)
from public, anon, authenticated;
revoke execute on function public.jobs_limit(text, jsonb)
from public, anon, authenticated;
revoke execute on function private.jobs_controls()
from public, anon, authenticated;
revoke execute on function public.jobs_controls()
from public, anon, authenticated;
grant execute on function private.jobs_cancel(text) to service_role;
grant execute on function public.jobs_cancel(text) to service_role;
grant execute on function private.jobs_retry(text) to service_role;
grant execute on function public.jobs_retry(text) to service_role;
grant execute on function private.jobs_redrive(
  text, text, uuid, timestamptz, integer
) to service_role;
grant execute on function public.jobs_redrive(
  text, text, uuid, timestamptz, integer
) to service_role;
grant execute on function private.jobs_purge(
  text, text, uuid, timestamptz, integer
) to service_role;
grant execute on function public.jobs_purge(text, text, uuid, timestamptz, integer) to service_role;
grant execute on function private.jobs_pause(text, boolean) to service_role;
grant execute on function public.jobs_pause(text, boolean) to service_role;
grant execute on function private.jobs_limit(text, jsonb) to service_role;
grant execute on function public.jobs_limit(text, jsonb) to service_role;
grant execute on function private.jobs_controls() to service_role;
grant execute on function public.jobs_controls() to service_role;

comment on function private.jobs_cancel(text) is 'Definer of public.jobs_cancel.';
comment on function private.jobs_retry(text) is 'Definer of public.jobs_retry.';
comment on function private.jobs_redrive(
  text, text, uuid, timestamptz, integer
) is 'Definer of public.jobs_redrive.';
comment on function private.jobs_purge(
  text, text, uuid, timestamptz, integer
) is 'Definer of public.jobs_purge.';
comment on function private.jobs_pause(text, boolean) is 'Definer of public.jobs_pause.';
comment on function private.jobs_limit(text, jsonb) is 'Definer of public.jobs_limit.';
comment on function private.jobs_controls() is 'Definer of public.jobs_controls.';
comment on function public.jobs_cancel(text) is
'Ends a job that has not ended, also one that runs: its runner loses it. It is kept with the dead
jobs, with the code cancelled. For the secret key only.';
comment on function public.jobs_retry(text) is
'Queues a dead job again, its attempts counted anew. Returns its new id. For the secret key only.';
comment on function public.jobs_redrive(text, text, uuid, timestamptz, integer) is
'Queues dead jobs again, the oldest first, at most 1000: of a kind, that died with a code, of a
firm, or all; those of whose unique_key another is queued already are dropped. Returns how many were
queued and queued_already. For the secret key only.';
comment on function public.jobs_purge(text, text, uuid, timestamptz, integer) is
'Forgets dead jobs, chosen as in jobs_redrive. Returns how many. For the secret key only.';
comment on function public.jobs_pause(text, boolean) is
'Starts no job of a kind or a queue any more, or does again; what runs goes on. For the secret key
only.';
comment on function public.jobs_limit(text, jsonb) is
'Sets what private.job_limits holds for a kind; without limits, none. For the secret key only.';
comment on function public.jobs_controls() is
'What is paused, since when, and the limits of the kinds. For the secret key only.';
