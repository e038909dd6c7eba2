SET local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.begin_file (
  p_id uuid
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;
