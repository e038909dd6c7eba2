SET local check_function_bodies = off;

DROP FUNCTION "private"."lock_import"(uuid);

DROP FUNCTION "private"."lock_import_for_operator"(uuid);

CREATE OR REPLACE FUNCTION private.cancel_import (
  import_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- A batch may take long to give the row back: the firm does not wait for it.
  perform private.stop_import(private.lock_import(cancel_import.import_id, false));
end
$function$;

CREATE OR REPLACE FUNCTION private.cancel_import_for_operator (
  import_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.stop_import(
    private.lock_import_for_operator(cancel_import_for_operator.import_id, false)
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_import (
  import_id uuid,
  and_firm  boolean
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  firm_id uuid;
  import public.imports;
begin
  -- As imports_select has it: nobody learns of one they cannot see.
  select i.firm_id into firm_id
  from public.imports as i
  where i.id = lock_import.import_id
    and i.firm_id = any (array(select private.firm_ids(private.import_role(i.kind))));
  if not found then
    perform private.fail('import_not_found', 'There is no such import.', status => 404);
  end if;
  if lock_import.and_firm then
    perform private.lock_firm(firm_id, 'member');
  end if;
  select * into import from public.imports as i where i.id = lock_import.import_id for update;
  perform private.require_role(firm_id, private.import_role(import.kind));
  return import;
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_import_for_operator (
  import_id uuid,
  and_firm  boolean
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  if lock_import_for_operator.and_firm then
    perform from public.firms as f
    where f.id = (
      select i.firm_id from public.imports as i where i.id = lock_import_for_operator.import_id
    )
    for no key update;
  end if;
  select * into import
  from public.imports as i
  where i.id = lock_import_for_operator.import_id
  for update;
  if not found then
    perform private.fail('import_not_found', 'There is no such import.', status => 404);
  end if;
  return import;
end
$function$;

CREATE OR REPLACE FUNCTION private.start_import (
  import_id uuid,
  dry_run   boolean,
  mapping   jsonb
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return private.queue_import(
    private.lock_import(start_import.import_id, true),
    start_import.dry_run, start_import.mapping, false
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.start_import_for_operator (
  import_id uuid,
  dry_run   boolean,
  mapping   jsonb
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return private.queue_import(
    private.lock_import_for_operator(start_import_for_operator.import_id, true),
    start_import_for_operator.dry_run, start_import_for_operator.mapping, true
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.write_rows (
  kind    text,
  firm_id uuid,
  fields  text[],
  rows    jsonb,
  dry_run boolean
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO ''
  SET enable_seqscan TO 'off'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  AS $function$
declare
  statement constant text := private.import_statement(
    write_rows.kind, write_rows.fields, write_rows.dry_run
  );
  size constant integer := jsonb_array_length(write_rows.rows);
  outcome jsonb;
  code text;
  said text;
  broken text;
  missing text;
  total jsonb := '{"created": 0, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}';
begin
  begin
    execute statement into outcome using write_rows.firm_id, write_rows.rows;
    return outcome;
  exception when others then
    -- What is not about the rows, such as a timeout, ends the request.
    if sqlstate !~ '^(22|23|42501|PT)' then
      raise;
    elsif size = 1 then
      get stacked diagnostics
        said = pg_exception_detail, broken = constraint_name, missing = column_name;
      code := case
        when sqlstate like 'PT%' then said
        when sqlstate = '42501' then 'not_allowed'
        when sqlstate = '23505' then 'key_taken'
        when sqlstate = '23502' then 'required'
        else 'rule_broken'
      end;
      if code is null then
        raise;
      end if;
      return total || jsonb_build_object('failed', 1, 'errors', jsonb_build_array(jsonb_build_array(
        write_rows.rows #> '{0,0}',
        coalesce(nullif(missing, ''), substring(broken from '_firm_id_([a-z_]+)_idx$')),
        null, left(code, 64), nullif(broken, '')
      )));
    end if;
  end;
  -- A trigger refused one, or somebody was faster: eighth by eighth until it stands alone, so that
  -- it costs no other.
  for outcome in
    select private.write_rows(
      write_rows.kind, write_rows.firm_id, write_rows.fields, jsonb_agg(r.value order by r.n),
      write_rows.dry_run
    )
    from jsonb_array_elements(write_rows.rows) with ordinality as r (value, n)
    group by (r.n - 1) * 8 / size
    order by min(r.n)
  loop
    total := (
      select jsonb_object_agg(t.key, case t.key
        when 'errors' then t.value || (outcome -> 'errors')
        else to_jsonb(t.value::integer + (outcome ->> t.key)::integer)
      end)
      from jsonb_each(total) as t
    );
  end loop;
  return total;
end
$function$;

COMMENT ON FUNCTION "private"."lock_import"(uuid, boolean) IS 'An import the caller may run, locked, and its firm before it; fails with import_not_found.';

COMMENT ON FUNCTION "private"."lock_import_for_operator"(uuid, boolean) IS 'Any import, locked, and its firm before it; fails with import_not_found.';

COMMENT ON FUNCTION "private"."write_rows"(text, uuid, text[], jsonb, boolean) IS 'Decides a batch of rows, and writes it unless it is a dry run, with the rights of the caller:
{created, updated, unchanged, failed, errors: [[line, field, value, code, detail], …]}. All at once;
where a trigger or a colleague comes between, in ever smaller parts, so that a row that is refused
costs no other.';

REVOKE ALL ON FUNCTION "private"."lock_import"(uuid, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_import_for_operator"(uuid, boolean) FROM PUBLIC;

-- What the docs call 50 MB. A part of an export, a document with what a ZIP file adds to it, fits
-- into the 50 MiB that every plan takes.
UPDATE storage.buckets SET file_size_limit = 50000000 WHERE id IN ('firm-files', 'imports');

UPDATE storage.buckets SET file_size_limit = 52428800 WHERE id = 'exports';
