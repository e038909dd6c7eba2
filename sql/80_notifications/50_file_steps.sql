-- What the worker does to a file's row. Here, not beside the table: a refusal is news for its
-- owner, and a dead job is one too.

create function private.begin_file(p_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
  v_released boolean := exists (select from public.file_releases r where r.file_id = p_id);
begin
  select f.* into v_file
  from public.files f
  where f.id = p_id
    and (f.status = 'processing' or (f.status = 'failed' and f.reason <> 'purged'))
    -- Not while its bytes are being removed.
    and not exists (
      select from private.doomed_objects d
      where d.bucket = f.bucket and d.path = f.path and d.due_at <= clock_timestamp()
        -- Those of a file that was sent back in time stay.
        and not private.needs_object(d.bucket, d.path)
    )
  for no key update of f;
  if not found then
    return null;
  end if;
  -- It comes here when its dead job was sent back.
  if v_file.status = 'failed' then
    update public.files set status = 'processing', reason = null, detail = null where id = p_id;
  end if;
  return jsonb_build_object(
    'bucket', v_file.bucket,
    'path', v_file.path,
    'thumbnail_path', v_file.firm_id || '/' || v_file.id || '/.thumbnail.webp',
    'preview_path', v_file.firm_id || '/' || v_file.id || '/.preview-',
    'name', v_file.name,
    'mime', v_file.mime,
    'size_bytes', v_file.size_bytes,
    'sha256', v_file.sha256,
    'released', v_released
  );
end
$$;

create function public.begin_file(file_id uuid) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_file(file_id)
$$;

revoke execute on function private.begin_file(uuid) from public, anon, authenticated;
revoke execute on function public.begin_file(uuid) from public, anon, authenticated;
grant execute on function private.begin_file(uuid) to service_role;
grant execute on function public.begin_file(uuid) to service_role;

comment on function private.begin_file(uuid) is
  'Definer of public.begin_file.';
comment on function public.begin_file(uuid) is
  'The file to look into; null when that was done or it does not exist. sha256 is the one that was '
  'announced, or found before; previews go to preview_path with 1.webp and so on; released says '
  'that an admin released it, so that nothing but a virus locks it away again. For the secret key '
  'only.';

create function private.tell_of_file(
  file public.files, kind text, reason text, detail text, min_role text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.notify(
    file.firm_id,
    kind,
    format('%s:%s:%s', kind, file.id, reason),
    left('“' || file.name || '” ', 280)
    || case kind when 'file_quarantined' then 'is in quarantine' else 'cannot be used' end,
    coalesce(left(detail, 1000), ''),
    '/files/' || file.id,
    p_user_ids => array[file.created_by],
    p_min_role => min_role,
    p_email => jsonb_build_object('name', file.name, 'detail', coalesce(left(detail, 1000), ''))
  );
end
$$;

revoke execute on function private.tell_of_file(public.files, text, text, text, text)
from public, anon, authenticated, service_role;

comment on function private.tell_of_file(public.files, text, text, text, text) is
'Tells whoever uploaded a file, and everyone with at least that role if there is one, that it is in
quarantine (file_quarantined) or of no use (file_rejected).';

create function private.settle_file(
  p_id uuid, p_status text, p_reason text, p_detail text, p_result jsonb
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  c_keys constant text[] := array[
    'sha256', 'mime', 'page_count', 'word_count', 'text', 'metadata', 'thumbnail_path',
    'preview_count', 'language', 'hints', 'scanned_with'
  ];
  v_file public.files;
  v_scanned_only constant boolean := coalesce(
    p_result ? 'scanned_with' and p_result - 'scanned_with' = '{}', false
  );
  v_rescanned boolean;
begin
  if p_result - c_keys <> '{}' or jsonb_typeof(p_result) <> 'object' then
    perform private.fail(
      'unknown_result', 'A file has no such facts.',
      hint => 'Use: ' || array_to_string(c_keys, ', '), status => 422
    );
  end if;
  select * into v_file from public.files where id = p_id;
  perform private.lock_series(v_file.firm_id, v_file.series_id);
  select * into v_file from public.files where id = p_id for no key update;
  v_rescanned := v_file.status = 'ready' and (
    (p_status = 'quarantined' and p_reason = 'infected')
    or (p_status = 'ready' and v_scanned_only)
  );
  if v_rescanned then
    update public.files f
    set
      status = p_status,
      reason = coalesce(p_reason, f.reason),
      detail = coalesce(left(p_detail, 1000), f.detail),
      scanned_with = coalesce(p_result ->> 'scanned_with', f.scanned_with),
      -- What is locked away is read by nobody by another way, such as the search.
      text = case when p_status = 'ready' then f.text end,
      hints = case when p_status = 'ready' then f.hints else '[]' end
    where f.id = p_id;
  elsif v_file.status = 'processing' and p_status = 'processing' then
    -- It waits for something, such as the scanner; nothing is known yet.
    update public.files f
    set reason = coalesce(p_reason, f.reason), detail = left(p_detail, 1000)
    where f.id = p_id;
  -- A scan that began when the file was ready says too little of one that is looked into again.
  elsif v_file.status = 'processing' and not (p_status = 'ready' and v_scanned_only) then
    update public.files f
    set
      status = p_status,
      -- What was released says what from.
      reason = coalesce(
        p_reason,
        (
          select r.reason
          from public.file_releases r
          where r.file_id = p_id
          order by r.released_at desc
          limit 1
        )
      ),
      detail = left(p_detail, 1000),
      mime = coalesce(p_result ->> 'mime', f.mime),
      sha256 = coalesce(p_result ->> 'sha256', f.sha256),
      page_count = (p_result ->> 'page_count')::integer,
      word_count = (p_result ->> 'word_count')::integer,
      text = case when p_status = 'ready' then p_result ->> 'text' end,
      metadata = coalesce(p_result -> 'metadata', '{}'),
      thumbnail_path = p_result ->> 'thumbnail_path',
      preview_count = coalesce((p_result ->> 'preview_count')::integer, 0),
      language = p_result ->> 'language',
      hints = case
        when p_status = 'ready' then coalesce(nullif(p_result -> 'hints', 'null'), '[]')
        else '[]'
      end,
      -- Not what it was scanned with before: that may have been what found a virus.
      scanned_with = p_result ->> 'scanned_with'
    where f.id = p_id;
  else
    return;
  end if;
  if p_status = 'ready' then
    perform private.show_ready(v_file);
  elsif p_status <> 'processing' then
    perform private.tell_of_file(
      v_file,
      case p_status when 'quarantined' then 'file_quarantined' else 'file_rejected' end,
      p_reason,
      p_detail,
      -- People have worked with it.
      case when v_rescanned then 'admin' end
    );
  end if;
end
$$;

revoke execute on function private.settle_file(uuid, text, text, text, jsonb)
from public, anon, authenticated;

comment on function private.settle_file(uuid, text, text, text, jsonb) is
  'The outcome of a file, written once, or of scanning it once more; whoever uploaded it hears of '
  'a refusal, and admins too where the file had been ready.';

create function public.finish_file(
  file_id uuid,
  status text,
  reason text default null,
  detail text default null,
  result jsonb default '{}'
) returns void
language sql security invoker set search_path = '' as $$
  select private.settle_file(file_id, status, reason, detail, result)
$$;

revoke execute on function public.finish_file(uuid, text, text, text, jsonb)
from public, anon, authenticated;
grant execute on function private.settle_file(uuid, text, text, text, jsonb) to service_role;
grant execute on function public.finish_file(uuid, text, text, text, jsonb) to service_role;

comment on function public.finish_file(uuid, text, text, text, jsonb) is
  'What a file turned out to be: ready, quarantined or failed, the last two with a reason; or '
  'processing with the reason it waits for, such as scan_unavailable. result has sha256, mime, '
  'page_count, word_count, text, metadata, thumbnail_path, preview_count, language, hints and '
  'scanned_with, as far as they are known. Of a ready file that was scanned once more: ready with '
  'scanned_with alone, or quarantined and infected. For the secret key only. Error: '
  'unknown_result.';

create function private.fail_file() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.settle_file(
    (new.payload ->> 'file_id')::uuid,
    'failed',
    left(new.code, 64),
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    case new.code when 'exception' then 'Something went wrong on our side.' else new.error end,
    '{}'
  );
  return null;
end
$$;

revoke execute on function private.fail_file() from public, anon, authenticated;

comment on function private.fail_file() is
  'Trigger: a file whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_file after insert on private.dead_jobs
for each row when (
  new.kind = 'file.process'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'file_id', 'uuid')
)
execute function private.fail_file();
