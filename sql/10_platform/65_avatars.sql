-- Pictures of people: three names at most for each, so that nobody fills the bucket.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values (
  'avatars', 'avatars', false, 1048576, array['image/jpeg', 'image/png', 'image/webp']
)
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

create function private.avatar_paths() returns setof text
language sql stable set search_path = '' as $$
  select id || '/avatar.' || kind
  from private.colleague_ids() as id
  cross join unnest(array['jpg', 'png', 'webp']) as kind
$$;

revoke execute on function private.avatar_paths() from public, anon, authenticated;
grant execute on function private.avatar_paths() to authenticated;

comment on function private.avatar_paths() is
  'What the pictures of colleagues, and the caller''s own, can be called in the bucket avatars.';

create function private.own_avatar_paths() returns setof text
language sql stable set search_path = '' as $$
  select auth.uid() || '/avatar.' || kind from unnest(array['jpg', 'png', 'webp']) as kind
$$;

revoke execute on function private.own_avatar_paths() from public, anon, authenticated;
grant execute on function private.own_avatar_paths() to authenticated;

comment on function private.own_avatar_paths() is
  'What the caller''s own picture in the bucket avatars can be called.';

create policy avatars_select on storage.objects for select to authenticated
using (bucket_id = 'avatars' and name = any (array(select private.avatar_paths())));

create policy avatars_insert on storage.objects for insert to authenticated
with check (bucket_id = 'avatars' and name = any (array(select private.own_avatar_paths())));

create policy avatars_update on storage.objects for update to authenticated
using (bucket_id = 'avatars' and name = any (array(select private.own_avatar_paths())))
with check (bucket_id = 'avatars' and name = any (array(select private.own_avatar_paths())));

create policy avatars_delete on storage.objects for delete to authenticated
using (bucket_id = 'avatars' and name = any (array(select private.own_avatar_paths())));
