-- Tables whose rows are part of the schema: ours, and two of the platform's. With each, the columns
-- that are never the same twice.
select
  n.nspname,
  c.relname,
  array(
    select a.attname::text
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and (
      a.attidentity <> ''
      or pg_get_expr(d.adbin, d.adrelid)
      ~ 'now\(|clock_timestamp|current_(date|timestamp)|random|uuid_generate|nextval'
    )
  ) as volatile_columns
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where
  c.relkind in ('r', 'p')
  and not c.relispartition
  and n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'supabase_migrations')
  and (
    n.nspname not in ('auth', 'extensions', 'graphql_public', 'pgmq', 'realtime', 'storage')
    or (n.nspname, c.relname) in (('pgmq', 'meta'), ('storage', 'buckets'))
  )
