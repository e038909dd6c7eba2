-- What the worker does to a file's row. Here, not beside the table: a refusal is news for its
-- owner, and a dead job is one too.

create function private.begin_file(p_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  -- A failed file comes here when its dead job was sent back.
  update public.files as f
  set status = 'processing', reason = null, detail = null
  where f.id = p_id
    and f.status in ('processing', 'failed')
    -- Not while its bytes are being removed.
    and not exists (
      select from private.doomed_objects d
      where d.bucket = f.bucket and d.path = f.path and d.due_at <= clock_timestamp()
    )
  returning * into v_file;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'bucket', v_file.bucket,
    'path', v_file.path,
    'thumbnail_path', v_file.firm_id || '/' || v_file.id || '/.thumbnail.webp',
    'name', v_file.name,
    'mime', v_file.mime,
    'size_bytes', v_file.size_bytes
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
  'The file to look into; null when that was done or it does not exist. For the secret key only.';

create function private.settle_file(
  p_id uuid, p_status text, p_reason text, p_detail text, p_result jsonb
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  update public.files as f
  set
    status = p_status,
    reason = p_reason,
    detail = left(p_detail, 1000),
    mime = coalesce(p_result ->> 'mime', f.mime),
    sha256 = p_result ->> 'sha256',
    page_count = (p_result ->> 'page_count')::integer,
    word_count = (p_result ->> 'word_count')::integer,
    text = p_result ->> 'text',
    metadata = coalesce(p_result -> 'metadata', '{}'),
    thumbnail_path = p_result ->> 'thumbnail_path'
  where f.id = p_id and f.status = 'processing'
  returning * into v_file;
  if found and p_status <> 'ready' and v_file.created_by is not null then
    perform private.notify(
      v_file.firm_id,
      'file_rejected',
      format('file_rejected:%s:%s', p_id, p_reason),
      left('“' || v_file.name || '” cannot be used', 300),
      coalesce(left(p_detail, 1000), ''),
      '/files/' || p_id,
      p_user_ids => array[v_file.created_by]
    );
  end if;
end
$$;

revoke execute on function private.settle_file(uuid, text, text, text, jsonb)
from public, anon, authenticated;

comment on function private.settle_file(uuid, text, text, text, jsonb) is
  'The outcome of a file, written once; whoever uploaded it hears of a refusal.';

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
  'What a file turned out to be: ready, with mime, sha256, page_count, word_count, text, metadata '
  'and thumbnail_path as far as it has them, or quarantined with a reason. For the secret key '
  'only.';

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
