-- Exact is what is counted whole; "estimated" names the rest. What only the platform sees (egress,
-- Realtime, calls of functions) is not here.
create function private.project_usage() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  usage constant private.usage_days := private.measure_usage();
  of_objects constant real := private.sample_percent('storage.objects');
begin
  return to_jsonb(usage) || jsonb_build_object(
    'measured_at', now(),
    'tables', (
      select jsonb_agg(t order by t.bytes desc, t.name)
      from (
        select
          n.nspname || '.' || c.relname as name,
          pg_total_relation_size(c.oid) as bytes,
          private.row_estimate(c.oid) as rows
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm')
          and n.nspname not in ('pg_catalog', 'information_schema')
          and n.nspname not like 'pg\_temp%'
          and pg_total_relation_size(c.oid) > 0
      ) as t
    ),
    'buckets', (
      select coalesce(jsonb_agg(b order by b.bytes desc, b.name), '[]')
      from (
        select
          o.bucket_id as name,
          round((count(*) * 100 / of_objects)::numeric) as objects,
          round((coalesce(sum((o.metadata ->> 'size')::bigint), 0) * 100 / of_objects)::numeric)
          as bytes
        from storage.objects as o tablesample system (of_objects) repeatable (0)
        group by o.bucket_id
      ) as b
    ),
    'jobs_7_days', (
      select coalesce(sum(s.done), 0) from private.job_stats as s
      where s.minute > now() - interval '7 days'
    ),
    'growth', private.usage_growth(),
    'estimated', array['tables.rows'] || array(
      select e.figure
      from (values
        ('file_bytes', 'storage.objects'::regclass), ('buckets', 'storage.objects'),
        ('users', 'auth.users'), ('active_users', 'auth.users'), ('mails', 'public.emails')
      ) as e (figure, counted)
      where private.sample_percent(e.counted) < 100
    )
  );
end
$$;

-- Without reading the table: what was counted as rows came and went, or when it was analyzed last.
create function private.row_estimate(of_table oid) returns bigint
language sql
stable
set search_path = ''
begin atomic
  select greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0)
  from pg_catalog.pg_class as c
  where c.oid = row_estimate.of_table;
end;

create function private.usage_growth() returns jsonb
language sql
stable
set search_path = ''
begin atomic
  select
    jsonb_build_object(
      'days', count(*),
      'database_bytes', regr_slope(d.database_bytes, d.day - current_date),
      'file_bytes', regr_slope(d.file_bytes, d.day - current_date),
      'active_users', regr_slope(d.active_users, d.day - current_date),
      'mails', regr_slope(d.mails, d.day - current_date),
      'firms', regr_slope(d.firms, d.day - current_date)
    )
  from private.usage_days as d
  where d.day > current_date - 90;
end;

create function public.project_usage() returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '60s'
return private.project_usage();

revoke execute on function
private.project_usage(), public.project_usage(), private.row_estimate(oid), private.usage_growth()
from public, anon, authenticated;
grant execute on function private.project_usage(), public.project_usage() to service_role;

comment on function private.project_usage() is 'Definer of public.project_usage.';
comment on function public.project_usage() is
'How large the project is: bytes of the database and of its tables, bytes of files by bucket, users
and who of them signed in within thirty days, mails sent within thirty days, jobs done within seven;
growth, by least squares over up to ninety days, is what each grows in a day; estimated names the
figures that were not counted whole. For the secret key only.';
comment on function private.row_estimate(oid) is 'About how many rows a table has.';
comment on function private.usage_growth() is
'What the project grows by in a day, and from how many days of the last ninety that is known.';
