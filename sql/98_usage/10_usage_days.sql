create table private.usage_days (
  day date primary key,
  database_bytes bigint not null,
  file_bytes bigint not null,
  users bigint not null,
  active_users bigint not null,
  mails bigint not null,
  firms bigint not null
);

alter table private.usage_days enable row level security;

create policy usage_days_nobody on private.usage_days
as restrictive for all to anon, authenticated
using (false);

revoke all on private.usage_days from public, anon, authenticated, service_role;

comment on table private.usage_days is
'How large the project was on each day (UTC), so that its growth can be told.';
comment on column private.usage_days.active_users is 'Who signed in within thirty days.';
comment on column private.usage_days.mails is 'What was sent within thirty days.';

-- Reads about a hundred thousand rows of a table, however large it is: all of a small one, pages at
-- random of a large one, the same each time, so that days can be compared. Whoever counts
-- multiplies by a hundred and divides by this.
create function private.sample_percent(of_table regclass) returns real
language sql
stable
set search_path = ''
begin atomic
  select least(100, 1e7 / greatest(c.reltuples, 1))::real
  from pg_catalog.pg_class as c
  where c.oid = sample_percent.of_table;
end;

create function private.measure_usage() returns private.usage_days
language plpgsql
stable
set search_path = ''
as $$
declare
  of_objects constant real := private.sample_percent('storage.objects');
  of_users constant real := private.sample_percent('auth.users');
  of_emails constant real := private.sample_percent('public.emails');
  usage private.usage_days;
begin
  usage.day := (now() at time zone 'UTC')::date;
  -- All databases of the server, as Supabase counts them.
  select sum(pg_database_size(d.oid)) into usage.database_bytes
  from pg_database as d
  where has_database_privilege(d.oid, 'connect');
  select coalesce(sum((o.metadata ->> 'size')::bigint), 0) * 100 / of_objects
  into usage.file_bytes
  from storage.objects as o tablesample system (of_objects) repeatable (0);
  select
    count(*) * 100 / of_users,
    count(*) filter (where u.last_sign_in_at > now() - interval '30 days') * 100 / of_users
  into usage.users, usage.active_users
  from auth.users as u tablesample system (of_users) repeatable (0);
  select count(*) * 100 / of_emails into usage.mails
  from public.emails as e tablesample system (of_emails) repeatable (0)
  where e.sent_at > now() - interval '30 days';
  select count(*) into usage.firms from public.firms;
  return usage;
end
$$;

create function private.record_usage() returns integer
language plpgsql
set search_path = ''
as $$
begin
  -- The clock asks each minute.
  if exists (
    select from private.usage_days as d where d.day = (now() at time zone 'UTC')::date
  ) then
    return 0;
  end if;
  insert into private.usage_days select m.* from private.measure_usage() as m
  on conflict (day) do nothing;
  return 1;
end
$$;

revoke execute on function
private.sample_percent(regclass), private.measure_usage(), private.record_usage()
from public, anon, authenticated;

comment on function private.sample_percent(regclass) is
'How many percent of a table to read for about a hundred thousand rows; 100 of a smaller one, and
of one of which nothing is known yet.';
comment on function private.measure_usage() is
'How large the project is now. What is counted in samples is an estimate: see sample_percent.';
comment on function private.record_usage() is
'Keeps how large the project is, once a day (UTC). Returns how many rows it wrote.';
