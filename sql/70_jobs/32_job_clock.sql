create table private.job_clock (
  only_row boolean primary key default true check (only_row),
  ticked_at timestamptz not null
);

alter table private.job_clock enable row level security;

create policy job_clock_nobody on private.job_clock
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_clock from public, anon, authenticated, service_role;

comment on table private.job_clock is 'When the work that is due by the clock was last looked for.';
