-- The advisors 0025 to 0029, which the Supabase CLI does not have. Functions count only in the two
-- schemas that the Data API serves: a definer function elsewhere has no URL.

-- 0025: a public bucket needs no SELECT policy to be read; with one, its files can be listed.
select
  'public_bucket_allows_listing' as name,
  'WARN' as level,
  format(
    'The public bucket `%s` can be listed by the policy `%s` on storage.objects.',
    b.id, p.policyname
  ) as detail,
  '0025_public_bucket_allows_listing' as rule
from storage.buckets b
join pg_policies p on p.schemaname = 'storage' and p.tablename = 'objects'
where
  b.public
  and p.permissive = 'PERMISSIVE'
  and p.cmd in ('SELECT', 'ALL')
  and p.roles && array['public', 'anon', 'authenticated']::name[]
  and (
    p.qual is null
    or p.qual in ('true', '(true)')
    or p.qual = format('(bucket_id = %L::text)', b.id)
  )

union all
-- 0026 and 0027: whoever may select from a table finds it in GraphQL's introspection.
select
  format('pg_graphql_%s_table_exposed', role),
  'WARN',
  format('GraphQL shows `%s` to the role `%s`.', c.oid::regclass, role),
  case role
    when 'anon' then '0026_pg_graphql_anon_table_exposed'
    else '0027_pg_graphql_authenticated_table_exposed'
  end
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join unnest(array['anon', 'authenticated']) as role
where
  exists (select from pg_extension as e where e.extname = 'pg_graphql')
  and c.relkind in ('r', 'p', 'v', 'm')
  and n.nspname in ('public', 'graphql_public')
  and has_table_privilege(role, c.oid, 'select')

union all
-- 0028 and 0029: a definer function has its owner's rights, so no client may call one directly.
select
  format('%s_security_definer_function_executable', role),
  'WARN',
  format(
    'The security definer function `%s` can be called by the role `%s`.',
    p.oid::regprocedure, role
  ),
  case role
    when 'anon' then '0028_anon_security_definer_function_executable'
    else '0029_authenticated_security_definer_function_executable'
  end
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
cross join unnest(array['anon', 'authenticated']) as role
where
  p.prosecdef
  and n.nspname in ('public', 'graphql_public')
  and has_function_privilege(role, p.oid, 'execute')
