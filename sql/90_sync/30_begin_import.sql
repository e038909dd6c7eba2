create function private.check_import_mapping(kind text, mapping jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  wrong text;
begin
  if jsonb_typeof(check_import_mapping.mapping) is distinct from 'object'
    or pg_column_size(check_import_mapping.mapping) > 16384
  then
    perform private.fail(
      'bad_mapping', 'The mapping is no object of columns and fields.',
      hint => 'Give {"header of the file": "field"}, and null for a column to leave out.',
      status => 422
    );
  end if;
  select coalesce(m.value #>> '{}', m.value::text) into wrong
  from jsonb_each(check_import_mapping.mapping) as m
  where m.value <> 'null'
    and not exists (
      select from private.import_fields(check_import_mapping.kind) as f
      where to_jsonb(f.field) = m.value
    )
  limit 1;
  if found then
    perform private.fail(
      'unknown_field', format('There is no field "%s".', left(wrong, 63)),
      hint => 'Use: ' || (
        select string_agg(f.field, ', ') from private.import_fields(check_import_mapping.kind) as f
      ) || '.',
      status => 422
    );
  end if;
end
$$;

create function private.add_import(
  firm_id uuid, kind text, name text, size_bytes bigint, mapping jsonb, by_operator boolean
) returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
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
$$;

create function private.begin_import(
  firm_id uuid, kind text, name text, size_bytes bigint, mapping jsonb
) returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.lock_firm(
    begin_import.firm_id, coalesce(private.import_role(begin_import.kind), 'member')
  );
  return private.add_import(
    begin_import.firm_id, begin_import.kind, begin_import.name, begin_import.size_bytes,
    begin_import.mapping, false
  );
end
$$;

create function public.begin_import(
  firm_id uuid, kind text, name text, size_bytes bigint, mapping jsonb default '{}'
) returns public.imports
language sql
set search_path = ''
return private.begin_import(firm_id, kind, name, size_bytes, mapping);

create function private.begin_import_for_operator(
  firm_id uuid, kind text, name text, size_bytes bigint, mapping jsonb
) returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform from public.firms as f
  where f.id = begin_import_for_operator.firm_id and f.archived_at is null
  for no key update;
  if not found then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  end if;
  return private.add_import(
    begin_import_for_operator.firm_id, begin_import_for_operator.kind,
    begin_import_for_operator.name, begin_import_for_operator.size_bytes,
    begin_import_for_operator.mapping, true
  );
end
$$;

create function public.begin_import_for_operator(
  firm_id uuid, kind text, name text, size_bytes bigint, mapping jsonb default '{}'
) returns public.imports
language sql
set search_path = ''
return private.begin_import_for_operator(firm_id, kind, name, size_bytes, mapping);

revoke execute on function
private.check_import_mapping(text, jsonb),
private.add_import(uuid, text, text, bigint, jsonb, boolean),
private.begin_import(uuid, text, text, bigint, jsonb),
public.begin_import(uuid, text, text, bigint, jsonb),
private.begin_import_for_operator(uuid, text, text, bigint, jsonb),
public.begin_import_for_operator(uuid, text, text, bigint, jsonb)
from public, anon, authenticated;
grant execute on function
private.begin_import(uuid, text, text, bigint, jsonb),
public.begin_import(uuid, text, text, bigint, jsonb)
to authenticated;
grant execute on function
private.begin_import_for_operator(uuid, text, text, bigint, jsonb),
public.begin_import_for_operator(uuid, text, text, bigint, jsonb)
to service_role;

comment on function private.check_import_mapping(text, jsonb) is
'Refuses a mapping that names no field of the kind.';
comment on function private.add_import(uuid, text, text, bigint, jsonb, boolean) is
'Adds an import whose file is still to come; the firm is locked.';
comment on function private.begin_import(uuid, text, text, bigint, jsonb) is
'Definer of public.begin_import.';
comment on function public.begin_import(uuid, text, text, bigint, jsonb) is
'First step of an import: returns its row, to whose bucket and path the caller may upload the file
within an hour. Then call start_import. kind is companies, consultants or contracts; consultants
need a manager, the others a member. mapping says what columns mean whose names do not:
{"header": "field"}. Errors: unknown_kind, bad_name, type_not_allowed, file_empty, file_too_large,
bad_mapping, unknown_field, too_many_imports, import_quota.';
comment on function private.begin_import_for_operator(uuid, text, text, bigint, jsonb) is
'Definer of public.begin_import_for_operator.';
comment on function public.begin_import_for_operator(uuid, text, text, bigint, jsonb) is
'The same for the operator: what is written then is written by nobody of the firm. For the secret
key only. Error: firm_not_found.';
