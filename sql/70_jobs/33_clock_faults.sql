create table private.clock_faults (
  rule text primary key,
  error text not null,
  failed_at timestamptz not null
);

alter table private.clock_faults enable row level security;

create policy clock_faults_nobody on private.clock_faults
as restrictive for all to anon, authenticated
using (false);

revoke all on private.clock_faults from public, anon, authenticated, service_role;

comment on table private.clock_faults is
'The rules of the clock that failed at their last run, and with what; gone once they run again.';
