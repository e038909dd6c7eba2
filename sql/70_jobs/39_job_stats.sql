-- Runners write into slots by their name, so that they hardly ever wait for each other.
create table private.job_stats (
  minute timestamptz not null,
  kind text not null,
  slot smallint not null,
  done bigint not null default 0,
  retried bigint not null default 0,
  snoozed bigint not null default 0,
  dead bigint not null default 0,
  seconds double precision not null default 0,
  primary key (minute, kind, slot)
);

alter table private.job_stats enable row level security;

create policy job_stats_nobody on private.job_stats
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_stats from public, anon, authenticated, service_role;

comment on table private.job_stats is
'How many attempts of each kind ended in each minute, and how: counted as they end, so that nobody
has to count what is kept.';
comment on column private.job_stats.seconds is 'What the handlers of those that are done took.';
