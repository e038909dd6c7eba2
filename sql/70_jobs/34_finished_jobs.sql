create table private.finished_jobs (
  queue text not null,
  msg_id bigint not null,
  kind text not null,
  firm_id uuid,
  parent text,
  result jsonb,
  attempts integer not null,
  seconds real,
  enqueued_at timestamptz not null,
  finished_at timestamptz not null,
  primary key (queue, msg_id)
);

create index finished_jobs_finished_at_idx on private.finished_jobs (finished_at);
create index finished_jobs_kind_idx on private.finished_jobs (kind, finished_at);
create index finished_jobs_firm_id_idx on private.finished_jobs (firm_id, finished_at)
where firm_id is not null;
create index finished_jobs_parent_idx on private.finished_jobs (parent) where parent is not null;

alter table private.finished_jobs enable row level security;

create policy finished_jobs_nobody on private.finished_jobs
as restrictive for all to anon, authenticated
using (false);

revoke all on private.finished_jobs from public, anon, authenticated, service_role;

comment on table private.finished_jobs is
'Jobs that succeeded and had something to say: a result, or a job that waited for them. What the
others did is in the rows they worked on.';
comment on column private.finished_jobs.parent is 'The id of the job that waited for this one.';
comment on column private.finished_jobs.seconds is 'How long the last attempt took.';
