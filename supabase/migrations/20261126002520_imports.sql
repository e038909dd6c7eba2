SET local check_function_bodies = off;

CREATE TABLE "private"."import_errors" (
  "id"        bigint  GENERATED ALWAYS AS IDENTITY NOT NULL,
  "firm_id"   uuid    NOT NULL,
  "import_id" uuid    NOT NULL,
  "line"      integer NOT NULL,
  "field"     text,
  "value"     text,
  "code"      text    NOT NULL,
  "detail"    text,
  CONSTRAINT "import_errors_pkey" PRIMARY KEY (firm_id, import_id, id)
);

ALTER TABLE "private"."import_errors"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "public"."imports" (
  "id"                uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"           uuid                     NOT NULL,
  "kind"              text                     NOT NULL,
  "name"              text                     NOT NULL,
  "bucket"            text                     NOT NULL DEFAULT 'imports'::text,
  "path"              text                     NOT NULL,
  "size_bytes"        bigint                   NOT NULL,
  "mapping"           jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "dry_run"           boolean                  NOT NULL DEFAULT true,
  "status"            text                     NOT NULL DEFAULT 'uploading'::text,
  "reason"            text,
  "detail"            text,
  "progress"          integer                  NOT NULL DEFAULT 0,
  "columns"           jsonb                    NOT NULL DEFAULT '[]'::jsonb,
  "row_count"         integer,
  "rows_done"         integer                  NOT NULL DEFAULT 0,
  "created_count"     integer                  NOT NULL DEFAULT 0,
  "updated_count"     integer                  NOT NULL DEFAULT 0,
  "unchanged_count"   integer                  NOT NULL DEFAULT 0,
  "failed_count"      integer                  NOT NULL DEFAULT 0,
  "errors_path"       text,
  "run"               integer                  NOT NULL DEFAULT 0,
  "requested_by"      uuid,
  "by_operator"       boolean                  NOT NULL DEFAULT false,
  "second_factor"     boolean                  NOT NULL DEFAULT false,
  "upload_expires_at" timestamp with time zone NOT NULL DEFAULT (now() + '01:00:00'::interval),
  "created_at"        timestamp with time zone NOT NULL DEFAULT now(),
  "finished_at"       timestamp with time zone,
  CONSTRAINT "imports_bucket_known" CHECK ((bucket = 'imports'::text)),
  CONSTRAINT "imports_columns_array" CHECK ((jsonb_typeof(columns) = 'array'::text)),
  CONSTRAINT "imports_detail_length" CHECK ((char_length(detail) <= 1000)),
  CONSTRAINT "imports_errors_path_form" CHECK ((errors_path ~ (((('^'::text || firm_id) || '/'::text) || id) || '/errors-[0-9]+\.csv$'::text))),
  CONSTRAINT "imports_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "imports_kind_known" CHECK ((kind = ANY (ARRAY['companies'::text, 'consultants'::text, 'contracts'::text]))),
  CONSTRAINT "imports_mapping_object" CHECK (((jsonb_typeof(mapping) = 'object'::text) AND (pg_column_size(mapping) <= 16384))),
  CONSTRAINT "imports_path_form" CHECK ((path ~ (((('^'::text || firm_id) || '/'::text) || id) || '/source\.(csv|xlsx)$'::text))),
  CONSTRAINT "imports_path_key" UNIQUE (path),
  CONSTRAINT "imports_pkey" PRIMARY KEY (id),
  CONSTRAINT "imports_progress_range" CHECK (((progress >= 0) AND (progress <= 100))),
  CONSTRAINT "imports_reason_length" CHECK ((char_length(reason) <= 64)),
  CONSTRAINT "imports_reason_required" CHECK (((status <> 'failed'::text) OR (reason IS NOT NULL))),
  CONSTRAINT "imports_size_bytes_range" CHECK ((size_bytes > 0)),
  CONSTRAINT "imports_status_known" CHECK ((status = ANY (ARRAY['uploading'::text, 'queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text]))),
  CONSTRAINT "imports_name_form" CHECK (private.is_file_name(name))
);

ALTER TABLE "public"."imports"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."imports" FROM "anon";

ALTER TABLE "public"."contracts"
  ADD COLUMN "external_ref" text;

CREATE OR REPLACE FUNCTION private.add_import (
  firm_id     uuid,
  kind        text,
  name        text,
  size_bytes  bigint,
  mapping     jsonb,
  by_operator boolean
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Of one firm, files whose rows are still here.
  most_bytes constant bigint := 1073741824;
  id constant uuid := gen_random_uuid();
  ending constant text := lower(substring(add_import.name from '\.([A-Za-z]+)$'));
  bucket storage.buckets;
  added public.imports;
begin
  select * into strict bucket from storage.buckets as b where b.id = 'imports';
  if private.import_role(add_import.kind) is null then
    perform private.fail(
      'unknown_kind', format('Nothing of the kind "%s" is imported.', left(add_import.kind, 63)),
      hint => 'Use companies, consultants or contracts.', status => 422
    );
  elsif not coalesce(private.is_file_name(add_import.name), false) then
    perform private.fail(
      'bad_name', 'This file name cannot be used.',
      hint => 'At most 255 bytes, no slashes, no control characters, not only dots.',
      status => 422
    );
  elsif not coalesce(ending in ('csv', 'xlsx'), false) then
    perform private.fail(
      'type_not_allowed', 'Only CSV and XLSX files are imported.',
      hint => 'The name ends in .csv or .xlsx.', status => 415
    );
  elsif coalesce(add_import.size_bytes, 0) <= 0 then
    perform private.fail('file_empty', 'The file is empty.', status => 422);
  elsif add_import.size_bytes > bucket.file_size_limit then
    perform private.fail(
      'file_too_large',
      format('A file can have at most %s MB.', bucket.file_size_limit / 1048576),
      hint => 'Split it: each part needs the header.', status => 413
    );
  end if;
  perform private.check_import_mapping(add_import.kind, add_import.mapping);

  -- What was begun and never sent is in nobody's way.
  delete from public.imports as i
  where i.firm_id = add_import.firm_id and i.status = 'uploading' and i.upload_expires_at <= now();
  if (
    select count(*) >= 50 from public.imports as i
    where i.firm_id = add_import.firm_id and i.status = 'uploading'
  ) then
    perform private.fail(
      'too_many_imports', 'The firm has 50 imports whose file has not come.',
      hint => 'Start or cancel some; they expire after an hour.', status => 429
    );
  elsif most_bytes < add_import.size_bytes + (
    select coalesce(sum(i.size_bytes), 0) from public.imports as i
    where i.firm_id = add_import.firm_id
  ) then
    perform private.fail(
      'import_quota', 'The firm has imported files of 1 GB within 30 days.',
      hint => 'Older ones are deleted day by day.', status => 409
    );
  end if;

  insert into public.imports (
    id, firm_id, kind, name, path, size_bytes, mapping, requested_by, by_operator
  )
  values (
    id, add_import.firm_id, add_import.kind, add_import.name,
    format('%s/%s/source.%s', add_import.firm_id, id, ending),
    add_import.size_bytes, add_import.mapping, auth.uid(), add_import.by_operator
  )
  returning * into added;
  return added;
end
$function$;

CREATE OR REPLACE FUNCTION private.analyze_imported (
  kind text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  case analyze_imported.kind
    when 'companies' then analyze (skip_locked) public.companies;
    when 'consultants' then analyze (skip_locked) public.consultants;
    when 'contracts' then analyze (skip_locked) public.contracts;
  end case;
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_import (
  firm_id    uuid,
  kind       text,
  name       text,
  size_bytes bigint,
  mapping    jsonb
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.lock_firm(
    begin_import.firm_id, coalesce(private.import_role(begin_import.kind), 'member')
  );
  return private.add_import(
    begin_import.firm_id, begin_import.kind, begin_import.name, begin_import.size_bytes,
    begin_import.mapping, false
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_import_for_operator (
  firm_id    uuid,
  kind       text,
  name       text,
  size_bytes bigint,
  mapping    jsonb
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform from public.firms as f
  where f.id = begin_import_for_operator.firm_id and f.archived_at is null
  for no key update;
  if not found then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  end if;
  return private.add_import(
    begin_import_for_operator.firm_id, begin_import_for_operator.kind,
    begin_import_for_operator.name, begin_import_for_operator.size_bytes,
    begin_import_for_operator.mapping, true
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_import_run (
  import_id uuid,
  run       integer
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  update public.imports as i
  set status = 'running'
  where i.id = begin_import_run.import_id
    and i.run = begin_import_run.run
    and i.status in ('queued', 'running')
  returning * into import;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'bucket', import.bucket, 'path', import.path, 'name', import.name,
    'size_bytes', import.size_bytes, 'mapping', import.mapping, 'rows_done', import.rows_done,
    'errors_path', format('%s/%s/errors-%s.csv', import.firm_id, import.id, import.run),
    'fields', (
      select jsonb_agg(jsonb_build_object('field', f.field, 'key', f.key, 'words', f.words))
      from private.import_fields(import.kind) as f
    )
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.cancel_import (
  import_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.stop_import(private.lock_import(cancel_import.import_id));
end
$function$;

CREATE OR REPLACE FUNCTION private.cancel_import_for_operator (
  import_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.stop_import(
    private.lock_import_for_operator(cancel_import_for_operator.import_id)
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.check_import_mapping (
  kind    text,
  mapping jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  wrong text;
begin
  if jsonb_typeof(check_import_mapping.mapping) is distinct from 'object'
    or pg_column_size(check_import_mapping.mapping) > 16384
  then
    perform private.fail(
      'bad_mapping', 'The mapping is no object of columns and fields.',
      hint => 'Give {"header of the file": "field"}, and null for a column to leave out.',
      status => 422
    );
  end if;
  select coalesce(m.value #>> '{}', m.value::text) into wrong
  from jsonb_each(check_import_mapping.mapping) as m
  where m.value <> 'null'
    and not exists (
      select from private.import_fields(check_import_mapping.kind) as f
      where to_jsonb(f.field) = m.value
    )
  limit 1;
  if found then
    perform private.fail(
      'unknown_field', format('There is no field "%s".', left(wrong, 63)),
      hint => 'Use: ' || (
        select string_agg(f.field, ', ') from private.import_fields(check_import_mapping.kind) as f
      ) || '.',
      status => 422
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.close_batch (
  import_id uuid,
  size      integer,
  outcome   jsonb,
  refused   jsonb
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  update public.imports as i
  set
    rows_done = i.rows_done + close_batch.size,
    progress = least(99, 100 * (i.rows_done + close_batch.size) / greatest(i.row_count, 1)),
    created_count = i.created_count + (outcome ->> 'created')::integer,
    updated_count = i.updated_count + (outcome ->> 'updated')::integer,
    unchanged_count = i.unchanged_count + (outcome ->> 'unchanged')::integer,
    failed_count = i.failed_count + (outcome ->> 'failed')::integer + (
      select count(distinct r.value ->> 0) from jsonb_array_elements(close_batch.refused) as r
    )
  where i.id = close_batch.import_id
  returning * into import;
  insert into private.import_errors (firm_id, import_id, line, field, value, code, detail)
  select
    import.firm_id, import.id, (e.value ->> 0)::integer, e.value ->> 1, e.value ->> 2,
    e.value ->> 3, e.value ->> 4
  from jsonb_array_elements((outcome -> 'errors') || close_batch.refused) as e
  order by (e.value ->> 0)::integer;
  -- Each time what it made has doubled.
  if not import.dry_run
    and floor(log(greatest(import.created_count, 1)) / log(2))
    > floor(log(greatest(import.created_count - (outcome ->> 'created')::integer, 1)) / log(2))
  then
    perform private.analyze_imported(import.kind);
  end if;
  return jsonb_build_object('rows_done', import.rows_done, 'failed', import.failed_count);
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
    perform private.analyze_imported(kind);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.doom_import()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.doom_objects(
    old.bucket,
    old.path || array(
      select format('%s/%s/errors-%s.csv', old.firm_id, old.id, n)
      from generate_series(1, old.run) n
    ),
    now(),
    -- An upload that was begun, and the worker who may be storing a list just now.
    greatest(old.upload_expires_at + interval '3 hours', now() + interval '1 hour')
  );
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.fail_import()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  update public.imports as i
  set
    status = 'failed',
    reason = left(new.code, 64),
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    detail = case new.code
      when 'exception' then 'Something went wrong on our side.'
      else left(new.error, 500)
    end,
    finished_at = now()
  where i.id = (new.payload ->> 'import_id')::uuid
    and i.run::text = new.payload ->> 'run'
    and i.status in ('queued', 'running');
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_import (
  import_id  uuid,
  run        integer,
  reason     text,
  detail     text,
  has_errors boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  update public.imports as i
  set
    status = case when finish_import.reason is null then 'done' else 'failed' end,
    reason = finish_import.reason,
    detail = left(finish_import.detail, 1000),
    progress = case when finish_import.reason is null then 100 else i.progress end,
    errors_path = case when finish_import.has_errors
      then format('%s/%s/errors-%s.csv', i.firm_id, i.id, i.run) end,
    finished_at = now()
  where i.id = finish_import.import_id
    and i.run = finish_import.run
    and i.status = 'running'
  returning * into import;
  if not found then
    return;
  end if;
  delete from private.import_errors as e
  where e.firm_id = import.firm_id and e.import_id = import.id;
  -- Who tries it out is looking at it.
  if not import.dry_run then
    perform private.notify(
      import.firm_id,
      'import_finished',
      format('import_finished:%s:%s', import.id, import.run),
      left(format(
        '“%s” %s', import.name,
        case import.status when 'done' then 'was imported' else 'could not be imported' end
      ), 300),
      coalesce(import.detail, format(
        '%s created, %s updated, %s unchanged, %s refused.',
        import.created_count, import.updated_count, import.unchanged_count, import.failed_count
      )),
      '/imports/' || import.id,
      p_user_ids => array[import.requested_by]
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.import_errors (
  import_id uuid,
  run       integer,
  after     bigint,
  max_rows  integer
)
  RETURNS TABLE (
    id     bigint,
    line   integer,
    field  text,
    value  text,
    code   text,
    detail text
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
BEGIN ATOMIC
 SELECT e.id,
     e.line,
     e.field,
     e.value,
     e.code,
     e.detail
    FROM (private.import_errors e
      JOIN public.imports i ON (((i.firm_id = e.firm_id) AND (i.id = e.import_id))))
   WHERE ((i.id = import_errors.import_id) AND (i.run = import_errors.run) AND (e.id > import_errors.after))
   ORDER BY e.id
  LIMIT LEAST(import_errors.max_rows, 1000);
END;

CREATE OR REPLACE FUNCTION private.import_fields (
  of_kind text
)
  RETURNS TABLE (
    field       text,
    column_name text,
    key         text,
    words       text[]
  )
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT f.field,
     f.column_name,
     f.key,
     f.words
    FROM
      ( VALUES
      ('companies'::text,'external_ref'::text,'external_ref'::text,'unique'::text,'{"external id","external reference",reference,ref,"crm id","customer number","customer no"}'::text[]), ('companies'::text,'tax_id'::text,'tax_id'::text,'unique'::text,'{"vat id","vat number","vat no",vat,"tax number","tax no"}'::text[]), ('companies'::text,'name'::text,'name'::text,'shared'::text,'{"company name",company,client,customer}'::text[]), ('companies'::text,'legal_name'::text,'legal_name'::text,NULL::text,'{"registered name"}'::text[]), ('companies'::text,'registration_no'::text,'registration_no'::text,NULL::text,'{"registration number","company number","register number"}'::text[]), ('companies'::text,'website'::text,'website'::text,NULL::text,'{"web site",web,url,homepage}'::text[]), ('companies'::text,'industry'::text,'industry'::text,NULL::text,'{sector}'::text[]), ('companies'::text,'country'::text,'country'::text,NULL::text,'{"country code"}'::text[]), ('companies'::text,'address'::text,'address'::text,NULL::text,'{"postal address","street address"}'::text[]), ('companies'::text,'status'::text,'status'::text,NULL::text,'{state}'::text[]), ('consultants'::text,'external_ref'::text,'external_ref'::text,'unique'::text,'{"external id","external reference",reference,ref,"employee id","personnel number"}'::text[]), ('consultants'::text,'email'::text,'email'::text,'shared'::text,'{e-mail,"e-mail address",mail}'::text[]), ('consultants'::text,'name'::text,'name'::text,NULL::text,'{"full name",consultant,"consultant name"}'::text[]), ('consultants'::text,'phone'::text,'phone'::text,NULL::text,'{"phone number",telephone,mobile}'::text[]), ('consultants'::text,'headline'::text,'headline'::text,NULL::text,'{"job title",position}'::text[]), ('consultants'::text,'kind'::text,'kind'::text,NULL::text,'{type,employment}'::text[]), ('consultants'::text,'status'::text,'status'::text,NULL::text,'{state}'::text[]), ('consultants'::text,'seniority'::text,'seniority'::text,NULL::text,'{level}'::text[]), ('consultants'::text,'skills'::text,'skills'::text,NULL::text,'{tags,competences}'::text[]), ('consultants'::text,'available_from'::text,'available_from'::text,NULL::text,'{available,"free from"}'::text[]), ('contracts'::text,'number'::text,NULL::text,'unique'::text,'{"contract number","contract no",no}'::text[]), ('contracts'::text,'external_ref'::text,'external_ref'::text,'unique'::text,'{"external id","external reference",reference,ref}'::text[]), ('contracts'::text,'title'::text,'title'::text,NULL::text,'{"contract title",subject}'::text[]), ('contracts'::text,'kind'::text,'kind'::text,NULL::text,'{type,"contract type"}'::text[]), ('contracts'::text,'company'::text,'company_id'::text,NULL::text,'{"company name",client,customer}'::text[]), ('contracts'::text,'consultant'::text,'consultant_id'::text,NULL::text,'{"consultant name"}'::text[]), ('contracts'::text,'starts_on'::text,'starts_on'::text,NULL::text,'{start,"start date",starts}'::text[]), ('contracts'::text,'ends_on'::text,'ends_on'::text,NULL::text,'{end,"end date",ends}'::text[]), ('contracts'::text,'rate'::text,'rate'::text,NULL::text,'{}'::text[]), ('contracts'::text,'rate_unit'::text,'rate_unit'::text,NULL::text,'{unit,per}'::text[]), ('contracts'::text,'currency'::text,'currency'::text,NULL::text,'{}'::text[]), ('contracts'::text,'value_cap'::text,'value_cap'::text,NULL::text,'{cap,budget}'::text[]), ('contracts'::text,'notice_days'::text,'notice_days'::text,NULL::text,'{notice,"notice period"}'::text[]), ('contracts'::text,'auto_renew'::text,'auto_renew'::text,NULL::text,'{renews}'::text[]), ('contracts'::text,'renewal_months'::text,'renewal_months'::text,NULL::text,'{}'::text[])) f(kind, field, column_name, key, words)
   WHERE (f.kind = import_fields.of_kind);
END;

CREATE OR REPLACE FUNCTION private.import_match (
  kind text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
RETURN CASE kind WHEN 'companies'::text THEN '
    select
      s.line, s.texts, s.values, met.id,
      case
        when by_tax.id is not null and by_tax.id is distinct from met.id
          then array[''tax_id'', ''key_taken'', null]
        when by_name.n > 1 then array[''name'', ''ambiguous'', by_name.n::text]
      end as fault
    from sound as s
    left join public.companies as by_ref
      on by_ref.firm_id = $1
      and by_ref.archived_at is null
      and by_ref.external_ref = s.external_ref
    left join public.companies as by_tax
      on by_tax.firm_id = $1
      and by_tax.archived_at is null
      and by_tax.tax_id = s.tax_id
    left join lateral (
      select count(*) as n, (array_agg(c.id))[1] as id
      from public.companies as c
      where c.firm_id = $1
        and c.archived_at is null
        and c.name = s.name
        and coalesce(s.external_ref, s.tax_id) is null
    ) as by_name on true
    cross join lateral (
      select case
        when by_ref.id is not null then by_ref.id
        -- One that has another reference is another company.
        when by_tax.external_ref is null or s.external_ref is null
          then coalesce(by_tax.id, by_name.id)
      end as id
    ) as met
  '::text WHEN 'consultants'::text THEN '
    with addresses as materialized (
      -- Once for all rows: no index knows addresses without their case.
      select c.id, c.external_ref, lower(c.email) as email
      from public.consultants as c
      where c.firm_id = $1
        and c.archived_at is null
        and (lower(c.email) in (select lower(s.email) from sound as s)) is true
    )
    select
      s.line, s.texts, s.values, coalesce(by_ref.id, by_email.id) as id,
      case
        when coalesce(s.external_ref, s.email) is null
          then array[''external_ref'', ''key_missing'', ''external_ref, email'']
        when by_email.n > 1 then array[''email'', ''ambiguous'', by_email.n::text]
      end as fault
    from sound as s
    left join public.consultants as by_ref
      on by_ref.firm_id = $1
      and by_ref.archived_at is null
      and by_ref.external_ref = s.external_ref
    left join lateral (
      select count(*) as n, (array_agg(a.id))[1] as id
      from addresses as a
      where a.email = lower(s.email)
        and by_ref.id is null
        and (a.external_ref is null or s.external_ref is null)
    ) as by_email on true
  '::text WHEN 'contracts'::text THEN '
    select
      s.line, s.texts,
      s.values - array[''number'', ''company'', ''consultant'']
      || case when s.values ? ''company''
        then jsonb_build_object(''company_id'', company.id) else ''{}'' end
      || case when s.values ? ''consultant''
        then jsonb_build_object(''consultant_id'', consultant.id) else ''{}'' end as values,
      coalesce(by_number.id, by_ref.id) as id,
      case
        when coalesce(s.number::text, s.external_ref) is null
          then array[''external_ref'', ''key_missing'', ''number, external_ref'']
        when s.number is not null and by_number.id is null
          then array[''number'', ''not_found'', null]
        when by_number.id <> by_ref.id then array[''external_ref'', ''key_taken'', null]
        when s.company is not null and company.n = 0
          then array[''company'', ''not_found'', null]
        when company.n > 1 then array[''company'', ''ambiguous'', company.n::text]
        when s.consultant is not null and consultant.n = 0
          then array[''consultant'', ''not_found'', null]
        when consultant.n > 1 then array[''consultant'', ''ambiguous'', consultant.n::text]
      end as fault
    from sound as s
    left join public.contracts as by_number
      on by_number.firm_id = $1
      and by_number.archived_at is null
      and by_number.number = s.number
    left join public.contracts as by_ref
      on by_ref.firm_id = $1
      and by_ref.archived_at is null
      and by_ref.external_ref = s.external_ref
    -- By its reference, else by its name.
    left join lateral (
      select count(*) as n, (array_agg(c.id))[1] as id
      from (
        select c.id, c.external_ref, rank() over (
          order by c.external_ref is not distinct from s.company desc
        ) as place
        from public.companies as c
        where c.firm_id = $1
          and c.archived_at is null
          and (c.external_ref = s.company or c.name = s.company)
      ) as c
      where c.place = 1
    ) as company on true
    left join lateral (
      select count(*) as n, (array_agg(c.id))[1] as id
      from (
        select c.id, rank() over (
          order by c.external_ref is not distinct from s.consultant desc
        ) as place
        from public.consultants as c
        where c.firm_id = $1
          and c.archived_at is null
          and (c.external_ref = s.consultant or c.name = s.consultant)
      ) as c
      where c.place = 1
    ) as consultant on true
  '::text ELSE NULL::text END;

CREATE OR REPLACE FUNCTION private.import_role (
  kind text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
RETURN CASE kind WHEN 'companies'::text THEN 'member'::text WHEN 'consultants'::text THEN 'manager'::text WHEN 'contracts'::text THEN 'member'::text ELSE NULL::text END;

CREATE OR REPLACE FUNCTION private.import_rules (
  of_table regclass
)
  RETURNS TABLE (
    name       text,
    expression text,
    field      text,
    code       text,
    detail     text
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 WITH named
  AS (
          SELECT (c.conname)::text AS name,
             pg_get_expr(c.conbin, c.conrelid) AS expression,
             pg_get_constraintdef(c.oid) AS definition,
             regexp_match((c.conname)::text, '^[a-z]+_(?:([a-z_]+)_)?([a-z]+)$'::text) AS words
            FROM pg_constraint c
           WHERE ((c.conrelid = (import_rules.of_table)::oid) AND (c.contype = 'c'::"char"))
         )
  SELECT n.name,
     n.expression,
         CASE n.words[2]
             WHEN 'parties'::text THEN 'company'::text
             ELSE n.words[1]
         END AS words,
         CASE n.words[2]
             WHEN 'known'::text THEN 'not_one_of'::text
             WHEN 'length'::text THEN 'too_long'::text
             WHEN 'line'::text THEN 'control_character'::text
             WHEN 'form'::text THEN 'bad_form'::text
             WHEN 'range'::text THEN 'out_of_range'::text
             WHEN 'order'::text THEN 'wrong_order'::text
             WHEN 'complete'::text THEN 'incomplete'::text
             WHEN 'parties'::text THEN 'party_missing'::text
             ELSE 'rule_broken'::text
         END AS "case",
         CASE n.words[2]
             WHEN 'known'::text THEN array_to_string(ARRAY( SELECT regexp_matches(n.definition, '''(\w+)'''::text, 'g'::text) AS regexp_matches), ', '::text)
             WHEN 'length'::text THEN "substring"(n.definition, '<= ([0-9]+)'::text)
             WHEN 'form'::text THEN NULL::text
             ELSE n.name
         END AS name
    FROM named n;
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
    (select string_agg(format('%L, r.cells ->> %s', g ->> 'field', g ->> 'n'), ', ')
    from jsonb_array_elements(given) as g),
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
      'btrim(g.texts ->> %1$L, '' ;,''), %2$L)) else ''{}'' end', g ->> 'field', '\s*[;,][;,\s]*'
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

CREATE OR REPLACE FUNCTION private.is_import_intended (
  path text
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from public.imports as i
    where i.path = is_import_intended.path
      and i.status = 'uploading'
      and i.upload_expires_at > now()
      and i.requested_by = (select auth.uid())
      and i.firm_id in (select private.firm_ids(private.import_role(i.kind)))
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_import (
  import_id uuid
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  firm_id uuid;
  import public.imports;
begin
  -- As imports_select has it: nobody learns of one they cannot see.
  select i.firm_id into firm_id
  from public.imports as i
  where i.id = lock_import.import_id
    and i.firm_id = any (array(select private.firm_ids(private.import_role(i.kind))));
  if not found then
    perform private.fail('import_not_found', 'There is no such import.', status => 404);
  end if;
  perform private.lock_firm(firm_id, 'member');
  select * into import from public.imports as i where i.id = lock_import.import_id for update;
  perform private.require_role(firm_id, private.import_role(import.kind));
  return import;
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_import_for_operator (
  import_id uuid
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  import public.imports;
begin
  perform from public.firms as f
  where f.id = (
    select i.firm_id from public.imports as i where i.id = lock_import_for_operator.import_id
  )
  for no key update;
  select * into import
  from public.imports as i
  where i.id = lock_import_for_operator.import_id
  for update;
  if not found then
    perform private.fail('import_not_found', 'There is no such import.', status => 404);
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
    when 'imports' then exists (select from public.imports i where i.id = v_id)
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
    if import.dry_run = queue_import.dry_run and queue_import.mapping is null then
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
    dry_run = queue_import.dry_run,
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
  perform private.enqueue(
    'import.run', jsonb_build_object('import_id', queued.id, 'run', queued.run), queued.firm_id
  );
  return queued;
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
    'public.imports', 'with their files and lists of refused rows', '30 days',
    'coalesce(finished_at, created_at) < $1', null,
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

CREATE OR REPLACE FUNCTION private.start_import (
  import_id uuid,
  dry_run   boolean,
  mapping   jsonb
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return private.queue_import(
    private.lock_import(start_import.import_id), start_import.dry_run, start_import.mapping, false
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.start_import_for_operator (
  import_id uuid,
  dry_run   boolean,
  mapping   jsonb
)
  RETURNS public.imports
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return private.queue_import(
    private.lock_import_for_operator(start_import_for_operator.import_id),
    start_import_for_operator.dry_run, start_import_for_operator.mapping, true
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.stop_import (
  import public.imports
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if import.status not in ('uploading', 'queued', 'running') then
    perform private.fail('import_over', 'This import is over already.', status => 409);
  end if;
  delete from private.import_errors as e
  where e.firm_id = import.firm_id and e.import_id = import.id;
  update public.imports as i
  set
    status = 'cancelled', reason = 'cancelled', detail = 'It was cancelled.', finished_at = now()
  where i.id = import.id;
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
  one jsonb;
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
    end if;
  end;
  -- A trigger refused one, or somebody was faster: each by itself, so that it costs no other.
  for one in select r.value from jsonb_array_elements(write_rows.rows) as r loop
    begin
      execute statement into outcome using write_rows.firm_id, jsonb_build_array(one);
    exception when others then
      get stacked diagnostics
        said = pg_exception_detail, broken = constraint_name, missing = column_name;
      code := case
        when sqlstate like 'PT%' then said
        when sqlstate = '42501' then 'not_allowed'
        when sqlstate = '23505' then 'key_taken'
        when sqlstate = '23502' then 'required'
        when sqlstate ~ '^(22|23)' then 'rule_broken'
      end;
      if code is null then
        raise;
      end if;
      outcome := jsonb_build_object('failed', 1, 'errors', jsonb_build_array(jsonb_build_array(
        one -> 0,
        coalesce(nullif(missing, ''), substring(broken from '_firm_id_([a-z_]+)_idx$')),
        null, left(code, 64), nullif(broken, '')
      )));
    end;
    total := (
      select jsonb_object_agg(t.key, case t.key
        when 'errors' then t.value || (outcome -> 'errors')
        else to_jsonb(t.value::integer + coalesce((outcome ->> t.key)::integer, 0))
      end)
      from jsonb_each(total) as t
    );
  end loop;
  return total;
end
$function$;

CREATE OR REPLACE FUNCTION private.write_rows_for_operator (
  kind    text,
  firm_id uuid,
  fields  text[],
  rows    jsonb,
  dry_run boolean
)
  RETURNS jsonb
  LANGUAGE sql
  SECURITY DEFINER
  SET search_path TO ''
RETURN private.write_rows(kind, firm_id, fields, ROWS, dry_run);

CREATE OR REPLACE FUNCTION public.begin_import (
  firm_id    uuid,
  kind       text,
  name       text,
  size_bytes bigint,
  mapping    jsonb  DEFAULT '{}'::jsonb
)
  RETURNS public.imports
  LANGUAGE sql
  SET search_path TO ''
RETURN private.begin_import(firm_id, kind, name, size_bytes, MAPPING);

REVOKE ALL ON FUNCTION "public"."begin_import"(uuid, text, text, bigint, jsonb) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.begin_import_for_operator (
  firm_id    uuid,
  kind       text,
  name       text,
  size_bytes bigint,
  mapping    jsonb  DEFAULT '{}'::jsonb
)
  RETURNS public.imports
  LANGUAGE sql
  SET search_path TO ''
RETURN private.begin_import_for_operator(firm_id, kind, name, size_bytes, MAPPING);

REVOKE ALL ON FUNCTION "public"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.begin_import_run (
  import_id uuid,
  run       integer
)
  RETURNS jsonb
  LANGUAGE sql
  SET search_path TO ''
RETURN private.begin_import_run(import_id, run);

REVOKE ALL ON FUNCTION "public"."begin_import_run"(uuid, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.cancel_import (
  import_id uuid
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.cancel_import(import_id);

REVOKE ALL ON FUNCTION "public"."cancel_import"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.cancel_import_for_operator (
  import_id uuid
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.cancel_import_for_operator(import_id);

REVOKE ALL ON FUNCTION "public"."cancel_import_for_operator"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.describe_import (
  import_id uuid,
  run       integer,
  columns   jsonb,
  row_count integer
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.describe_import(import_id, run, columns, row_count);

REVOKE ALL ON FUNCTION "public"."describe_import"(uuid, integer, jsonb, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.finish_import (
  import_id  uuid,
  run        integer,
  reason     text    DEFAULT NULL::text,
  detail     text    DEFAULT NULL::text,
  has_errors boolean DEFAULT false
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.finish_import(import_id, run, reason, detail, has_errors);

REVOKE ALL ON FUNCTION "public"."finish_import"(uuid, integer, text, text, boolean) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.import_errors (
  import_id uuid,
  run       integer,
  after     bigint  DEFAULT 0,
  max_rows  integer DEFAULT 1000
)
  RETURNS TABLE (
    id     bigint,
    line   integer,
    field  text,
    value  text,
    code   text,
    detail text
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT e.id,
     e.line,
     e.field,
     e.value,
     e.code,
     e.detail
    FROM private.import_errors(import_errors.import_id, import_errors.run, import_errors.after, import_errors.max_rows) e(id, line, field, VALUE, code, detail);
END;

REVOKE ALL ON FUNCTION "public"."import_errors"(uuid, integer, bigint, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.import_rows (
  import_id uuid,
  run       integer,
  first     integer,
  size      integer,
  fields    text[],
  rows      jsonb,
  refused   jsonb   DEFAULT '[]'::jsonb
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO ''
  SET statement_timeout TO '25s'
  AS $function$
declare
  worker constant text := current_setting('role');
  claims constant text := coalesce(current_setting('request.jwt.claims', true), '');
  import constant public.imports := private.open_batch(
    import_rows.import_id, import_rows.run, import_rows.first
  );
  outcome jsonb;
  code text;
  said text;
begin
  if import.id is null then
    return null;
  elsif import.by_operator then
    outcome := private.write_rows_for_operator(
      import.kind, import.firm_id, import_rows.fields, import_rows.rows, import.dry_run
    );
  else
    begin
      perform set_config('request.jwt.claims', jsonb_build_object(
        'sub', import.requested_by, 'role', 'authenticated',
        'aal', case when import.second_factor then 'aal2' else 'aal1' end
      )::text, true);
      set local role authenticated;
      perform private.require_role(import.firm_id, private.import_role(import.kind));
    exception when sqlstate 'PT403' or sqlstate 'PT404' then
      -- They lost the right to meanwhile. Here the role is the worker's again.
      get stacked diagnostics code = pg_exception_detail, said = message_text;
      return jsonb_build_object('stopped', code, 'detail', said);
    end;
    outcome := private.write_rows(
      import.kind, import.firm_id, import_rows.fields, import_rows.rows, import.dry_run
    );
    perform set_config('role', worker, true), set_config('request.jwt.claims', claims, true);
  end if;
  return private.close_batch(import.id, import_rows.size, outcome, import_rows.refused);
end
$function$;

REVOKE ALL ON FUNCTION "public"."import_rows"(uuid, integer, integer, integer, text[], jsonb, jsonb) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.start_import (
  import_id uuid,
  dry_run   boolean DEFAULT true,
  mapping   jsonb   DEFAULT NULL::jsonb
)
  RETURNS public.imports
  LANGUAGE sql
  SET search_path TO ''
RETURN private.start_import(import_id, dry_run, MAPPING);

REVOKE ALL ON FUNCTION "public"."start_import"(uuid, boolean, jsonb) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.start_import_for_operator (
  import_id uuid,
  dry_run   boolean DEFAULT true,
  mapping   jsonb   DEFAULT NULL::jsonb
)
  RETURNS public.imports
  LANGUAGE sql
  SET search_path TO ''
RETURN private.start_import_for_operator(import_id, dry_run, MAPPING);

REVOKE ALL ON FUNCTION "public"."start_import_for_operator"(uuid, boolean, jsonb) FROM PUBLIC, "anon", "authenticated";

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_external_ref_length" CHECK (((char_length(external_ref) >= 1) AND (char_length(external_ref) <= 200)));

ALTER TABLE "public"."imports"
  ADD CONSTRAINT "imports_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "private"."import_errors"
  ADD CONSTRAINT "import_errors_import_id_fkey" FOREIGN KEY (firm_id, import_id) REFERENCES public.imports(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."imports"
  ADD CONSTRAINT "imports_requested_by_fkey" FOREIGN KEY (requested_by) REFERENCES public.profiles(id) ON DELETE SET NULL;

CREATE INDEX companies_firm_id_name_idx ON public.companies USING btree (firm_id, name)
  WHERE (archived_at IS NULL);

CREATE UNIQUE INDEX contracts_firm_id_external_ref_idx ON public.contracts USING btree (firm_id, external_ref)
  WHERE (archived_at IS NULL);

CREATE UNIQUE INDEX imports_errors_path_idx ON public.imports USING btree (errors_path);

CREATE INDEX imports_finished_idx ON public.imports USING btree (COALESCE(finished_at, created_at));

CREATE INDEX imports_firm_id_created_at_idx ON public.imports USING btree (firm_id, created_at DESC, id);

CREATE INDEX imports_requested_by_idx ON public.imports USING btree (requested_by)
  WHERE (requested_by IS NOT NULL);

CREATE TRIGGER dead_jobs_fail_import
  AFTER INSERT ON private.dead_jobs
  FOR EACH ROW
  WHEN (((new.kind = 'import.run'::text) AND pg_input_is_valid((new.payload ->> 'import_id'::text), 'uuid'::text)))
  EXECUTE FUNCTION private.fail_import();

CREATE TRIGGER imports_doom
  AFTER DELETE ON public.imports
  FOR EACH ROW
  EXECUTE FUNCTION private.doom_import();

CREATE POLICY "import_errors_nobody" ON "private"."import_errors"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "imports_select" ON "public"."imports"
  FOR SELECT
  TO "authenticated"
  USING
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((kind <> 'consultants'::text) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))));

CREATE POLICY "imports_objects_insert" ON "storage"."objects"
  FOR INSERT
  TO "authenticated"
  WITH CHECK (((bucket_id = 'imports'::text) AND private.is_import_intended(name)));

CREATE POLICY "imports_objects_select" ON "storage"."objects"
  FOR SELECT
  TO "authenticated"
  USING (((bucket_id = 'imports'::text) AND (EXISTS ( SELECT
   FROM public.imports i
  WHERE (i.errors_path = objects.name)))));

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."imports";

COMMENT ON COLUMN "public"."contracts"."external_ref" IS 'Key of the contract in another system; unique in the firm.';

COMMENT ON COLUMN "public"."imports"."by_operator" IS 'Whether the operator asked for it, with the secret key.';

COMMENT ON COLUMN "public"."imports"."columns" IS 'The columns of the file as the last run understood them: [{"column", "field"}], field being null where it was left out.';

COMMENT ON COLUMN "public"."imports"."dry_run" IS 'Whether the last run only found out what a real one would do.';

COMMENT ON COLUMN "public"."imports"."errors_path" IS 'Where the list of refused rows lies in the same bucket, if there are any: line, column, value, code, reason.';

COMMENT ON COLUMN "public"."imports"."mapping" IS 'What the columns mean where their names do not say it: {"header of the file": "field"}, or null for a column to leave out.';

COMMENT ON COLUMN "public"."imports"."path" IS 'Where the file lies in the bucket imports.';

COMMENT ON COLUMN "public"."imports"."progress" IS 'Per cent, for people who wait.';

COMMENT ON COLUMN "public"."imports"."reason" IS 'Why it failed, as a stable code; detail says it in a sentence.';

COMMENT ON COLUMN "public"."imports"."requested_by" IS 'Who began it or, once it was started, who started the last run: it writes with their rights.';

COMMENT ON COLUMN "public"."imports"."row_count" IS 'How many rows the file has, once it was read.';

COMMENT ON COLUMN "public"."imports"."rows_done" IS 'How many of them are decided; it moves in the same transaction as what they change.';

COMMENT ON COLUMN "public"."imports"."run" IS 'Counts the runs; a job of an earlier one does nothing.';

COMMENT ON COLUMN "public"."imports"."second_factor" IS 'Whether the session that started the last run was verified with a second factor.';

COMMENT ON COLUMN "public"."imports"."status" IS 'uploading until start_import, queued, running, then done, failed or cancelled. A file whose run is over can be started again.';

COMMENT ON FUNCTION "private"."add_import"(uuid, text, text, bigint, jsonb, boolean) IS 'Adds an import whose file is still to come; the firm is locked.';

COMMENT ON FUNCTION "private"."analyze_imported"(text) IS 'Tells the planner how large a table is by now: of one that it takes for empty, it would look each
row up among all rows of the firm.';

COMMENT ON FUNCTION "private"."begin_import"(uuid, text, text, bigint, jsonb) IS 'Definer of public.begin_import.';

COMMENT ON FUNCTION "private"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) IS 'Definer of public.begin_import_for_operator.';

COMMENT ON FUNCTION "private"."begin_import_run"(uuid, integer) IS 'Definer of public.begin_import_run.';

COMMENT ON FUNCTION "private"."cancel_import"(uuid) IS 'Definer of public.cancel_import.';

COMMENT ON FUNCTION "private"."cancel_import_for_operator"(uuid) IS 'Definer of public.cancel_import_for_operator.';

COMMENT ON FUNCTION "private"."check_import_mapping"(text, jsonb) IS 'Refuses a mapping that names no field of the kind.';

COMMENT ON FUNCTION "private"."close_batch"(uuid, integer, jsonb, jsonb) IS 'Counts a batch that was decided and keeps what was refused.';

COMMENT ON FUNCTION "private"."describe_import"(uuid, integer, jsonb, integer) IS 'Definer of public.describe_import.';

COMMENT ON FUNCTION "private"."doom_import"() IS 'Trigger: the file of an import that is gone is removed, and what its runs refused.';

COMMENT ON FUNCTION "private"."fail_import"() IS 'Trigger: an import whose job is dead has failed, however the job died.';

COMMENT ON FUNCTION "private"."finish_import"(uuid, integer, text, text, boolean) IS 'Definer of public.finish_import.';

COMMENT ON FUNCTION "private"."import_errors"(uuid, integer, bigint, integer) IS 'Definer of public.import_errors.';

COMMENT ON FUNCTION "private"."import_fields"(text) IS 'What a file of this kind may hold, the strongest key first: unique where no two rows may share its
value, shared where some may. column_name is null for what only finds a row; words are other headers
that mean the same.';

COMMENT ON FUNCTION "private"."import_match"(text) IS 'The query that finds the row of the firm which a row of a file of this kind means, and what keeps
it from being found.';

COMMENT ON FUNCTION "private"."import_role"(text) IS 'The least role that writes all of what is imported; null for a kind that is not.';

COMMENT ON FUNCTION "private"."import_rules"(regclass) IS 'The checks of a table with what to say of a row that breaks one: the tables have the only list.';

COMMENT ON FUNCTION "private"."import_statement"(text, text[], boolean) IS 'The statement that decides a batch of rows of a file with these fields, and writes them unless it
is a dry run: $1 is the firm, $2 the rows, [[line, cell, …], …].';

COMMENT ON FUNCTION "private"."is_import_intended"(text) IS 'Whether the caller asked for exactly this object with begin_import and may still send it.';

COMMENT ON FUNCTION "private"."lock_import"(uuid) IS 'An import the caller may run, locked behind its firm; fails with import_not_found.';

COMMENT ON FUNCTION "private"."lock_import_for_operator"(uuid) IS 'Any import, locked behind its firm; fails with import_not_found.';

COMMENT ON FUNCTION "private"."open_batch"(uuid, integer, integer) IS 'The import, locked, if its next row is this one; otherwise all of it is null.';

COMMENT ON FUNCTION "private"."queue_import"(public.imports, boolean, jsonb, boolean) IS 'Begins a run of an import that is locked, and queues its job.';

COMMENT ON FUNCTION "private"."start_import"(uuid, boolean, jsonb) IS 'Definer of public.start_import.';

COMMENT ON FUNCTION "private"."start_import_for_operator"(uuid, boolean, jsonb) IS 'Definer of public.start_import_for_operator.';

COMMENT ON FUNCTION "private"."stop_import"(public.imports) IS 'Cancels an import that is locked.';

COMMENT ON FUNCTION "private"."write_rows"(text, uuid, text[], jsonb, boolean) IS 'Decides a batch of rows, and writes it unless it is a dry run, with the rights of the caller:
{created, updated, unchanged, failed, errors: [[line, field, value, code, detail], …]}. All at once;
where a trigger or a colleague comes between, row by row, so that one that is refused costs no other.';

COMMENT ON FUNCTION "private"."write_rows_for_operator"(text, uuid, text[], jsonb, boolean) IS 'private.write_rows() past the rights of people, for what the operator imports.';

COMMENT ON FUNCTION "public"."begin_import"(uuid, text, text, bigint, jsonb) IS 'First step of an import: returns its row, to whose bucket and path the caller may upload the file
within an hour. Then call start_import. kind is companies, consultants or contracts; consultants
need a manager, the others a member. mapping says what columns mean whose names do not:
{"header": "field"}. Errors: unknown_kind, bad_name, type_not_allowed, file_empty, file_too_large,
bad_mapping, unknown_field, too_many_imports, import_quota.';

COMMENT ON FUNCTION "public"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) IS 'The same for the operator: what is written then is written by nobody of the firm. For the secret
key only. Error: firm_not_found.';

COMMENT ON FUNCTION "public"."begin_import_run"(uuid, integer) IS 'What to read, what its columns may mean, and how many rows an earlier attempt has decided; null
where this run is over or is none. For the secret key only.';

COMMENT ON FUNCTION "public"."cancel_import"(uuid) IS 'Ends an import that is not over. Rows it has written stay; running it again goes on. Errors:
import_not_found, import_over.';

COMMENT ON FUNCTION "public"."cancel_import_for_operator"(uuid) IS 'The same for the operator. For the secret key only.';

COMMENT ON FUNCTION "public"."describe_import"(uuid, integer, jsonb, integer) IS 'What was found in the file: its columns and how many rows. For the secret key only.';

COMMENT ON FUNCTION "public"."finish_import"(uuid, integer, text, text, boolean) IS 'The run is over: done, or failed for a reason. has_errors: the list of refused rows is stored.
Tells whoever started it, unless it was a dry run. For the secret key only.';

COMMENT ON FUNCTION "public"."import_errors"(uuid, integer, bigint, integer) IS 'What a run has refused so far, page by page in the order of the file. For the secret key only.';

COMMENT ON FUNCTION "public"."import_rows"(uuid, integer, integer, integer, text[], jsonb, jsonb) IS 'Decides the next rows of an import and writes them unless it is a dry run, all of it once: first is
how many were decided before, size how many these are. rows: [[line, cell, …], …], the cells in the
order of fields; refused: [[line, field, value, code, detail], …], rows that never were any. Null
where the run is over, or these are not the next ones. With the rights of the member who started it:
{stopped: firm_not_found, not_allowed or mfa_required} where they have lost them. For the secret key
only.';

COMMENT ON FUNCTION "public"."start_import"(uuid, boolean, jsonb) IS 'Second step of an import, once its file is uploaded: finds out what it would do, or with dry_run
false does it, with the rights that the caller has while it runs. It may be called again when that is
over, with another mapping too; the file stays for 30 days. Errors: import_not_found, object_missing,
size_mismatch, import_running, too_many_imports, bad_mapping, unknown_field.';

COMMENT ON FUNCTION "public"."start_import_for_operator"(uuid, boolean, jsonb) IS 'The same for the operator. For the secret key only.';

COMMENT ON TABLE "private"."import_errors" IS 'Rows that an import refused, from the moment their batch is decided until the list of them is stored.';

COMMENT ON TABLE "public"."imports" IS 'Files of companies, consultants or contracts that become rows. Rows come from begin_import; start_import tries the file out or writes it. Seen by whoever may write that kind.';

REVOKE ALL ON FUNCTION "private"."add_import"(uuid, text, text, bigint, jsonb, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_import"(uuid, text, text, bigint, jsonb, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_import"(uuid, text, text, bigint, jsonb, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."analyze_imported"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."analyze_imported"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."analyze_imported"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."begin_import"(uuid, text, text, bigint, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_import"(uuid, text, text, bigint, jsonb) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."begin_import"(uuid, text, text, bigint, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_import"(uuid, text, text, bigint, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."begin_import_run"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_import_run"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_import_run"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_import_run"(uuid, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."cancel_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."cancel_import"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."cancel_import"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."cancel_import"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."cancel_import_for_operator"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."cancel_import_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."cancel_import_for_operator"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."cancel_import_for_operator"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "private"."check_import_mapping"(text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_import_mapping"(text, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."check_import_mapping"(text, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."close_batch"(uuid, integer, jsonb, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_batch"(uuid, integer, jsonb, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."close_batch"(uuid, integer, jsonb, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."close_batch"(uuid, integer, jsonb, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."describe_import"(uuid, integer, jsonb, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."describe_import"(uuid, integer, jsonb, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."describe_import"(uuid, integer, jsonb, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."describe_import"(uuid, integer, jsonb, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."doom_import"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_import"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_import"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."fail_import"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fail_import"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."fail_import"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."finish_import"(uuid, integer, text, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_import"(uuid, integer, text, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."finish_import"(uuid, integer, text, text, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."finish_import"(uuid, integer, text, text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "private"."import_errors"(uuid, integer, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."import_errors"(uuid, integer, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_errors"(uuid, integer, bigint, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_errors"(uuid, integer, bigint, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."import_fields"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_fields"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."import_fields"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_fields"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."import_match"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_match"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."import_match"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_match"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."import_role"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_role"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."import_role"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_role"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."import_rules"(regclass) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_rules"(regclass) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."import_rules"(regclass) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_rules"(regclass) TO "postgres";

REVOKE ALL ON FUNCTION "private"."import_statement"(text, text[], boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_statement"(text, text[], boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."import_statement"(text, text[], boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."import_statement"(text, text[], boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_import_intended"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_import_intended"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_import_intended"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_import_intended"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_import"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_import"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_import"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_import_for_operator"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_import_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_import_for_operator"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."open_batch"(uuid, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."open_batch"(uuid, integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."open_batch"(uuid, integer, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."open_batch"(uuid, integer, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."queue_import"(public.imports, boolean, jsonb, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."queue_import"(public.imports, boolean, jsonb, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."queue_import"(public.imports, boolean, jsonb, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."start_import"(uuid, boolean, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."start_import"(uuid, boolean, jsonb) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."start_import"(uuid, boolean, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."start_import"(uuid, boolean, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."start_import_for_operator"(uuid, boolean, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."start_import_for_operator"(uuid, boolean, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."start_import_for_operator"(uuid, boolean, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."start_import_for_operator"(uuid, boolean, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."stop_import"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."stop_import"(public.imports) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."stop_import"(public.imports) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_rows"(text, uuid, text[], jsonb, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."write_rows"(text, uuid, text[], jsonb, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."write_rows"(text, uuid, text[], jsonb, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_rows"(text, uuid, text[], jsonb, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_rows_for_operator"(text, uuid, text[], jsonb, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_rows_for_operator"(text, uuid, text[], jsonb, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_rows_for_operator"(text, uuid, text[], jsonb, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_rows_for_operator"(text, uuid, text[], jsonb, boolean) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."begin_import"(uuid, text, text, bigint, jsonb) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."begin_import"(uuid, text, text, bigint, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_import"(uuid, text, text, bigint, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "public"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_import_for_operator"(uuid, text, text, bigint, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "public"."begin_import_run"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_import_run"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_import_run"(uuid, integer) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."cancel_import"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."cancel_import"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."cancel_import"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "public"."cancel_import_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."cancel_import_for_operator"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."cancel_import_for_operator"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "public"."describe_import"(uuid, integer, jsonb, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."describe_import"(uuid, integer, jsonb, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."describe_import"(uuid, integer, jsonb, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."finish_import"(uuid, integer, text, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."finish_import"(uuid, integer, text, text, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."finish_import"(uuid, integer, text, text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "public"."import_errors"(uuid, integer, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."import_errors"(uuid, integer, bigint, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."import_errors"(uuid, integer, bigint, integer) TO "service_role";

REVOKE ALL ON FUNCTION "public"."import_rows"(uuid, integer, integer, integer, text[], jsonb, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."import_rows"(uuid, integer, integer, integer, text[], jsonb, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."import_rows"(uuid, integer, integer, integer, text[], jsonb, jsonb) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."start_import"(uuid, boolean, jsonb) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."start_import"(uuid, boolean, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."start_import"(uuid, boolean, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "public"."start_import_for_operator"(uuid, boolean, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."start_import_for_operator"(uuid, boolean, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."start_import_for_operator"(uuid, boolean, jsonb) TO "service_role";

REVOKE ALL ("external_ref") ON TABLE "public"."contracts" FROM "authenticated";

GRANT INSERT ("external_ref"), UPDATE ("external_ref") ON TABLE "public"."contracts" TO "authenticated";

REVOKE ALL ON TABLE "public"."imports" FROM "authenticated";

GRANT SELECT ON TABLE "public"."imports" TO "authenticated";

REVOKE ALL ON TABLE "public"."imports" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."imports" TO "postgres";

REVOKE ALL ON TABLE "public"."imports" FROM "service_role";

GRANT SELECT ON TABLE "public"."imports" TO "service_role";

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values (
  'imports',
  'imports',
  false,
  52428800,
  array['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']
)
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

REVOKE ALL ON TABLE "private"."import_errors" FROM PUBLIC, "anon", "authenticated", "service_role";
