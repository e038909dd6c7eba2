SET local check_function_bodies = off;

DROP FUNCTION "private"."lock_import"(uuid);

DROP FUNCTION "private"."lock_import_for_operator"(uuid);

CREATE OR REPLACE FUNCTION private.add_import (
  firm_id     uuid,
  kind        text,
  name        text,
  size_bytes  bigint,
  mapping     jsonb,
  by_operator boolean
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Of one firm, files whose rows are still here.
  most_bytes constant bigint := 1073741824;
  id constant uuid := gen_random_uuid();
  ending constant text := lower(substring(add_import.name from '\.([A-Za-z]+)$'));
  bucket storage.buckets;
  added public.imports;
begin
  select * into strict bucket from storage.buckets as b where b.id = 'imports';
  if private.import_role(add_import.kind) is null then
    perform private.fail(
      'unknown_kind', format('Nothing of the kind "%s" is imported.', left(add_import.kind, 63)),
      hint => 'Use companies, consultants or contracts.', status => 422
    );
  elsif not coalesce(private.is_file_name(add_import.name), false) then
    perform private.fail(
      'bad_name', 'This file name cannot be used.',
      hint => 'At most 255 bytes, no slashes, no control characters, not only dots.',
      status => 422
    );
  elsif not coalesce(ending in ('csv', 'xlsx'), false) then
    perform private.fail(
      'type_not_allowed', 'Only CSV and XLSX files are imported.',
      hint => 'The name ends in .csv or .xlsx.', status => 415
    );
  elsif coalesce(add_import.size_bytes, 0) <= 0 then
    perform private.fail('file_empty', 'The file is empty.', status => 422);
  elsif add_import.size_bytes > bucket.file_size_limit then
    perform private.fail(
      'file_too_large',
      format('A file can have at most %s MB.', bucket.file_size_limit / 1000000),
      hint => 'Split it: each part needs the header.', status => 413
    );
  end if;
  perform private.check_import_mapping(add_import.kind, add_import.mapping);

  -- What was begun and never sent is in nobody's way.
  delete from public.imports as i
  where i.firm_id = add_import.firm_id and i.status = 'uploading' and i.upload_expires_at <= now();
  if (
    select count(*) >= 50 from public.imports as i
    where i.firm_id = add_import.firm_id and i.status = 'uploading'
  ) then
    perform private.fail(
      'too_many_imports', 'The firm has 50 imports whose file has not come.',
      hint => 'Start or cancel some; they expire after an hour.', status => 429
    );
  elsif most_bytes < add_import.size_bytes + (
    -- What was announced smaller than it is counts for the bytes that came.
    select coalesce(sum(greatest(i.size_bytes, (
      select (o.metadata ->> 'size')::bigint from storage.objects as o
      where o.bucket_id = i.bucket and o.name = i.path
    ))), 0)
    from public.imports as i
    where i.firm_id = add_import.firm_id
  ) then
    perform private.fail(
      'import_quota', 'The firm has imported files of 1 GB within 30 days.',
      hint => 'Older ones are deleted day by day.', status => 409
    );
  end if;

  insert into public.imports (
    id, firm_id, kind, name, path, size_bytes, mapping, requested_by, by_operator
  )
  values (
    id, add_import.firm_id, add_import.kind, add_import.name,
    format('%s/%s/source.%s', add_import.firm_id, id, ending),
    add_import.size_bytes, add_import.mapping, auth.uid(), add_import.by_operator
  )
  returning * into added;
  return added;
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_upload (
  p_firm_id       uuid,
  p_name          text,
  p_size_bytes    bigint,
  p_mime          text,
  p_company_id    uuid,
  p_contact_id    uuid,
  p_consultant_id uuid,
  p_contract_id   uuid,
  p_visibility    text,
  p_replaces      uuid,
  p_sha256        text
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_id uuid := gen_random_uuid();
  v_bucket storage.buckets;
  v_file public.files;
  v_used bigint;
  v_open bigint;
  v_beside bigint;
  v_current public.files;
  -- Consultants send in what is about themselves.
  v_is_own boolean := p_replaces is null
  and p_visibility = 'portal'
  and private.is_portal_parent(p_firm_id, p_consultant_id, p_contract_id);
begin
  if p_replaces is not null then
    perform private.require_role(p_firm_id, 'member');
    -- A new version is where the document is, and seen by whom the document is.
    p_company_id := null;
    p_contact_id := null;
    p_consultant_id := null;
    p_contract_id := null;
    p_visibility := 'firm';
  elsif v_is_own is not true then
    perform private.require_role(
      p_firm_id, case p_visibility when 'firm' then 'member' else 'manager' end
    );
  end if;
  select * into strict v_bucket from storage.buckets where id = 'firm-files';
  if not coalesce(private.is_file_name(p_name), false) then
    perform private.fail(
      'bad_name', 'This file name cannot be used.',
      hint => 'At most 255 bytes, no slashes, no control characters, not only dots.',
      status => 422
    );
  elsif coalesce(p_size_bytes, 0) <= 0 then
    perform private.fail('file_empty', 'The file is empty.', status => 422);
  elsif p_size_bytes > v_bucket.file_size_limit then
    perform private.fail(
      'file_too_large',
      format('A file can have at most %s MB.', v_bucket.file_size_limit / 1000000),
      status => 413
    );
  elsif not coalesce(p_mime = any (v_bucket.allowed_mime_types), false) then
    perform private.fail(
      'type_not_allowed', 'Files of this type cannot be uploaded.',
      hint => 'Allowed: ' || array_to_string(v_bucket.allowed_mime_types, ', '), status => 415
    );
  elsif lower(p_sha256) !~ '^[0-9a-f]{64}$' then
    perform private.fail(
      'bad_sha256', 'This is no SHA-256.', hint => 'Give 64 hexadecimal digits.', status => 422
    );
  elsif num_nonnulls(p_company_id, p_contact_id, p_consultant_id, p_contract_id) > 1 then
    perform private.fail(
      'one_parent',
      'A file belongs to one company, contact, consultant or contract, or to the firm.',
      status => 422
    );
  elsif p_visibility = 'portal' and num_nonnulls(p_consultant_id, p_contract_id) = 0 then
    perform private.fail(
      'portal_parent', 'Only files of a consultant or a contract are shared in the portal.',
      status => 422
    );
  end if;

  if v_is_own then
    perform from public.firms where id = p_firm_id for no key update;
  else
    perform private.lock_firm(p_firm_id, 'member');
  end if;
  if p_replaces is not null then
    v_current := private.lock_document(p_replaces);
    if v_current.firm_id <> p_firm_id then
      perform private.fail('file_not_found', 'There is no such file.', status => 404);
    elsif v_current.status in ('pending', 'processing') then
      perform private.fail(
        'still_processing', 'The file to replace is not ready yet.',
        hint => 'Wait until it is, or cancel its upload.', status => 409
      );
    end if;
    p_company_id := v_current.company_id;
    p_contact_id := v_current.contact_id;
    p_consultant_id := v_current.consultant_id;
    p_contract_id := v_current.contract_id;
    p_visibility := v_current.visibility;
  end if;
  -- An upload that was given up, or announced smaller than it is, counts for the bytes that came.
  select
    coalesce(
      sum(
        case
          when f.status in ('processing', 'ready', 'quarantined') then f.size_bytes
          else greatest(
            case when f.status = 'pending' and f.upload_expires_at > now() then f.size_bytes end,
            (
              select (o.metadata ->> 'size')::bigint
              from storage.objects o
              where o.bucket_id = f.bucket and o.name = f.path
            )
          )
        end
      ),
      0
    ),
    count(*) filter (where f.status = 'pending' and f.upload_expires_at > now()),
    count(*) filter (
      where f.is_current
        and f.archived_at is null
        and f.status <> 'failed'
        and (f.company_id, f.contact_id, f.consultant_id, f.contract_id)
        is not distinct from (p_company_id, p_contact_id, p_consultant_id, p_contract_id)
    )
  into v_used, v_open, v_beside
  from public.files f
  where f.firm_id = p_firm_id;
  if v_open >= 100 then
    perform private.fail(
      'too_many_uploads', 'The firm has 100 unfinished uploads.',
      hint => 'Finish or cancel some; they expire after an hour.', status => 429
    );
  elsif v_used + p_size_bytes > (select storage_quota_bytes from public.firms where id = p_firm_id)
  then
    perform private.fail(
      'storage_quota', 'The firm''s storage is full.',
      hint => 'Ask for more storage.', status => 409
    );
  elsif p_replaces is null
    and v_beside >= (
      case num_nonnulls(p_company_id, p_contact_id, p_consultant_id, p_contract_id)
        when 0 then 10000
        else 1000
      end
    )
  then
    perform private.fail(
      'too_many_files', format('There are %s files here already.', v_beside),
      hint => 'Archive some first.', status => 409
    );
  end if;

  insert into public.files (
    id, firm_id, company_id, contact_id, consultant_id, contract_id, visibility, path, name, mime,
    size_bytes, sha256, series_id, version, is_current
  )
  values (
    v_id, p_firm_id, p_company_id, p_contact_id, p_consultant_id, p_contract_id, p_visibility,
    p_firm_id || '/' || v_id || '/' || private.safe_name(p_name), p_name, p_mime, p_size_bytes,
    lower(p_sha256),
    coalesce(v_current.series_id, v_id),
    1 + coalesce(
      (
        select max(f.version)
        from public.files f
        where f.firm_id = p_firm_id and f.series_id = v_current.series_id
      ),
      0
    ),
    -- A new version only once it is ready.
    p_replaces is null
  )
  returning * into v_file;
  return v_file;
exception when foreign_key_violation then
  perform private.fail(
    'parent_not_found', 'The firm has no such company, contact, consultant or contract.',
    status => 404
  );
end
$function$;

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
