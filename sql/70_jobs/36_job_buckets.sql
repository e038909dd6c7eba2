-- Token buckets: a full one holds what may start in one period, and it fills up in one period.
create table private.job_buckets (
  kind text not null,
  firm text not null,
  tokens double precision not null,
  filled_at timestamptz not null,
  primary key (kind, firm)
);

create index job_buckets_filled_at_idx on private.job_buckets (filled_at);

alter table private.job_buckets enable row level security;

create policy job_buckets_nobody on private.job_buckets
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_buckets from public, anon, authenticated, service_role;

comment on table private.job_buckets is
'What is left of the rates in private.job_limits; no row is a full bucket. firm: / and the firm''s
id, empty for the bucket of all firms.';
