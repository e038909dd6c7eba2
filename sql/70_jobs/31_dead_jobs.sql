create table private.dead_jobs (
  queue text not null,
  msg_id bigint not null,
  kind text not null,
  payload jsonb not null,
  firm_id uuid,
  unique_key text,
  code text not null,
  error text not null,
  attempts integer not null,
  history jsonb not null,
  parent text,
  enqueued_at timestamptz not null,
  died_at timestamptz not null default now(),
  primary key (queue, msg_id)
);

create index dead_jobs_kind_idx on private.dead_jobs (kind, died_at);
create index dead_jobs_parent_idx on private.dead_jobs (parent) where parent is not null;

alter table private.dead_jobs enable row level security;

create policy dead_jobs_nobody on private.dead_jobs
as restrictive for all to anon, authenticated
using (false);

revoke all on private.dead_jobs from public, anon, authenticated, service_role;

comment on table private.dead_jobs is
'Jobs that nobody will run again by themselves: payload, last error and the history of attempts.';
comment on column private.dead_jobs.history is
'One object for each failed attempt: at, attempt, worker, code, error.';
comment on column private.dead_jobs.parent is 'The id of the job that waited for this one.';
