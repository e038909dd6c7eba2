-- Rights on the objects follow the rows: who reads a row reads its object, once it is ready.

create function private.is_upload_intended(p_path text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.files f
    where f.path = p_path
      and f.status = 'pending'
      and f.upload_expires_at > now()
      and f.created_by = (select auth.uid())
      and f.firm_id in (select private.upload_firm_ids())
  );
end
$$;

revoke execute on function private.is_upload_intended(text) from public, anon, authenticated;
grant execute on function private.is_upload_intended(text) to authenticated;

comment on function private.is_upload_intended(text) is
  'Whether the caller asked for exactly this object with begin_upload and may still send it.';

create policy firm_files_insert on storage.objects for insert to authenticated
with check (bucket_id = 'firm-files' and private.is_upload_intended(name));

-- public.files applies its own policies to the caller here.
create policy firm_files_select on storage.objects for select to authenticated
using (
  bucket_id = 'firm-files'
  and (
    exists (select from public.files f where f.path = objects.name and f.status = 'ready')
    or exists (
      select from public.files f where f.thumbnail_path = objects.name and f.status = 'ready'
    )
  )
);
