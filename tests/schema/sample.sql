-- One object of each sort, for the tests that break them.
create extension citext with schema extensions;
create extension pgmq;

create schema sample;
grant usage on schema sample to authenticated;
comment on schema sample is 'A schema.';

alter default privileges for role postgres revoke execute on functions from public;
alter default privileges for role postgres in schema sample
grant select on tables to service_role;

create domain sample.currency as text default 'EUR'
constraint currency_check check (value ~ '^[A-Z]{3}$');
create type sample.mood as enum ('low', 'high');
create type sample.pair as (x integer, y text);

create sequence sample.numbers;

create table sample.firms (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  email extensions.citext,
  number bigint generated always as identity,
  slug text generated always as (lower(name)) stored,
  currency sample.currency not null,
  constraint firms_name_length check (char_length(name) <= 200),
  unique (id, name)
) with (fillfactor = 90);
comment on table sample.firms is 'A table.';
comment on column sample.firms.name is 'A column.';
comment on constraint firms_name_length on sample.firms is 'A constraint.';

create table sample.companies (
  id uuid primary key,
  firm_id uuid references sample.firms on delete cascade
);
create index companies_firm_id_idx on sample.companies (firm_id) where id is not null;
comment on index sample.companies_firm_id_idx is 'An index.';
create statistics sample.companies_statistics on id, firm_id from sample.companies;

alter table sample.firms enable row level security;
alter table sample.firms force row level security;
alter table sample.companies replica identity full;
revoke all on sample.firms, sample.companies from public, anon, authenticated, service_role;
grant select, insert (name), update (name, email) on sample.firms to authenticated;

create function sample.firm_ids(min_role text default 'viewer') returns setof uuid
language sql stable security definer set search_path = '' as $$
  select id from sample.firms
$$;
grant execute on function sample.firm_ids(text) to authenticated;
comment on function sample.firm_ids(text) is 'A function.';

create policy firms_select on sample.firms for select to authenticated
using (id = any (array(select sample.firm_ids())));
create policy firms_insert on sample.firms for insert to authenticated
with check (name is not null);
comment on policy firms_select on sample.firms is 'A policy.';

create function sample.touch() returns trigger language plpgsql set search_path = '' as $$
begin
  return new;
end $$;
create trigger touch before update on sample.firms
for each row execute function sample.touch();
comment on trigger touch on sample.firms is 'A trigger.';
create trigger sample_user after insert on auth.users
for each row execute function sample.touch();

create policy sample_files on storage.objects for select to authenticated
using (bucket_id = 'sample');
insert into storage.buckets (id, name, public) values ('sample', 'sample', false);

create aggregate sample.total (integer) (sfunc = int4pl, stype = integer, initcond = '0');

create view sample.names with (security_invoker = true) as select id, name from sample.firms;
create materialized view sample.totals as select count(*) as firms from sample.firms;
create rule no_names as on delete to sample.names do instead nothing;

alter publication supabase_realtime add table sample.firms;
select pgmq.create('sample');

create table sample.kinds (kind text primary key, added_at timestamptz default now());
insert into sample.kinds (kind) values ('one');
