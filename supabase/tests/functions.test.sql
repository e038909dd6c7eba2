-- What every function must be, whoever wrote it.
begin;
select plan(5);

select is_empty(
  $$
    select oid::regprocedure from pg_proc
    where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and not coalesce(proconfig @> array['search_path=""'], false)
  $$,
  'every function has an empty search path'
);

select is_empty(
  $$
    select oid::regprocedure from pg_proc
    where pronamespace = 'public'::regnamespace and prosecdef
  $$,
  'security definers are private; what the API exposes runs with the rights of its caller'
);

select is_empty(
  $$
    select oid::regprocedure from pg_proc
    where pronamespace = 'private'::regnamespace
      and prosecdef
      and prorettype <> 'trigger'::regtype
      and prosrc ~* '\mexecute\s+(format|''|\w+\s*\|\|)'
      and prosrc !~* 'using'
  $$,
  'no security definer runs SQL made of text'
);

select is_empty(
  $$
    select oid::regprocedure from pg_proc
    where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and prosrc ~* 'user_metadata'
      and prorettype <> 'trigger'::regtype
  $$,
  'nothing is decided by what users can write into their own token'
);

select is_empty(
  $$
    select oid::regprocedure from pg_proc
    where pronamespace = 'public'::regnamespace and obj_description(oid, 'pg_proc') is null
  $$,
  'every function of the API is described'
);

select * from finish();
rollback;
