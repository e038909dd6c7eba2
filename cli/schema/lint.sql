-- What our own rules find, as (rule, detail); lint.py says why and how to mend each. Only what the
-- project itself made: in `public` and `private`, and nothing that belongs to an extension.
with
functions as (
  select p.*, n.nspname
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  where
    n.nspname in ('public', 'private')
    and not exists (
      select from pg_depend d
      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    )
),

relations as (
  select c.*, n.nspname
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where
    n.nspname in ('public', 'private')
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and not exists (
      select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('e', 'i')
    )
),

-- Rights somebody holds, by table and by column.
rights as (
  select c.oid, g.grantee, g.privilege_type
  from relations c
  cross join aclexplode(c.relacl) g
  union
  select c.oid, g.grantee, g.privilege_type
  from relations c
  join pg_attribute a on a.attrelid = c.oid
  cross join aclexplode(a.attacl) g
),

policies as (
  select
    p.polname,
    p.polrelid,
    -- A sub-select around a helper is evaluated once for the query.
    regexp_replace(
      pg_get_expr(p.polqual, p.polrelid),
      '(?<!IN \( )SELECT (auth|private)\.\w+\([^()]*\)', '', 'g'
    ) as filter
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  where c.relnamespace in ('public'::regnamespace, 'storage'::regnamespace)
)

select 'object_in_managed_schema' as rule, pg_describe_object(d.classid, d.objid, 0) as detail
from pg_shdepend d
join pg_namespace n on n.nspname in ('auth', 'storage', 'realtime')
left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
left join pg_type t on d.classid = 'pg_type'::regclass and t.oid = d.objid
where
  d.dbid = (select b.oid from pg_database b where b.datname = current_database())
  and d.refobjid = 'postgres'::regrole
  and d.deptype = 'o'
  and n.oid = coalesce(c.relnamespace, p.pronamespace, t.typnamespace)

union all
select 'trigger_on_managed_table', format('trigger %I on %s', t.tgname, t.tgrelid::regclass)
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
join functions f on f.oid = t.tgfoid
where
  n.nspname in ('auth', 'storage', 'realtime')
  and (n.nspname, c.relname) not in (
    ('auth', 'users'), ('storage', 'objects'), ('storage', 'buckets'), ('realtime', 'messages')
  )

union all
select 'open_to_everybody', format('function %s', f.oid::regprocedure)
from functions f
cross join aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
where
  g.grantee in (0, 'anon'::regrole)
  -- Who signs for a client or unsubscribes has no account: they have the token of the mail.
  and not (
    g.grantee = 'anon'::regrole
    and f.proname in ('view_signing', 'sign_contract', 'decline_contract', 'unsubscribe')
  )

union all
select 'open_to_everybody', format('%s on %s', lower(r.privilege_type), r.oid::regclass)
from rights r
where r.grantee in (0, 'anon'::regrole)

union all
select 'rights_not_revoked', format('%s on %s', lower(r.privilege_type), r.oid::regclass)
from rights r
where
  r.grantee in ('authenticated'::regrole, 'service_role'::regrole)
  and r.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')

union all
select 'rights_not_revoked', format('table %s', c.oid::regclass)
from relations c
where c.relacl is null and c.relkind <> 'S'

union all
select 'definer_outside_private', format('function %s', f.oid::regprocedure)
from functions f
where f.prosecdef and f.nspname <> 'private'

union all
select 'search_path_not_empty', format('function %s', f.oid::regprocedure)
from functions f
where f.proconfig is null or f.proconfig @> array['search_path=""'] is false

union all
select 'setting_of_an_extension', format('%s of function %s', s.name, f.oid::regprocedure)
from functions f
cross join unnest(f.proconfig) as c (setting)
cross join split_part(c.setting, '=', 1) as s (name)
where s.name like '%.%'

union all
select 'policy_asks_for_each_row', format('policy %I on %s', p.polname, p.polrelid::regclass)
from policies p
where p.filter ~ '(auth|private)\.\w+\('

union all
select 'enum_column', format('column %I of %s', a.attname, c.oid::regclass)
from relations c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.relkind in ('r', 'p') and t.typtype = 'e'

union all
-- Only columns of plain listing indexes: what an expression calls cannot be told from the catalog.
select
  'index_not_leakproof',
  format(
    'column %s of index %s',
    pg_get_indexdef(i.indexrelid, k.place::integer, true), x.oid::regclass
  )
from pg_index i
join pg_class x on x.oid = i.indexrelid
join relations c on c.oid = i.indrelid and c.relrowsecurity
join pg_am m on m.oid = x.relam and m.amname = 'btree'
cross join unnest(i.indclass::oid[]) with ordinality as k (class, place)
join pg_opclass o on o.oid = k.class
where
  not i.indisunique
  and exists (
    select from pg_amop s
    join pg_operator op on op.oid = s.amopopr
    join pg_proc p on p.oid = op.oprcode
    where
      s.amopfamily = o.opcfamily
      and s.amoplefttype = o.opcintype
      and s.amoprighttype = o.opcintype
      and not p.proleakproof
  )

union all
select 'missing_comment', format('table %s', c.oid::regclass)
from relations c
where c.relkind <> 'S' and obj_description(c.oid, 'pg_class') is null

union all
select 'missing_comment', format('function %s', f.oid::regprocedure)
from functions f
where obj_description(f.oid, 'pg_proc') is null

order by 1, 2
