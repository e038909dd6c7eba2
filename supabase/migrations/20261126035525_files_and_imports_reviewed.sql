SET local check_function_bodies = off;

DROP TRIGGER "files_doom_failed" ON "public"."files";

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
      and not private.needs_object(d.bucket, d.path)
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
$function$;

CREATE OR REPLACE FUNCTION private.describe_import (
  import_id uuid,
  run       integer,
  columns   jsonb,
  row_count integer
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  kind text;
begin
  update public.imports as i
  set columns = describe_import.columns, row_count = describe_import.row_count
  where i.id = describe_import.import_id
    and i.run = describe_import.run
    and i.status = 'running'
  returning i.kind into kind;
  if found then
    perform private.analyze_imported(t.kind)
    from unnest(
      -- Whom a contract names is looked up too.
      case when kind = 'contracts' then array['companies', 'consultants'] else '{}' end || kind
    ) as t (kind);
  end if;
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
    -- What some systems refuse in a name, and what ends one there; then what names a device there.
    select regexp_replace(
      coalesce(
        nullif(rtrim(regexp_replace(download_name.name, '[<>:"|?*]', '_', 'g'), '. '), ''), 'file'
      ),
      '^((con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?)$', '_\1', 'i'
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
  select
    case
      when lower(substring(c.name from '\.([^.]+)$')) = any (k.endings) then c.name
      -- A disk takes 255 bytes, and a character has up to four.
      when octet_length(c.name) > 250 then left(c.name, 60) || '.' || k.endings[1]
      else c.name || '.' || k.endings[1]
    end
  from cleaned as c
  join kinds as k on k.mime = download_name.mime
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
     '1 day'::interval)) AND ((f.id IS NULL) OR ((f.status = 'failed'::text) AND ((f.ready_at IS NULL) OR (f.reason = 'purged'::text)))) AND (NOT (EXISTS ( SELECT 1
            FROM private.doomed_objects d
           WHERE ((d.bucket = o.bucket_id) AND (d.path = o.name))))))
   ORDER BY o.created_at
  LIMIT LEAST(file_orphans.max_rows, 1000));
END;

CREATE OR REPLACE FUNCTION private.import_statement (
  kind    text,
  fields  text[],
  dry_run boolean
)
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  target constant regclass := format('public.%I', import_statement.kind)::regclass;
  -- Of the file: [{field, column, type, n}], n being where the cell stands in its row.
  given constant jsonb := (
    select jsonb_agg(jsonb_build_object(
      'field', f.field, 'column', f.column_name, 'n', g.n,
      'type', coalesce(format_type(a.atttypid, a.atttypmod), 'text')
    ) order by g.n)
    from unnest(import_statement.fields) with ordinality as g (field, n)
    join private.import_fields(import_statement.kind) as f on f.field = g.field
    left join pg_attribute as a on a.attrelid = target and a.attname = f.field
  );
  -- All that can be written, and of these what a row cannot do without; the server finds a currency.
  columns constant text[] := array(
    select f.column_name from private.import_fields(import_statement.kind) as f
    where f.column_name is not null
  );
  needed constant text[] := array(
    select a.attname::text from pg_attribute as a
    where a.attrelid = target and a.attnotnull and a.attname = any (columns)
      and a.attname <> 'currency'
  );
begin
  if (jsonb_array_length(given) = cardinality(import_statement.fields)) is not true then
    perform private.fail('unknown_field', 'There is no such field.', status => 422);
  end if;
  return format(
    $statement$
    with given as materialized (
      select
        (r.cells ->> 0)::integer as line,
        jsonb_strip_nulls(jsonb_build_object(%2$s)) as texts
      from jsonb_array_elements($2) as r (cells)
    ), typed as materialized (
      select
        g.line, g.texts,
        array_remove(array[%3$s]::text[], null) as misfits,
        -- As it is to be: what is marked is cleared, lists are lists.
        g.texts %4$s || coalesce((
          select jsonb_object_agg(t.key, null) from jsonb_each_text(g.texts) as t where t.value = '\N'
        ), '{}') as values
      from given as g
    ), sound as materialized (
      select t.line, t.texts, t.values, %16$s from typed as t where t.misfits = '{}'
    ), matched as materialized (
      %5$s
    ), merged as materialized (
      select
        m.line, m.texts, m.values, m.fault, t.id,
        %6$s as is_open,
        jsonb_populate_record(
          null::%1$s,
          coalesce(to_jsonb(t), jsonb_build_object('firm_id', $1, %7$s)) || m.values
        ) as record,
        t as before,
        count(*) over (partition by t.id) > 1 and t.id is not null as is_twice
      from matched as m
      left join %1$s as t on t.firm_id = $1 and t.id = m.id
    ), judged as materialized (
      select
        m.line, m.texts, m.values, m.id, m.record, m.fault,
        case when m.fault is null then %8$s else '{}' end as missing,
        case when m.fault is null then %9$s else '{}' end as broken,
        case
          when m.id is null then 'create'
          when row(%10$s) is distinct from row(%11$s) then 'update'
          else 'unchanged'
        end as change,
        m.is_open, m.is_twice
      from merged as m
    ), locked as materialized (
      -- In one order, and by the update policy: what is not among them the caller may not change.
      select t.id from %1$s as t
      where t.id = any (array(select j.id from judged as j where j.change = 'update'))
      order by t.id
      for no key update
    ), decided as materialized (
      select
        j.line, j.texts, j.values, j.id, j.record, j.change, j.missing, j.broken,
        case
          when j.fault is not null then j.fault
          when j.is_twice then array[null, 'duplicate_key', (
            select string_agg(o.line::text, ', ' order by o.line) from judged as o where o.id = j.id
          )]
          when j.change = 'update' and not j.is_open then array[null, 'not_draft', null]
          when j.change = 'update' and (j.id in (select l.id from locked as l)) is not true
            then array[null, 'not_allowed', null]
        end as fault
      from judged as j
    ), written as materialized (
      select d.line, d.values, d.id, d.record, d.change
      from decided as d
      where d.fault is null and d.missing = '{}' and d.broken = '{}'
    ), refused as (
      select
        t.line, c.field, t.texts,
        case c.type when 'date' then 'bad_date' when 'boolean' then 'bad_boolean' else 'bad_number' end
        as code,
        null as detail
      from typed as t
      cross join unnest(t.misfits) as f (field)
      join jsonb_to_recordset(%12$L) as c (field text, type text) on c.field = f.field
      union all
      select d.line, d.fault[1], d.texts, d.fault[2], d.fault[3]
      from decided as d
      where d.fault is not null
      union all
      select d.line, f.field, d.texts, 'required', null
      from decided as d
      cross join unnest(d.missing) as m (name)
      join private.import_fields(%13$L) as f on f.column_name = m.name
      where d.fault is null
      union all
      select d.line, r.field, d.texts, r.code, r.detail
      from decided as d
      cross join unnest(d.broken) as b (name)
      join private.import_rules(%14$L) as r on r.name = b.name
      where d.fault is null
    ) %15$s
    select jsonb_build_object(
      'created', (select count(*) from written as w where w.change = 'create'),
      'updated', (select count(*) from written as w where w.change = 'update'),
      'unchanged', (select count(*) from written as w where w.change = 'unchanged'),
      'failed', (select count(*) from given) - (select count(*) from written),
      'errors', (
        select coalesce(jsonb_agg(
          jsonb_build_array(r.line, r.field, left(r.texts ->> r.field, 200), r.code, r.detail)
          order by r.line, r.field
        ), '[]')
        from refused as r
      )
    )
    $statement$,
    target,
    (select string_agg(format(
      -- A list of nothing but marks is blank.
      case g ->> 'type'
        when 'text[]' then '%L, nullif(btrim(r.cells ->> %s, '' ;,''), '''')'
        else '%L, r.cells ->> %s'
      end,
      g ->> 'field', g ->> 'n'
    ), ', ') from jsonb_array_elements(given) as g),
    -- Days as year-month-day; numbers with a point, and no more decimals than are kept.
    (select coalesce(string_agg(format(
      'case when g.texts ->> %1$L <> ''\N'' and not (g.texts ->> %1$L ~ %2$L '
      'and pg_input_is_valid(g.texts ->> %1$L, %3$L)) then %1$L end',
      g ->> 'field',
      case g ->> 'type'
        when 'date' then '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        when 'boolean' then ''
        else '^[+-]?[0-9]+(\.[0-9]{1,2}0*)?$'
      end,
      g ->> 'type'
    ), ', '), 'null')
    from jsonb_array_elements(given) as g where g ->> 'type' not in ('text', 'text[]')),
    (select string_agg(format(
      '|| case when g.texts ? %1$L then jsonb_build_object(%1$L, regexp_split_to_array('
      'g.texts ->> %1$L, %2$L)) else ''{}'' end', g ->> 'field', '\s*[;,][;,\s]*'
    ), ' ') from jsonb_array_elements(given) as g where g ->> 'type' = 'text[]'),
    private.import_match(import_statement.kind),
    -- What was agreed stays as it is.
    case import_statement.kind when 'contracts' then 't.status = ''draft''' else 'true' end,
    (select string_agg(format('%L, %s', a.attname, pg_get_expr(d.adbin, d.adrelid)), ', ')
    from pg_attrdef as d
    join pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where d.adrelid = target and a.attname = any (columns || array['status', 'version'])),
    'array_remove(array[' || (
      select string_agg(format('case when (m.record).%I is null then %L end', n, n), ', ')
      from unnest(needed) as n
    ) || '], null)',
    '(select array_remove(array[' || (
      select string_agg(format('case when (%s) is false then %L end', r.expression, r.name), ', ')
      from private.import_rules(target) as r
    ) || ']::text[], null) from (select (m.record).*) as n)',
    (select string_agg(format('(m.record).%I', c), ', ') from unnest(columns) as c),
    (select string_agg(format('(m.before).%I', c), ', ') from unnest(columns) as c),
    given,
    import_statement.kind,
    target,
    -- A file of nothing but keys changes nothing.
    case when not import_statement.dry_run and given @? '$[*].column ? (@ != null)' then format(
      $writes$
      , inserted as (
        insert into %1$s (firm_id, %2$s)
        select $1, %3$s from written as w where w.change = 'create' order by w.line
      ), updated as (
        update %1$s as t
        set %4$s
        from written as w
        where w.change = 'update' and t.firm_id = $1 and t.id = w.id
      )
      $writes$,
      target,
      (select string_agg(quote_ident(c), ', ') from unnest(columns) as c),
      (select string_agg(format('(w.record).%I', c), ', ') from unnest(columns) as c),
      -- What a row leaves blank is not even set to what it was a moment ago.
      (select string_agg(format(
        '%1$I = case when w.values ? %1$L then (w.record).%1$I else t.%1$I end', g ->> 'column'
      ), ', ') from jsonb_array_elements(given) as g where g ->> 'column' is not null)
    ) end,
    (select string_agg(format(
      '(t.values ->> %1$L)::%2$s as %1$I', f.field,
      case f.field when 'number' then 'integer' else 'text' end
    ), ', ')
    from private.import_fields(import_statement.kind) as f
    where f.key is not null or f.field <> f.column_name)
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_import_for_operator (
  import_id uuid,
  and_firm  boolean
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  if lock_import_for_operator.and_firm then
    perform from public.firms as f
    where f.id = (
      select i.firm_id from public.imports as i where i.id = lock_import_for_operator.import_id
    )
    for no key update;
  end if;
  select * into import
  from public.imports as i
  where i.id = lock_import_for_operator.import_id
  for update;
  if not found then
    perform private.fail('import_not_found', 'There is no such import.', status => 404);
  end if;
  if lock_import_for_operator.and_firm and exists (
    select from public.firms as f where f.id = import.firm_id and f.archived_at is not null
  ) then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  end if;
  return import;
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
        and (f.status <> 'failed' or (f.ready_at is not null and f.reason <> 'purged'))
    )
    when 'reports' then exists (
      select from public.reports r
      where r.id = v_id
        and p_path = format('%s/%s.%s', r.firm_id, r.id, r.format)
    )
    when 'avatars'
      then exists (select from public.profiles p where p.id::text = split_part(p_path, '/', 1))
    when 'exports' then exists (select from public.firm_exports e where e.id = v_id)
    when 'imports' then exists (
      select from public.imports i
      where i.id = v_id
        and p_path in (i.path, format('%s/%s/errors-%s.csv', i.firm_id, i.id, i.run))
    )
    else false
  end;
end
$function$;

CREATE OR REPLACE FUNCTION private.open_batch (
  import_id uuid,
  run       integer,
  first     integer
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  select * into import
  from public.imports as i
  where i.id = open_batch.import_id
    and i.run = open_batch.run
    and i.status = 'running'
    and i.rows_done = open_batch.first
  for update;
  if not import.dry_run then
    -- No unique index knows names and addresses: two imports at once would each find nothing.
    perform pg_advisory_xact_lock(hashtextextended(
      format('private.open_batch:%s:%s', import.firm_id, import.kind), 0
    ));
  end if;
  return import;
end
$function$;

CREATE OR REPLACE FUNCTION private.queue_import (
  import      public.imports,
  dry_run     boolean,
  mapping     jsonb,
  by_operator boolean
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  arrived bigint;
  queued public.imports;
begin
  if import.status in ('queued', 'running') then
    if import.dry_run = coalesce(queue_import.dry_run, true) and queue_import.mapping is null then
      -- Said twice is no error: the first answer may have been lost on the way.
      return import;
    end if;
    perform private.fail(
      'import_running', 'This import is running already.',
      hint => 'Wait until it is over, or cancel it.', status => 409
    );
  end if;
  select (o.metadata ->> 'size')::bigint into arrived
  from storage.objects as o
  where o.bucket_id = import.bucket and o.name = import.path;
  if not found then
    perform private.fail(
      'object_missing', 'Nothing has been uploaded yet.',
      hint => 'Upload the file to the bucket and path that begin_import returned.', status => 409
    );
  elsif arrived is distinct from import.size_bytes then
    perform private.fail(
      'size_mismatch',
      format('%s bytes were announced and %s arrived.', import.size_bytes, arrived),
      hint => 'Begin a new import.', status => 409
    );
  elsif (
    select count(*) >= 5 from public.imports as i
    where i.firm_id = import.firm_id and i.status in ('queued', 'running')
  ) then
    perform private.fail(
      'too_many_imports', 'The firm has five imports that are not over.',
      hint => 'Wait until one of them is.', status => 429
    );
  end if;
  if queue_import.mapping is not null then
    perform private.check_import_mapping(import.kind, queue_import.mapping);
  end if;
  delete from private.import_errors as e
  where e.firm_id = import.firm_id and e.import_id = import.id;
  update public.imports as i
  set
    status = 'queued',
    reason = null,
    detail = null,
    dry_run = coalesce(queue_import.dry_run, true),
    mapping = coalesce(queue_import.mapping, i.mapping),
    progress = 0,
    columns = '[]',
    row_count = null,
    rows_done = 0,
    created_count = 0,
    updated_count = 0,
    unchanged_count = 0,
    failed_count = 0,
    errors_path = null,
    run = i.run + 1,
    requested_by = auth.uid(),
    by_operator = queue_import.by_operator,
    second_factor = private.has_second_factor(),
    finished_at = null
  where i.id = import.id
  returning * into queued;
  if import.run > 0 then
    -- The list of the run before, which its worker may be storing just now.
    perform private.doom_objects(
      import.bucket,
      array[format('%s/%s/errors-%s.csv', import.firm_id, import.id, import.run)],
      now(), now() + interval '1 hour'
    );
  end if;
  perform private.enqueue(
    'import.run', jsonb_build_object('import_id', queued.id, 'run', queued.run), queued.firm_id
  );
  return queued;
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
    unique_key => 'file.process:' || p_file.id,
    -- The job that settled the file may not have ended yet: it would not look once more.
    if_queued => 'replace'
  );
  return v_file;
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
    'public.emails', 'that were sent, failed or suppressed', '90 days',
    'created_at < $1 and status in (''sent'', ''failed'', ''suppressed'')', null,
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
    'status = ''failed'' and updated_at < $1 '
    'and (ready_at is null or reason in (''purged'', ''object_missing'')) '
    'and (not (is_current or version = 1) or not exists ('
    'select from public.files v where v.firm_id = t.firm_id and v.series_id = t.series_id '
    'and v.id <> t.id))', null,
    'Long enough for whoever uploaded it to read why; the first and the current version as long as '
    'there are others. Its bytes go earlier: at once, or after a week where the job may be sent back. '
    'What was ready before stays with its bytes: it is the job that failed then.'
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
    'public.imports', 'with their files and lists of refused rows', '30 days',
    'coalesce(finished_at, created_at) < $1 and status not in (''queued'', ''running'')', null,
    'Long enough to mend what was refused; what was imported is in the firm''s rows.'
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
    'private.usage_days', 'all of them', '400 days', 'day < $1', null,
    'A year and a month, to compare; growth is told from ninety days. No data of firms.'
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
  (
    'public.notification_preferences', 'all', null, null, null,
    'Settings of its people; they go with the membership.'
  ),
  ('public.firm_members', 'all', null, null, null, 'Ends with the membership.'),
  ('public.profiles', 'all', null, null, null, 'Belongs to the account, not to a firm.'),
  ('private.contract_counters', 'all', null, null, null, 'The next number of a contract.'),
  (
    'private.contract_reminders', 'all', null, null, null,
    'Few for each contract; a reminder is sent once.'
  ),
  (
    'private.email_suppressions', 'all', null, null, null,
    'Who wants no mail stays left alone, whatever else is forgotten; no address, only its hash.'
  ),
  (
    'private.job_schedules', 'all', null, null, null, 'What the operator runs for the firm.'
  ),
  (
    'private.doomed_objects', 'all', null, null, null,
    'Until the worker has removed the object, which takes minutes; hours where an upload was open.'
  ),
  ('private.import_errors', 'all', null, null, null, 'Until the run is over; goes with the import.'),
  ('private.invitation_tokens', 'all', null, null, null, 'Goes with the invitation.'),
  ('private.search_entries', 'all', null, null, null, 'Goes with the row that is found.'),
  ('private.signing_tokens', 'all', null, null, null, 'Goes when it is nobody''s turn any more.')
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
      scanned_with = coalesce(p_result ->> 'scanned_with', f.scanned_with)
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
      text = p_result ->> 'text',
      metadata = coalesce(p_result -> 'metadata', '{}'),
      thumbnail_path = p_result ->> 'thumbnail_path',
      preview_count = coalesce((p_result ->> 'preview_count')::integer, 0),
      language = p_result ->> 'language',
      hints = coalesce(nullif(p_result -> 'hints', 'null'), '[]'),
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

CREATE OR REPLACE FUNCTION private.write_rows (
  kind    text,
  firm_id uuid,
  fields  text[],
  rows    jsonb,
  dry_run boolean
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO ''
  SET enable_seqscan TO 'off'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  AS $function$
declare
  statement constant text := private.import_statement(
    write_rows.kind, write_rows.fields, write_rows.dry_run
  );
  size constant integer := jsonb_array_length(write_rows.rows);
  outcome jsonb;
  code text;
  said text;
  broken text;
  missing text;
  total jsonb := '{"created": 0, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}';
begin
  begin
    execute statement into outcome using write_rows.firm_id, write_rows.rows;
    return outcome;
  exception when others then
    -- What is not about the rows, such as a timeout, ends the request.
    if sqlstate !~ '^(22|23|42501|PT)' then
      raise;
    elsif size = 1 then
      get stacked diagnostics
        said = pg_exception_detail, broken = constraint_name, missing = column_name;
      code := case
        -- Sent for review a moment ago.
        when said = 'terms_frozen' then 'not_draft'
        when sqlstate like 'PT%' then said
        when sqlstate = '42501' then 'not_allowed'
        when sqlstate = '23505' then 'key_taken'
        when sqlstate = '23502' then 'required'
        else 'rule_broken'
      end;
      if code is null then
        raise;
      end if;
      return total || jsonb_build_object('failed', 1, 'errors', jsonb_build_array(jsonb_build_array(
        write_rows.rows #> '{0,0}',
        coalesce(nullif(missing, ''), substring(broken from '_firm_id_([a-z_]+)_idx$')),
        null, left(code, 64), nullif(broken, '')
      )));
    end if;
  end;
  -- A trigger refused one, or somebody was faster: eighth by eighth until it stands alone, so that
  -- it costs no other.
  for outcome in
    select private.write_rows(
      write_rows.kind, write_rows.firm_id, write_rows.fields, jsonb_agg(r.value order by r.n),
      write_rows.dry_run
    )
    from jsonb_array_elements(write_rows.rows) with ordinality as r (value, n)
    group by (r.n - 1) * 8 / size
    order by min(r.n)
  loop
    total := (
      select jsonb_object_agg(t.key, case t.key
        when 'errors' then t.value || (outcome -> 'errors')
        else to_jsonb(t.value::integer + (outcome ->> t.key)::integer)
      end)
      from jsonb_each(total) as t
    );
  end loop;
  return total;
end
$function$;

CREATE INDEX consultants_firm_id_name_idx ON public.consultants USING btree (firm_id, name)
  WHERE (archived_at IS NULL);

CREATE TRIGGER files_doom_failed
  AFTER UPDATE OF status ON public.files
  FOR EACH ROW
  WHEN
    (((new.status = 'failed'::text) AND ((new.ready_at IS NULL) OR (new.reason = 'purged'::text)) AND ((old.status <> 'failed'::text) OR ((new.reason = 'purged'::text) AND
    (old.reason <> 'purged'::text)))))
  EXECUTE FUNCTION private.doom_file();

COMMENT ON FUNCTION "private"."lock_import_for_operator"(uuid, boolean) IS 'Any import, locked, and its firm before it; fails with import_not_found, or firm_not_found where
that is archived.';

COMMENT ON FUNCTION "private"."open_batch"(uuid, integer, integer) IS 'The import, locked, if its next row is this one; otherwise all of it is null. What is written comes
batch after batch where a firm has several imports of a kind.';

COMMENT ON FUNCTION "public"."start_import_for_operator"(uuid, boolean, jsonb) IS 'The same for the operator. For the secret key only. Error: firm_not_found.';
