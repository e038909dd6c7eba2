create table private.job_schedules (
  name text primary key check (name ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  kind text not null,
  payload jsonb not null default '{}' check (jsonb_typeof(payload) = 'object'),
  firm_id uuid references public.firms on delete cascade,
  priority text not null default 'default' check (priority in ('high', 'default', 'low')),
  cron text not null check (char_length(cron) between 9 and 200),
  time_zone text not null default 'UTC',
  if_missed text not null default 'once' check (if_missed in ('skip', 'once', 'all')),
  if_running text not null default 'skip' check (if_running in ('skip', 'queue')),
  jitter interval not null default '0' check (jitter between '0' and '1 day'),
  paused_at timestamptz,
  next_at timestamptz,
  last_at timestamptz,
  error text
);

create index job_schedules_next_at_idx on private.job_schedules (next_at) where paused_at is null;
create index job_schedules_firm_id_idx on private.job_schedules (firm_id)
where firm_id is not null;

alter table private.job_schedules enable row level security;

create policy job_schedules_nobody on private.job_schedules
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_schedules from public, anon, authenticated, service_role;

comment on table private.job_schedules is 'Jobs that are queued again and again, by the clock.';
comment on column private.job_schedules.cron is
'Minute, hour, day of the month, month, day of the week, as in crontab(5); in time_zone.';
comment on column private.job_schedules.if_missed is
'What becomes of times that passed while nobody looked: skip them, run once for all, or run each.';
comment on column private.job_schedules.if_running is
'What becomes of a time at which the last run has not ended: skip it, or queue another.';
comment on column private.job_schedules.next_at is 'Null: whoever looks next works it out.';
comment on column private.job_schedules.error is 'Why it was paused, if a runner had to.';
