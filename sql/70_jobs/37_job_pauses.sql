create table private.job_pauses (
  target text primary key,
  paused_at timestamptz not null default now()
);

alter table private.job_pauses enable row level security;

create policy job_pauses_nobody on private.job_pauses
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_pauses from public, anon, authenticated, service_role;

comment on table private.job_pauses is
'Kinds (file.process) and queues (jobs_low) of which no job starts until they are resumed.';
