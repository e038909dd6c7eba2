-- What a cron expression means is the runner's to say, by a library; that a time is used once is
-- the database's: only who knows the time that is next can put another in its place.
-- Not in SQL, which plans anew with each call: every step asks.
create function private.jobs_schedules_due(at timestamptz) returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce((
    select
      jsonb_agg(jsonb_build_object(
        'name', s.name, 'cron', s.cron, 'time_zone', s.time_zone, 'if_missed', s.if_missed,
        'next_at', s.next_at
      ))
    from private.job_schedules as s
    where s.paused_at is null and (s.next_at is null or s.next_at <= jobs_schedules_due.at)
  ), '[]');
end
$$;

create function private.jobs_schedule_fire(
  name text, expected_at timestamptz, run_at timestamptz[], next_at timestamptz, error text
) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  schedule private.job_schedules;
  at timestamptz;
  queued integer := 0;
begin
  update private.job_schedules as s set
    next_at = jobs_schedule_fire.next_at,
    last_at = coalesce((select max(r) from unnest(run_at) as r), s.last_at),
    error = jobs_schedule_fire.error,
    paused_at = case when jobs_schedule_fire.error is not null then now() end
  where s.name = jobs_schedule_fire.name and s.paused_at is null
    and s.next_at is not distinct from jobs_schedule_fire.expected_at
  returning s.name, s.kind, s.payload, s.firm_id, s.priority, s.if_running, s.jitter
  into schedule.name, schedule.kind, schedule.payload, schedule.firm_id, schedule.priority,
    schedule.if_running, schedule.jitter;
  if not found then
    return 0;
  end if;
  foreach at in array run_at loop
    queued := queued + private.run_schedule(schedule, at);
  end loop;
  return queued;
end
$$;

create function private.run_schedule(schedule private.job_schedules, at timestamptz)
returns integer
language sql
volatile
set search_path = ''
return (private.enqueue(
  schedule.kind,
  schedule.payload || jsonb_build_object('scheduled_at', at),
  schedule.firm_id,
  case schedule.if_running
    when 'skip' then 'schedule ' || schedule.name
    else 'schedule ' || schedule.name || ' ' || extract(epoch from at)
  end,
  schedule.jitter * random(),
  schedule.priority
) is not null)::integer;

create function private.jobs_schedule_set(schedule jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted private.job_schedules;
begin
  wanted := jsonb_populate_record(null::private.job_schedules, jsonb_build_object(
    'payload', jsonb_build_object(), 'priority', 'default', 'time_zone', 'UTC',
    'if_missed', 'once', 'if_running', 'skip', 'jitter', '0') || jsonb_strip_nulls(schedule));
  perform private.check_job(wanted.kind, array[wanted.payload], wanted.priority);
  if not exists (select from pg_catalog.pg_timezone_names as z where z.name = wanted.time_zone) then
    perform private.fail(code => 'unknown_time_zone',
      message => format('"%s" is not a time zone.', wanted.time_zone),
      hint => 'Use a name such as Europe/Berlin.', status => 400);
  end if;
  insert into private.job_schedules as s (
    name, kind, payload, firm_id, priority, cron, time_zone, if_missed, if_running, jitter, next_at
  ) values (
    wanted.name, wanted.kind, wanted.payload, wanted.firm_id, wanted.priority, wanted.cron,
    wanted.time_zone, wanted.if_missed, wanted.if_running, wanted.jitter, wanted.next_at
  )
  on conflict (name) do update set
    kind = excluded.kind, payload = excluded.payload, firm_id = excluded.firm_id,
    priority = excluded.priority, cron = excluded.cron, time_zone = excluded.time_zone,
    if_missed = excluded.if_missed, if_running = excluded.if_running, jitter = excluded.jitter,
    next_at = excluded.next_at,
    -- What a runner paused for its error goes on once that is mended.
    paused_at = case when s.error is null then s.paused_at end,
    error = null;
exception when check_violation or not_null_violation or foreign_key_violation
  or invalid_text_representation or invalid_datetime_format or datetime_field_overflow then
  perform private.fail(code => 'impossible_schedule',
    message => format('This schedule is not possible: %s.', sqlerrm),
    hint => 'See private.job_schedules for what its columns may hold.', status => 400);
end
$$;

create function private.jobs_schedule_pause(name text, paused boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- What was missed meanwhile was missed on purpose.
  update private.job_schedules as s set
    paused_at = case when jobs_schedule_pause.paused then coalesce(s.paused_at, now()) end,
    next_at = case when jobs_schedule_pause.paused or s.paused_at is null then s.next_at end,
    error = case when jobs_schedule_pause.paused then s.error end
  where s.name = jobs_schedule_pause.name;
  if not found then
    perform private.no_such_schedule(name);
  end if;
end
$$;

create function private.jobs_schedule_remove(name text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from private.job_schedules as s where s.name = jobs_schedule_remove.name;
  if not found then
    perform private.no_such_schedule(name);
  end if;
end
$$;

create function private.no_such_schedule(name text) returns void
language sql
volatile
set search_path = ''
return private.fail(
  code => 'schedule_not_found',
  message => format('There is no schedule %s.', name),
  hint => 'List them with: firmbase jobs schedules list', status => 404
);

create function private.jobs_schedules() returns setof private.job_schedules
language sql
stable
security definer
set search_path = ''
begin atomic
  select s.* from private.job_schedules as s order by s.name;
end;

create function public.jobs_schedules() returns table (
  name text, kind text, payload jsonb, firm_id uuid, priority text, cron text, time_zone text,
  if_missed text, if_running text, jitter interval, paused_at timestamptz, next_at timestamptz,
  last_at timestamptz, error text
)
language sql
stable
set search_path = ''
begin atomic
  select
    s.name, s.kind, s.payload, s.firm_id, s.priority, s.cron, s.time_zone, s.if_missed,
    s.if_running, s.jitter, s.paused_at, s.next_at, s.last_at, s.error
  from private.jobs_schedules() as s;
end;

create function public.jobs_schedule_set(schedule jsonb) returns void
language sql
volatile
set search_path = ''
return private.jobs_schedule_set(schedule);

create function public.jobs_schedule_pause(name text, paused boolean default true) returns void
language sql
volatile
set search_path = ''
return private.jobs_schedule_pause(name, paused);

create function public.jobs_schedule_remove(name text) returns void
language sql
volatile
set search_path = ''
return private.jobs_schedule_remove(name);

create function public.jobs_schedule_fire(
  name text,
  expected_at timestamptz,
  run_at timestamptz[],
  next_at timestamptz,
  error text default null
) returns integer
language sql
volatile
set search_path = ''
return private.jobs_schedule_fire(name, expected_at, run_at, next_at, error);

revoke execute on function private.jobs_schedules_due(timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.run_schedule(private.job_schedules, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.no_such_schedule(text)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_schedules()
from public, anon, authenticated;
revoke execute on function public.jobs_schedules()
from public, anon, authenticated;
revoke execute on function private.jobs_schedule_set(jsonb)
from public, anon, authenticated;
revoke execute on function public.jobs_schedule_set(jsonb)
from public, anon, authenticated;
revoke execute on function private.jobs_schedule_pause(text, boolean)
from public, anon, authenticated;
revoke execute on function public.jobs_schedule_pause(text, boolean)
from public, anon, authenticated;
revoke execute on function private.jobs_schedule_remove(text)
from public, anon, authenticated;
revoke execute on function public.jobs_schedule_remove(text)
from public, anon, authenticated;
revoke execute on function private.jobs_schedule_fire(
  text, timestamptz, timestamptz[], timestamptz, text
)
from public, anon, authenticated;
revoke execute on function public.jobs_schedule_fire(
  text, timestamptz, timestamptz[], timestamptz, text
)
from public, anon, authenticated;
grant execute on function private.jobs_schedules() to service_role;
grant execute on function public.jobs_schedules() to service_role;
grant execute on function private.jobs_schedule_set(jsonb) to service_role;
grant execute on function public.jobs_schedule_set(jsonb) to service_role;
grant execute on function private.jobs_schedule_pause(text, boolean) to service_role;
grant execute on function public.jobs_schedule_pause(text, boolean) to service_role;
grant execute on function private.jobs_schedule_remove(text) to service_role;
grant execute on function public.jobs_schedule_remove(text) to service_role;
grant execute on function private.jobs_schedule_fire(
  text, timestamptz, timestamptz[], timestamptz, text
) to service_role;
grant execute on function public.jobs_schedule_fire(
  text, timestamptz, timestamptz[], timestamptz, text
) to service_role;

comment on function private.jobs_schedules_due(timestamptz) is
'The schedules that have a time to use, or none yet.';
comment on function private.run_schedule(private.job_schedules, timestamptz) is
'Queues the job of a schedule for one of its times. Returns 1, or 0 where its last run has not ended
and it says to skip.';
comment on function private.no_such_schedule(text) is
'Refuses a name that no schedule has.';
comment on function private.jobs_schedules() is
'Definer of public.jobs_schedules.';
comment on function private.jobs_schedule_set(jsonb) is
'Definer of public.jobs_schedule_set.';
comment on function private.jobs_schedule_pause(text, boolean) is
'Definer of public.jobs_schedule_pause.';
comment on function private.jobs_schedule_remove(text) is
'Definer of public.jobs_schedule_remove.';
comment on function private.jobs_schedule_fire(
  text, timestamptz, timestamptz[], timestamptz, text
) is
'Definer of public.jobs_schedule_fire.';
comment on function public.jobs_schedules() is
'Every schedule, for the secret key only.';
comment on function public.jobs_schedule_set(jsonb) is
'Makes a schedule or changes the one of that name: the columns of private.job_schedules, those that
are absent by default. next_at is its first time. For the secret key only.';
comment on function public.jobs_schedule_pause(text, boolean) is
'Pauses a schedule or lets it go on with its next time. For the secret key only.';
comment on function public.jobs_schedule_remove(text) is
'Removes a schedule; what it has queued still runs. For the secret key only.';
comment on function public.jobs_schedule_fire(
  text, timestamptz, timestamptz[], timestamptz, text
) is
'Uses the time expected_at of a schedule: queues a job for each of run_at and puts next_at in its
place; or pauses it because of an error. Does nothing where another runner was first. Returns how
many jobs were queued. For the secret key only.';
