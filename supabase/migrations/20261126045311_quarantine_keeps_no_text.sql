SET local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.settle_file (
  p_id     uuid,
  p_status text,
  p_reason text,
  p_detail text,
  p_result jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

UPDATE public.files SET text = NULL, hints = '[]' WHERE status = 'quarantined' AND (text IS NOT NULL OR hints <> '[]');
