-- Trigger functions every tenant table shares.

create function private.stamp() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    new.created_at := now();
    new.created_by := auth.uid();
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
  end if;
  new.updated_at := now();
  new.updated_by := auth.uid();
  return new;
end
$$;

revoke execute on function private.stamp() from public, anon, authenticated;

comment on function private.stamp() is
  'Trigger: sets created_at, created_by, updated_at and updated_by; nobody can forge them. Null '
  'means the system.';

create function private.touch() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;

revoke execute on function private.touch() from public, anon, authenticated;

comment on function private.touch() is 'Trigger: sets updated_at on tables without authors.';

create function private.guards_are_off() returns boolean
language sql stable set search_path = '' as $$
  -- No client can be both: their statements never run with the rights of a definer.
  select current_user not in ('anon', 'authenticated', 'service_role')
    and coalesce(current_setting('firmbase.guards', true), '') = 'off'
$$;

revoke execute on function private.guards_are_off() from public, anon, authenticated;
grant execute on function private.guards_are_off() to authenticated, service_role;

comment on function private.guards_are_off() is
  'Whether one of our own functions is at work on rows that people may not change: a merge moves '
  'archived and signed ones, the clock prolongs contracts.';

create function private.guard_archive() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- Jobs finish their work on archived rows too, and a foreign key lets go of a removed member.
  if auth.uid() is null or pg_trigger_depth() > 1 or private.guards_are_off() then
    return new;
  end if;
  if (old.archived_at is null) <> (new.archived_at is null) then
    perform private.require_role(new.firm_id, tg_argv[0]);
    new.archived_at := case when new.archived_at is not null then now() end;
  elsif old.archived_at is not null then
    perform private.fail(
      'archived',
      'This entry is archived and cannot be changed.',
      hint => 'Restore it first: set archived_at to null.',
      status => 409
    );
  end if;
  return new;
end
$$;

revoke execute on function private.guard_archive() from public, anon, authenticated;

comment on function private.guard_archive() is
  'Trigger with the least role that may archive and restore: keeps archived rows read-only for '
  'people.';
