create table private.job_parents (
  queue text not null,
  msg_id bigint not null,
  pending integer not null,
  done integer not null default 0,
  dead integer not null default 0,
  primary key (queue, msg_id)
);

alter table private.job_parents enable row level security;

create policy job_parents_nobody on private.job_parents
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_parents from public, anon, authenticated, service_role;

comment on table private.job_parents is
'Jobs that wait for others: how many of those have not ended, and how the rest did.';
