create function private.find_file(file_id uuid) returns public.files
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  file public.files;
begin
  -- As the policy files_select.
  select f.* into file
  from public.files as f
  where f.id = find_file.file_id
    and (
      f.firm_id = any (array(select private.firm_ids('manager')))
      or (f.visibility <> 'managers' and f.firm_id = any (array(select private.firm_ids())))
      or f.id = any (array(select private.portal_file_ids()))
    );
  if not found then
    perform private.fail('file_not_found', 'There is no such file.', status => 404);
  end if;
  return file;
end
$$;

revoke execute on function private.find_file(uuid) from public, anon, authenticated;

comment on function private.find_file(uuid) is
'A file that the caller may read, else file_not_found.';

create function private.lock_document(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.find_file(lock_document.file_id);
begin
  file := private.lock_series(file.firm_id, file.series_id);
  -- As the policy files_update.
  perform private.require_role(
    file.firm_id,
    case
      when file.created_by = auth.uid() and file.visibility = 'firm' then 'member'
      else 'manager'
    end
  );
  if file.archived_at is not null then
    perform private.fail(
      'archived', 'This file is archived.', hint => 'Restore it first.', status => 409
    );
  end if;
  return file;
end
$$;

revoke execute on function private.lock_document(uuid) from public, anon, authenticated;

comment on function private.lock_document(uuid) is
'The current version of the document that a file is a version of, locked, for whoever may change
it; fails with file_not_found, not_allowed or archived.';
