create function private.apply_reprocess(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.lock_file(apply_reprocess.file_id);
begin
  if file.status in ('pending', 'processing') then
    perform private.fail(
      'still_processing', 'This file is being processed or uploaded.', status => 409
    );
  elsif not exists (
    select from storage.objects as o where o.bucket_id = file.bucket and o.name = file.path
  ) or exists (
    -- The worker may be removing it just now.
    select from private.doomed_objects as d
    where d.bucket = file.bucket and d.path = file.path and d.due_at <= clock_timestamp()
      and not private.needs_object(d.bucket, d.path)
  ) then
    perform private.fail(
      'object_missing', 'The bytes of this file are gone.', hint => 'Upload it anew.',
      status => 409
    );
  end if;
  return private.receive_file(file);
end
$$;

create function private.reprocess_file(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.find_file(reprocess_file.file_id);
begin
  perform private.require_role(file.firm_id, 'manager');
  return private.apply_reprocess(file.id);
end
$$;

create function public.reprocess_file(file_id uuid) returns public.files
language sql
set search_path = ''
return private.reprocess_file(file_id);

create function public.reprocess_file_for_operator(file_id uuid) returns public.files
language sql
set search_path = ''
return private.apply_reprocess(file_id);

revoke execute on function
private.apply_reprocess(uuid), public.reprocess_file_for_operator(uuid),
private.reprocess_file(uuid), public.reprocess_file(uuid)
from public, anon, authenticated;
grant execute on function private.reprocess_file(uuid), public.reprocess_file(uuid)
to authenticated;
grant execute on function private.apply_reprocess(uuid), public.reprocess_file_for_operator(uuid)
to service_role;

comment on function private.apply_reprocess(uuid) is
'What public.reprocess_file does, for whoever was asked already, and for the operator.';
comment on function private.reprocess_file(uuid) is 'Definer of public.reprocess_file.';
comment on function public.reprocess_file(uuid) is
  'Has the worker look at a file once more, such as after an upgrade; until it is done the file '
  'cannot be opened. Managers. Errors: file_not_found, not_allowed, still_processing, '
  'object_missing, archived.';
comment on function public.reprocess_file_for_operator(uuid) is
'The same as reprocess_file for the operator. For the secret key only.';
