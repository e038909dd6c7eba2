-- The versions of a document. Locks are taken in one order: the current version first, then others.

create function private.begin_series() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.series_id := coalesce(new.series_id, new.id);
  return new;
end
$$;

revoke execute on function private.begin_series() from public, anon, authenticated;

comment on function private.begin_series() is
'Trigger: a file that replaces none begins a series of its own.';

create trigger files_series before insert on public.files
for each row execute function private.begin_series();

create function private.follow_current() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Apart: a parent that is written is asked whether it was erased, and its row is locked for it.
  if (old.company_id, old.contact_id, old.consultant_id, old.contract_id)
    is distinct from (new.company_id, new.contact_id, new.consultant_id, new.contract_id)
  then
    update public.files as f
    set
      company_id = new.company_id,
      contact_id = new.contact_id,
      consultant_id = new.consultant_id,
      contract_id = new.contract_id
    where f.firm_id = new.firm_id and f.series_id = new.series_id and f.id <> new.id;
  end if;
  if (old.visibility, old.archived_at) is distinct from (new.visibility, new.archived_at) then
    update public.files as f
    set visibility = new.visibility, archived_at = new.archived_at
    where f.firm_id = new.firm_id and f.series_id = new.series_id and f.id <> new.id;
  end if;
  return null;
end
$$;

revoke execute on function private.follow_current() from public, anon, authenticated;

comment on function private.follow_current() is
'Trigger: where a document belongs, who sees it and whether it is archived holds for all of its
versions, so that an old one never shows what the current one hides.';

create trigger files_follow
after update of visibility, archived_at, company_id, contact_id, consultant_id, contract_id
on public.files
for each row when (
  new.is_current
  and (
    old.visibility is distinct from new.visibility
    or old.archived_at is distinct from new.archived_at
    or old.company_id is distinct from new.company_id
    or old.contact_id is distinct from new.contact_id
    or old.consultant_id is distinct from new.consultant_id
    or old.contract_id is distinct from new.contract_id
  )
)
execute function private.follow_current();

create function private.drop_series() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from public.files as f
  where f.firm_id = old.firm_id and f.series_id = old.series_id;
  return null;
end
$$;

revoke execute on function private.drop_series() from public, anon, authenticated;

comment on function private.drop_series() is
'Trigger: with the current version of a document go the others. Retention looks at that one alone,
in the order in which everybody locks them.';

create trigger files_drop_series after delete on public.files
for each row when (old.is_current)
execute function private.drop_series();

create function private.lock_series(firm_id uuid, series_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  current_version public.files;
begin
  -- Another version may become the current one while this waits.
  for attempt in 1..100 loop
    select f.* into current_version
    from public.files as f
    where f.firm_id = lock_series.firm_id and f.series_id = lock_series.series_id and f.is_current
    for no key update;
    exit when found;
  end loop;
  return current_version;
end
$$;

revoke execute on function private.lock_series(uuid, uuid) from public, anon, authenticated;

comment on function private.lock_series(uuid, uuid) is
'The current version of a document, locked: whoever holds it decides about the others.';

create function private.lock_file(file_id uuid) returns public.files
language plpgsql
security definer
set search_path = ''
as $$
declare
  file public.files;
begin
  select f.* into file from public.files as f where f.id = lock_file.file_id;
  perform private.lock_series(file.firm_id, file.series_id);
  select f.* into file from public.files as f where f.id = lock_file.file_id for no key update;
  if not found then
    perform private.fail('file_not_found', 'There is no such file.', status => 404);
  end if;
  return file;
end
$$;

revoke execute on function private.lock_file(uuid) from public, anon, authenticated;

comment on function private.lock_file(uuid) is
'A file, locked after the current version of its document; fails with file_not_found.';

create function private.make_current(file public.files) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  update public.files as f
  set is_current = false
  where f.firm_id = file.firm_id and f.series_id = file.series_id and f.is_current
    and f.id <> file.id;
  update public.files as f
  set is_current = true
  where f.id = file.id and not f.is_current;
end
$$;

revoke execute on function private.make_current(public.files) from public, anon, authenticated;

comment on function private.make_current(public.files) is
'Makes a version the one that people see. Whoever calls it holds the lock of lock_series.';

create function private.show_ready(file public.files) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Only once: who restored an older version since keeps it, however often this one is processed.
  if file.ready_at is not null then
    return;
  end if;
  update public.files as f set ready_at = now() where f.id = file.id;
  if not exists (
    select from public.files as f
    where f.firm_id = file.firm_id
      and f.series_id = file.series_id
      and f.version > file.version
      and f.ready_at is not null
  ) then
    perform private.make_current(file);
  end if;
end
$$;

revoke execute on function private.show_ready(public.files) from public, anon, authenticated;

comment on function private.show_ready(public.files) is
'Makes a version current when it is ready for the first time, unless a later one was ready before.';
