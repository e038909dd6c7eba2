insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values (
  'imports',
  'imports',
  false,
  50000000,
  array['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']
)
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

create function private.is_import_intended(path text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return exists (
    select from public.imports as i
    where i.path = is_import_intended.path
      and i.status = 'uploading'
      and i.upload_expires_at > now()
      and i.requested_by = (select auth.uid())
      and i.firm_id in (select private.firm_ids(private.import_role(i.kind)))
  );
end
$$;

revoke execute on function private.is_import_intended(text) from public, anon, authenticated;
grant execute on function private.is_import_intended(text) to authenticated;

comment on function private.is_import_intended(text) is
'Whether the caller asked for exactly this object with begin_import and may still send it.';

create policy imports_objects_insert on storage.objects for insert to authenticated
with check (bucket_id = 'imports' and private.is_import_intended(name));

-- What was refused, for whoever sees the import. The file itself nobody needs back.
create policy imports_objects_select on storage.objects for select to authenticated
using (
  bucket_id = 'imports'
  and exists (select from public.imports as i where i.errors_path = objects.name)
);
