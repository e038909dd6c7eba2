-- Rows and objects should go together. A backup that was put back, or somebody with the password of
-- the database, may part them.
create function private.file_orphans(of_firm uuid, max_rows integer) returns table (
  kind text, bucket text, path text, firm_id uuid, file_id uuid, status text, bytes bigint,
  since timestamptz
)
language sql
stable
security definer
set search_path = ''
begin atomic
  (
    select
      'missing_object' as kind, f.bucket, f.path, f.firm_id, f.id, f.status, f.size_bytes,
      f.created_at
    from public.files as f
    where
      f.status in ('processing', 'ready', 'quarantined')
      and (file_orphans.of_firm is null or f.firm_id = file_orphans.of_firm)
      and not exists (
        select 1 from storage.objects as o where o.bucket_id = f.bucket and o.name = f.path
      )
    order by f.created_at
    limit least(file_orphans.max_rows, 1000)
  )
  union all
  (
    select
      'stray_object' as kind, o.bucket_id, o.name, f.firm_id, f.id, f.status,
      (o.metadata ->> 'size')::bigint, o.created_at
    from storage.objects as o
    left join public.files as f
      on
        f.id = private.object_file_id(o.name)
        and o.name = any (f.path || private.picture_paths(f.firm_id, f.id))
    where
      o.bucket_id = 'firm-files'
      and (
        file_orphans.of_firm is null
        or split_part(o.name, '/', 1) = file_orphans.of_firm::text
      )
      -- Not what is arriving just now.
      and o.created_at < now() - interval '1 day'
      and (
        f.id is null
        or (f.status = 'failed' and (f.ready_at is null or f.reason = 'purged'))
      )
      and not exists (
        select 1 from private.doomed_objects as d where d.bucket = o.bucket_id and d.path = o.name
      )
    order by o.created_at
    limit least(file_orphans.max_rows, 1000)
  );
end;

create function public.file_orphans(
  of_firm uuid default null, max_rows integer default 1000
) returns table (
  kind text, bucket text, path text, firm_id uuid, file_id uuid, status text, bytes bigint,
  since timestamptz
)
language sql
stable
set search_path = ''
set statement_timeout = '60s'
begin atomic
  select o.kind, o.bucket, o.path, o.firm_id, o.file_id, o.status, o.bytes, o.since
  from private.file_orphans(file_orphans.of_firm, file_orphans.max_rows) as o;
end;

create function private.sweep_file_orphans(of_firm uuid, max_rows integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  orphan record;
  swept integer := 0;
begin
  for orphan in
    select o.*
    from private.file_orphans(sweep_file_orphans.of_firm, sweep_file_orphans.max_rows) as o
  loop
    if orphan.kind = 'stray_object' then
      perform private.doom_objects(orphan.bucket, array[orphan.path], now(), null);
    else
      perform private.lose_file(orphan.file_id);
    end if;
    swept := swept + 1;
  end loop;
  return swept;
end
$$;

create function private.lose_file(file_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files := private.lock_file(lose_file.file_id);
begin
  update public.files as f
  set status = 'failed', reason = 'object_missing', detail = 'The uploaded bytes are no longer there.'
  where f.id = file.id
    and f.status in ('processing', 'ready', 'quarantined')
    and not exists (
      select from storage.objects as o where o.bucket_id = f.bucket and o.name = f.path
    );
  if found then
    perform private.tell_of_file(
      file, 'file_rejected', 'object_missing', 'The uploaded bytes are no longer there.', 'admin'
    );
  end if;
end
$$;

create function public.sweep_file_orphans(
  of_firm uuid default null, max_rows integer default 1000
) returns integer
language sql
set search_path = ''
set statement_timeout = '60s'
return private.sweep_file_orphans(of_firm, max_rows);

revoke execute on function
private.lose_file(uuid),
private.file_orphans(uuid, integer), public.file_orphans(uuid, integer),
private.sweep_file_orphans(uuid, integer), public.sweep_file_orphans(uuid, integer)
from public, anon, authenticated;
grant execute on function
private.file_orphans(uuid, integer), public.file_orphans(uuid, integer),
private.sweep_file_orphans(uuid, integer), public.sweep_file_orphans(uuid, integer)
to service_role;

comment on function private.file_orphans(uuid, integer) is 'Definer of public.file_orphans.';
comment on function public.file_orphans(uuid, integer) is
'Files whose object is missing (missing_object), and objects in the bucket firm-files that no file
needs (stray_object), if they are older than a day and not about to be removed: of one firm or of
all, at most 1000 of each. For the secret key only.';
comment on function private.lose_file(uuid) is
'Marks a file failed whose object is missing; its people and the admins are told.';
comment on function private.sweep_file_orphans(uuid, integer) is
'Definer of public.sweep_file_orphans.';
comment on function public.sweep_file_orphans(uuid, integer) is
'Puts in order what file_orphans names: the file has failed as object_missing, the object is removed
by the worker. Returns how many. For the secret key only.';
