-- Rights on the objects follow the rows. Who reads a row sees its pictures, once it is ready; its
-- object only for a minute after open_file, so that there is an entry about it.

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

create function private.opened_file_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select a.file_id
  from public.file_accesses a
  where a.user_id = (select auth.uid())
    and a.opened_at > now() - interval '60 seconds';
end
$$;

revoke execute on function private.opened_file_ids() from public, anon, authenticated;
grant execute on function private.opened_file_ids() to authenticated;

comment on function private.opened_file_ids() is
  'Files the caller opened within the last minute.';

create function private.object_file_id(p_path text) returns uuid
language sql stable set search_path = '' as $$
  select case when pg_input_is_valid(split_part(p_path, '/', 2), 'uuid')
    then split_part(p_path, '/', 2)::uuid
  end
$$;

revoke execute on function private.object_file_id(text) from public, anon, authenticated;

comment on function private.object_file_id(text) is
  'The file an object in the bucket firm-files belongs to by its path; null where none can.';

create function private.picture_paths(p_firm_id uuid, p_file_id uuid) returns text[]
language sql immutable set search_path = '' as $$
  select array[p_firm_id || '/' || p_file_id || '/.thumbnail.webp'] || array(
    select p_firm_id || '/' || p_file_id || '/.preview-' || n || '.webp'
    from generate_series(1, 5) n
    order by n
  )
$$;

revoke execute on function private.picture_paths(uuid, uuid) from public, anon, authenticated;

comment on function private.picture_paths(uuid, uuid) is
  'Where a file''s pictures lie: the thumbnail, then as many previews as it may have.';

create policy firm_files_insert on storage.objects for insert to authenticated
with check (bucket_id = 'firm-files' and private.is_upload_intended(name));

-- public.files applies its own policies to the caller here. Previews lie beside the thumbnail.
create policy firm_files_select on storage.objects for select to authenticated
using (
  bucket_id = 'firm-files'
  and (
    exists (
      select from public.files f
      where
        f.path = objects.name
        and f.id = any (array(select private.opened_file_ids()))
        and (
          f.status = 'ready'
          or (
            f.status = 'quarantined'
            and f.firm_id = any (array(select private.firm_ids('admin')))
          )
        )
    )
    or exists (
      select from public.files f
      where
        f.thumbnail_path
        = regexp_replace(objects.name, '\.preview-[1-5]\.webp$', '.thumbnail.webp')
        and f.status = 'ready'
        and coalesce(substring(objects.name from '\.preview-([1-5])\.webp$')::integer, 0)
        <= f.preview_count
    )
  )
);
