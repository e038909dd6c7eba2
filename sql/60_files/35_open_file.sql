create function private.download_name(name text, mime text) returns text
language sql
immutable
set search_path = ''
as $$
  with cleaned (name) as (
    -- What some systems refuse in a name, and what ends one there; then what names a device there.
    select regexp_replace(
      coalesce(
        nullif(rtrim(regexp_replace(download_name.name, '[<>:"|?*]', '_', 'g'), '. '), ''), 'file'
      ),
      '^((con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?)$', '_\1', 'i'
    )
  ),
  kinds (mime, endings) as (
    values
    ('application/pdf', '{pdf}'::text[]),
    ('application/vnd.openxmlformats-officedocument.wordprocessingml.document', '{docx}'),
    ('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', '{xlsx}'),
    ('application/vnd.openxmlformats-officedocument.presentationml.presentation', '{pptx}'),
    ('application/vnd.oasis.opendocument.text', '{odt}'),
    ('application/vnd.oasis.opendocument.spreadsheet', '{ods}'),
    ('application/vnd.oasis.opendocument.presentation', '{odp}'),
    ('image/jpeg', '{jpg,jpeg}'),
    ('image/png', '{png}'),
    ('image/webp', '{webp}'),
    ('image/tiff', '{tif,tiff}'),
    ('image/heic', '{heic,heif}'),
    ('text/csv', '{csv,txt}'),
    ('text/plain', '{txt,md,csv}'),
    ('message/rfc822', '{eml}'),
    ('application/vnd.ms-outlook', '{msg}')
  )
  select
    case
      when lower(substring(c.name from '\.([^.]+)$')) = any (k.endings) then c.name
      -- A disk takes 255 bytes, and a character has up to four.
      when octet_length(c.name) > 250 then left(c.name, 60) || '.' || k.endings[1]
      else c.name || '.' || k.endings[1]
    end
  from cleaned as c
  join kinds as k on k.mime = download_name.mime
$$;

revoke execute on function private.download_name(text, text) from public, anon, authenticated;

comment on function private.download_name(text, text) is
'The name to save a file under: without what a system may refuse, and with an ending of its kind,
since people may rename a file to anything.';

create function private.open_file(file_id uuid, out bucket text, out path text, out name text)
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.find_file(open_file.file_id);
begin
  if file.status = 'quarantined' then
    perform private.require_role(file.firm_id, 'admin');
  elsif file.status <> 'ready' then
    perform private.fail(
      'not_ready', 'This file cannot be opened: it is not ready.',
      hint => 'Its status says how far it is.', status => 409
    );
  end if;
  insert into public.file_accesses (firm_id, file_id, user_id)
  values (file.firm_id, file.id, auth.uid());
  bucket := file.bucket;
  path := file.path;
  name := private.download_name(file.name, file.mime);
end
$$;

create function public.open_file(file_id uuid, out bucket text, out path text, out name text)
language sql
set search_path = ''
begin atomic
  select o.bucket, o.path, o.name from private.open_file(open_file.file_id) as o;
end;

revoke execute on function private.open_file(uuid) from public, anon, authenticated;
revoke execute on function public.open_file(uuid) from public, anon, authenticated;
grant execute on function private.open_file(uuid) to authenticated;
grant execute on function public.open_file(uuid) to authenticated;

comment on function private.open_file(uuid) is 'Definer of public.open_file.';
comment on function public.open_file(uuid) is
  'First step of every download: writes down who opens the file and lets the caller read its '
  'object for a minute. Returns bucket and path, to ask the Storage for a signed URL with, and '
  'the name to save it under, for its parameter download. Whoever may read the file; of one in '
  'quarantine admins alone. Thumbnails and previews need none of it. Errors: file_not_found, '
  'not_allowed, not_ready.';
