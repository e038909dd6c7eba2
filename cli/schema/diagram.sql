-- The tables of the API and their references to each other: two result columns, both JSON.
with
tables as (
  select
    c.oid,
    c.relname,
    jsonb_build_object(
      'name', c.relname,
      'description', obj_description(c.oid, 'pg_class'),
      'columns', (
        select
          jsonb_agg(
            jsonb_build_object(
              'name', a.attname,
              'type', case when t.typcategory = 'A' then e.typname || '[]' else t.typname end,
              'primary', exists (
                select from pg_constraint k
                where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)
              ),
              'foreign', exists (
                select from pg_constraint k
                where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)
              )
            )
            order by a.attnum
          )
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        left join pg_type e on e.oid = t.typelem
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      )
    ) as facts
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
),

hops as (
  select
    parent.relname as parent,
    child.relname as child,
    k.conname,
    jsonb_build_object(
      'parent', parent.relname,
      'child', child.relname,
      'columns', (
        select jsonb_agg(a.attname order by u.place)
        from unnest(k.conkey) with ordinality as u (number, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number
      ),
      'optional', exists (
        select from pg_attribute a
        where a.attrelid = k.conrelid and a.attnum = any (k.conkey) and not a.attnotnull
      ),
      -- A key of the child within the columns that refer: one child for a parent at most.
      'single', exists (
        select from pg_constraint u
        where u.conrelid = k.conrelid and u.contype in ('p', 'u') and u.conkey <@ k.conkey
      )
    ) as facts
  from pg_constraint k
  join tables parent on parent.oid = k.confrelid
  join tables child on child.oid = k.conrelid
  where k.contype = 'f'
)

select
  (select jsonb_agg(t.facts order by t.relname) from tables t) as tables,
  (
    select coalesce(jsonb_agg(h.facts order by h.parent, h.child, h.conname), '[]')
    from hops h
  ) as hops
