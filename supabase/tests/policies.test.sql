-- What every table and policy must be, whoever wrote it.
begin;
select plan(7);

select is_empty(
  $$
    select oid::regclass from pg_class
    where relnamespace = 'public'::regnamespace
      and relkind in ('r', 'p')
      and not relrowsecurity
  $$,
  'every table of the API has row level security'
);

select is_empty(
  $$
    select oid::regclass from pg_class
    where relnamespace = 'public'::regnamespace
      and relkind = 'v'
      and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false)
  $$,
  'every view of the API has the rights of its reader'
);

select is_empty(
  $$
    select tablename, policyname from pg_policies
    where schemaname = 'public'
      and roles <> array['authenticated']::name[]
      and qual <> 'false'
  $$,
  'policies that admit somebody are for those who have signed in, and say so'
);

select is_empty(
  $$
    select schemaname, tablename, cmd from pg_policies
    where schemaname in ('public', 'private') and permissive = 'PERMISSIVE'
    group by schemaname, tablename, cmd
    having count(*) > 1
  $$,
  'no table has two permissive policies for one command'
);

select is_empty(
  $$
    select tablename, policyname from pg_policies
    where schemaname in ('public', 'storage', 'realtime') and cmd = 'ALL' and qual <> 'false'
  $$,
  'every policy that admits somebody is for one command'
);

select is_empty(
  $$
    select c.conrelid::regclass, c.conname
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.confrelid and a.attname = 'firm_id'
    where c.contype = 'f'
      and c.connamespace = 'public'::regnamespace
      and c.confrelid <> 'public.firms'::regclass
      and not a.attnum = any (c.confkey)
  $$,
  'a reference to a row of a firm carries the firm with it'
);

select is_empty(
  $$ select id from storage.buckets where public $$,
  'no bucket is public'
);

select * from finish();
rollback;
