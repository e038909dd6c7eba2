-- Bytes go through the Storage API only, never by SQL: what makes an object superfluous enters it
-- here in the same transaction, and the job objects.remove does the rest.
create table private.doomed_objects (
  bucket text not null,
  path text not null,
  doomed_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  open_until timestamptz,
  primary key (bucket, path)
);

create index doomed_objects_due_at_idx on private.doomed_objects (due_at);

alter table private.doomed_objects enable row level security;

create policy doomed_objects_nobody on private.doomed_objects
as restrictive for all to anon, authenticated
using (false);

revoke all on private.doomed_objects from public, anon, authenticated, service_role;

comment on table private.doomed_objects is
  'Objects of the storage that nothing needs any more, until the worker has removed them.';
comment on column private.doomed_objects.due_at is 'From when on it is removed.';
comment on column private.doomed_objects.open_until is
  'Until when bytes can still arrive there, with an upload that was begun: it is removed once more '
  'then. Null where nothing can.';

create function private.doom_objects(
  p_bucket text, p_paths text[], p_due_at timestamptz, p_open_until timestamptz
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into private.doomed_objects as d (bucket, path, due_at, open_until)
  select p_bucket, p.path, p_due_at, case when p_open_until > p_due_at then p_open_until end
  from unnest(p_paths) p (path)
  on conflict (bucket, path) do update
  set
    due_at = least(d.due_at, excluded.due_at),
    open_until = greatest(d.open_until, excluded.open_until);
  if p_due_at <= now() and cardinality(p_paths) > 0 then
    -- One for each transaction: with one for all, whoever takes long would hold the others up, of
    -- every firm, and the runner too.
    perform private.enqueue(
      'objects.remove', unique_key => 'objects.remove:' || pg_current_xact_id()
    );
  end if;
end
$$;

revoke execute on function private.doom_objects(text, text[], timestamptz, timestamptz)
from public, anon, authenticated;

comment on function private.doom_objects(text, text[], timestamptz, timestamptz) is
  'Enters objects for removal and queues the job, one for each transaction. What is due later is '
  'the clock''s.';

create function private.doom_file() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_gone constant boolean := tg_op = 'DELETE';
  v_open_until timestamptz := case
    -- The hour of begin_upload, then the two of a signed upload that was made in it, then the time
    -- it takes; and of the worker, who may be about to add a preview.
    when v_gone and old.status = 'processing'
      then greatest(old.upload_expires_at + interval '3 hours', now() + interval '1 hour')
    else old.upload_expires_at + interval '3 hours'
  end;
  -- A file whose job died can be sent back to it for a week.
  v_due_at timestamptz := case
    when v_gone or new.reason in ('upload_cancelled', 'upload_expired', 'purged') then now()
    else now() + interval '7 days'
  end;
begin
  perform private.doom_objects(
    old.bucket, old.path || private.picture_paths(old.firm_id, old.id), v_due_at, v_open_until
  );
  return null;
end
$$;

revoke execute on function private.doom_file() from public, anon, authenticated;

comment on function private.doom_file() is
  'Trigger: what was uploaded for a file that is gone, or that never became one, is removed.';

create trigger files_doom after delete on public.files
for each row execute function private.doom_file();

-- What was ready once is not given up because its job died when it was looked into again.
create trigger files_doom_failed after update of status on public.files
for each row when (
  new.status = 'failed'
  and (new.ready_at is null or new.reason = 'purged')
  and (old.status <> 'failed' or (new.reason = 'purged' and old.reason <> 'purged'))
)
execute function private.doom_file();

create function private.doom_report() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.doom_objects(
    'reports',
    array[format('%s/%s.%s', old.firm_id, old.id, old.format)],
    now(),
    case when old.status <> 'ready' then now() + interval '1 hour' end
  );
  return null;
end
$$;

revoke execute on function private.doom_report() from public, anon, authenticated;

comment on function private.doom_report() is
  'Trigger: the document of a report that is gone is removed.';

create trigger reports_doom after delete on public.reports
for each row execute function private.doom_report();

create function private.doom_export() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.doom_objects(
    'exports',
    array(
      select format('%s/%s/part-%s.zip', old.firm_id, old.id, to_char(n, 'FM000'))
      from generate_series(1, old.part_count) n
    ),
    now(),
    -- The worker may be sending one just now.
    case when old.status = 'working' then now() + interval '1 hour' end
  );
  return null;
end
$$;

revoke execute on function private.doom_export() from public, anon, authenticated;

comment on function private.doom_export() is
  'Trigger: the parts of an export that is gone are removed.';

create trigger firm_exports_doom after delete on public.firm_exports
for each row execute function private.doom_export();

create function private.doom_import() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.doom_objects(
    old.bucket,
    array[old.path, format('%s/%s/errors-%s.csv', old.firm_id, old.id, old.run)],
    now(),
    -- An upload that was begun, and the worker who may be storing a list just now.
    greatest(old.upload_expires_at + interval '3 hours', now() + interval '1 hour')
  );
  return null;
end
$$;

revoke execute on function private.doom_import() from public, anon, authenticated;

comment on function private.doom_import() is
  'Trigger: the file of an import that is gone is removed, and what its last run refused.';

create trigger imports_doom after delete on public.imports
for each row execute function private.doom_import();

create function private.doom_avatar() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- An access token may outlive its account by an hour: it is looked once more after that.
  perform private.doom_objects(
    'avatars',
    array[old.id || '/avatar.jpg', old.id || '/avatar.png', old.id || '/avatar.webp'],
    now(),
    now() + interval '2 hours'
  );
  return null;
end
$$;

revoke execute on function private.doom_avatar() from public, anon, authenticated;

comment on function private.doom_avatar() is
  'Trigger: the picture of a person without an account is removed.';

create trigger profiles_doom_avatar after delete on public.profiles
for each row execute function private.doom_avatar();
