create table private.job_limits (
  kind text primary key,
  max_running integer check (max_running between 1 and 10000),
  max_running_per_firm integer check (max_running_per_firm between 1 and 10000),
  rate integer check (rate between 1 and 1000000),
  rate_period interval check (rate_period between '1 second' and '1 day'),
  firm_rate integer check (firm_rate between 1 and 1000000),
  firm_rate_period interval check (firm_rate_period between '1 second' and '1 day'),
  check ((rate is null) = (rate_period is null)),
  check ((firm_rate is null) = (firm_rate_period is null))
);

alter table private.job_limits enable row level security;

create policy job_limits_nobody on private.job_limits
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_limits from public, anon, authenticated, service_role;

comment on table private.job_limits is
'How many jobs of a kind may run at once and how many may start in a period: in all, and of each
firm. Null is no limit. Whoever claims jobs of such a kind locks its row, so that two runners never
overstep together.';
