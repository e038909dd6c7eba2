-- A job with a unique key holds its row here until it ends, or until expires_at where that is
-- later. The row names its message, so a key whose message is gone (a purged queue) holds nothing
-- and the next enqueue takes it over.
create table private.job_keys (
  kind text not null,
  key text not null check (char_length(key) between 1 and 200),
  queue text not null,
  msg_id bigint,
  expires_at timestamptz,
  primary key (kind, key)
);

create index job_keys_expires_at_idx on private.job_keys (expires_at)
where expires_at is not null;

alter table private.job_keys enable row level security;

create policy job_keys_nobody on private.job_keys
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_keys from public, anon, authenticated, service_role;

comment on table private.job_keys is
'The unique keys of the jobs that are queued or running, and of those whose time is not yet up.';
