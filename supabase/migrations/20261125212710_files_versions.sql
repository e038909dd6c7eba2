SET local check_function_bodies = off;

DROP POLICY "files_update" ON "public"."files";

DROP POLICY "firm_files_select" ON "storage"."objects";

DROP TRIGGER "files_doom_failed" ON "public"."files";

DROP TRIGGER "files_search" ON "public"."files";

DROP FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text);

DROP FUNCTION "private"."doom_object"(text, text, timestamp WITH time zone, timestamp WITH time zone);

DROP FUNCTION "private"."search_words"(text);

DROP FUNCTION "private"."snippet"(text, text);

DROP FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text);

DROP FUNCTION "public"."search"(uuid, text, text[], integer);

CREATE TABLE "private"."scanner" (
  "only_row" boolean                  NOT NULL DEFAULT true,
  "version"  text                     NOT NULL,
  "seen_at"  timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "scanner_only_row_check" CHECK (only_row),
  CONSTRAINT "scanner_pkey" PRIMARY KEY (only_row),
  CONSTRAINT "scanner_version_check" CHECK (((char_length(version) >= 1) AND (char_length(version) <= 100)))
);

ALTER TABLE "private"."scanner"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "public"."file_accesses" (
  "id"        uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"   uuid                     NOT NULL,
  "file_id"   uuid                     NOT NULL,
  "user_id"   uuid                     NOT NULL,
  "opened_at" timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT "file_accesses_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "file_accesses_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."file_accesses"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."file_accesses" FROM "anon";

CREATE TABLE "public"."file_releases" (
  "id"          uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"     uuid                     NOT NULL,
  "file_id"     uuid                     NOT NULL,
  "reason"      text                     NOT NULL,
  "note"        text                     NOT NULL,
  "released_by" uuid,
  "released_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "file_releases_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "file_releases_note_length" CHECK (((char_length(note) >= 1) AND (char_length(note) <= 2000))),
  CONSTRAINT "file_releases_pkey" PRIMARY KEY (id),
  CONSTRAINT "file_releases_reason_length" CHECK ((char_length(reason) <= 64))
);

ALTER TABLE "public"."file_releases"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."file_releases" FROM "anon";

ALTER TABLE "private"."search_entries"
  ADD COLUMN "language" text;

ALTER TABLE "public"."files"
  ADD COLUMN "version" integer NOT NULL DEFAULT 1;

ALTER TABLE "public"."files"
  ADD COLUMN "is_current" boolean NOT NULL DEFAULT true;

ALTER TABLE "public"."files"
  ADD COLUMN "preview_count" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."files"
  ADD COLUMN "language" text;

ALTER TABLE "public"."files"
  ADD COLUMN "hints" jsonb NOT NULL DEFAULT '[]'::jsonb;

ALTER TABLE "public"."files"
  ADD COLUMN "scanned_with" text;

ALTER TABLE "public"."files"
  ADD COLUMN "ready_at" timestamp WITH time zone;

-- What there is so far is the only version of its document. Nobody changed these rows: no trigger
-- stamps, audits or indexes them.
ALTER TABLE "public"."files"
  ADD COLUMN "series_id" uuid;

ALTER TABLE "public"."files" DISABLE TRIGGER USER;

UPDATE "public"."files"
SET
  "series_id" = "id",
  "ready_at" = CASE WHEN "status" = 'ready' THEN "updated_at" END
WHERE "series_id" IS NULL;

ALTER TABLE "public"."files" ENABLE TRIGGER USER;

ALTER TABLE "public"."files"
  ALTER COLUMN "series_id" SET NOT NULL;

CREATE OR REPLACE FUNCTION private.apply_purge (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.lock_file(apply_purge.file_id);
begin
  if file.reason = 'purged' then
    return file;
  elsif file.status not in ('quarantined', 'failed') then
    perform private.fail(
      'not_quarantined', 'This file is not in quarantine.', hint => 'Archive it instead.',
      status => 409
    );
  end if;
  update public.files as f
  set
    status = 'failed',
    reason = 'purged',
    detail = null,
    text = null,
    metadata = '{}',
    hints = '[]',
    thumbnail_path = null,
    preview_count = 0
  where f.id = file.id
  returning f.* into file;
  return file;
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_release (
  file_id uuid,
  note    text
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.lock_file(apply_release.file_id);
begin
  if nullif(btrim(apply_release.note), '') is null or char_length(apply_release.note) > 2000 then
    perform private.fail(
      'note_required', 'Say why this file is released.',
      hint => 'The note has at most 2000 characters and stays with the file.', status => 422
    );
  elsif file.status <> 'quarantined' then
    perform private.fail(
      'not_quarantined', 'This file is not in quarantine.', status => 409
    );
  elsif file.reason = 'infected' then
    perform private.fail(
      'cannot_release', 'A file with a virus is not released.',
      hint => 'Purge it, or reprocess it if the scanner was wrong.', status => 409
    );
  end if;
  insert into public.file_releases (firm_id, file_id, reason, note, released_by)
  values (file.firm_id, file.id, file.reason, btrim(apply_release.note), auth.uid());
  update public.files as f set status = 'ready', detail = null where f.id = file.id;
  perform private.show_ready(file);
  -- What was locked away before it was scanned is scanned now, if anything scans here.
  perform private.enqueue_rescan(file);
  select f.* into strict file from public.files as f where f.id = apply_release.file_id;
  return file;
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_reprocess (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.lock_file(apply_reprocess.file_id);
begin
  if file.status in ('pending', 'processing') then
    perform private.fail(
      'still_processing', 'This file is being processed or uploaded.', status => 409
    );
  elsif not exists (
    select from storage.objects as o where o.bucket_id = file.bucket and o.name = file.path
  ) or exists (
    -- The worker may be removing it just now.
    select from private.doomed_objects as d
    where d.bucket = file.bucket and d.path = file.path and d.due_at <= clock_timestamp()
  ) then
    perform private.fail(
      'object_missing', 'The bytes of this file are gone.', hint => 'Upload it anew.',
      status => 409
    );
  end if;
  return private.receive_file(file);
end
$function$;

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
  -- A failed file comes here when its dead job was sent back.
  update public.files as f
  set
    status = 'processing',
    reason = case when f.status = 'processing' then f.reason end,
    detail = case when f.status = 'processing' then f.detail end
  where f.id = p_id
    and (f.status = 'processing' or (f.status = 'failed' and f.reason <> 'purged'))
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
    'preview_path', v_file.firm_id || '/' || v_file.id || '/.preview-',
    'name', v_file.name,
    'mime', v_file.mime,
    'size_bytes', v_file.size_bytes,
    'sha256', v_file.sha256,
    'released', v_released
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_series()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  new.series_id := coalesce(new.series_id, new.id);
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_upload (
  p_firm_id       uuid,
  p_name          text,
  p_size_bytes    bigint,
  p_mime          text,
  p_company_id    uuid,
  p_consultant_id uuid,
  p_contract_id   uuid,
  p_visibility    text,
  p_replaces      uuid,
  p_sha256        text
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_id uuid := gen_random_uuid();
  v_bucket storage.buckets;
  v_file public.files;
  v_used bigint;
  v_open bigint;
  v_beside bigint;
  v_current public.files;
  -- Consultants send in what is about themselves.
  v_is_own boolean := p_replaces is null
  and p_visibility = 'portal'
  and private.is_portal_parent(p_firm_id, p_consultant_id, p_contract_id);
begin
  if p_replaces is not null then
    perform private.require_role(p_firm_id, 'member');
    -- A new version is where the document is, and seen by whom the document is.
    p_company_id := null;
    p_consultant_id := null;
    p_contract_id := null;
    p_visibility := 'firm';
  elsif v_is_own is not true then
    perform private.require_role(
      p_firm_id, case p_visibility when 'firm' then 'member' else 'manager' end
    );
  end if;
  select * into strict v_bucket from storage.buckets where id = 'firm-files';
  if not coalesce(private.is_file_name(p_name), false) then
    perform private.fail(
      'bad_name', 'This file name cannot be used.',
      hint => 'At most 255 bytes, no slashes, no control characters, not only dots.',
      status => 422
    );
  elsif coalesce(p_size_bytes, 0) <= 0 then
    perform private.fail('file_empty', 'The file is empty.', status => 422);
  elsif p_size_bytes > v_bucket.file_size_limit then
    perform private.fail(
      'file_too_large',
      format('A file can have at most %s MB.', v_bucket.file_size_limit / 1048576),
      status => 413
    );
  elsif not coalesce(p_mime = any (v_bucket.allowed_mime_types), false) then
    perform private.fail(
      'type_not_allowed', 'Files of this type cannot be uploaded.',
      hint => 'Allowed: ' || array_to_string(v_bucket.allowed_mime_types, ', '), status => 415
    );
  elsif lower(p_sha256) !~ '^[0-9a-f]{64}$' then
    perform private.fail(
      'bad_sha256', 'This is no SHA-256.', hint => 'Give 64 hexadecimal digits.', status => 422
    );
  elsif num_nonnulls(p_company_id, p_consultant_id, p_contract_id) > 1 then
    perform private.fail(
      'one_parent', 'A file belongs to one company, consultant or contract, or to the firm.',
      status => 422
    );
  elsif p_visibility = 'portal' and num_nonnulls(p_consultant_id, p_contract_id) = 0 then
    perform private.fail(
      'portal_parent', 'Only files of a consultant or a contract are shared in the portal.',
      status => 422
    );
  end if;

  if v_is_own then
    perform from public.firms where id = p_firm_id for no key update;
  else
    perform private.lock_firm(p_firm_id, 'member');
  end if;
  if p_replaces is not null then
    v_current := private.lock_document(p_replaces);
    if v_current.firm_id <> p_firm_id then
      perform private.fail('file_not_found', 'There is no such file.', status => 404);
    elsif v_current.status in ('pending', 'processing') then
      perform private.fail(
        'still_processing', 'The file to replace is not ready yet.',
        hint => 'Wait until it is, or cancel its upload.', status => 409
      );
    end if;
    p_company_id := v_current.company_id;
    p_consultant_id := v_current.consultant_id;
    p_contract_id := v_current.contract_id;
    p_visibility := v_current.visibility;
  end if;
  -- An upload that was given up, or announced smaller than it is, counts for the bytes that came.
  select
    coalesce(
      sum(
        case
          when f.status in ('processing', 'ready', 'quarantined') then f.size_bytes
          else greatest(
            case when f.status = 'pending' and f.upload_expires_at > now() then f.size_bytes end,
            (
              select (o.metadata ->> 'size')::bigint
              from storage.objects o
              where o.bucket_id = f.bucket and o.name = f.path
            )
          )
        end
      ),
      0
    ),
    count(*) filter (where f.status = 'pending' and f.upload_expires_at > now()),
    count(*) filter (
      where f.is_current
        and f.archived_at is null
        and f.status <> 'failed'
        and (f.company_id, f.consultant_id, f.contract_id)
        is not distinct from (p_company_id, p_consultant_id, p_contract_id)
    )
  into v_used, v_open, v_beside
  from public.files f
  where f.firm_id = p_firm_id;
  if v_open >= 100 then
    perform private.fail(
      'too_many_uploads', 'The firm has 100 unfinished uploads.',
      hint => 'Finish or cancel some; they expire after an hour.', status => 429
    );
  elsif v_used + p_size_bytes > (select storage_quota_bytes from public.firms where id = p_firm_id)
  then
    perform private.fail(
      'storage_quota', 'The firm''s storage is full.',
      hint => 'Ask for more storage.', status => 409
    );
  elsif p_replaces is null
    and v_beside >= (
      case num_nonnulls(p_company_id, p_consultant_id, p_contract_id) when 0 then 10000 else 1000 end
    )
  then
    perform private.fail(
      'too_many_files', format('There are %s files here already.', v_beside),
      hint => 'Archive some first.', status => 409
    );
  end if;

  insert into public.files (
    id, firm_id, company_id, consultant_id, contract_id, visibility, path, name, mime, size_bytes,
    sha256, series_id, version, is_current
  )
  values (
    v_id, p_firm_id, p_company_id, p_consultant_id, p_contract_id, p_visibility,
    p_firm_id || '/' || v_id || '/' || private.safe_name(p_name), p_name, p_mime, p_size_bytes,
    lower(p_sha256),
    coalesce(v_current.series_id, v_id),
    1 + coalesce(
      (
        select max(f.version)
        from public.files f
        where f.firm_id = p_firm_id and f.series_id = v_current.series_id
      ),
      0
    ),
    -- A new version only once it is ready.
    p_replaces is null
  )
  returning * into v_file;
  return v_file;
exception when foreign_key_violation then
  perform private.fail(
    'parent_not_found', 'The firm has no such company, consultant or contract.', status => 404
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.cancel_upload (
  p_file_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.delete_archived_firms (
  p_limit integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- What a firm may have very many of, in an order in which nothing is left that refers to it. The
  -- rest goes with the firm's row.
  c_large constant text[] := array[
    'public.notifications', 'public.emails', 'public.taggings', 'public.notes', 'public.files',
    'public.file_accesses', 'public.reports', 'public.firm_exports', 'public.contract_events', 'private.search_entries', 'public.audit_log'
  ];
  v_firm_id uuid;
  v_table text;
  v_count integer;
  v_left integer := p_limit;
begin
  while v_left > 0 loop
    select f.id into v_firm_id
    from public.firms f
    where f.archived_at < now() - private.firm_grace()
    order by f.archived_at
    limit 1
    for update skip locked;
    exit when not found;
    foreach v_table in array c_large loop
      execute format(
        'delete from %1$s t where t.ctid = any (array('
        'select t.ctid from %1$s t where t.firm_id = $1 limit $2 for update skip locked))', v_table
      ) using v_firm_id, v_left;
      get diagnostics v_count = row_count;
      v_left := v_left - v_count;
      exit when v_left <= 0;
    end loop;
    if v_left > 0 then
      delete from public.firms where id = v_firm_id;
      v_left := v_left - 1;
    end if;
  end loop;
  return p_limit - v_left;
end
$function$;

CREATE OR REPLACE FUNCTION private.doom_avatar()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.doom_export()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.doom_file()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.doom_objects (
  p_bucket     text,
  p_paths      text[],
  p_due_at     timestamp with time zone,
  p_open_until timestamp with time zone
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.doom_report()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.doom_objects(
    'reports',
    array[format('%s/%s.%s', old.firm_id, old.id, old.format)],
    now(),
    case when old.status <> 'ready' then now() + interval '1 hour' end
  );
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.download_name (
  name text,
  mime text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  with cleaned (name) as (
    -- What some systems refuse in a name, and what ends one there.
    select coalesce(
      nullif(rtrim(regexp_replace(download_name.name, '[<>:"|?*]', '_', 'g'), '. '), ''), 'file'
    )
  ),
  kinds (mime, endings) as (
    values
    ('application/pdf', '{pdf}'::text[]),
    ('application/vnd.openxmlformats-officedocument.wordprocessingml.document', '{docx}'),
    ('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', '{xlsx}'),
    ('application/vnd.openxmlformats-officedocument.presentationml.presentation', '{pptx}'),
    ('application/vnd.oasis.opendocument.text', '{odt}'),
    ('application/vnd.oasis.opendocument.spreadsheet', '{ods}'),
    ('application/vnd.oasis.opendocument.presentation', '{odp}'),
    ('image/jpeg', '{jpg,jpeg}'),
    ('image/png', '{png}'),
    ('image/webp', '{webp}'),
    ('image/tiff', '{tif,tiff}'),
    ('image/heic', '{heic,heif}'),
    ('text/csv', '{csv,txt}'),
    ('text/plain', '{txt,md,csv}'),
    ('message/rfc822', '{eml}'),
    ('application/vnd.ms-outlook', '{msg}')
  )
  select c.name || case
    when lower(substring(c.name from '\.([^.]+)$')) = any (k.endings) then ''
    else '.' || k.endings[1]
  end
  from cleaned as c
  join kinds as k on k.mime = download_name.mime
$function$;

CREATE OR REPLACE FUNCTION private.drop_series()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  delete from public.files as f
  where f.firm_id = old.firm_id and f.series_id = old.series_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.enqueue_rescan (
  file public.files
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.find_file (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files;
begin
  -- As the policy files_select.
  select f.* into file
  from public.files as f
  where f.id = find_file.file_id
    and (
      f.firm_id = any (array(select private.firm_ids('manager')))
      or (f.visibility <> 'managers' and f.firm_id = any (array(select private.firm_ids())))
      or f.id = any (array(select private.portal_file_ids()))
    );
  if not found then
    perform private.fail('file_not_found', 'There is no such file.', status => 404);
  end if;
  return file;
end
$function$;

CREATE OR REPLACE FUNCTION private.follow_current()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Apart: a parent that is written is asked whether it was erased, and its row is locked for it.
  if (old.company_id, old.consultant_id, old.contract_id)
    is distinct from (new.company_id, new.consultant_id, new.contract_id)
  then
    update public.files as f
    set
      company_id = new.company_id,
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
$function$;

CREATE OR REPLACE FUNCTION private.index_for_search()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_row jsonb := to_jsonb(coalesce(new, old));
begin
  if tg_op = 'DELETE'
    or v_row ->> 'archived_at' is not null
    -- Of files: not there yet, or never, or not any more.
    or v_row ->> 'status' in ('pending', 'failed')
    or v_row ->> 'is_current' = 'false'
  then
    delete from private.search_entries e
    where e.firm_id = (v_row ->> 'firm_id')::uuid
      and e.kind = tg_argv[0]
      and e.id = (v_row ->> 'id')::uuid;
  else
    perform private.put_search_entry(tg_argv[0], v_row, tg_argv[1:]);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_tick (
  force boolean DEFAULT false
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Functions of the schema private without arguments that do at most this many things at a time
  -- and return how many: what an outage piled up must not run into the statement's time limit
  -- again and again.
  bite constant integer := 1000;
  rules constant text[] := array[
    'advance_contracts', 'sweep_uploads', 'enqueue_contract_reminders', 'remind_signers',
    'apply_retention', 'remove_objects', 'rescan_files', 'prune_jobs'
  ];
  ticked boolean;
  due text;
  done integer;
  more boolean := false;
  faults jsonb := '{}';
begin
  if not jobs_tick.force and exists (
    select from private.job_clock where ticked_at > clock_timestamp() - interval '1 minute'
  ) then
    return null;
  end if;
  -- Whoever finds another runner at it goes on with its jobs instead of waiting.
  if not pg_try_advisory_xact_lock(hashtext('private.jobs_tick')) then
    return null;
  end if;
  insert into private.job_clock as clock (ticked_at) values (clock_timestamp())
  on conflict (only_row) do update set ticked_at = excluded.ticked_at
  where jobs_tick.force or clock.ticked_at <= excluded.ticked_at - interval '1 minute'
  returning true into ticked;
  if ticked is null then
    return null;
  end if;
  foreach due in array rules loop
    -- A fault in one rule stops neither the others nor the jobs; the next minute tries again.
    begin
      done := private.run_rule(due);
      more := more or done >= bite;
      delete from private.clock_faults as f where f.rule = due;
    exception when query_canceled or others then
      faults := faults || jsonb_build_object(due, sqlerrm);
      insert into private.clock_faults as f (rule, error, failed_at)
      values (due, sqlerrm, clock_timestamp())
      on conflict (rule) do update set
        error = excluded.error, failed_at = excluded.failed_at;
    end;
  end loop;
  if more then
    update private.job_clock set ticked_at = '-infinity' where only_row;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'more', nullif(more, false), 'faults', nullif(faults, '{}')));
end
$function$;

CREATE OR REPLACE FUNCTION private.list_access (
  p_firm_id uuid,
  p_entity  text,
  p_id      uuid
)
  RETURNS TABLE (
    user_id         uuid,
    person          text,
    email           text,
    via             text,
    role            text,
    status          text,
    since           timestamp with time zone,
    last_sign_in_at timestamp with time zone,
    second_factor   boolean,
    sees            text,
    expires_at      timestamp with time zone
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
declare
  c_entities constant text[] := array['company', 'consultant', 'contract', 'file', 'report'];
  v_firm_open boolean;
  v_file public.files;
  v_report public.reports;
begin
  select f.status = 'active' and f.archived_at is null into v_firm_open
  from public.firms f
  where f.id = p_firm_id;
  if not found then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  elsif num_nulls(p_entity, p_id) < 2 and (p_entity = any (c_entities)) is not true then
    perform private.fail(
      'unknown_entity', format('There is no entity "%s" to ask about.', left(p_entity, 63)),
      hint => 'Use one of: ' || array_to_string(c_entities, ', ') || '.', status => 422
    );
  elsif p_entity is not null and not exists (
    select from public.companies o
    where p_entity = 'company' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.consultants o
    where p_entity = 'consultant' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.contracts o
    where p_entity = 'contract' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.files o
    where p_entity = 'file' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.reports o
    where p_entity = 'report' and o.firm_id = p_firm_id and o.id = p_id
  ) then
    perform private.fail('object_not_found', 'There is no such entry.', status => 404);
  end if;
  select o.* into v_file from public.files o where p_entity = 'file' and o.id = p_id;
  select o.* into v_report from public.reports o where p_entity = 'report' and o.id = p_id;

  return query
  with members as (
    -- As private.firm_ids.
    select m.*, v_firm_open and m.status = 'active' as open, private.role_rank(m.role) as rank
    from public.firm_members m
    where m.firm_id = p_firm_id
  ), portals as (
    -- As private.own_consultant_ids.
    select
      c.*,
      v_firm_open and c.status <> 'inactive' and c.archived_at is null and not exists (
        select from public.firm_members m
        where m.firm_id = c.firm_id and m.user_id = c.user_id and m.status <> 'active'
      ) as open
    from public.consultants c
    where c.firm_id = p_firm_id and c.user_id is not null
  ), portal_contracts as (
    -- As private.portal_contract_ids.
    select k.id, k.consultant_id
    from portals c
    join public.contracts k on k.firm_id = c.firm_id and k.consultant_id = c.id
    where c.open
      and k.kind in ('consultant', 'nda')
      and k.status in ('sent', 'signed', 'active', 'expired', 'terminated')
      and k.archived_at is null
  ), ways as (
    select
      m.user_id, null as person, null as email, 'member' as via, m.role, m.status,
      m.created_at as since,
      case
        when not m.open then 'nothing'
        when p_entity = 'consultant' and m.rank < 3 then 'all of it but the private facts'
        when p_entity is not null then 'all of it'
        when m.rank >= 4 then 'everything'
        when m.rank = 3 then 'everything but the audit log'
        when m.rank = 2
          then
            'everything but managers'' files, consultants'' private facts, merges, others'' '
            'reports and the audit log'
        else
          'everything but managers'' files, consultants'' private facts, merges, reports and the '
          'audit log'
      end as sees,
      null::timestamptz as expires_at
    from members m
    where p_entity is null
      or m.open and case p_entity
        when 'file' then m.rank >= 3 or v_file.visibility <> 'managers'
        when 'report' then m.rank >= 3 or (m.rank = 2 and v_report.requested_by = m.user_id)
        else true
      end
    union all
    select
      c.user_id, null, null, 'portal', 'consultant',
      case when c.open then 'active' else 'closed' end,
      -- The link has no clock of its own; what nobody remembers stays empty.
      (
        select max(a.at)
        from public.audit_log a
        where a.firm_id = p_firm_id and a.row_id = c.id and 'user_id' = any (a.columns)
      ),
      case
        when not c.open then 'nothing'
        when p_entity = 'contract' then 'its terms'
        when p_entity is not null then 'all of it'
        else
          'their own entry and private facts, their own contracts once sent, and the files shared '
          'with them'
      end,
      null
    from portals c
    where p_entity is null
      or c.open and case p_entity
        when 'consultant' then c.id = p_id
        when 'contract'
          then exists (
            select from portal_contracts k where k.consultant_id = c.id and k.id = p_id
          )
        -- As private.portal_file_ids.
        when 'file'
          then v_file.visibility = 'portal'
            and v_file.status = 'ready'
            and v_file.archived_at is null
            and v_file.is_current
            and (
              v_file.consultant_id = c.id
              or exists (
                select from portal_contracts k
                where k.consultant_id = c.id and k.id = v_file.contract_id
              )
            )
        else false
      end
    union all
    select
      null, null, i.email, 'invitation', i.role, 'open', i.created_at,
      'nothing until it is accepted', i.expires_at
    from public.invitations i
    where p_entity is null
      and v_firm_open
      and i.firm_id = p_firm_id
      and i.accepted_at is null
      and i.revoked_at is null
      and i.expires_at > now()
    union all
    -- As private.open_signing.
    select
      null, s.name, s.email, 'signing', s.role, s.status, t.asked_at,
      case
        when p_entity is null then format('the terms of contract %s, %s', k.number, k.title)
        else 'its terms'
      end,
      t.expires_at
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    join public.contracts k on k.firm_id = s.firm_id and k.id = s.contract_id
    where t.firm_id = p_firm_id
      and v_firm_open
      and t.expires_at > now()
      and s.archived_at is null
      and (k.status = 'sent' or (k.status = 'signed' and s.status = 'signed'))
      and k.archived_at is null
      and (p_entity is null or (p_entity = 'contract' and k.id = p_id))
  )
  select
    w.user_id, coalesce(w.person, nullif(btrim(p.full_name), '')), coalesce(w.email, u.email),
    w.via, w.role, w.status, w.since,
    -- Members came by themselves; for a link the id of an account is enough, anybody's.
    case when w.via = 'member' then u.last_sign_in_at end,
    case when u.id is not null then exists (
      select from auth.mfa_factors f where f.user_id = u.id and f.status = 'verified'
    ) end,
    w.sees, w.expires_at
  from ways w
  left join public.profiles p on p.id = w.user_id
  left join auth.users u on u.id = w.user_id
  order by
    array_position(array['member', 'portal', 'invitation', 'signing'], w.via),
    private.role_rank(w.role) desc nulls last, 3, w.sees, w.expires_at;
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_document (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.find_file(lock_document.file_id);
begin
  file := private.lock_series(file.firm_id, file.series_id);
  -- As the policy files_update.
  perform private.require_role(
    file.firm_id,
    case
      when file.created_by = auth.uid() and file.visibility = 'firm' then 'member'
      else 'manager'
    end
  );
  if file.archived_at is not null then
    perform private.fail(
      'archived', 'This file is archived.', hint => 'Restore it first.', status => 409
    );
  end if;
  return file;
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_file (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.lock_series (
  firm_id   uuid,
  series_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.lose_file (
  file_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.lock_file(lose_file.file_id);
begin
  update public.files as f
  set status = 'failed', reason = 'object_missing', detail = 'The uploaded bytes are no longer there.'
  where f.id = file.id
    and f.status in ('processing', 'ready', 'quarantined')
    and not exists (
      select from storage.objects as o where o.bucket_id = f.bucket and o.name = f.path
    );
  if found then
    perform private.notify(
      file.firm_id,
      'file_rejected',
      format('file_rejected:%s:object_missing', file.id),
      left('“' || file.name || '” cannot be used', 300),
      'The uploaded bytes are no longer there.',
      '/files/' || file.id,
      p_user_ids => array[file.created_by],
      p_min_role => 'admin'
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.make_current (
  file public.files
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  update public.files as f
  set is_current = false
  where f.firm_id = file.firm_id and f.series_id = file.series_id and f.is_current
    and f.id <> file.id;
  update public.files as f
  set is_current = true
  where f.id = file.id and not f.is_current;
end
$function$;

CREATE OR REPLACE FUNCTION private.merge_companies (
  p_kept_id   uuid,
  p_merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  c_fillable constant text[] := array[
    'legal_name', 'registration_no', 'tax_id', 'website', 'industry', 'country', 'address',
    'owner_id', 'external_ref'
  ];
  v_firm_id uuid;
  v_kept public.companies;
  v_merged public.companies;
  v_filled text[];
  v_moved jsonb := '{}';
  v_ids uuid[];
  v_merge public.merge_log;
begin
  v_firm_id := (
    select c.firm_id
    from public.companies c
    where c.id = p_kept_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null or not exists (
    select from public.companies c where c.id = p_merged_id and c.firm_id = v_firm_id
  ) then
    perform private.fail('company_not_found', 'There is no such company.', status => 404);
  elsif p_kept_id = p_merged_id then
    perform private.fail('same_entry', 'These are one and the same already.', status => 422);
  end if;
  -- One merge at a time in a firm; then nobody adds to the two until it is done. First what may move
  -- between them: whoever renews a contract or moves a contact holds it when they come to a company.
  perform private.lock_firm(v_firm_id, 'manager');
  perform from public.contracts c
  where c.firm_id = v_firm_id and c.company_id in (p_kept_id, p_merged_id)
  order by c.id
  for no key update;
  perform from public.contacts c
  where c.firm_id = v_firm_id and c.company_id in (p_kept_id, p_merged_id)
  order by c.id
  for no key update;
  perform from public.companies where id in (p_kept_id, p_merged_id) order by id for update;
  select * into strict v_kept from public.companies where id = p_kept_id;
  select * into strict v_merged from public.companies where id = p_merged_id;
  if v_merged.archived_at is not null then
    select * into v_merge
    from public.merge_log m
    where m.firm_id = v_firm_id
      and m.kept_company_id = p_kept_id
      and m.merged_company_id = p_merged_id
      and m.undone_at is null;
    if found then
      return v_merge;
    end if;
  end if;
  if num_nonnulls(v_kept.archived_at, v_merged.archived_at) > 0 then
    perform private.fail(
      'archived', 'One of the two is archived.', hint => 'Restore it first.', status => 409
    );
  end if;

  perform set_config('firmbase.guards', 'off', true);
  -- Archived first: what must be unique is free then.
  update public.companies set archived_at = now() where id = p_merged_id;
  v_filled := array(
    select f.name
    from unnest(c_fillable) f (name)
    where to_jsonb(v_kept) ->> f.name is null and to_jsonb(v_merged) ->> f.name is not null
  );
  update public.companies
  set
    legal_name = coalesce(legal_name, v_merged.legal_name),
    registration_no = coalesce(registration_no, v_merged.registration_no),
    tax_id = coalesce(tax_id, v_merged.tax_id),
    website = coalesce(website, v_merged.website),
    industry = coalesce(industry, v_merged.industry),
    country = coalesce(country, v_merged.country),
    address = coalesce(address, v_merged.address),
    owner_id = coalesce(owner_id, v_merged.owner_id),
    external_ref = coalesce(external_ref, v_merged.external_ref)
  where id = p_kept_id;

  v_ids := array(
    select c.id from public.contacts c
    where c.firm_id = v_firm_id and c.company_id = p_merged_id and c.is_primary
  );
  v_moved := v_moved || jsonb_build_object('primary_contacts', v_ids);
  with moved as (
    update public.contacts set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contacts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.contracts set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contracts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- Each with its older versions, which follow.
    update public.files set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
      and is_current
    returning series_id as id
  )
  select v_moved || jsonb_build_object('files', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.notes set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('notes', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- A tag that both have stays behind.
    update public.taggings t set company_id = p_kept_id
    where t.firm_id = v_firm_id
      and t.company_id = p_merged_id
      and not exists (
        select from public.taggings k
        where k.firm_id = v_firm_id
          and k.company_id = p_kept_id
          and k.tag_id = t.tag_id
          and k.archived_at is null
      )
    returning id
  )
  select v_moved || jsonb_build_object('taggings', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  perform set_config('firmbase.guards', '', true);

  insert into public.merge_log (
    firm_id, kept_company_id, merged_company_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
end
$function$;

CREATE OR REPLACE FUNCTION private.merge_consultants (
  p_kept_id   uuid,
  p_merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  c_fillable constant text[] := array[
    'user_id', 'email', 'phone', 'headline', 'seniority', 'available_from', 'external_ref'
  ];
  v_firm_id uuid;
  v_kept public.consultants;
  v_merged public.consultants;
  v_kept_private public.consultant_private;
  v_merged_private public.consultant_private;
  v_filled text[];
  v_moved jsonb := '{}';
  v_merge public.merge_log;
begin
  v_firm_id := (
    select c.firm_id
    from public.consultants c
    where c.id = p_kept_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null or not exists (
    select from public.consultants c where c.id = p_merged_id and c.firm_id = v_firm_id
  ) then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  elsif p_kept_id = p_merged_id then
    perform private.fail('same_entry', 'These are one and the same already.', status => 422);
  end if;
  -- As for companies, contracts first; those they are planned on, too.
  perform private.lock_firm(v_firm_id, 'manager');
  perform from public.contracts c
  where c.firm_id = v_firm_id
    and (
      c.consultant_id in (p_kept_id, p_merged_id)
      or c.id in (
        select p.contract_id
        from public.contract_consultants p
        where p.firm_id = v_firm_id and p.consultant_id in (p_kept_id, p_merged_id)
      )
    )
  order by c.id
  for no key update;
  perform from public.consultants where id in (p_kept_id, p_merged_id) order by id for update;
  select * into strict v_kept from public.consultants where id = p_kept_id;
  select * into strict v_merged from public.consultants where id = p_merged_id;
  if v_merged.archived_at is not null then
    select * into v_merge
    from public.merge_log m
    where m.firm_id = v_firm_id
      and m.kept_consultant_id = p_kept_id
      and m.merged_consultant_id = p_merged_id
      and m.undone_at is null;
    if found then
      return v_merge;
    end if;
  end if;
  if num_nonnulls(v_kept.archived_at, v_merged.archived_at) > 0 then
    perform private.fail(
      'archived', 'One of the two is archived.', hint => 'Restore it first.', status => 409
    );
  elsif v_merged.user_id <> v_kept.user_id then
    perform private.fail(
      'two_accounts', 'Both have an account for the portal.',
      hint => 'Take one of them away with link_consultant.', status => 409
    );
  elsif v_merged.user_id is not null or v_kept.user_id is not null then
    -- Whose account reaches what is for admins to say, in a merge too.
    perform private.require_role(v_firm_id, 'admin');
  end if;

  perform set_config('firmbase.guards', 'off', true);
  update public.consultants set archived_at = now() where id = p_merged_id;
  v_filled := array(
    select f.name
    from unnest(c_fillable) f (name)
    where to_jsonb(v_kept) ->> f.name is null and to_jsonb(v_merged) ->> f.name is not null
  );
  if v_kept.skills = '{}' and v_merged.skills <> '{}' then
    v_filled := v_filled || array['skills'];
  end if;
  update public.consultants
  set
    skills = case when skills = '{}' then v_merged.skills else skills end,
    user_id = coalesce(user_id, v_merged.user_id),
    email = coalesce(email, v_merged.email),
    phone = coalesce(phone, v_merged.phone),
    headline = coalesce(headline, v_merged.headline),
    seniority = coalesce(seniority, v_merged.seniority),
    available_from = coalesce(available_from, v_merged.available_from),
    external_ref = coalesce(external_ref, v_merged.external_ref)
  where id = p_kept_id;

  select * into strict v_kept_private
  from public.consultant_private where consultant_id = p_kept_id;
  select * into strict v_merged_private
  from public.consultant_private where consultant_id = p_merged_id;
  if v_kept_private.cost_rate is null and v_merged_private.cost_rate is not null then
    v_filled := v_filled || array['cost_rate', 'cost_unit', 'currency'];
  end if;
  if v_kept_private.tax_ref is null and v_merged_private.tax_ref is not null then
    v_filled := v_filled || array['tax_ref'];
  end if;
  if v_kept_private.bank_ref is null and v_merged_private.bank_ref is not null then
    v_filled := v_filled || array['bank_ref'];
  end if;
  update public.consultant_private
  set
    cost_rate = coalesce(cost_rate, v_merged_private.cost_rate),
    cost_unit = coalesce(cost_unit, v_merged_private.cost_unit),
    currency = coalesce(currency, v_merged_private.currency),
    tax_ref = coalesce(tax_ref, v_merged_private.tax_ref),
    bank_ref = coalesce(bank_ref, v_merged_private.bank_ref)
  where consultant_id = p_kept_id;

  with moved as (
    update public.contracts set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contracts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.contract_consultants set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contract_consultants', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- Each with its older versions, which follow.
    update public.files set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
      and is_current
    returning series_id as id
  )
  select v_moved || jsonb_build_object('files', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.notes set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('notes', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.taggings t set consultant_id = p_kept_id
    where t.firm_id = v_firm_id
      and t.consultant_id = p_merged_id
      and not exists (
        select from public.taggings k
        where k.firm_id = v_firm_id
          and k.consultant_id = p_kept_id
          and k.tag_id = t.tag_id
          and k.archived_at is null
      )
    returning id
  )
  select v_moved || jsonb_build_object('taggings', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  perform set_config('firmbase.guards', '', true);

  insert into public.merge_log (
    firm_id, kept_consultant_id, merged_consultant_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
exception when exclusion_violation then
  perform private.fail(
    'merge_conflict', 'Both are planned on one contract at the same time.',
    hint => 'Change or archive one of the two assignments first.', status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.needs_object (
  p_bucket text,
  p_path   text
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_name text := split_part(split_part(p_path, '/', 2), '.', 1);
  v_id uuid := case when pg_input_is_valid(v_name, 'uuid') then v_name::uuid end;
begin
  -- By the id in the path: a preview is uploaded before its row says so.
  return case p_bucket
    when 'firm-files' then exists (
      select from public.files f
      where f.id = v_id
        and p_path = any (f.path || private.picture_paths(f.firm_id, f.id))
        and f.status <> 'failed'
    )
    when 'reports' then exists (
      select from public.reports r
      where r.id = v_id
        and p_path = format('%s/%s.%s', r.firm_id, r.id, r.format)
    )
    when 'avatars'
      then exists (select from public.profiles p where p.id::text = split_part(p_path, '/', 1))
    when 'exports' then exists (select from public.firm_exports e where e.id = v_id)
    else false
  end;
end
$function$;

CREATE OR REPLACE FUNCTION private.note_scanner (
  version text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.object_file_id (
  p_path text
)
  RETURNS uuid
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select case when pg_input_is_valid(split_part(p_path, '/', 2), 'uuid')
    then split_part(p_path, '/', 2)::uuid
  end
$function$;

CREATE OR REPLACE FUNCTION private.open_file (
  file_id uuid,
  OUT     bucket text,
  OUT     path text,
  OUT     name text
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.find_file(open_file.file_id);
begin
  if file.status = 'quarantined' then
    perform private.require_role(file.firm_id, 'admin');
  elsif file.status <> 'ready' then
    perform private.fail(
      'not_ready', 'This file cannot be opened: it is not ready.',
      hint => 'Its status says how far it is.', status => 409
    );
  end if;
  insert into public.file_accesses (firm_id, file_id, user_id)
  values (file.firm_id, file.id, auth.uid());
  bucket := file.bucket;
  path := file.path;
  name := private.download_name(file.name, file.mime);
end
$function$;

CREATE OR REPLACE FUNCTION private.opened_file_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return query
  select a.file_id
  from public.file_accesses a
  where a.user_id = (select auth.uid())
    and a.opened_at > now() - interval '60 seconds';
end
$function$;

CREATE OR REPLACE FUNCTION private.picture_paths (
  p_firm_id uuid,
  p_file_id uuid
)
  RETURNS text[]
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  select array[p_firm_id || '/' || p_file_id || '/.thumbnail.webp'] || array(
    select p_firm_id || '/' || p_file_id || '/.preview-' || n || '.webp'
    from generate_series(1, 5) n
    order by n
  )
$function$;

CREATE OR REPLACE FUNCTION private.file_orphans (
  of_firm  uuid,
  max_rows integer
)
  RETURNS TABLE (
    kind    text,
    bucket  text,
    path    text,
    firm_id uuid,
    file_id uuid,
    status  text,
    bytes   bigint,
    since   timestamp with time zone
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
( SELECT 'missing_object'::text AS kind,
     f.bucket,
     f.path,
     f.firm_id,
     f.id,
     f.status,
     f.size_bytes,
     f.created_at
    FROM public.files f
   WHERE
     ((f.status = ANY (ARRAY['processing'::text, 'ready'::text, 'quarantined'::text])) AND ((file_orphans.of_firm IS NULL) OR (f.firm_id = file_orphans.of_firm)) AND (NOT (EXISTS (
     SELECT 1
            FROM storage.objects o
           WHERE ((o.bucket_id = f.bucket) AND (o.name = f.path))))))
   ORDER BY f.created_at
  LIMIT LEAST(file_orphans.max_rows, 1000))
 UNION ALL
 ( SELECT 'stray_object'::text AS kind,
     o.bucket_id,
     o.name,
     f.firm_id,
     f.id,
     f.status,
     ((o.metadata ->> 'size'::text))::bigint AS int8,
     o.created_at
    FROM (storage.objects o
      LEFT JOIN public.files f ON (((f.id = private.object_file_id(o.name)) AND (o.name = ANY ((f.path || private.picture_paths(f.firm_id, f.id)))))))
   WHERE
     ((o.bucket_id = 'firm-files'::text) AND ((file_orphans.of_firm IS NULL) OR (split_part(o.name, '/'::text, 1) = (file_orphans.of_firm)::text)) AND (o.created_at < (now() -
     '1 day'::interval)) AND ((f.id IS NULL) OR (f.status = 'failed'::text)) AND (NOT (EXISTS ( SELECT 1
            FROM private.doomed_objects d
           WHERE ((d.bucket = o.bucket_id) AND (d.path = o.name))))))
   ORDER BY o.created_at
  LIMIT LEAST(file_orphans.max_rows, 1000));
END;

CREATE OR REPLACE FUNCTION private.portal_file_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return query
  select f.id
  from public.consultants c
  join public.files f on f.firm_id = c.firm_id and f.consultant_id = c.id
  where c.id in (select private.own_consultant_ids())
    and f.visibility = 'portal' and f.status = 'ready' and f.archived_at is null and f.is_current
  union all
  select f.id
  from public.contracts k
  join public.files f on f.firm_id = k.firm_id and f.contract_id = k.id
  where k.id in (select private.portal_contract_ids())
    and f.visibility = 'portal' and f.status = 'ready' and f.archived_at is null and f.is_current;
end
$function$;

CREATE OR REPLACE FUNCTION private.purge_file (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.find_file(purge_file.file_id);
begin
  perform private.require_role(file.firm_id, 'admin');
  return private.apply_purge(file.id);
end
$function$;

CREATE OR REPLACE FUNCTION private.put_search_entry (
  p_kind    text,
  p_row     jsonb,
  p_columns text[]
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Beyond about a hundred pages PostgreSQL may refuse the words if each says where it stands.
  c_placed constant integer := 300000;
  v_title text := private.plain(coalesce(p_row ->> p_columns[1], ''));
  v_text text := private.plain(
    (select string_agg(p_row ->> c.name, ' ') from unnest(p_columns[2:]) c (name))
  );
  v_language text := nullif(p_row ->> 'language', 'simple');
  v_words tsvector := setweight(to_tsvector('simple', v_title), 'A');
begin
  begin
    v_words := v_words || setweight(to_tsvector('simple', left(v_text, c_placed)), 'B');
    if char_length(v_text) > c_placed then
      -- From a little before, so that the word at the cut is there as a whole.
      v_words := v_words || strip(to_tsvector('simple', substr(v_text, c_placed - 100)));
    end if;
    if v_language is not null then
      v_words := v_words || strip(to_tsvector(v_language::regconfig, v_text));
    end if;
  exception when program_limit_exceeded then
    -- A text made of nothing but different words: it is found by its title.
    null;
  end;
  insert into private.search_entries (firm_id, kind, id, managers_only, title, language, words)
  values (
    (p_row ->> 'firm_id')::uuid,
    p_kind,
    (p_row ->> 'id')::uuid,
    coalesce(p_row ->> 'visibility' = 'managers', false),
    v_title,
    v_language,
    coalesce(v_words, '')
  )
  on conflict (firm_id, kind, id) do update
  set
    managers_only = excluded.managers_only,
    title = excluded.title,
    language = excluded.language,
    words = excluded.words;
end
$function$;

CREATE OR REPLACE FUNCTION private.receive_file (
  p_file public.files
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
    unique_key => 'file.process:' || p_file.id
  );
  return v_file;
end
$function$;

CREATE OR REPLACE FUNCTION private.refuse_duplicate (
  firm_id       uuid,
  sha256        text,
  company_id    uuid,
  consultant_id uuid,
  contract_id   uuid,
  replaces      uuid
)
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  found_id uuid;
  found_name text;
begin
  if refuse_duplicate.replaces is not null then
    select f.company_id, f.consultant_id, f.contract_id
    into
      refuse_duplicate.company_id, refuse_duplicate.consultant_id, refuse_duplicate.contract_id
    from public.files as f
    where f.id = refuse_duplicate.replaces;
  end if;
  select f.id, f.name into found_id, found_name
  from public.files as f
  where f.firm_id = refuse_duplicate.firm_id
    and f.sha256 = lower(refuse_duplicate.sha256)
    and f.status in ('processing', 'ready')
    and f.is_current
    and f.archived_at is null
    and f.company_id is not distinct from refuse_duplicate.company_id
    and f.consultant_id is not distinct from refuse_duplicate.consultant_id
    and f.contract_id is not distinct from refuse_duplicate.contract_id
  order by f.created_at
  limit 1;
  if found then
    perform private.fail(
      'duplicate_file', format('This file is there already, as “%s”.', found_name),
      hint => format('It is the file %s; allow_duplicate uploads it all the same.', found_id),
      status => 409
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.release_file (
  file_id uuid,
  note    text
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.find_file(release_file.file_id);
begin
  perform private.require_role(file.firm_id, 'admin');
  return private.apply_release(file.id, release_file.note);
end
$function$;

CREATE OR REPLACE FUNCTION private.reprocess_file (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.find_file(reprocess_file.file_id);
begin
  perform private.require_role(file.firm_id, 'manager');
  return private.apply_reprocess(file.id);
end
$function$;

CREATE OR REPLACE FUNCTION private.rescan_files()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.restore_version (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  file public.files := private.lock_document(restore_version.file_id);
begin
  -- The current one already: a retry is no error.
  if file.id = restore_version.file_id then
    return file;
  end if;
  select f.* into strict file
  from public.files as f
  where f.id = restore_version.file_id
  for no key update;
  if file.status <> 'ready' then
    perform private.fail(
      'not_ready', 'Only a version that is ready can be restored.',
      hint => 'Its status says how far it is.', status => 409
    );
  end if;
  perform private.make_current(file);
  select f.* into strict file from public.files as f where f.id = restore_version.file_id;
  return file;
end
$function$;

CREATE OR REPLACE FUNCTION private.retention_rules()
  RETURNS TABLE (
    table_name text,
    what       text,
    keep       interval,
    due        text,
    change     text,
    why        text
  )
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  values
  (
    'public.notifications', 'that were read', interval '180 days', 'read_at < $1', null,
    'News of half a year ago; nobody scrolls further back.'
  ),
  (
    'public.notifications', 'that nobody read', '365 days', 'created_at < $1', null,
    'What was not read in a year will not be.'
  ),
  (
    'public.emails', 'that were sent or failed', '90 days',
    'created_at < $1 and status in (''sent'', ''failed'')', null,
    'Long enough to answer whether a mail went out; its address is personal data.'
  ),
  (
    'public.invitations', 'that were accepted, revoked or have expired', '180 days',
    'coalesce(accepted_at, revoked_at, expires_at) < $1', null,
    'The membership says the rest; the address is personal data.'
  ),
  (
    'public.reports', 'with their documents', '30 days',
    'coalesce(finished_at, created_at) < $1', null,
    'A report shows one day and can be made anew.'
  ),
  (
    'public.files', 'that were archived, with their objects', '30 days',
    'archived_at < $1 and is_current and not exists ('
    'select from public.contracts c where c.firm_id = t.firm_id and c.id = t.contract_id '
    'and private.contract_kept_until(c) >= current_date)', null,
    'Time to restore one, with all its versions. Files of a signed contract stay until the end of '
    'the tenth year after it ended: § 147 AO, § 257 HGB.'
  ),
  (
    'public.files', 'whose upload or examination failed', '30 days',
    'status = ''failed'' and updated_at < $1 and (not (is_current or version = 1) or not exists ('
    'select from public.files v where v.firm_id = t.firm_id and v.series_id = t.series_id '
    'and v.id <> t.id))', null,
    'Long enough for whoever uploaded it to read why; the first and the current version as long as '
    'there are others. Its bytes go earlier: at once, or after a week where the job may be sent back.'
  ),
  (
    'public.file_accesses', 'all of them', '1 year', 'opened_at < $1', null,
    'Who opened what is asked within months, if ever; it also says what people did at work.'
  ),
  (
    'public.firm_exports', 'with their parts', '7 days', 'expires_at <= now() and $1 < now()', null,
    'A copy of everything is not left lying about.'
  ),
  (
    'public.merge_log', 'what it takes to undo a merge', '30 days',
    'merged_at < $1 and moved <> ''{}''', 'moved = ''{}'', filled = ''{}''',
    'A merge can be undone that long. That there was one stays known.'
  ),
  (
    'public.audit_log', 'all of it', '3 years', 'at < $1', null,
    'Claims among the people of a firm lapse after three years: § 195 BGB.'
  ),
  (
    'private.dead_jobs', 'all of them', '90 days', 'died_at < $1', null,
    'Nobody sends a job back after that; their errors may hold personal data.'
  ),
  (
    'private.finished_jobs', 'all of them', '7 days', 'finished_at < $1', null,
    'Long enough to look up what a job came to; what it did is in the firm''s rows.'
  ),
  (
    'public.firms', 'that were archived, with everything in them', '30 days', null, null,
    'Until then the operator can open the firm again. What law makes a firm keep, it takes along '
    'with export_firm first.'
  ),
  (
    'public.erasures', 'what law kept of a person', interval '10 years', null, null,
    'The name and the signatures, until the end of the tenth year after the contract ended: § 147 '
    'AO, § 257 HGB. The entry itself stays with the firm.'
  ),
  ('public.companies', 'all', null, null, null, 'The firm''s own business; it archives them.'),
  ('public.contacts', 'all', null, null, null, 'As the company; people who ask are erased.'),
  ('public.consultants', 'all', null, null, null, 'The firm''s own; people who ask are erased.'),
  ('public.consultant_private', 'all', null, null, null, 'Goes with the consultant.'),
  ('public.contracts', 'all', null, null, null, 'Evidence of what was agreed; others refer to it.'),
  ('public.contract_events', 'all', null, null, null, 'Evidence of how a contract came about.'),
  ('public.contract_consultants', 'all', null, null, null, 'Goes with the contract.'),
  ('public.contract_signers', 'all', null, null, null, 'Evidence of who signed.'),
  ('public.file_releases', 'all', null, null, null, 'Goes with the file.'),
  ('public.notes', 'all', null, null, null, 'The firm''s own; they go with an erased person.'),
  ('public.tags', 'all', null, null, null, 'Words of the firm.'),
  ('public.taggings', 'all', null, null, null, 'Few and small; they go with an erased person.'),
  ('public.saved_views', 'all', null, null, null, 'Settings of its people.'),
  ('public.firm_members', 'all', null, null, null, 'Ends with the membership.'),
  ('public.profiles', 'all', null, null, null, 'Belongs to the account, not to a firm.'),
  ('private.contract_counters', 'all', null, null, null, 'The next number of a contract.'),
  (
    'private.contract_reminders', 'all', null, null, null,
    'Few for each contract; a reminder is sent once.'
  ),
  (
    'private.job_schedules', 'all', null, null, null, 'What the operator runs for the firm.'
  ),
  (
    'private.doomed_objects', 'all', null, null, null,
    'Until the worker has removed the object, which takes minutes; hours where an upload was open.'
  ),
  ('private.invitation_tokens', 'all', null, null, null, 'Goes with the invitation.'),
  ('private.search_entries', 'all', null, null, null, 'Goes with the row that is found.'),
  ('private.signing_tokens', 'all', null, null, null, 'Goes when it is nobody''s turn any more.')
$function$;

CREATE OR REPLACE FUNCTION private.search_hits (
  p_firm_id uuid,
  p_query   text,
  p_kinds   text[],
  p_limit   integer
)
  RETURNS TABLE (
    kind text,
    id   uuid,
    rank real
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
declare
  -- More than this many of one sort are not worth ranking: the query says too little.
  c_most constant integer := 1000;
  v_role text := private.require_role(p_firm_id, 'viewer');
  v_sees_all boolean := private.role_rank(v_role) >= private.role_rank('manager');
  v_text text := private.plain(left(btrim(p_query), 200));
  v_words tsquery := private.search_words(p_query, private.search_languages(p_firm_id));
begin
  -- Here and not in the function's settings: to write it down there, a session without superuser
  -- must have loaded pg_trgm before.
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
  return query
  with found as (
    select e.kind, e.id, e.title, e.words
    from private.search_entries e
    where e.firm_id = p_firm_id
      and e.words @@ v_words
      and e.kind = any (p_kinds)
      and (v_sees_all or not e.managers_only)
    limit c_most
  ), resembling as (
    select e.kind, e.id, e.title, e.words
    from private.search_entries e
    where e.firm_id = p_firm_id
      and char_length(v_text) >= 3
      -- Who typed it right needs no guesses, which cost most where all titles are alike.
      and (select count(*) from found) < least(p_limit, 100)
      and e.title operator(extensions.%>) v_text
      and e.kind = any (p_kinds)
      and (v_sees_all or not e.managers_only)
    limit c_most
  ), ranked as (
    select
      h.kind,
      h.id,
      (
        coalesce(ts_rank(h.words, v_words), 0)
        + extensions.word_similarity(v_text, h.title)
        + case when h.title = v_text then 1 when starts_with(h.title, v_text) then 0.5 else 0 end
      )::real as rank
    from (select * from found union select * from resembling) h
  ), parties as (
    select r.id, r.rank
    from ranked r
    where r.kind in ('company', 'consultant')
    order by r.rank desc
    limit 5
  ), theirs as (
    -- Who looks for a client looks for the contracts with it, too.
    select c.id, p.rank / 2 as rank
    from parties p
    cross join lateral (
      (
        select c.id
        from public.contracts c
        where c.firm_id = p_firm_id and c.company_id = p.id and c.archived_at is null
        limit 10
      )
      union
      (
        select c.id
        from public.contracts c
        where c.firm_id = p_firm_id and c.consultant_id = p.id and c.archived_at is null
        limit 10
      )
    ) c
    where 'contract' = any (p_kinds)
  )
  select h.kind, h.id, max(h.rank)
  from (
    select * from ranked
    union all
    select 'contract', t.id, t.rank::real from theirs t
  ) h
  group by h.kind, h.id
  order by 3 desc, h.id
  limit least(p_limit, 100);
end
$function$;

CREATE OR REPLACE FUNCTION private.search_languages (
  p_firm_id uuid
)
  RETURNS text[]
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  -- From one to the next by the index: a firm has few, of many files.
  with recursive l (name) as (
    select min(e.language)
    from private.search_entries e
    where e.firm_id = p_firm_id and e.language is not null
    union all
    select (
      select min(e.language)
      from private.search_entries e
      where e.firm_id = p_firm_id and e.language > l.name
    )
    from l
    where l.name is not null
  )
  select array_agg(l.name) from l where l.name is not null
$function$;

CREATE OR REPLACE FUNCTION private.search_words (
  p_query     text,
  p_languages text[]
)
  RETURNS tsquery
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  -- Each word may go on: people see results while they type. Nothing in it is an operator. The index
  -- is that of all firms, so a word costs what all of them wrote: the first eight are enough.
  select string_agg('(' || concat_ws(' | ', w.quoted || ':*', s.stems) || ')', ' & ')::tsquery
  from (
    select
      t.lexeme,
      '''' || replace(replace(t.lexeme, '\', '\\'), '''', '''''') || '''' as quoted
    from unnest(to_tsvector('simple', private.plain(left(p_query, 200)))) t
    order by t.positions[1]
    limit 8
  ) w
  cross join lateral (
    select string_agg(
      distinct '''' || replace(replace(t.lexeme, '\', '\\'), '''', '''''') || '''', ' | '
    ) as stems
    from unnest(p_languages) l (name)
    cross join lateral unnest(to_tsvector(l.name::regconfig, w.lexeme)) t
    where t.lexeme <> w.lexeme
  ) s
$function$;

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
    or (p_status = 'ready' and p_result ? 'scanned_with' and p_result - 'scanned_with' = '{}')
  );
  if v_rescanned then
    update public.files f
    set
      status = p_status,
      reason = coalesce(p_reason, f.reason),
      detail = coalesce(left(p_detail, 1000), f.detail),
      scanned_with = coalesce(p_result ->> 'scanned_with', f.scanned_with)
    where f.id = p_id;
  elsif v_file.status = 'processing' and p_status = 'processing' then
    -- It waits for something, such as the scanner; nothing is known yet.
    update public.files f
    set reason = coalesce(p_reason, f.reason), detail = left(p_detail, 1000)
    where f.id = p_id;
  elsif v_file.status = 'processing' then
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
      text = p_result ->> 'text',
      metadata = coalesce(p_result -> 'metadata', '{}'),
      thumbnail_path = p_result ->> 'thumbnail_path',
      preview_count = coalesce((p_result ->> 'preview_count')::integer, 0),
      language = p_result ->> 'language',
      hints = coalesce(nullif(p_result -> 'hints', 'null'), '[]'),
      scanned_with = coalesce(p_result ->> 'scanned_with', f.scanned_with)
    where f.id = p_id;
  else
    return;
  end if;
  if p_status = 'ready' then
    perform private.show_ready(v_file);
  elsif p_status <> 'processing' then
    perform private.notify(
      v_file.firm_id,
      'file_rejected',
      format('file_rejected:%s:%s', p_id, p_reason),
      left('“' || v_file.name || '” cannot be used', 300),
      coalesce(left(p_detail, 1000), ''),
      '/files/' || p_id,
      p_user_ids => array[v_file.created_by],
      -- People have worked with it.
      p_min_role => case when v_rescanned then 'admin' end
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.show_ready (
  file public.files
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.snippet (
  p_text text,
  p_at   integer
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  select regexp_replace(
    substr(p_text, greatest(1, coalesce(p_at, 1) - 60), 200), '\s+', ' ', 'g'
  )
$function$;

CREATE OR REPLACE FUNCTION private.sweep_file_orphans (
  of_firm  uuid,
  max_rows integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  orphan record;
  swept integer := 0;
begin
  for orphan in
    select o.*
    from private.file_orphans(sweep_file_orphans.of_firm, sweep_file_orphans.max_rows) as o
  loop
    if orphan.kind = 'stray_object' then
      perform private.doom_objects(orphan.bucket, array[orphan.path], now(), null);
    else
      perform private.lose_file(orphan.file_id);
    end if;
    swept := swept + 1;
  end loop;
  return swept;
end
$function$;

CREATE OR REPLACE FUNCTION private.timeline (
  p_entity    text,
  p_id        uuid,
  p_before    timestamp with time zone,
  p_before_id uuid,
  p_max_rows  integer
)
  RETURNS TABLE (
    at         timestamp with time zone,
    id         uuid,
    kind       text,
    actor      uuid,
    actor_name text,
    title      text,
    detail     text,
    subject    text,
    subject_id uuid
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_custom_plan'
  AS $function$
#variable_conflict use_column
declare
  c_entities constant text[] := array[
    'firm', 'company', 'contact', 'consultant', 'contract', 'file'
  ];
  v_object record;
  v_whole boolean := p_entity = 'firm';
  v_company_id uuid := case when p_entity = 'company' then p_id end;
  v_contact_id uuid := case when p_entity = 'contact' then p_id end;
  v_consultant_id uuid := case when p_entity = 'consultant' then p_id end;
  v_contract_id uuid := case when p_entity = 'contract' then p_id end;
  v_file_id uuid := case when p_entity = 'file' then p_id end;
  v_max integer := least(greatest(coalesce(p_max_rows, 50), 0), 200);
  v_before timestamptz := coalesce(p_before, 'infinity');
  -- Without it, nothing more of that very moment.
  v_before_id uuid := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  if (p_entity = any (c_entities)) is not true then
    perform private.fail(
      'unknown_entity', format('There is no timeline of a "%s".', left(p_entity, 63)),
      hint => 'Use one of: ' || array_to_string(c_entities, ', ') || '.', status => 422
    );
  end if;
  select o.* into v_object
  from (
    select f.id, f.name, f.archived_at, f.updated_by from public.firms f where v_whole and f.id = p_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.companies o where o.id = v_company_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.contacts o where o.id = v_contact_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.consultants o where o.id = v_consultant_id
    union all
    select o.firm_id, o.title, o.archived_at, o.updated_by
    from public.contracts o where o.id = v_contract_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.files o where o.id = v_file_id
  ) o (firm_id, name, archived_at, updated_by);
  if not found then
    perform private.fail('object_not_found', 'There is no such entry.', status => 404);
  end if;

  return query
  -- Materialized, so that each branch is planned for all it gives and not for the first few rows.
  with happened (at, id, kind, actor, actor_name, title, detail, subject, subject_id) as materialized (
    -- Who archived it wrote it last: nobody changes what is archived.
    select
      v_object.archived_at, p_id, 'archived', v_object.updated_by, null, v_object.name, null,
      p_entity, p_id
    where v_object.archived_at <= v_before
      and (v_object.archived_at < v_before or p_id > v_before_id)
    union all
    (
      select c.created_at, c.id, 'created', c.created_by, null, c.name, null, 'company', c.id
      from public.companies c
      where c.firm_id = v_object.firm_id
        and (c.id = v_company_id or (v_whole and c.archived_at is null))
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select c.created_at, c.id, 'created', c.created_by, null, c.name, c.position, 'contact', c.id
      from public.contacts c
      where c.firm_id = v_object.firm_id
        and (
          c.id = v_contact_id
          or ((v_whole or c.company_id = v_company_id) and c.archived_at is null)
        )
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select c.created_at, c.id, 'created', c.created_by, null, c.name, null, 'consultant', c.id
      from public.consultants c
      where c.firm_id = v_object.firm_id
        and (c.id = v_consultant_id or (v_whole and c.archived_at is null))
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select
        c.created_at,
        c.id,
        case
          when c.renewed_from_id is not null then 'renewed'
          when c.amended_from_id is not null then 'amended'
          else 'created'
        end,
        c.created_by, null, c.title, c.number::text, 'contract', c.id
      from public.contracts c
      where c.firm_id = v_object.firm_id
        and (
          c.id = v_contract_id
          or (
            (
              v_whole
              or c.company_id = v_company_id
              or c.consultant_id = v_consultant_id
              or c.renewed_from_id = v_contract_id
              or c.amended_from_id = v_contract_id
            )
            and c.archived_at is null
          )
        )
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select f.created_at, f.id, 'created', f.created_by, null, f.name, f.status, 'file', f.id
      from public.files f
      where f.firm_id = v_object.firm_id
        and (
          f.id = v_file_id
          or (
            (
              v_whole
              or f.company_id = v_company_id
              or f.consultant_id = v_consultant_id
              or f.contract_id = v_contract_id
            )
            and f.archived_at is null
            and f.is_current
          )
        )
        and f.created_at <= v_before and (f.created_at < v_before or f.id > v_before_id)
      order by f.created_at desc, f.id
      limit v_max
    )
    union all
    (
      select
        n.created_at, n.id, 'noted', n.created_by, null, null, left(n.body, 200),
        case
          when n.company_id is not null then 'company'
          when n.contact_id is not null then 'contact'
          when n.consultant_id is not null then 'consultant'
          else 'contract'
        end,
        coalesce(n.company_id, n.contact_id, n.consultant_id, n.contract_id)
      from public.notes n
      where n.firm_id = v_object.firm_id
        and (
          v_whole
          or n.company_id = v_company_id
          or n.contact_id = v_contact_id
          or n.consultant_id = v_consultant_id
          or n.contract_id = v_contract_id
        )
        and n.archived_at is null
        and n.created_at <= v_before and (n.created_at < v_before or n.id > v_before_id)
      order by n.created_at desc, n.id
      limit v_max
    )
    union all
    (
      select
        e.at, e.id, 'moved', e.actor, null, null,
        e.from_status || ' → ' || e.to_status || coalesce(': ' || left(e.note, 200), ''),
        'contract', e.contract_id
      from public.contract_events e
      where e.firm_id = v_object.firm_id
        and (v_whole or e.contract_id = v_contract_id)
        and e.at <= v_before and (e.at < v_before or e.id > v_before_id)
      order by e.at desc, e.id
      limit v_max
    )
    union all
    (
      select
        e.at, e.id, 'moved', e.actor, null, null,
        e.from_status || ' → ' || e.to_status || coalesce(': ' || left(e.note, 200), ''),
        'contract', e.contract_id
      from public.contracts c
      cross join lateral (
        select e.*
        from public.contract_events e
        where e.firm_id = v_object.firm_id
          and e.contract_id = c.id
          and e.at <= v_before and (e.at < v_before or e.id > v_before_id)
        order by e.at desc, e.id
        limit v_max
      ) e
      where c.firm_id = v_object.firm_id
        and (c.company_id = v_company_id or c.consultant_id = v_consultant_id)
      order by e.at desc, e.id
      limit v_max
    )
    union all
    -- Few for each contract, as signers are.
    select d.at, s.id, d.kind, null, s.name, s.name, s.reason, 'contract', s.contract_id
    from public.contract_signers s
    cross join lateral (
      values
      -- Who signs at first sight has one moment, not two.
      (nullif(s.viewed_at, s.decided_at), 'viewed'),
      (s.decided_at, s.status)
    ) d (at, kind)
    where s.firm_id = v_object.firm_id
      and s.contract_id = v_contract_id
      and d.at <= v_before and (d.at < v_before or s.id > v_before_id)
    union all
    (
      select
        d.at, a.id, d.kind, d.actor, null, case when v_contract_id is null then c.title else w.name end,
        a.period::text,
        case when v_contract_id is null then 'contract' else 'consultant' end,
        case when v_contract_id is null then c.id else w.id end
      from public.contract_consultants a
      join public.contracts c on c.firm_id = a.firm_id and c.id = a.contract_id
      join public.consultants w on w.firm_id = a.firm_id and w.id = a.consultant_id
      cross join lateral (
        values
        (a.created_at, 'assigned', a.created_by),
        (a.archived_at, 'released', a.updated_by)
      ) d (at, kind, actor)
      where a.firm_id = v_object.firm_id
        and (a.contract_id = v_contract_id or a.consultant_id = v_consultant_id)
        and d.at <= v_before and (d.at < v_before or a.id > v_before_id)
      order by d.at desc, a.id
      limit v_max
    )
    union all
    (
      select
        d.at, m.id, d.kind, d.actor, null, null, null,
        case when m.kept_company_id is null then 'consultant' else 'company' end,
        -- The other one of the two.
        coalesce(
          nullif(m.kept_company_id, v_company_id),
          nullif(m.kept_consultant_id, v_consultant_id),
          m.merged_company_id,
          m.merged_consultant_id
        )
      from public.merge_log m
      cross join lateral (
        values (m.merged_at, 'merged', m.merged_by), (m.undone_at, 'unmerged', m.undone_by)
      ) d (at, kind, actor)
      where m.firm_id = v_object.firm_id
        and (
          v_whole
          or m.kept_company_id = v_company_id
          or m.merged_company_id = v_company_id
          or m.kept_consultant_id = v_consultant_id
          or m.merged_consultant_id = v_consultant_id
        )
        and d.at <= v_before and (d.at < v_before or m.id > v_before_id)
      order by d.at desc, m.id
      limit v_max
    )
  )
  select
    h.at, h.id, h.kind, h.actor,
    coalesce(h.actor_name, nullif(btrim(p.full_name), ''), p.email),
    coalesce(
      h.title,
      case h.subject
        when 'company' then (select o.name from public.companies o where o.id = h.subject_id)
        when 'contact' then (select o.name from public.contacts o where o.id = h.subject_id)
        when 'consultant' then (select o.name from public.consultants o where o.id = h.subject_id)
        else (select o.title from public.contracts o where o.id = h.subject_id)
      end
    ),
    h.detail, h.subject, h.subject_id
  from (select h.* from happened h order by h.at desc, h.id limit v_max) h
  left join public.profiles p on p.id = h.actor
  order by h.at desc, h.id;
end
$function$;

CREATE OR REPLACE FUNCTION private.undo_merge (
  p_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_merge public.merge_log;
  v_merged_company public.companies;
  v_merged public.consultants;
  v_private public.consultant_private;
  v_sent uuid[];
begin
  select * into v_merge
  from public.merge_log m
  where m.id = p_id and m.firm_id = any (array(select private.firm_ids('manager')));
  if not found then
    perform private.fail('merge_not_found', 'There is no such merge.', status => 404);
  end if;
  perform private.lock_firm(v_merge.firm_id, 'manager');
  select * into strict v_merge from public.merge_log m where m.id = p_id for update;
  if v_merge.undone_at is not null then
    return v_merge;
  elsif v_merge.merged_at < now() - interval '30 days' then
    perform private.fail(
      'too_late', 'A merge can be undone for 30 days.',
      hint => 'Restore the merged entry and move what belongs to it.', status => 409
    );
  elsif exists (
    select from public.consultants c
    where c.id in (v_merge.kept_consultant_id, v_merge.merged_consultant_id)
      and c.erased_at is not null
  ) then
    perform private.fail('erased', 'This person was erased.', status => 409);
  elsif exists (
    select from public.merge_log m
    where m.firm_id = v_merge.firm_id
      and m.undone_at is null
      and (m.merged_company_id = v_merge.kept_company_id
        or m.merged_consultant_id = v_merge.kept_consultant_id)
  ) then
    perform private.fail(
      'merged_again', 'The kept entry was merged into another one since.',
      hint => 'Undo that merge first.', status => 409
    );
  end if;

  -- Who signed one of these since, or was asked to, was shown the kept entry: it stays there.
  v_sent := array(
    select e.contract_id
    from public.contract_events e
    where e.firm_id = v_merge.firm_id
      and e.to_status = 'sent'
      and e.at > v_merge.merged_at
      and v_merge.moved -> 'contracts' ? e.contract_id::text
  );

  perform set_config('firmbase.guards', 'off', true);
  -- What somebody changed since stays as it is: only what still says the same goes back.
  if v_merge.kept_company_id is not null then
    select * into strict v_merged_company
    from public.companies where id = v_merge.merged_company_id for update;
    update public.companies k
    set
      legal_name = case when 'legal_name' = any (v_merge.filled)
        then nullif(k.legal_name, v_merged_company.legal_name) else k.legal_name end,
      registration_no = case when 'registration_no' = any (v_merge.filled)
        then nullif(k.registration_no, v_merged_company.registration_no)
        else k.registration_no end,
      tax_id = case when 'tax_id' = any (v_merge.filled)
        then nullif(k.tax_id, v_merged_company.tax_id) else k.tax_id end,
      website = case when 'website' = any (v_merge.filled)
        then nullif(k.website, v_merged_company.website) else k.website end,
      industry = case when 'industry' = any (v_merge.filled)
        then nullif(k.industry, v_merged_company.industry) else k.industry end,
      country = case when 'country' = any (v_merge.filled)
        then nullif(k.country, v_merged_company.country) else k.country end,
      address = case when 'address' = any (v_merge.filled)
        then nullif(k.address, v_merged_company.address) else k.address end,
      owner_id = case when 'owner_id' = any (v_merge.filled)
        then nullif(k.owner_id, v_merged_company.owner_id) else k.owner_id end,
      external_ref = case when 'external_ref' = any (v_merge.filled)
        then nullif(k.external_ref, v_merged_company.external_ref) else k.external_ref end
    where k.id = v_merge.kept_company_id;
    update public.companies set archived_at = null where id = v_merge.merged_company_id;
    update public.contacts
    set
      company_id = v_merge.merged_company_id,
      is_primary = is_primary or v_merge.moved -> 'primary_contacts' ? id::text
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'contacts' ? id::text;
    update public.contracts set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'contracts' ? id::text
      and id <> all (v_sent);
    update public.files set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and is_current
      and v_merge.moved -> 'files' ? series_id::text;
    update public.notes set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'taggings' ? id::text;
  else
    select * into strict v_merged
    from public.consultants where id = v_merge.merged_consultant_id for update;
    select * into strict v_private
    from public.consultant_private where consultant_id = v_merge.merged_consultant_id;
    update public.consultants k
    set
      user_id = case when 'user_id' = any (v_merge.filled)
        then nullif(k.user_id, v_merged.user_id) else k.user_id end,
      email = case when 'email' = any (v_merge.filled)
        then nullif(k.email, v_merged.email) else k.email end,
      phone = case when 'phone' = any (v_merge.filled)
        then nullif(k.phone, v_merged.phone) else k.phone end,
      headline = case when 'headline' = any (v_merge.filled)
        then nullif(k.headline, v_merged.headline) else k.headline end,
      seniority = case when 'seniority' = any (v_merge.filled)
        then nullif(k.seniority, v_merged.seniority) else k.seniority end,
      skills = case when 'skills' = any (v_merge.filled) and k.skills = v_merged.skills
        then '{}' else k.skills end,
      available_from = case when 'available_from' = any (v_merge.filled)
        then nullif(k.available_from, v_merged.available_from) else k.available_from end,
      external_ref = case when 'external_ref' = any (v_merge.filled)
        then nullif(k.external_ref, v_merged.external_ref) else k.external_ref end
    where k.id = v_merge.kept_consultant_id;
    update public.consultants set archived_at = null where id = v_merge.merged_consultant_id;
    update public.consultant_private k
    set
      cost_rate = null,
      cost_unit = null,
      currency = null
    where k.consultant_id = v_merge.kept_consultant_id
      and 'cost_rate' = any (v_merge.filled)
      and (k.cost_rate, k.cost_unit, k.currency)
      = (v_private.cost_rate, v_private.cost_unit, v_private.currency);
    update public.consultant_private k
    set
      tax_ref = case when 'tax_ref' = any (v_merge.filled)
        then nullif(k.tax_ref, v_private.tax_ref) else k.tax_ref end,
      bank_ref = case when 'bank_ref' = any (v_merge.filled)
        then nullif(k.bank_ref, v_private.bank_ref) else k.bank_ref end
    where k.consultant_id = v_merge.kept_consultant_id;
    update public.contracts set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contracts' ? id::text
      and id <> all (v_sent);
    update public.contract_consultants set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contract_consultants' ? id::text;
    update public.files set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and is_current
      and v_merge.moved -> 'files' ? series_id::text;
    update public.notes set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'taggings' ? id::text;
  end if;
  perform set_config('firmbase.guards', '', true);

  update public.merge_log
  set undone_at = now(), undone_by = auth.uid()
  where id = p_id
  returning * into v_merge;
  return v_merge;
exception when unique_violation or exclusion_violation then
  perform private.fail(
    'merge_conflict', 'Another entry has taken a value that must be unique since.',
    hint => 'Look for the tax id, the external reference, the account or the plans of the merged '
      'entry.',
    status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.word_at (
  p_text  text,
  p_query text
)
  RETURNS integer
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  select coalesce(
    nullif(strpos(t.line, t.phrase), 0), nullif(strpos(t.line, split_part(t.phrase, ' ', 1)), 0)
  )
  from (
    values (
      translate(lower(p_text), E'\n\r\t\f', '    '),
      lower(regexp_replace(btrim(p_query), '\s+', ' ', 'g'))
    )
  ) t (line, phrase)
$function$;

CREATE OR REPLACE FUNCTION public.begin_rescan (
  file_id uuid
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT jsonb_build_object('bucket', f.bucket, 'path', f.path, 'name', f.name, 'size_bytes', f.size_bytes, 'sha256', f.sha256)
  AS jsonb_build_object
    FROM public.files f
   WHERE ((f.id = begin_rescan.file_id) AND (f.status = 'ready'::text));
END;

REVOKE ALL ON FUNCTION "public"."begin_rescan"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.begin_upload (
  firm_id         uuid,
  name            text,
  size_bytes      bigint,
  mime            text,
  company_id      uuid    DEFAULT NULL::uuid,
  consultant_id   uuid    DEFAULT NULL::uuid,
  contract_id     uuid    DEFAULT NULL::uuid,
  visibility      text    DEFAULT 'firm'::text,
  replaces        uuid    DEFAULT NULL::uuid,
  sha256          text    DEFAULT NULL::text,
  allow_duplicate boolean DEFAULT false
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.refuse_duplicate(
    firm_id, sha256, company_id, consultant_id, contract_id, replaces
  )
  where allow_duplicate is not true;
  select private.begin_upload(
    firm_id, name, size_bytes, mime, company_id, consultant_id, contract_id, visibility, replaces,
    sha256
  )
$function$;

REVOKE ALL ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text, boolean) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.file_orphans (
  of_firm  uuid    DEFAULT NULL::uuid,
  max_rows integer DEFAULT 1000
)
  RETURNS TABLE (
    kind    text,
    bucket  text,
    path    text,
    firm_id uuid,
    file_id uuid,
    status  text,
    bytes   bigint,
    since   timestamp with time zone
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  SET statement_timeout TO '60s'
BEGIN ATOMIC
 SELECT o.kind,
     o.bucket,
     o.path,
     o.firm_id,
     o.file_id,
     o.status,
     o.bytes,
     o.since
    FROM private.file_orphans(file_orphans.of_firm, file_orphans.max_rows) o(kind, bucket, path, firm_id, file_id, status, bytes, since);
END;

REVOKE ALL ON FUNCTION "public"."file_orphans"(uuid, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.file_usage (
  firm_id uuid DEFAULT NULL::uuid
)
  RETURNS TABLE (
    id          uuid,
    firm        text,
    quota       bigint,
    documents   bigint,
    versions    bigint,
    quarantined bigint,
    bytes       numeric
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT m.id,
     m.name,
     m.storage_quota_bytes,
     count(f.id) FILTER (WHERE (f.is_current AND (f.archived_at IS NULL)))
  AS count,
     count(f.id) AS count,
     count(f.id) FILTER (WHERE (f.status = 'quarantined'::text)) AS count,
     COALESCE(sum(f.size_bytes) FILTER (WHERE (f.status = ANY (ARRAY['processing'::text, 'ready'::text, 'quarantined'::text]))), (0)::numeric) AS bytes
    FROM (public.firms m
      LEFT JOIN public.files f ON ((f.firm_id = m.id)))
   WHERE ((file_usage.firm_id IS NULL) OR (m.id = file_usage.firm_id))
   GROUP BY m.id
   ORDER BY COALESCE(sum(f.size_bytes) FILTER (WHERE (f.status = ANY (ARRAY['processing'::text, 'ready'::text, 'quarantined'::text]))), (0)::numeric) DESC, m.id;
END;

REVOKE ALL ON FUNCTION "public"."file_usage"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.note_scanner (
  version text
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
BEGIN ATOMIC
 SELECT private.note_scanner(VERSION)
  AS note_scanner;
END;

REVOKE ALL ON FUNCTION "public"."note_scanner"(text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.open_file (
  file_id uuid,
  OUT     bucket text,
  OUT     path text,
  OUT     name text
)
  RETURNS record
  LANGUAGE sql
  SET search_path TO ''
BEGIN ATOMIC
 SELECT o.bucket,
     o.path,
     o.name
    FROM private.open_file(open_file.file_id) o(bucket, path, name);
END;

REVOKE ALL ON FUNCTION "public"."open_file"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.purge_file (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.purge_file(file_id);

REVOKE ALL ON FUNCTION "public"."purge_file"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.purge_file_for_operator (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.apply_purge(file_id);

REVOKE ALL ON FUNCTION "public"."purge_file_for_operator"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.release_file (
  file_id uuid,
  note    text
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.release_file(file_id, note);

REVOKE ALL ON FUNCTION "public"."release_file"(uuid, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.release_file_for_operator (
  file_id uuid,
  note    text
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.apply_release(file_id, note);

REVOKE ALL ON FUNCTION "public"."release_file_for_operator"(uuid, text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.reprocess_file (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.reprocess_file(file_id);

REVOKE ALL ON FUNCTION "public"."reprocess_file"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.reprocess_file_for_operator (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.apply_reprocess(file_id);

REVOKE ALL ON FUNCTION "public"."reprocess_file_for_operator"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.restore_version (
  file_id uuid
)
  RETURNS public.files
  LANGUAGE sql
  SET search_path TO ''
RETURN private.restore_version(file_id);

REVOKE ALL ON FUNCTION "public"."restore_version"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.search (
  firm_id  uuid,
  query    text,
  kinds    text[]  DEFAULT '{company,contact,consultant,contract,file,note}'::text[],
  max_rows integer DEFAULT 20
)
  RETURNS TABLE (
    kind        text,
    id          uuid,
    title       text,
    detail      text,
    snippet     text,
    parent_kind text,
    parent_id   uuid,
    rank        real,
    page        integer
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
begin
  return query
  select h.kind, h.id, r.title, r.detail, r.snippet, r.parent_kind, r.parent_id, h.rank,
    r.page
  from private.search_hits(search.firm_id, search.query, search.kinds, search.max_rows) h
  -- The rows come from the tables with the caller's rights: row security has the last word.
  cross join lateral (
    select c.name, c.status, null, null, null::uuid, null::integer
    from public.companies c
    where h.kind = 'company' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select c.name, coalesce(c.position, c.email), null, 'company', c.company_id, null
    from public.contacts c
    where h.kind = 'contact' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select c.name, coalesce(c.headline, c.status), null, null, null, null
    from public.consultants c
    where h.kind = 'consultant' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select
      c.title,
      c.number || ' · ' || c.status,
      null,
      case when c.company_id is not null then 'company' else 'consultant' end,
      coalesce(c.company_id, c.consultant_id),
      null
    from public.contracts c
    where h.kind = 'contract' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select
      f.name,
      f.mime,
      private.snippet(f.text, w.at),
      case
        when f.company_id is not null then 'company'
        when f.consultant_id is not null then 'consultant'
        when f.contract_id is not null then 'contract'
      end,
      coalesce(f.company_id, f.consultant_id, f.contract_id),
      case when f.page_count is not null
        then char_length(left(f.text, w.at)) + 1
          - char_length(replace(left(f.text, w.at), E'\f', ''))
      end
    from public.files f
    cross join lateral private.word_at(f.text, search.query) w (at)
    where h.kind = 'file' and f.firm_id = search.firm_id and f.id = h.id
    union all
    select
      null,
      null,
      private.snippet(n.body, private.word_at(n.body, search.query)),
      case
        when n.company_id is not null then 'company'
        when n.contact_id is not null then 'contact'
        when n.consultant_id is not null then 'consultant'
        else 'contract'
      end,
      coalesce(n.company_id, n.contact_id, n.consultant_id, n.contract_id),
      null
    from public.notes n
    where h.kind = 'note' and n.firm_id = search.firm_id and n.id = h.id
  ) r (title, detail, snippet, parent_kind, parent_id, page)
  order by h.rank desc, h.id;
end
$function$;

REVOKE ALL ON FUNCTION "public"."search"(uuid, text, text[], integer) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.sweep_file_orphans (
  of_firm  uuid    DEFAULT NULL::uuid,
  max_rows integer DEFAULT 1000
)
  RETURNS integer
  LANGUAGE sql
  SET search_path TO ''
  SET statement_timeout TO '60s'
RETURN private.sweep_file_orphans(of_firm, max_rows);

REVOKE ALL ON FUNCTION "public"."sweep_file_orphans"(uuid, integer) FROM PUBLIC, "anon", "authenticated";

ALTER TABLE "public"."file_accesses"
  ADD CONSTRAINT "file_accesses_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."file_releases"
  ADD CONSTRAINT "file_releases_file_id_fkey" FOREIGN KEY (firm_id, file_id) REFERENCES public.files(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."file_releases"
  ADD CONSTRAINT "file_releases_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_hints_list" CHECK (
CASE jsonb_typeof(hints)
    WHEN 'array'::text THEN ((jsonb_array_length(hints) <= 50) AND (pg_column_size(hints) <= 65536))
    ELSE false
END);

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_language_known"
    CHECK
    ((language = ANY (ARRAY['arabic'::text, 'armenian'::text, 'basque'::text, 'catalan'::text, 'danish'::text, 'dutch'::text, 'english'::text, 'finnish'::text, 'french'::text,
    'german'::text,
    'greek'::text,
    'hindi'::text,
    'hungarian'::text,
    'indonesian'::text,
    'irish'::text,
    'italian'::text,
    'lithuanian'::text,
    'nepali'::text,
    'norwegian'::text,
    'portuguese'::text, 'romanian'::text, 'russian'::text, 'serbian'::text, 'simple'::text, 'spanish'::text, 'swedish'::text, 'tamil'::text, 'turkish'::text, 'yiddish'::text])));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_preview_count_range" CHECK (((preview_count >= 0) AND (preview_count <= 5)));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_previews_beside_thumbnail" CHECK (((preview_count = 0) OR (thumbnail_path IS NOT NULL)));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_scanned_with_length" CHECK (((char_length(scanned_with) >= 1) AND (char_length(scanned_with) <= 100)));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_series_id_fkey" FOREIGN KEY (firm_id, series_id) REFERENCES public.files(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_series_version_key" UNIQUE (firm_id, series_id, VERSION);

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_version_first" CHECK (((version = 1) = (series_id = id)));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_version_range" CHECK ((version > 0));

CREATE INDEX search_entries_firm_id_language_idx ON private.search_entries USING btree (firm_id, LANGUAGE)
  WHERE (LANGUAGE IS NOT NULL);

CREATE INDEX file_accesses_firm_id_file_id_opened_at_idx ON public.file_accesses USING btree (firm_id, file_id, opened_at DESC);

CREATE INDEX file_accesses_firm_id_opened_at_idx ON public.file_accesses USING btree (firm_id, opened_at DESC, id);

CREATE INDEX file_accesses_firm_id_user_id_opened_at_idx ON public.file_accesses USING btree (firm_id, user_id, opened_at DESC);

CREATE INDEX file_accesses_opened_at_idx ON public.file_accesses USING brin (opened_at);

CREATE INDEX file_accesses_user_id_opened_at_idx ON public.file_accesses USING btree (user_id, opened_at);

CREATE INDEX file_releases_firm_id_file_id_idx ON public.file_releases USING btree (firm_id, file_id);

CREATE INDEX file_releases_firm_id_released_at_idx ON public.file_releases USING btree (firm_id, released_at DESC, id);

CREATE UNIQUE INDEX files_current_idx ON public.files USING btree (firm_id, series_id)
  WHERE is_current;

CREATE INDEX files_firm_id_sha256_idx ON public.files USING btree (firm_id, sha256)
  WHERE (sha256 IS NOT NULL);

CREATE INDEX files_scanned_with_idx ON public.files USING btree (scanned_with, created_at)
  WHERE (status = 'ready'::text);

CREATE TRIGGER files_audit_steps
  AFTER UPDATE OF status, reason, is_current ON public.files
  FOR EACH ROW
  WHEN
    ((((old.status <> ALL (ARRAY['pending'::text, 'processing'::text])) AND ((old.status IS DISTINCT FROM new.status) OR (old.reason IS DISTINCT FROM new.reason))) OR
    (new.is_current AND (NOT old.is_current))))
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER files_doom_failed
  AFTER UPDATE OF status ON public.files
  FOR EACH ROW
  WHEN (((new.status = 'failed'::text) AND ((old.status <> 'failed'::text) OR ((new.reason = 'purged'::text) AND (old.reason <> 'purged'::text)))))
  EXECUTE FUNCTION private.doom_file();

CREATE TRIGGER files_drop_series
  AFTER DELETE ON public.files
  FOR EACH ROW
  WHEN (old.is_current)
  EXECUTE FUNCTION private.drop_series();

CREATE TRIGGER files_follow
  AFTER UPDATE OF visibility, archived_at, company_id, consultant_id, contract_id ON public.files
  FOR EACH ROW
  WHEN
    ((new.is_current AND ((old.visibility IS DISTINCT FROM new.visibility) OR (old.archived_at IS DISTINCT FROM new.archived_at) OR (old.company_id IS DISTINCT FROM new.company_id)
    OR (old.consultant_id IS DISTINCT FROM new.consultant_id) OR (old.contract_id IS DISTINCT FROM new.contract_id))))
  EXECUTE FUNCTION private.follow_current();

CREATE TRIGGER files_search
  AFTER INSERT OR DELETE OR UPDATE OF name, text, LANGUAGE, status, visibility, archived_at, is_current ON public.files
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('file', 'name', 'text');

CREATE TRIGGER files_series
  BEFORE INSERT ON public.files
  FOR EACH ROW
  EXECUTE FUNCTION private.begin_series();

CREATE POLICY "scanner_nobody" ON "private"."scanner"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "file_accesses_select" ON "public"."file_accesses"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('admin'::text) AS firm_ids))));

CREATE POLICY "file_releases_select" ON "public"."file_releases"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('admin'::text) AS firm_ids))));

CREATE POLICY "files_update" ON "public"."files"
  FOR UPDATE
  TO "authenticated"
  USING
    ((is_current AND ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (visibility = 'firm'::text)
    AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids)))))))
  WITH
    CHECK
    ((is_current AND ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (visibility = 'firm'::text)
    AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids)))))));

CREATE POLICY "firm_files_select" ON "storage"."objects"
  FOR SELECT
  TO "authenticated"
  USING (((bucket_id = 'firm-files'::text) AND ((EXISTS ( SELECT
   FROM public.files f
  WHERE
    ((f.path = objects.name) AND (f.id = ANY (ARRAY( SELECT private.opened_file_ids() AS opened_file_ids))) AND ((f.status = 'ready'::text) OR ((f.status = 'quarantined'::text) AND
    (f.firm_id = ANY (ARRAY( SELECT private.firm_ids('admin'::text) AS firm_ids)))))))) OR (EXISTS ( SELECT
   FROM public.files f
  WHERE
    ((f.thumbnail_path = regexp_replace(objects.name, '\.preview-[1-5]\.webp$'::text, '.thumbnail.webp'::text)) AND (f.status = 'ready'::text) AND
    (COALESCE(("substring"(objects.name, '\.preview-([1-5])\.webp$'::text))::integer, 0) <= f.preview_count)))))));

COMMENT ON COLUMN "private"."scanner"."seen_at" IS 'When it was first met.';

COMMENT ON COLUMN "private"."search_entries"."language" IS 'The configuration of text search for this language, as PostgreSQL calls it; null without one.';

COMMENT ON COLUMN "private"."search_entries"."words" IS 'Title (A) and the other texts (B) word by word; and, where their language is known, the stems.';

COMMENT ON COLUMN "public"."file_accesses"."file_id" IS 'The file, a version of a document.';

COMMENT ON COLUMN "public"."file_releases"."reason" IS 'Why it had been quarantined.';

COMMENT ON COLUMN "public"."file_releases"."released_by" IS 'The user who did it; null for the operator.';

COMMENT ON COLUMN "public"."files"."hints" IS 'Dates, amounts and parties found in a contract''s text, to suggest and nothing more: [{"kind", "value", "text", "page", "start", "end"}].';

COMMENT ON COLUMN "public"."files"."is_current" IS 'Whether this is the version that people see: one of each series. Name, facts and status are each version''s own; where it belongs, who sees it and whether it is archived is the series''.';

COMMENT ON COLUMN "public"."files"."language" IS 'PostgreSQL''s name of the text''s language, which search uses; simple where it has none for it.';

COMMENT ON COLUMN "public"."files"."preview_count" IS 'How many larger pictures lie beside it: firm/file/.preview-1.webp and so on.';

COMMENT ON COLUMN "public"."files"."ready_at" IS 'When the file first became ready.';

COMMENT ON COLUMN "public"."files"."reason" IS 'Stable code of why a file was quarantined or failed, or what its processing waits for; of a released file why it had been quarantined.';

COMMENT ON COLUMN "public"."files"."scanned_with" IS 'The signature version of the virus scanner that last found nothing, or what it found.';

COMMENT ON COLUMN "public"."files"."series_id" IS 'The first version''s id, the same for all versions of a document.';

COMMENT ON COLUMN "public"."files"."sha256" IS 'Of the bytes, in hex: as announced at first, as found once processed.';

COMMENT ON COLUMN "public"."files"."text" IS 'Plain text of the document, for search; form feeds between pages.';

COMMENT ON COLUMN "public"."files"."thumbnail_path" IS 'Object of the small picture in the same bucket.';

COMMENT ON FUNCTION "private"."apply_purge"(uuid) IS 'What public.purge_file does, for whoever was asked already, and for the operator.';

COMMENT ON FUNCTION "private"."apply_release"(uuid, text) IS 'What public.release_file does, for whoever was asked already, and for the operator.';

COMMENT ON FUNCTION "private"."apply_reprocess"(uuid) IS 'What public.reprocess_file does, for whoever was asked already, and for the operator.';

COMMENT ON FUNCTION "private"."begin_series"() IS 'Trigger: a file that replaces none begins a series of its own.';

COMMENT ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text) IS 'Definer of public.begin_upload.';

COMMENT ON FUNCTION "private"."doom_objects"(text, text[], timestamp with time zone, timestamp with time zone) IS 'Enters objects for removal and queues the job, one for each transaction. What is due later is the clock''s.';

COMMENT ON FUNCTION "private"."download_name"(text, text) IS 'The name to save a file under: without what a system may refuse, and with an ending of its kind,
since people may rename a file to anything.';

COMMENT ON FUNCTION "private"."drop_series"() IS 'Trigger: with the current version of a document go the others. Retention looks at that one alone,
in the order in which everybody locks them.';

COMMENT ON FUNCTION "private"."enqueue_rescan"(public.files) IS 'Queues file.rescan for a file that was scanned with other signatures than the newest, or never.';

COMMENT ON FUNCTION "private"."file_orphans"(uuid, integer) IS 'Definer of public.file_orphans.';

COMMENT ON FUNCTION "private"."find_file"(uuid) IS 'A file that the caller may read, else file_not_found.';

COMMENT ON FUNCTION "private"."follow_current"() IS 'Trigger: where a document belongs, who sees it and whether it is archived holds for all of its
versions, so that an old one never shows what the current one hides.';

COMMENT ON FUNCTION "private"."jobs_step"(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb) IS 'One round trip of a runner: settles its last jobs, renews the leases of the running ones (vt, in
seconds), claims up to qty (at most 1000) from the queues in their order and waits up to wait_ms (at
most 5000) for the first. done: {queue: [[id, read, milliseconds, result], …]}; fail: {queue: [{id,
read, outcome, code, error, after_s, children, state}, …]}; extend: {queue: [[id, read, progress],
…]}. skip: kinds it wants none of now; places: what the last answer said. The answer has jobs:
[{queue, claims: [[id, read, message], …]}, …]; lost: the leases that are not held any more; busy:
that another runner kept this one from something due; schedules: those with a time to use. A runner
built for another schema version gets no jobs.';

COMMENT ON FUNCTION "private"."lock_document"(uuid) IS 'The current version of the document that a file is a version of, locked, for whoever may change
it; fails with file_not_found, not_allowed or archived.';

COMMENT ON FUNCTION "private"."lock_file"(uuid) IS 'A file, locked after the current version of its document; fails with file_not_found.';

COMMENT ON FUNCTION "private"."lock_series"(uuid, uuid) IS 'The current version of a document, locked: whoever holds it decides about the others.';

COMMENT ON FUNCTION "private"."lose_file"(uuid) IS 'Marks a file failed whose object is missing; its people and the admins are told.';

COMMENT ON FUNCTION "private"."make_current"(public.files) IS 'Makes a version the one that people see. Whoever calls it holds the lock of lock_series.';

COMMENT ON FUNCTION "private"."note_scanner"(text) IS 'Definer of public.note_scanner.';

COMMENT ON FUNCTION "private"."object_file_id"(text) IS 'The file an object in the bucket firm-files belongs to by its path; null where none can.';

COMMENT ON FUNCTION "private"."open_file"(uuid) IS 'Definer of public.open_file.';

COMMENT ON FUNCTION "private"."opened_file_ids"() IS 'Files the caller opened within the last minute.';

COMMENT ON FUNCTION "private"."picture_paths"(uuid, uuid) IS 'Where a file''s pictures lie: the thumbnail, then as many previews as it may have.';

COMMENT ON FUNCTION "private"."portal_file_ids"() IS 'The finished files that were shared with the caller, as a consultant, or on one of their own contracts: of each its current version.';

COMMENT ON FUNCTION "private"."purge_file"(uuid) IS 'Definer of public.purge_file.';

COMMENT ON FUNCTION "private"."receive_file"(public.files) IS 'Hands an uploaded file to the worker, for the first time or once more.';

COMMENT ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid) IS 'Fails with duplicate_file where the same bytes are in the same place already, as far as the caller
may read them.';

COMMENT ON FUNCTION "private"."release_file"(uuid, text) IS 'Definer of public.release_file.';

COMMENT ON FUNCTION "private"."reprocess_file"(uuid) IS 'Definer of public.reprocess_file.';

COMMENT ON FUNCTION "private"."rescan_files"() IS 'Queues file.rescan for files that were scanned with other signatures than the newest, or never:
a thousand at a time, those longest unscanned first. Returns 0.';

COMMENT ON FUNCTION "private"."restore_version"(uuid) IS 'Definer of public.restore_version.';

COMMENT ON FUNCTION "private"."search_languages"(uuid) IS 'The languages that a firm''s documents are written in.';

COMMENT ON FUNCTION "private"."search_words"(text, text[]) IS 'The first eight words a person typed as a query for words that begin so, or have the same stem in one of these languages; null without any.';

COMMENT ON FUNCTION "private"."settle_file"(uuid, text, text, text, jsonb) IS 'The outcome of a file, written once, or of scanning it once more; whoever uploaded it hears of a refusal, and admins too where the file had been ready.';

COMMENT ON FUNCTION "private"."show_ready"(public.files) IS 'Makes a version current when it is ready for the first time, unless a later one was ready before.';

COMMENT ON FUNCTION "private"."snippet"(text, integer) IS 'About 200 characters of the text, from a little before this place on, or its beginning.';

COMMENT ON FUNCTION "private"."sweep_file_orphans"(uuid, integer) IS 'Definer of public.sweep_file_orphans.';

COMMENT ON FUNCTION "private"."word_at"(text, text) IS 'Where the text says what was typed, or else the first word of it; null where it does not.';

COMMENT ON FUNCTION "public"."begin_file"(uuid) IS 'The file to look into; null when that was done or it does not exist. sha256 is the one that was announced, or found before; previews go to preview_path with 1.webp and so on; released says that an admin released it, so that nothing but a virus locks it away again. For the secret key only.';

COMMENT ON FUNCTION "public"."begin_rescan"(uuid) IS 'The file to scan once more, which stays ready meanwhile; null when it is not ready. finish_file
takes the outcome: ready with scanned_with alone, or quarantined and infected. For the secret key
only.';

COMMENT ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text, boolean) IS 'First step of an upload: checks rights, name, type, size and quota and returns the file row, whose bucket and path the caller may upload to within an hour. Then call finish_upload. Members; visibility managers and portal need a manager, portal about themselves or their own contract a consultant. replaces makes it a new version of that file, for whoever may change it: where it belongs and who sees it stay as they are, and it takes the place of the other one when it is ready. sha256, as the browser computed it, is compared with the bytes that come, and refuses what is in the same place already, unless allow_duplicate. Errors: bad_name, file_empty, file_too_large, type_not_allowed, bad_sha256, one_parent, parent_not_found, portal_parent, file_not_found, archived, still_processing, duplicate_file (the hint names the other file), storage_quota, too_many_files, too_many_uploads.';

COMMENT ON FUNCTION "public"."file_orphans"(uuid, integer) IS 'Files whose object is missing (missing_object), and objects in the bucket firm-files that no file
needs (stray_object), if they are older than a day and not about to be removed: of one firm or of
all, at most 1000 of each. For the secret key only.';

COMMENT ON FUNCTION "public"."file_usage"(uuid) IS 'What each firm stores, or one of them, the largest first: documents that are not archived, all
versions, those in quarantine, and bytes. For the secret key only.';

COMMENT ON FUNCTION "public"."finish_file"(uuid, text, text, text, jsonb) IS 'What a file turned out to be: ready, quarantined or failed, the last two with a reason; or processing with the reason it waits for, such as scan_unavailable. result has sha256, mime, page_count, word_count, text, metadata, thumbnail_path, preview_count, language, hints and scanned_with, as far as they are known. Of a ready file that was scanned once more: ready with scanned_with alone, or quarantined and infected. For the secret key only. Error: unknown_result.';

COMMENT ON FUNCTION "public"."note_scanner"(text) IS 'The worker met this signature version of its virus scanner: files that were scanned with another
one are scanned again. For the secret key only.';

COMMENT ON FUNCTION "public"."open_file"(uuid) IS 'First step of every download: writes down who opens the file and lets the caller read its object for a minute. Returns bucket and path, to ask the Storage for a signed URL with, and the name to save it under, for its parameter download. Whoever may read the file; of one in quarantine admins alone. Thumbnails and previews need none of it. Errors: file_not_found, not_allowed, not_ready.';

COMMENT ON FUNCTION "public"."purge_file"(uuid) IS 'Removes the bytes of a file that is in quarantine or has failed, at once and for good; the row stays, failed and purged, for thirty days. Admins; a retry is no error. Errors: file_not_found, not_allowed, not_quarantined, archived.';

COMMENT ON FUNCTION "public"."purge_file_for_operator"(uuid) IS 'The same as purge_file for the operator. For the secret key only.';

COMMENT ON FUNCTION "public"."release_file"(uuid, text) IS 'Lets a file out of quarantine, never one with a virus: it is ready, keeps the reason it was there for, and file_releases keeps the note of why. Admins. Errors: file_not_found, not_allowed, note_required, not_quarantined, cannot_release, archived.';

COMMENT ON FUNCTION "public"."release_file_for_operator"(uuid, text) IS 'The same as release_file for the operator. For the secret key only.';

COMMENT ON FUNCTION "public"."reprocess_file"(uuid) IS 'Has the worker look at a file once more, such as after an upgrade; until it is done the file cannot be opened. Managers. Errors: file_not_found, not_allowed, still_processing, object_missing, archived.';

COMMENT ON FUNCTION "public"."reprocess_file_for_operator"(uuid) IS 'The same as reprocess_file for the operator. For the secret key only.';

COMMENT ON FUNCTION "public"."restore_version"(uuid) IS 'Makes an older version of a document the current one again; nothing is lost, and the one it takes the place of can be restored as well. Whoever may change the document: managers, and members what they uploaded for everybody in the firm. Errors: file_not_found, not_allowed, archived, not_ready.';

COMMENT ON FUNCTION "public"."search"(uuid, text, text[], integer) IS 'Finds companies, contacts, consultants, contracts, files and notes of a firm that are not archived, the best first: by the beginnings of words, in documents by other forms of them in their language too, in titles in spite of typing errors, and contracts by their parties too. Of a document its current version. snippet is plain text: escape it, then mark what was typed; page says on which one it stands, where a document has pages. At most 100 rows, and only what the caller may read. Errors: firm_not_found.';

COMMENT ON FUNCTION "public"."sweep_file_orphans"(uuid, integer) IS 'Puts in order what file_orphans names: the file has failed as object_missing, the object is removed
by the worker. Returns how many. For the secret key only.';

COMMENT ON TABLE "private"."scanner" IS 'The newest signature version of the virus scanner that a worker has met; no row without a
scanner.';

COMMENT ON TABLE "public"."file_accesses" IS 'Who opened which file, and when; for owners and admins. Append-only: no byte of a file leaves without an entry here.';

COMMENT ON TABLE "public"."file_releases" IS 'Who let a file out of quarantine, and why; for owners and admins. Append-only.';

COMMENT ON TABLE "public"."files" IS 'Documents of a company, a consultant, a contract, or the firm itself: a row for each version. Lists ask for is_current. Rows come from begin_upload; open_file lets the object be read.';

REVOKE ALL ON FUNCTION "private"."apply_purge"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_purge"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_purge"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_purge"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "private"."apply_release"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_release"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_release"(uuid, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_release"(uuid, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."apply_reprocess"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_reprocess"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_reprocess"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_reprocess"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "private"."begin_series"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_series"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_series"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."doom_objects"(text, text[], timestamp WITH time zone, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_objects"(text, text[], timestamp WITH time zone, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_objects"(text, text[], timestamp WITH time zone, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."download_name"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."download_name"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."download_name"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."drop_series"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."drop_series"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."drop_series"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."enqueue_rescan"(public.files) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."enqueue_rescan"(public.files) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."enqueue_rescan"(public.files) TO "postgres";

REVOKE ALL ON FUNCTION "private"."file_orphans"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."file_orphans"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."file_orphans"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."file_orphans"(uuid, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."find_file"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."find_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follow_current"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follow_current"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follow_current"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_document"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_document"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_document"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_file"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_series"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_series"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_series"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lose_file"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lose_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lose_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."make_current"(public.files) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."make_current"(public.files) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."make_current"(public.files) TO "postgres";

REVOKE ALL ON FUNCTION "private"."note_scanner"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_scanner"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."note_scanner"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."note_scanner"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."object_file_id"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."object_file_id"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."object_file_id"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."open_file"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_file"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."open_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."open_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."opened_file_ids"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."opened_file_ids"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."opened_file_ids"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."opened_file_ids"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."picture_paths"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."picture_paths"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."picture_paths"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."purge_file"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."purge_file"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."purge_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."purge_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."release_file"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."release_file"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."release_file"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."release_file"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."reprocess_file"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."reprocess_file"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."reprocess_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."reprocess_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."rescan_files"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rescan_files"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."rescan_files"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."restore_version"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."restore_version"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."restore_version"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."restore_version"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_languages"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_languages"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_languages"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_words"(text, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_words"(text, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_words"(text, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."show_ready"(public.files) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."show_ready"(public.files) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."show_ready"(public.files) TO "postgres";

REVOKE ALL ON FUNCTION "private"."snippet"(text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."snippet"(text, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."snippet"(text, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."snippet"(text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sweep_file_orphans"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_file_orphans"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sweep_file_orphans"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."sweep_file_orphans"(uuid, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."word_at"(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."word_at"(text, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."word_at"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."word_at"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "public"."begin_rescan"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_rescan"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_rescan"(uuid) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "public"."file_orphans"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."file_orphans"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."file_orphans"(uuid, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."file_usage"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."file_usage"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."file_usage"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "public"."note_scanner"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."note_scanner"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."note_scanner"(text) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."open_file"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."open_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."open_file"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."purge_file"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."purge_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."purge_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "public"."purge_file_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."purge_file_for_operator"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."purge_file_for_operator"(uuid) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."release_file"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."release_file"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."release_file"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "public"."release_file_for_operator"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."release_file_for_operator"(uuid, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."release_file_for_operator"(uuid, text) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."reprocess_file"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."reprocess_file"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."reprocess_file"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "public"."reprocess_file_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."reprocess_file_for_operator"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."reprocess_file_for_operator"(uuid) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."restore_version"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."restore_version"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."restore_version"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."search"(uuid, text, text[], integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."search"(uuid, text, text[], integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."search"(uuid, text, text[], integer) TO "postgres";

REVOKE ALL ON FUNCTION "public"."sweep_file_orphans"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."sweep_file_orphans"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."sweep_file_orphans"(uuid, integer) TO "service_role";

REVOKE ALL ON TABLE "public"."file_accesses" FROM "authenticated";

GRANT SELECT ON TABLE "public"."file_accesses" TO "authenticated";

REVOKE ALL ON TABLE "public"."file_accesses" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."file_accesses" TO "postgres";

REVOKE ALL ON TABLE "public"."file_accesses" FROM "service_role";

GRANT SELECT ON TABLE "public"."file_accesses" TO "service_role";

REVOKE ALL ON TABLE "public"."file_releases" FROM "authenticated";

GRANT SELECT ON TABLE "public"."file_releases" TO "authenticated";

REVOKE ALL ON TABLE "public"."file_releases" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."file_releases" TO "postgres";

REVOKE ALL ON TABLE "public"."file_releases" FROM "service_role";

GRANT SELECT ON TABLE "public"."file_releases" TO "service_role";

REVOKE ALL ON TABLE "private"."scanner" FROM PUBLIC, "anon", "authenticated", "service_role";

UPDATE "storage"."buckets"
SET
  "allowed_mime_types" = ARRAY[
    'application/pdf',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    'application/vnd.oasis.opendocument.text',
    'application/vnd.oasis.opendocument.spreadsheet',
    'application/vnd.oasis.opendocument.presentation',
    'image/jpeg',
    'image/png',
    'image/webp',
    'image/tiff',
    'image/heic',
    'text/csv',
    'text/plain',
    'message/rfc822',
    'application/vnd.ms-outlook'
  ]
WHERE "id" = 'firm-files';
