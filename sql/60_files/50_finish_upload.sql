create function private.lock_upload(p_file_id uuid) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  select * into v_file
  from public.files
  where id = p_file_id
    and created_by = auth.uid()
    -- The row is returned: to nobody who could not read it otherwise.
    and firm_id = any (
      case visibility
        when 'firm' then array(select private.firm_ids('member'))
        when 'managers' then array(select private.firm_ids('manager'))
        else array(select private.upload_firm_ids())
      end
    )
  for update;
  if not found then
    perform private.fail('upload_not_found', 'You began no such upload.', status => 404);
  end if;
  return v_file;
end
$$;

revoke execute on function private.lock_upload(uuid) from public, anon, authenticated;

comment on function private.lock_upload(uuid) is 'A file the caller began to upload, locked.';

create function private.receive_file(p_file public.files) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  update public.files
  set status = 'processing', reason = null, detail = null
  where id = p_file.id
  returning * into v_file;
  perform private.enqueue(
    kind => 'file.process',
    payload => jsonb_build_object('file_id', p_file.id),
    firm_id => p_file.firm_id,
    unique_key => 'file.process:' || p_file.id,
    -- The job that settled the file may not have ended yet: it would not look once more.
    if_queued => 'replace'
  );
  return v_file;
end
$$;

revoke execute on function private.receive_file(public.files) from public, anon, authenticated;

comment on function private.receive_file(public.files) is
  'Hands an uploaded file to the worker, for the first time or once more.';

create function private.finish_upload(p_file_id uuid) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files := private.lock_upload(p_file_id);
  v_size bigint;
begin
  -- Said twice is no error: the first answer may have been lost on the way.
  if v_file.status in ('processing', 'ready', 'quarantined') then
    return v_file;
  elsif v_file.status = 'failed' then
    perform private.fail(
      'upload_closed', 'This upload was cancelled or has expired.',
      hint => 'Begin a new one.', status => 409
    );
  end if;
  select (o.metadata ->> 'size')::bigint into v_size
  from storage.objects o
  where o.bucket_id = v_file.bucket and o.name = v_file.path;
  if not found then
    perform private.fail(
      'object_missing', 'Nothing has been uploaded yet.',
      hint => 'Upload the file to the bucket and path that begin_upload returned.', status => 409
    );
  elsif v_size is distinct from v_file.size_bytes then
    perform private.fail(
      'size_mismatch',
      format('%s bytes were announced and %s arrived.', v_file.size_bytes, v_size),
      hint => 'Cancel this upload and begin a new one.', status => 409
    );
  end if;
  return private.receive_file(v_file);
end
$$;

create function public.finish_upload(file_id uuid) returns public.files
language sql security invoker set search_path = '' as $$
  select private.finish_upload(file_id)
$$;

revoke execute on function private.finish_upload(uuid) from public, anon, authenticated;
revoke execute on function public.finish_upload(uuid) from public, anon, authenticated;
grant execute on function private.finish_upload(uuid) to authenticated;
grant execute on function public.finish_upload(uuid) to authenticated;

comment on function private.finish_upload(uuid) is 'Definer of public.finish_upload.';
comment on function public.finish_upload(uuid) is
  'Last step of an upload: hands the file to the worker; it can be read once its status is ready.'
  ' Errors: upload_not_found, upload_closed, object_missing, size_mismatch.';

create function private.cancel_upload(p_file_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files := private.lock_upload(p_file_id);
begin
  if v_file.status <> 'pending' then
    perform private.fail(
      'upload_closed', 'This upload is over already.',
      hint => 'Archive the file instead.', status => 409
    );
  end if;
  update public.files
  set
    status = 'failed',
    reason = 'upload_cancelled',
    -- A version that nobody has seen needs no hiding.
    archived_at = case when is_current then now() end
  where id = p_file_id;
end
$$;

create function public.cancel_upload(file_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.cancel_upload(file_id)
$$;

revoke execute on function private.cancel_upload(uuid) from public, anon, authenticated;
revoke execute on function public.cancel_upload(uuid) from public, anon, authenticated;
grant execute on function private.cancel_upload(uuid) to authenticated;
grant execute on function public.cancel_upload(uuid) to authenticated;

comment on function private.cancel_upload(uuid) is 'Definer of public.cancel_upload.';
comment on function public.cancel_upload(uuid) is
  'Gives up an upload that was begun and frees what it reserved; bytes that have arrived count '
  'until the worker has removed them. Errors: upload_not_found, upload_closed.';
