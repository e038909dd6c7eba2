-- Schemas, extensions and default privileges of a new hosted project. Nothing that is created in
-- public is granted to an API role by default.
create schema extensions authorization supabase_admin;
create schema graphql_public authorization supabase_admin;
grant usage on schema extensions to public;
grant all on schema extensions to postgres, dashboard_user;
grant usage on schema graphql_public to anon, authenticated, service_role, postgres;

create extension pgcrypto with schema extensions;
create extension "uuid-ossp" with schema extensions;
create extension pg_stat_statements with schema extensions;

alter schema public owner to pg_database_owner;
grant usage on schema public to anon, authenticated, service_role, postgres;
grant create on schema public to postgres;

create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

-- What hosted still grants of its own accord on new tables; migrations have to revoke it.
alter default privileges for role postgres in schema public
grant truncate, references, trigger on tables to anon, authenticated, service_role;
