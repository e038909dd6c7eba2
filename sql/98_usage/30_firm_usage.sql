-- A firm's part of the database is its part of the rows of each table; each count is one walk along
-- an index, for the firms of one page together.
create function private.firm_usage(of_firm uuid, max_rows integer, after_slug text)
returns table (
  firm_id uuid, slug text, name text, archived_at timestamptz, database_bytes bigint,
  row_count bigint, file_bytes bigint, object_bytes bigint, quota bigint,
  contracts bigint, files bigint, members bigint, mails bigint, jobs bigint
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  firms constant uuid[] := array(
    select f.id
    from public.firms as f
    where (firm_usage.of_firm is null or f.id = firm_usage.of_firm)
      and (firm_usage.after_slug is null or f.slug > firm_usage.after_slug)
    order by f.slug
    limit least(firm_usage.max_rows, 100)
  );
  counts constant text := (
    select
      string_agg(
        format(
          'select t.firm_id, %L as of_table, count(*) as rows, '
          '%s * count(*) / greatest(%s, count(*)) as bytes '
          'from %s as t where t.firm_id = any ($1) group by t.firm_id',
          c.relname, pg_total_relation_size(c.oid), private.row_estimate(c.oid), c.oid::regclass
        ),
        ' union all '
      )
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'firm_id' and not a.attisdropped
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and c.relkind = 'r'
      -- Few, and without an index on the firm.
      and c.oid <> 'private.dead_jobs'::regclass
  );
begin
  return query execute format(
    $counting$
      with counted as (
        select
          c.firm_id,
          sum(c.bytes) as bytes,
          sum(c.rows) as rows,
          coalesce(sum(c.rows) filter (where c.of_table = 'contracts'), 0) as contracts,
          coalesce(sum(c.rows) filter (where c.of_table = 'files'), 0) as files,
          coalesce(sum(c.rows) filter (where c.of_table = 'firm_members'), 0) as members
        from (%s) as c
        group by c.firm_id
      )
      select
        f.id, f.slug, f.name, f.archived_at, c.bytes::bigint, c.rows::bigint,
        (
          select coalesce(sum(s.size_bytes), 0)::bigint
          from public.files as s
          where s.firm_id = f.id and s.status in ('processing', 'ready', 'quarantined')
        ),
        (
          select coalesce(sum((o.metadata ->> 'size')::bigint), 0)::bigint
          from storage.objects as o
          -- All in its folders, of every bucket: so compared, the index on names is walked along.
          where o.name operator(pg_catalog.~>=~) (f.id || '/')
            and o.name operator(pg_catalog.~<~) (f.id || '0')
        ),
        f.storage_quota_bytes, c.contracts::bigint, c.files::bigint, c.members::bigint,
        (
          select count(*)
          from public.emails as e
          where e.firm_id = f.id and e.created_at > now() - interval '30 days'
            and e.status = 'sent'
        ),
        (
          select count(*)
          from private.finished_jobs as j
          where j.firm_id = f.id and j.finished_at > now() - interval '7 days'
        )
      from public.firms as f
      -- Each has its owner, and so a row.
      join counted as c on c.firm_id = f.id
      order by f.slug
    $counting$,
    counts
  ) using firms;
end
$$;

create function public.firm_usage(
  of_firm uuid default null, max_rows integer default 100, after_slug text default null
) returns table (
  firm_id uuid, slug text, name text, archived_at timestamptz, database_bytes bigint,
  row_count bigint, file_bytes bigint, object_bytes bigint, quota bigint,
  contracts bigint, files bigint, members bigint, mails bigint, jobs bigint
)
language sql
stable
set search_path = ''
set statement_timeout = '60s'
begin atomic
  select
    u.firm_id, u.slug, u.name, u.archived_at, u.database_bytes, u.row_count, u.file_bytes,
    u.object_bytes, u.quota, u.contracts, u.files, u.members, u.mails, u.jobs
  from private.firm_usage(firm_usage.of_firm, firm_usage.max_rows, firm_usage.after_slug) as u;
end;

revoke execute on function
private.firm_usage(uuid, integer, text), public.firm_usage(uuid, integer, text)
from public, anon, authenticated;
grant execute on function
private.firm_usage(uuid, integer, text), public.firm_usage(uuid, integer, text)
to service_role;

comment on function private.firm_usage(uuid, integer, text) is 'Definer of public.firm_usage.';
comment on function public.firm_usage(uuid, integer, text) is
'What each firm takes up, by short name, at most a hundred behind after_slug, or one of them. Rows
are counted; database_bytes is an estimate, the firm''s part of the rows of each table. file_bytes is
what counts against the quota, object_bytes all that is stored, pictures, reports and exports too.
files are all versions, mails those sent within thirty days, jobs those of the last seven that left a
result. For the secret key only.';
