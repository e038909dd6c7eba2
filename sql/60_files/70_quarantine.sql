create function private.apply_release(file_id uuid, note text) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.lock_file(apply_release.file_id);
begin
  if nullif(btrim(apply_release.note), '') is null or char_length(apply_release.note) > 2000 then
    perform private.fail(
      'note_required', 'Say why this file is released.',
      hint => 'The note has at most 2000 characters and stays with the file.', status => 422
    );
  elsif file.status <> 'quarantined' then
    perform private.fail(
      'not_quarantined', 'This file is not in quarantine.', status => 409
    );
  elsif file.reason = 'infected' then
    perform private.fail(
      'cannot_release', 'A file with a virus is not released.',
      hint => 'Purge it, or reprocess it if the scanner was wrong.', status => 409
    );
  end if;
  insert into public.file_releases (firm_id, file_id, reason, note, released_by)
  values (file.firm_id, file.id, file.reason, btrim(apply_release.note), auth.uid());
  update public.files as f set status = 'ready', detail = null where f.id = file.id;
  perform private.show_ready(file);
  -- What was locked away before it was scanned is scanned now, if anything scans here.
  perform private.enqueue_rescan(file);
  select f.* into strict file from public.files as f where f.id = apply_release.file_id;
  return file;
end
$$;

create function private.apply_purge(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.lock_file(apply_purge.file_id);
begin
  if file.reason = 'purged' then
    return file;
  elsif file.status not in ('quarantined', 'failed') then
    perform private.fail(
      'not_quarantined', 'This file is not in quarantine.', hint => 'Archive it instead.',
      status => 409
    );
  end if;
  update public.files as f
  set
    status = 'failed',
    reason = 'purged',
    detail = null,
    text = null,
    metadata = '{}',
    hints = '[]',
    thumbnail_path = null,
    preview_count = 0
  where f.id = file.id
  returning f.* into file;
  return file;
end
$$;

create function private.release_file(file_id uuid, note text) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.find_file(release_file.file_id);
begin
  perform private.require_role(file.firm_id, 'admin');
  return private.apply_release(file.id, release_file.note);
end
$$;

create function public.release_file(file_id uuid, note text) returns public.files
language sql
set search_path = ''
return private.release_file(file_id, note);

create function private.purge_file(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.find_file(purge_file.file_id);
begin
  perform private.require_role(file.firm_id, 'admin');
  return private.apply_purge(file.id);
end
$$;

create function public.purge_file(file_id uuid) returns public.files
language sql
set search_path = ''
return private.purge_file(file_id);

create function public.release_file_for_operator(file_id uuid, note text) returns public.files
language sql
set search_path = ''
return private.apply_release(file_id, note);

create function public.purge_file_for_operator(file_id uuid) returns public.files
language sql
set search_path = ''
return private.apply_purge(file_id);

revoke execute on function
private.apply_release(uuid, text), public.release_file_for_operator(uuid, text),
private.apply_purge(uuid), public.purge_file_for_operator(uuid),
private.release_file(uuid, text), public.release_file(uuid, text),
private.purge_file(uuid), public.purge_file(uuid)
from public, anon, authenticated;
grant execute on function
private.release_file(uuid, text), public.release_file(uuid, text),
private.purge_file(uuid), public.purge_file(uuid)
to authenticated;
grant execute on function
private.apply_release(uuid, text), public.release_file_for_operator(uuid, text),
private.apply_purge(uuid), public.purge_file_for_operator(uuid)
to service_role;

comment on function private.apply_release(uuid, text) is
'What public.release_file does, for whoever was asked already, and for the operator.';
comment on function private.apply_purge(uuid) is
'What public.purge_file does, for whoever was asked already, and for the operator.';
comment on function private.release_file(uuid, text) is 'Definer of public.release_file.';
comment on function public.release_file(uuid, text) is
  'Lets a file out of quarantine, never one with a virus: it is ready, keeps the reason it was '
  'there for, and file_releases keeps the note of why. Admins. Errors: file_not_found, '
  'not_allowed, note_required, not_quarantined, cannot_release, archived.';
comment on function private.purge_file(uuid) is 'Definer of public.purge_file.';
comment on function public.purge_file(uuid) is
  'Removes the bytes of a file that is in quarantine or has failed, at once and for good; the row '
  'stays, failed and purged, for thirty days. Admins; a retry is no error. Errors: '
  'file_not_found, not_allowed, not_quarantined, archived.';
comment on function public.release_file_for_operator(uuid, text) is
'The same as release_file for the operator. For the secret key only.';
comment on function public.purge_file_for_operator(uuid) is
'The same as purge_file for the operator. For the secret key only.';
