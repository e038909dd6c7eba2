-- The roles of a hosted project. Migrations run as postgres, which is no superuser there either.
do $$
declare
  role text;
begin
  foreach role in array array[
    'postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'dashboard_user',
    'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin'
  ] loop
    if not exists (select from pg_catalog.pg_roles where rolname = role) then
      execute format('create role %I', role);
    end if;
  end loop;
end $$;

alter role postgres login nosuperuser createdb createrole replication bypassrls;
alter role anon nologin noinherit;
alter role authenticated nologin noinherit;
alter role service_role nologin noinherit bypassrls;
alter role authenticator login noinherit;
alter role supabase_auth_admin noinherit createrole;
alter role supabase_storage_admin noinherit createrole;
alter role supabase_realtime_admin noinherit;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
-- What lets postgres create policies on storage.objects and triggers on auth.users as on hosted.
grant supabase_storage_admin to postgres;
grant anon, authenticated, service_role to supabase_storage_admin;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = '$user', public, extensions;
alter role supabase_admin set search_path = '$user', public, auth, extensions;
alter role supabase_auth_admin set search_path = 'auth';
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
alter role supabase_storage_admin set search_path = 'storage';
