create function private.needs_object(p_bucket text, p_path text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_name text := split_part(split_part(p_path, '/', 2), '.', 1);
  v_id uuid := case when pg_input_is_valid(v_name, 'uuid') then v_name::uuid end;
begin
  -- By the id in the path: a preview is uploaded before its row says so.
  return case p_bucket
    when 'firm-files' then exists (
      select from public.files f
      where f.id = v_id
        and p_path = any (f.path || private.picture_paths(f.firm_id, f.id))
        and (f.status <> 'failed' or (f.ready_at is not null and f.reason <> 'purged'))
    )
    when 'reports' then exists (
      select from public.reports r
      where r.id = v_id
        and p_path = format('%s/%s.%s', r.firm_id, r.id, r.format)
    )
    when 'avatars'
      then exists (select from public.profiles p where p.id::text = split_part(p_path, '/', 1))
    when 'exports' then exists (select from public.firm_exports e where e.id = v_id)
    when 'imports' then exists (
      select from public.imports i
      where i.id = v_id
        and p_path in (i.path, format('%s/%s/errors-%s.csv', i.firm_id, i.id, i.run))
    )
    else false
  end;
end
$$;

revoke execute on function private.needs_object(text, text) from public, anon, authenticated;

comment on function private.needs_object(text, text) is
  'Whether a row still points at an object, or is about to.';

create function private.doomed_objects(p_max_rows integer) returns table (bucket text, path text)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  loop
    return query
    with batch as (
      select d.bucket, d.path
      from private.doomed_objects d
      where d.due_at <= now()
      order by d.due_at
      limit least(p_max_rows, 500)
      for update
    ), spared as (
      -- Somebody needs it again, such as a file whose job was sent back.
      delete from private.doomed_objects d
      using batch b
      where d.bucket = b.bucket and d.path = b.path and private.needs_object(b.bucket, b.path)
      returning d.bucket, d.path
    )
    select b.bucket, b.path from batch b
    except
    select s.bucket, s.path from spared s;
    exit when found
      or not exists (select from private.doomed_objects d where d.due_at <= now());
  end loop;
end
$$;

create function public.doomed_objects(max_rows integer default 500)
returns table (bucket text, path text)
language sql security invoker set search_path = '' as $$
  select d.bucket, d.path from private.doomed_objects(max_rows) d
$$;

create function private.forget_objects(p_bucket text, p_paths text[]) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update private.doomed_objects d
  set due_at = d.open_until, open_until = null
  where d.bucket = p_bucket
    and d.path = any (p_paths)
    and d.due_at <= now()
    and d.open_until > now();
  delete from private.doomed_objects d
  where d.bucket = p_bucket
    and d.path = any (p_paths)
    and d.due_at <= now();
end
$$;

create function public.forget_objects(bucket text, paths text[]) returns void
language sql security invoker set search_path = '' as $$
  select private.forget_objects(bucket, paths)
$$;

revoke execute on function
private.doomed_objects(integer), public.doomed_objects(integer),
private.forget_objects(text, text[]), public.forget_objects(text, text[])
from public, anon, authenticated;
grant execute on function
private.doomed_objects(integer), public.doomed_objects(integer),
private.forget_objects(text, text[]), public.forget_objects(text, text[])
to service_role;

comment on function private.doomed_objects(integer) is 'Definer of public.doomed_objects.';
comment on function public.doomed_objects(integer) is
  'Objects to remove now, at most 500: none that a row points at. For the secret key only.';
comment on function private.forget_objects(text, text[]) is 'Definer of public.forget_objects.';
comment on function public.forget_objects(text, text[]) is
  'These objects of doomed_objects are gone. Where bytes can still arrive, they are due once more '
  'when that is over. For the secret key only.';

create function private.remove_objects() returns integer
language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from private.doomed_objects d where d.due_at <= now()) then
    perform private.enqueue('objects.remove', unique_key => 'objects.remove');
  end if;
  return 0;
end
$$;

revoke execute on function private.remove_objects() from public, anon, authenticated;

comment on function private.remove_objects() is
  'Queues the job objects.remove when something is due; returns 0, as one job does it all.';
