-- Raise it, here and in edge_jobs/__init__.py, when a change breaks code that runs outside the
-- database: a runner that was built for another number then gets no jobs and says so.
create function private.schema_version() returns integer
language sql
immutable
set search_path = ''
return 3;

create function public.schema_version() returns integer
language sql
stable
set search_path = ''
return private.schema_version();

revoke execute on function private.schema_version() from public, anon, authenticated;
revoke execute on function public.schema_version() from public, anon, authenticated;
grant execute on function private.schema_version() to service_role;
grant execute on function public.schema_version() to service_role;

comment on function private.schema_version() is
'The number the code outside the database must have been built for.';
comment on function public.schema_version() is
'The number the code outside the database must have been built for.';
