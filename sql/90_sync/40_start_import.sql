create function private.lock_import(import_id uuid, and_firm boolean) returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
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
$$;

create function private.queue_import(
  import public.imports, dry_run boolean, mapping jsonb, by_operator boolean
) returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
declare
  arrived bigint;
  queued public.imports;
begin
  if import.status in ('queued', 'running') then
    if import.dry_run = coalesce(queue_import.dry_run, true) and queue_import.mapping is null then
      -- Said twice is no error: the first answer may have been lost on the way.
      return import;
    end if;
    perform private.fail(
      'import_running', 'This import is running already.',
      hint => 'Wait until it is over, or cancel it.', status => 409
    );
  end if;
  select (o.metadata ->> 'size')::bigint into arrived
  from storage.objects as o
  where o.bucket_id = import.bucket and o.name = import.path;
  if not found then
    perform private.fail(
      'object_missing', 'Nothing has been uploaded yet.',
      hint => 'Upload the file to the bucket and path that begin_import returned.', status => 409
    );
  elsif arrived is distinct from import.size_bytes then
    perform private.fail(
      'size_mismatch',
      format('%s bytes were announced and %s arrived.', import.size_bytes, arrived),
      hint => 'Begin a new import.', status => 409
    );
  elsif (
    select count(*) >= 5 from public.imports as i
    where i.firm_id = import.firm_id and i.status in ('queued', 'running')
  ) then
    perform private.fail(
      'too_many_imports', 'The firm has five imports that are not over.',
      hint => 'Wait until one of them is.', status => 429
    );
  end if;
  if queue_import.mapping is not null then
    perform private.check_import_mapping(import.kind, queue_import.mapping);
  end if;
  delete from private.import_errors as e
  where e.firm_id = import.firm_id and e.import_id = import.id;
  update public.imports as i
  set
    status = 'queued',
    reason = null,
    detail = null,
    dry_run = coalesce(queue_import.dry_run, true),
    mapping = coalesce(queue_import.mapping, i.mapping),
    progress = 0,
    columns = '[]',
    row_count = null,
    rows_done = 0,
    created_count = 0,
    updated_count = 0,
    unchanged_count = 0,
    failed_count = 0,
    errors_path = null,
    run = i.run + 1,
    requested_by = auth.uid(),
    by_operator = queue_import.by_operator,
    second_factor = private.has_second_factor(),
    finished_at = null
  where i.id = import.id
  returning * into queued;
  if import.run > 0 then
    -- The list of the run before, which its worker may be storing just now.
    perform private.doom_objects(
      import.bucket,
      array[format('%s/%s/errors-%s.csv', import.firm_id, import.id, import.run)],
      now(), now() + interval '1 hour'
    );
  end if;
  perform private.enqueue(
    'import.run', jsonb_build_object('import_id', queued.id, 'run', queued.run), queued.firm_id
  );
  return queued;
end
$$;

create function private.start_import(import_id uuid, dry_run boolean, mapping jsonb)
returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
begin
  return private.queue_import(
    private.lock_import(start_import.import_id, true),
    start_import.dry_run, start_import.mapping, false
  );
end
$$;

create function public.start_import(
  import_id uuid, dry_run boolean default true, mapping jsonb default null
) returns public.imports
language sql
set search_path = ''
return private.start_import(import_id, dry_run, mapping);

create function private.lock_import_for_operator(import_id uuid, and_firm boolean)
returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
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
  if lock_import_for_operator.and_firm and exists (
    select from public.firms as f where f.id = import.firm_id and f.archived_at is not null
  ) then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  end if;
  return import;
end
$$;

create function private.start_import_for_operator(import_id uuid, dry_run boolean, mapping jsonb)
returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
begin
  return private.queue_import(
    private.lock_import_for_operator(start_import_for_operator.import_id, true),
    start_import_for_operator.dry_run, start_import_for_operator.mapping, true
  );
end
$$;

create function public.start_import_for_operator(
  import_id uuid, dry_run boolean default true, mapping jsonb default null
) returns public.imports
language sql
set search_path = ''
return private.start_import_for_operator(import_id, dry_run, mapping);

create function private.stop_import(import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if import.status not in ('uploading', 'queued', 'running') then
    perform private.fail('import_over', 'This import is over already.', status => 409);
  end if;
  delete from private.import_errors as e
  where e.firm_id = import.firm_id and e.import_id = import.id;
  update public.imports as i
  set
    status = 'cancelled', reason = 'cancelled', detail = 'It was cancelled.', finished_at = now()
  where i.id = import.id;
end
$$;

create function private.cancel_import(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- A batch may take long to give the row back: the firm does not wait for it.
  perform private.stop_import(private.lock_import(cancel_import.import_id, false));
end
$$;

create function public.cancel_import(import_id uuid) returns void
language sql
set search_path = ''
return private.cancel_import(import_id);

create function private.cancel_import_for_operator(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.stop_import(
    private.lock_import_for_operator(cancel_import_for_operator.import_id, false)
  );
end
$$;

create function public.cancel_import_for_operator(import_id uuid) returns void
language sql
set search_path = ''
return private.cancel_import_for_operator(import_id);

revoke execute on function
private.lock_import(uuid, boolean), private.lock_import_for_operator(uuid, boolean),
private.queue_import(public.imports, boolean, jsonb, boolean),
private.stop_import(public.imports),
private.start_import(uuid, boolean, jsonb), public.start_import(uuid, boolean, jsonb),
private.start_import_for_operator(uuid, boolean, jsonb),
public.start_import_for_operator(uuid, boolean, jsonb),
private.cancel_import(uuid), public.cancel_import(uuid),
private.cancel_import_for_operator(uuid), public.cancel_import_for_operator(uuid)
from public, anon, authenticated;
grant execute on function
private.start_import(uuid, boolean, jsonb), public.start_import(uuid, boolean, jsonb),
private.cancel_import(uuid), public.cancel_import(uuid)
to authenticated;
grant execute on function
private.start_import_for_operator(uuid, boolean, jsonb),
public.start_import_for_operator(uuid, boolean, jsonb),
private.cancel_import_for_operator(uuid), public.cancel_import_for_operator(uuid)
to service_role;

comment on function private.lock_import(uuid, boolean) is
'An import the caller may run, locked, and its firm before it; fails with import_not_found.';
comment on function private.lock_import_for_operator(uuid, boolean) is
'Any import, locked, and its firm before it; fails with import_not_found, or firm_not_found where
that is archived.';
comment on function private.queue_import(public.imports, boolean, jsonb, boolean) is
'Begins a run of an import that is locked, and queues its job.';
comment on function private.stop_import(public.imports) is 'Cancels an import that is locked.';
comment on function private.start_import(uuid, boolean, jsonb) is
'Definer of public.start_import.';
comment on function public.start_import(uuid, boolean, jsonb) is
'Second step of an import, once its file is uploaded: finds out what it would do, or with dry_run
false does it, with the rights that the caller has while it runs. It may be called again when that is
over, with another mapping too; the file stays for 30 days. Errors: import_not_found, object_missing,
size_mismatch, import_running, too_many_imports, bad_mapping, unknown_field.';
comment on function private.start_import_for_operator(uuid, boolean, jsonb) is
'Definer of public.start_import_for_operator.';
comment on function public.start_import_for_operator(uuid, boolean, jsonb) is
'The same for the operator. For the secret key only. Error: firm_not_found.';
comment on function private.cancel_import(uuid) is 'Definer of public.cancel_import.';
comment on function public.cancel_import(uuid) is
'Ends an import that is not over. Rows it has written stay; running it again goes on. Errors:
import_not_found, import_over.';
comment on function private.cancel_import_for_operator(uuid) is
'Definer of public.cancel_import_for_operator.';
comment on function public.cancel_import_for_operator(uuid) is
'The same for the operator. For the secret key only.';
