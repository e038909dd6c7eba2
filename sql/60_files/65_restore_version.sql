create function private.restore_version(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.lock_document(restore_version.file_id);
begin
  -- The current one already: a retry is no error.
  if file.id = restore_version.file_id then
    return file;
  end if;
  select f.* into strict file
  from public.files as f
  where f.id = restore_version.file_id
  for no key update;
  if file.status <> 'ready' then
    perform private.fail(
      'not_ready', 'Only a version that is ready can be restored.',
      hint => 'Its status says how far it is.', status => 409
    );
  end if;
  perform private.make_current(file);
  select f.* into strict file from public.files as f where f.id = restore_version.file_id;
  return file;
end
$$;

create function public.restore_version(file_id uuid) returns public.files
language sql
set search_path = ''
return private.restore_version(file_id);

revoke execute on function private.restore_version(uuid) from public, anon, authenticated;
revoke execute on function public.restore_version(uuid) from public, anon, authenticated;
grant execute on function private.restore_version(uuid) to authenticated;
grant execute on function public.restore_version(uuid) to authenticated;

comment on function private.restore_version(uuid) is 'Definer of public.restore_version.';
comment on function public.restore_version(uuid) is
  'Makes an older version of a document the current one again; nothing is lost, and the one it '
  'takes the place of can be restored as well. Whoever may change the document: managers, and '
  'members what they uploaded for everybody in the firm. Errors: file_not_found, not_allowed, '
  'archived, not_ready.';
