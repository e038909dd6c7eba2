create function public.bulk_edit(entity text, ids uuid[], changes jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  c_most constant integer := 500;
  -- The rights of the caller decide, as the catalog has them: no second list to forget. Nothing
  -- but names from here becomes part of a statement.
  v_entities constant text[] := array(
    select c.relname::text
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace
      and c.relkind = 'r'
      and a.attname = 'archived_at'
      and has_column_privilege(c.oid, a.attnum, 'update')
    order by 1
  );
  v_table regclass;
  v_allowed text[];
  v_column text;
  v_value jsonb;
  v_ids uuid[];
  v_readable uuid[];
  v_writable uuid[];
  v_update text;
  v_id uuid;
  v_changed integer := 0;
  v_code text;
  v_message text;
  v_refused jsonb := '[]';
begin
  if (entity = any (v_entities)) is not true then
    perform private.fail(
      'unknown_entity', format('There is no entity "%s" to edit.', left(entity, 63)),
      hint => 'Use one of: ' || array_to_string(v_entities, ', ') || '.', status => 422
    );
  elsif jsonb_typeof(changes) is distinct from 'object' or changes = '{}' then
    perform private.fail(
      'no_changes', 'Say what to change.', hint => 'Give column names and values.', status => 422
    );
  end if;
  v_ids := array(select distinct i.id from unnest(ids) i (id) order by i.id);
  if cardinality(v_ids) > c_most then
    perform private.fail(
      'too_many_rows', format('At most %s entries can be changed at once.', c_most),
      hint => 'Send them in several requests.', status => 422
    );
  end if;

  v_table := format('public.%I', entity)::regclass;
  v_allowed := array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = v_table
      and a.attnum > 0
      and not a.attisdropped
      and has_column_privilege(v_table, a.attnum, 'update')
    order by 1
  );
  for v_column, v_value in select c.key, c.value from jsonb_each(changes) c loop
    if v_column <> all (v_allowed) then
      perform private.fail(
        'unknown_column', format('The column "%s" cannot be changed.', left(v_column, 63)),
        hint => 'Use: ' || array_to_string(v_allowed, ', ') || '.', status => 422
      );
    end if;
    v_message := null;
    begin
      execute format('select from jsonb_populate_record(null::public.%I, $1)', entity)
      using jsonb_build_object(v_column, v_value);
      if v_value = 'null' and exists (
        select from pg_attribute a
        where a.attrelid = v_table and a.attname = v_column and a.attnotnull
      ) then
        v_message := 'it cannot be empty';
      end if;
    exception when data_exception then
      v_message := sqlerrm;
    end;
    if v_message is not null then
      perform private.fail(
        'bad_value', format('%s: %s.', v_column, v_message),
        hint => 'Nothing was changed.', status => 422
      );
    end if;
  end loop;
  v_update := format(
    'update public.%1$I t set %2$s from jsonb_populate_record(null::public.%1$I, $1) v'
    ' where t.id = $2',
    entity,
    (select string_agg(format('%1$I = v.%1$I', c.key), ', ') from jsonb_object_keys(changes) c (key))
  );

  -- In one order, so that two edits of the same rows wait for each other and never in a circle. No
  -- key changes: what refers to them comes to be meanwhile.
  execute format(
    'select array('
    'select t.id from public.%I t where t.id = any ($1) order by t.id for no key update)',
    entity
  )
  into v_writable using v_ids;
  execute format('select array(select t.id from public.%I t where t.id = any ($1))', entity)
  into v_readable using v_ids;
  begin
    foreach v_id in array v_ids loop
      v_code := null;
      if v_id = any (v_writable) then
        begin
          execute v_update using changes, v_id;
          v_changed := v_changed + 1;
        exception when others then
          -- What is not about the row, such as a timeout, ends the request.
          if sqlstate !~ '^(22|23|42501|PT)' then
            raise;
          end if;
          get stacked diagnostics v_code = pg_exception_detail, v_message = message_text;
          if sqlstate = '42501' then
            v_code := 'not_allowed';
            v_message := 'You are not allowed to change this entry like that.';
          elsif sqlstate not like 'PT%' then
            v_code := sqlstate;
          end if;
        end;
      elsif v_id = any (v_readable) then
        v_code := 'not_allowed';
        v_message := 'You are not allowed to change this entry.';
      else
        v_code := 'not_found';
        v_message := 'There is no such entry.';
      end if;
      if v_code is not null then
        v_refused := v_refused
          || jsonb_build_object('id', v_id, 'code', v_code, 'message', v_message);
      end if;
    end loop;
    if v_refused <> '[]' then
      raise sqlstate 'FB001';
    end if;
  exception when sqlstate 'FB001' then
    -- All or nothing: what was changed until here is undone by coming here.
    v_changed := 0;
  end;
  return jsonb_build_object('changed', v_changed, 'refused', v_refused);
end
$$;

revoke execute on function public.bulk_edit(text, uuid[], jsonb) from public, anon, authenticated;
grant execute on function public.bulk_edit(text, uuid[], jsonb) to authenticated;

comment on function public.bulk_edit(text, uuid[], jsonb) is
  'Makes the same change to at most 500 entries of a table (companies, contracts, notes …), all of '
  'them or none: {"changed": n, "refused": [{"id", "code", "message"}]}, and where anything is '
  'refused nothing was changed. With the caller''s own rights; archived_at archives and restores. '
  'Codes: not_found, not_allowed, what the table''s rules say (archived, terms_frozen …), or '
  'PostgreSQL''s. Errors: unknown_entity, unknown_column, bad_value, no_changes, too_many_rows.';
