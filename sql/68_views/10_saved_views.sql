create function private.is_view_definition(p_definition jsonb) returns boolean
language plpgsql immutable set search_path = '' as $$
declare
  c_column constant text := '^[a-z][a-z0-9_]{0,62}$';
  v_key text;
  v_part jsonb;
begin
  if jsonb_typeof(p_definition) <> 'object'
    or p_definition - array['columns', 'filters', 'sort'] <> '{}'
  then
    return false;
  end if;
  for v_key, v_part in select d.key, d.value from jsonb_each(p_definition) d loop
    if jsonb_typeof(v_part) <> 'array' or jsonb_array_length(v_part) > 100 then
      return false;
    end if;
  end loop;
  for v_part in select e.value from jsonb_array_elements(p_definition -> 'columns') e loop
    if (jsonb_typeof(v_part) = 'string' and v_part #>> '{}' ~ c_column) is not true then
      return false;
    end if;
  end loop;
  for v_part in select e.value from jsonb_array_elements(p_definition -> 'sort') e loop
    if (
      jsonb_typeof(v_part) = 'object'
      and v_part - array['column', 'direction'] = '{}'
      and v_part ->> 'column' ~ c_column
      and v_part ->> 'direction' in ('asc', 'desc')
    ) is not true then
      return false;
    end if;
  end loop;
  for v_part in select e.value from jsonb_array_elements(p_definition -> 'filters') e loop
    if (
      jsonb_typeof(v_part) = 'object'
      and v_part - array['column', 'operator', 'value'] = '{}'
      and v_part ->> 'column' ~ c_column
      and v_part ->> 'operator' in (
        'eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'is', 'like', 'ilike'
      )
      and (jsonb_typeof(v_part -> 'value') = 'array') = (v_part ->> 'operator' = 'in')
      and jsonb_typeof(v_part -> 'value') <> 'object'
    ) is not true then
      return false;
    end if;
    -- The values of a list are plain ones; a path that is not strict would look inside a list.
    if v_part ->> 'operator' = 'in' and jsonb_path_exists(
      v_part, 'strict $.value[*] ? (@.type() == "object" || @.type() == "array")'
    ) then
      return false;
    end if;
  end loop;
  return true;
end
$$;

revoke execute on function private.is_view_definition(jsonb) from public, anon, authenticated;
grant execute on function private.is_view_definition(jsonb) to authenticated;

comment on function private.is_view_definition(jsonb) is
  'Whether this is {"columns": […], "filters": [{"column", "operator", "value"}], "sort": '
  '[{"column", "direction"}]}, each part optional, with plain column names and known operators.';

create table public.saved_views (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  name text not null,
  entity text not null,
  definition jsonb not null default '{}',
  shared boolean not null default false,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint saved_views_name_length check (char_length(btrim(name)) between 1 and 100),
  constraint saved_views_entity_known
  check (entity in ('companies', 'contacts', 'consultants', 'contracts', 'files', 'notes')),
  constraint saved_views_definition_form check (private.is_view_definition(definition)),
  constraint saved_views_definition_size check (pg_column_size(definition) <= 16384)
);

create unique index saved_views_name_idx
on public.saved_views (firm_id, created_by, entity, name) where archived_at is null;
create index saved_views_firm_id_entity_idx on public.saved_views (firm_id, entity, created_by);
create index saved_views_firm_id_created_at_idx
on public.saved_views (firm_id, created_at desc, id);

-- The update policy lets people below managers touch their own views only.
create trigger saved_views_archive before update on public.saved_views
for each row execute function private.guard_archive('viewer');

create trigger saved_views_stamp before insert or update on public.saved_views
for each row execute function private.stamp();

alter table public.saved_views enable row level security;

create policy saved_views_select on public.saved_views for select to authenticated
using (
  firm_id = any (array(select private.firm_ids()))
  and (shared or created_by = (select auth.uid()))
);

-- Everybody keeps views for themselves; sharing one is a member's to do.
create policy saved_views_insert on public.saved_views for insert to authenticated
with check (
  firm_id = any (array(select private.firm_ids('member')))
  or (not shared and firm_id = any (array(select private.firm_ids())))
);

create policy saved_views_update on public.saved_views for update to authenticated
using (
  (shared and firm_id = any (array(select private.firm_ids('manager'))))
  or (created_by = (select auth.uid()) and firm_id = any (array(select private.firm_ids())))
)
with check (
  (shared and firm_id = any (array(select private.firm_ids('manager'))))
  or (
    created_by = (select auth.uid())
    and (
      firm_id = any (array(select private.firm_ids('member')))
      or (not shared and firm_id = any (array(select private.firm_ids())))
    )
  )
);

revoke all on public.saved_views from public, anon, authenticated, service_role;
grant select on public.saved_views to authenticated, service_role;
grant insert (firm_id, name, entity, definition, shared) on public.saved_views to authenticated;
grant update (name, definition, shared, archived_at) on public.saved_views to authenticated;

comment on table public.saved_views is
  'Filters, order and columns of a list that people keep. Private to their author until shared; '
  'members share; managers change what is shared. The server never runs one: the frontend turns '
  'it into a query, which has the rights of whoever sends it.';
comment on column public.saved_views.entity is 'The table whose list it is.';
comment on column public.saved_views.definition is
  '{"columns": ["title"], "filters": [{"column": "status", "operator": "eq", "value": "active"}], '
  '"sort": [{"column": "ends_on", "direction": "asc"}]}; operators: eq, neq, lt, lte, gt, gte, '
  'in (with a list), is, like, ilike.';
comment on column public.saved_views.shared is 'Whether the whole firm sees it.';
comment on column public.saved_views.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
