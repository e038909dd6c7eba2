-- What a database consists of, one row per object: kind, name, the object it belongs to, its facts.
-- Left out: what PostgreSQL itself, the Supabase CLI's history and untouched extensions bring, and
-- roles, which belong to the whole server.

create or replace function pg_temp.grants(acl aclitem[]) returns jsonb
language sql stable as $$
  select jsonb_object_agg(grantee, privileges)
  from (
    select
      coalesce(r.rolname, 'public') as grantee,
      string_agg(
        lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
        ', ' order by a.privilege_type
      ) as privileges
    from aclexplode(acl) a
    left join pg_roles r on r.oid = a.grantee
    group by 1
  ) granted
$$;

create or replace function pg_temp.extension_of(catalog regclass, object oid) returns text
language sql stable as $$
  select 'extension ' || quote_ident(e.extname)
  from pg_depend d
  join pg_extension e on e.oid = d.refobjid
  where d.classid = catalog and d.objid = object and d.deptype = 'e'
$$;

create or replace function pg_temp.is_ours(catalog regclass, object oid, acl aclitem[])
returns boolean
language sql stable as $$
  select pg_temp.extension_of(catalog, object) is null or acl is distinct from (
    select i.initprivs from pg_init_privs i
    where i.classoid = catalog and i.objoid = object and i.objsubid = 0
  )
$$;

with
schemas as (
  select * from pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'supabase_migrations')
),

relations as (
  select
    c.*,
    n.nspname,
    format('%I.%I', n.nspname, c.relname) as name,
    case c.relkind
      when 'v' then 'view'
      when 'm' then 'materialized view'
      when 'S' then 'sequence'
      when 'f' then 'foreign table'
      else 'table'
    end as kind
  from pg_class c
  join schemas n on n.oid = c.relnamespace
  where
    c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and pg_temp.is_ours('pg_class', c.oid, c.relacl)
),

functions as (
  select
    p.*,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as name
  from pg_proc p
  join schemas n on n.oid = p.pronamespace
  where pg_temp.is_ours('pg_proc', p.oid, p.proacl)
),

types as (
  select t.*, format('%I.%I', n.nspname, t.typname) as name
  from pg_type t
  join schemas n on n.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  where
    t.typtype in ('d', 'e', 'c', 'r')
    and coalesce(c.relkind, 'c') = 'c'
    and pg_temp.is_ours('pg_type', t.oid, t.typacl)
)

select
  'schema' as kind,
  quote_ident(nspname) as name,
  pg_temp.extension_of('pg_namespace', oid) as owner,
  jsonb_build_object(
    'owner', nspowner::regrole::text,
    'comment', obj_description(oid, 'pg_namespace'),
    'grants', pg_temp.grants(coalesce(nspacl, acldefault('n', nspowner)))
  ) as facts
from schemas

union all
select
  'extension',
  quote_ident(extname),
  null,
  jsonb_build_object('schema', extnamespace::regnamespace::text, 'version', extversion)
from pg_extension

union all
select
  case t.typtype when 'd' then 'domain' else 'type' end,
  t.name,
  pg_temp.extension_of('pg_type', t.oid),
  jsonb_build_object(
    'owner', t.typowner::regrole::text,
    'comment', obj_description(t.oid, 'pg_type'),
    'grants', pg_temp.grants(coalesce(t.typacl, acldefault('T', t.typowner))),
    'base', case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
    'not null', t.typnotnull,
    'default', t.typdefault,
    'checks', (
      select jsonb_object_agg(c.conname, pg_get_constraintdef(c.oid))
      from pg_constraint c where c.contypid = t.oid and c.contype = 'c'
    ),
    'labels', (
      select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
      from pg_enum e where e.enumtypid = t.oid
    ),
    'attributes', (
      select
        string_agg(
          format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum
        )
      from pg_attribute a where a.attrelid = t.typrelid and not a.attisdropped
    ),
    'range of', (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid)
  )
from types t

union all
select
  r.kind,
  r.name,
  pg_temp.extension_of('pg_class', r.oid),
  jsonb_build_object(
    'owner', r.relowner::regrole::text,
    'comment', obj_description(r.oid, 'pg_class'),
    'grants', pg_temp.grants(coalesce(r.relacl, acldefault('r', r.relowner))),
    'options', array_to_string(array(select unnest(r.reloptions) order by 1), ', '),
    'row level security', r.relrowsecurity,
    'row level security forced', r.relforcerowsecurity,
    'replica identity', r.relreplident,
    'persistence', r.relpersistence,
    'partition key', case when r.relkind = 'p' then pg_get_partkeydef(r.oid) end,
    'partition bound', pg_get_expr(r.relpartbound, r.oid),
    'inherits', (
      select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
      from pg_inherits i where i.inhrelid = r.oid
    ),
    'definition', case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end
  )
from relations r
where r.relkind <> 'S'

union all
select
  'sequence',
  r.name,
  coalesce('table ' || d.refobjid::regclass::text, pg_temp.extension_of('pg_class', r.oid)),
  jsonb_build_object(
    'owner', r.relowner::regrole::text,
    'comment', obj_description(r.oid, 'pg_class'),
    'grants', pg_temp.grants(coalesce(r.relacl, acldefault('s', r.relowner))),
    'type', format_type(s.seqtypid, null),
    'values', format(
      'start %s increment %s from %s to %s cache %s%s', s.seqstart, s.seqincrement, s.seqmin,
      s.seqmax, s.seqcache, case when s.seqcycle then ' cycle' else '' end
    ),
    'column', a.attname
  )
from relations r
join pg_sequence s on s.seqrelid = r.oid
left join pg_depend d
  on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype in ('a', 'i')
left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid

union all
-- The place of a column in its table is no fact: a migration can only add it at the end.
select
  'column',
  format('%s.%I', r.name, a.attname),
  r.kind || ' ' || r.name,
  jsonb_build_object(
    'type', format_type(a.atttypid, a.atttypmod),
    'collation', (select c.collname from pg_collation c where c.oid = a.attcollation),
    'not null', a.attnotnull,
    'default', pg_get_expr(d.adbin, d.adrelid),
    'identity', a.attidentity,
    'generated', a.attgenerated,
    'storage', a.attstorage,
    'compression', a.attcompression,
    'statistics', a.attstattarget,
    'comment', col_description(r.oid, a.attnum),
    'grants', pg_temp.grants(a.attacl)
  )
from relations r
join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.relkind <> 'S'

union all
select
  'constraint',
  format('%I on %s', c.conname, r.name),
  r.kind || ' ' || r.name,
  jsonb_build_object(
    'definition', pg_get_constraintdef(c.oid),
    'validated', c.convalidated,
    'comment', obj_description(c.oid, 'pg_constraint')
  )
from pg_constraint c
join relations r on r.oid = c.conrelid
where c.contype in ('c', 'f', 'p', 'u', 'x')

union all
select
  'index',
  format('%I.%I', r.nspname, i.relname),
  r.kind || ' ' || r.name,
  jsonb_build_object(
    'definition', pg_get_indexdef(x.indexrelid),
    'valid', x.indisvalid,
    'clustered', x.indisclustered,
    'comment', obj_description(i.oid, 'pg_class')
  )
from pg_index x
join relations r on r.oid = x.indrelid
join pg_class i on i.oid = x.indexrelid

union all
select
  'statistics',
  format('%s.%I', s.stxnamespace::regnamespace, s.stxname),
  r.kind || ' ' || r.name,
  jsonb_build_object(
    'definition', pg_get_statisticsobjdef(s.oid),
    'comment', obj_description(s.oid, 'pg_statistic_ext')
  )
from pg_statistic_ext s
join relations r on r.oid = s.stxrelid

union all
select
  'trigger',
  format('%I on %s', t.tgname, r.name),
  r.kind || ' ' || r.name,
  jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid),
    'enabled', t.tgenabled,
    'comment', obj_description(t.oid, 'pg_trigger')
  )
from pg_trigger t
join relations r on r.oid = t.tgrelid
where not t.tgisinternal

union all
select
  'policy',
  format('%I on %s', p.polname, r.name),
  r.kind || ' ' || r.name,
  jsonb_build_object(
    'command', case p.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'permissive', p.polpermissive,
    'roles', (
      select string_agg(coalesce(o.rolname, 'public'), ', ' order by o.rolname)
      from unnest(p.polroles) as u (role)
      left join pg_roles o on o.oid = u.role
    ),
    'using', pg_get_expr(p.polqual, p.polrelid),
    'with check', pg_get_expr(p.polwithcheck, p.polrelid),
    'comment', obj_description(p.oid, 'pg_policy')
  )
from pg_policy p
join relations r on r.oid = p.polrelid

union all
select
  'rule',
  format('%I on %s', w.rulename, r.name),
  r.kind || ' ' || r.name,
  jsonb_build_object('definition', pg_get_ruledef(w.oid), 'enabled', w.ev_enabled)
from pg_rewrite w
join relations r on r.oid = w.ev_class
where w.rulename <> '_RETURN'

union all
select
  'function',
  f.name,
  pg_temp.extension_of('pg_proc', f.oid),
  jsonb_build_object(
    'owner', f.proowner::regrole::text,
    'comment', obj_description(f.oid, 'pg_proc'),
    'grants', pg_temp.grants(coalesce(f.proacl, acldefault('f', f.proowner))),
    'kind', f.prokind,
    'arguments', pg_get_function_arguments(f.oid),
    'returns', pg_get_function_result(f.oid),
    'language', l.lanname,
    'volatility', f.provolatile,
    'security', case when f.prosecdef then 'definer' else 'invoker' end,
    'strict', f.proisstrict,
    'leakproof', f.proleakproof,
    'parallel', f.proparallel,
    'cost', f.procost,
    'rows', f.prorows,
    'configuration', array_to_string(array(select unnest(f.proconfig) order by 1), ', '),
    'aggregate', (
      select concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggtranstype::regtype, a.agginitval)
      from pg_aggregate a where a.aggfnoid = f.oid
    ),
    'body', coalesce(pg_get_function_sqlbody(f.oid), f.prosrc)
  )
from functions f
join pg_language l on l.oid = f.prolang

union all
select
  'default privileges',
  format(
    'of %s on %s%s',
    d.defaclrole::regrole,
    case d.defaclobjtype
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'n' then 'schemas'
    end,
    case d.defaclnamespace when 0 then '' else ' in ' || d.defaclnamespace::regnamespace::text end
  ),
  null,
  jsonb_build_object('grants', pg_temp.grants(d.defaclacl))
from pg_default_acl d

union all
select
  'publication',
  quote_ident(p.pubname),
  null,
  jsonb_build_object(
    'owner', p.pubowner::regrole::text,
    'all tables', p.puballtables,
    'publishes', concat_ws(
      ', ',
      case when p.pubinsert then 'insert' end,
      case when p.pubupdate then 'update' end,
      case when p.pubdelete then 'delete' end,
      case when p.pubtruncate then 'truncate' end
    )
  )
from pg_publication p

union all
select
  'publication member',
  format('%I.%I of %I', t.schemaname, t.tablename, t.pubname),
  'publication ' || quote_ident(t.pubname),
  jsonb_build_object(
    -- By name: a migration can only add columns at the end.
    'columns', array_to_string(array(select unnest(t.attnames) order by 1), ', '),
    'where', t.rowfilter
  )
from pg_publication_tables t
join pg_publication p on p.pubname = t.pubname and not p.puballtables

union all
select
  'event trigger',
  quote_ident(e.evtname),
  null,
  jsonb_build_object(
    'event', e.evtevent,
    'function', e.evtfoid::regproc::text,
    'enabled', e.evtenabled,
    'tags', array_to_string(e.evttags, ', ')
  )
from pg_event_trigger e

union all
-- Of what nobody makes here, at least that it is there.
select
  'other object',
  format('%s %s', i.type, i.identity),
  null,
  '{}'
from (
  select 'pg_cast'::regclass as catalog, oid from pg_cast
  union all
  select 'pg_collation', oid from pg_collation
  union all
  select 'pg_foreign_data_wrapper', oid from pg_foreign_data_wrapper
  union all
  select 'pg_foreign_server', oid from pg_foreign_server
  union all
  select 'pg_language', oid from pg_language
  union all
  select 'pg_opclass', oid from pg_opclass
  union all
  select 'pg_operator', oid from pg_operator
  union all
  select 'pg_ts_config', oid from pg_ts_config
  union all
  select 'pg_ts_dict', oid from pg_ts_dict
) o
cross join pg_identify_object(o.catalog, o.oid, 0) i
where o.oid >= 16384 and pg_temp.is_ours(o.catalog, o.oid, null)
