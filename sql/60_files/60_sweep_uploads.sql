create function private.sweep_uploads() returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
  v_swept integer := 0;
begin
  for v_file in
    select *
    from public.files
    where status = 'pending' and upload_expires_at <= now()
    limit 1000
    for update skip locked
  loop
    if exists (
      select from storage.objects o
      where o.bucket_id = v_file.bucket
        and o.name = v_file.path
        and (o.metadata ->> 'size')::bigint = v_file.size_bytes
    ) then
      perform private.receive_file(v_file);
    else
      update public.files
      set status = 'failed', reason = 'upload_expired', detail = 'The upload was never finished.'
      where id = v_file.id;
    end if;
    v_swept := v_swept + 1;
  end loop;
  return v_swept;
end
$$;

revoke execute on function private.sweep_uploads() from public, anon, authenticated;

comment on function private.sweep_uploads() is
  'Closes intents past their hour: what did arrive goes to the worker, the rest fails. Returns '
  'how many, at most 1000.';
