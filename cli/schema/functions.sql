-- Functions that people may call, and their arguments in order: name and whether it is optional.
select
  p.proname,
  coalesce(
    (
      select
        jsonb_agg(
          jsonb_build_object('name', a.name, 'optional', a.place > p.pronargs - p.pronargdefaults)
          order by a.place
        )
      from unnest(p.proargnames) with ordinality as a (name, place)
      where a.place <= p.pronargs
    ),
    '[]'
  ) as arguments,
  obj_description(p.oid, 'pg_proc') as description
from pg_proc p
where
  p.pronamespace = 'public'::regnamespace
  and has_function_privilege('authenticated', p.oid, 'execute')
order by p.proname
