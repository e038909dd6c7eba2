create table private.scanner (
  only_row boolean primary key default true check (only_row),
  version text not null check (char_length(version) between 1 and 100),
  seen_at timestamptz not null default now()
);

alter table private.scanner enable row level security;

create policy scanner_nobody on private.scanner
as restrictive for all to anon, authenticated
using (false);

revoke all on private.scanner from public, anon, authenticated, service_role;

comment on table private.scanner is
'The newest signature version of the virus scanner that a worker has met; no row without a
scanner.';
comment on column private.scanner.seen_at is 'When it was first met.';

create function private.note_scanner(version text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  -- clamd says "ClamAV 1.4.3/27468/Tue Nov 24 08:31:00 2026", or a number may come alone.
  numbered constant text := '^(?:[^/]*/)?([0-9]{1,9})(?:/|$)';
begin
  -- Every job says so, and hardly ever is it news: nobody waits for a lock then.
  if exists (select from private.scanner as s where s.version = note_scanner.version) then
    return;
  end if;
  insert into private.scanner as s (version) values (note_scanner.version)
  on conflict (only_row) do update
  set version = excluded.version, seen_at = now()
  -- Signatures are numbered, and the numbers grow: a runner beside a scanner that lags behind turns
  -- nothing back.
  where (
    substring(s.version from numbered)::integer > substring(excluded.version from numbered)::integer
  ) is not true;
end
$$;

create function public.note_scanner(version text) returns void
language sql
set search_path = ''
begin atomic
  select private.note_scanner(note_scanner.version);
end;

create function private.enqueue_rescan(file public.files) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  present text;
begin
  select s.version into present from private.scanner as s;
  if present is distinct from file.scanned_with and present is not null then
    perform private.enqueue(
      kind => 'file.rescan',
      payload => jsonb_build_object('file_id', file.id),
      firm_id => file.firm_id,
      unique_key => 'file.rescan:' || file.id || ':' || present,
      priority => 'low',
      -- A runner with old signatures finds what it can; it is not asked again at once.
      unique_for => '1 hour'
    );
  end if;
end
$$;

create function private.rescan_files() returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  bite constant integer := 1000;
  present text;
begin
  select s.version into present from private.scanner as s;
  if not found then
    return 0;
  end if;
  -- By the index, from both sides: it is asked every minute and mostly finds nothing.
  perform private.enqueue_rescan(f)
  from (
    (
      select f.*
      from public.files as f
      where f.status = 'ready' and f.scanned_with is null
      order by f.created_at
      limit bite
    )
    union all
    (
      select f.*
      from public.files as f
      where f.status = 'ready' and f.scanned_with < present
      order by f.scanned_with, f.created_at
      limit bite
    )
    union all
    (
      select f.*
      from public.files as f
      where f.status = 'ready' and f.scanned_with > present
      order by f.scanned_with, f.created_at
      limit bite
    )
    limit bite
  ) as f;
  -- Not how many: a bite a minute is the pace, and the clock would come back for more at once.
  return 0;
end
$$;

create function public.begin_rescan(file_id uuid) returns jsonb
language sql
stable
set search_path = ''
begin atomic
  select
    jsonb_build_object(
      'bucket', f.bucket, 'path', f.path, 'name', f.name, 'size_bytes', f.size_bytes,
      'sha256', f.sha256
    )
  from public.files as f
  where f.id = begin_rescan.file_id and f.status = 'ready';
end;

revoke execute on function
private.enqueue_rescan(public.files), private.rescan_files(),
private.note_scanner(text), public.note_scanner(text),
public.begin_rescan(uuid)
from public, anon, authenticated;
grant execute on function
private.note_scanner(text), public.note_scanner(text),
public.begin_rescan(uuid)
to service_role;

comment on function private.note_scanner(text) is 'Definer of public.note_scanner.';
comment on function public.note_scanner(text) is
'The worker met this signature version of its virus scanner: files that were scanned with another
one are scanned again. For the secret key only.';
comment on function private.enqueue_rescan(public.files) is
'Queues file.rescan for a file that was scanned with other signatures than the newest, or never.';
comment on function private.rescan_files() is
'Queues file.rescan for files that were scanned with other signatures than the newest, or never:
a thousand at a time, those longest unscanned first. Returns 0.';
comment on function public.begin_rescan(uuid) is
'The file to scan once more, which stays ready meanwhile; null when it is not ready. finish_file
takes the outcome: ready with scanned_with alone, or quarantined and infected. For the secret key
only.';
