SET local check_function_bodies = off;

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
    -- What was announced smaller than it is counts for the bytes that came.
    select coalesce(sum(greatest(i.size_bytes, (
      select (o.metadata ->> 'size')::bigint from storage.objects as o
      where o.bucket_id = i.bucket and o.name = i.path
    ))), 0)
    from public.imports as i
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

CREATE OR REPLACE FUNCTION private.close_import (
  import public.imports
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
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

CREATE OR REPLACE FUNCTION private.doom_import()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.doom_objects(
    old.bucket,
    array[old.path, format('%s/%s/errors-%s.csv', old.firm_id, old.id, old.run)],
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
declare
  import public.imports;
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
    and i.status in ('queued', 'running')
  returning * into import;
  if found then
    perform private.close_import(import);
  end if;
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
  perform private.close_import(import);
end
$function$;

CREATE OR REPLACE FUNCTION private.measure_usage()
  RETURNS private.usage_days
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  of_objects constant real := private.sample_percent('storage.objects');
  of_users constant real := private.sample_percent('auth.users');
  of_emails constant real := private.sample_percent('public.emails');
  usage private.usage_days;
begin
  usage.day := (now() at time zone 'UTC')::date;
  -- All databases of the server, as Supabase counts them.
  select sum(pg_database_size(d.oid)) into usage.database_bytes
  from pg_database as d
  where has_database_privilege(d.oid, 'connect');
  select coalesce(sum((o.metadata ->> 'size')::bigint), 0) * 100 / of_objects
  into usage.file_bytes
  from storage.objects as o tablesample system (of_objects) repeatable (0);
  select
    count(*) * 100 / of_users,
    count(*) filter (where u.last_sign_in_at > now() - interval '30 days') * 100 / of_users
  into usage.users, usage.active_users
  from auth.users as u tablesample system (of_users) repeatable (0);
  select count(*) * 100 / of_emails into usage.mails
  from public.emails as e tablesample system (of_emails) repeatable (0)
  where e.sent_at > now() - interval '30 days';
  select count(*) into usage.firms from public.firms;
  return usage;
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
    when 'imports' then exists (
      select from public.imports i
      where i.id = v_id
        and p_path in (i.path, format('%s/%s/errors-%s.csv', i.firm_id, i.id, i.run))
    )
    else false
  end;
end
$function$;

CREATE OR REPLACE FUNCTION private.project_usage()
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  usage constant private.usage_days := private.measure_usage();
  of_objects constant real := private.sample_percent('storage.objects');
begin
  return to_jsonb(usage) || jsonb_build_object(
    'measured_at', now(),
    'tables', (
      select jsonb_agg(t order by t.bytes desc, t.name)
      from (
        select
          n.nspname || '.' || c.relname as name,
          pg_total_relation_size(c.oid) as bytes,
          private.row_estimate(c.oid) as rows
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm')
          and n.nspname not in ('pg_catalog', 'information_schema')
          and n.nspname not like 'pg\_temp%'
          and pg_total_relation_size(c.oid) > 0
      ) as t
    ),
    'buckets', (
      select coalesce(jsonb_agg(b order by b.bytes desc, b.name), '[]')
      from (
        select
          o.bucket_id as name,
          round((count(*) * 100 / of_objects)::numeric) as objects,
          round((coalesce(sum((o.metadata ->> 'size')::bigint), 0) * 100 / of_objects)::numeric)
          as bytes
        from storage.objects as o tablesample system (of_objects) repeatable (0)
        group by o.bucket_id
      ) as b
    ),
    'jobs_7_days', (
      select coalesce(sum(s.done), 0) from private.job_stats as s
      where s.minute > now() - interval '7 days'
    ),
    'growth', private.usage_growth(),
    'estimated', array['tables.rows'] || array(
      select e.figure
      from (values
        ('file_bytes', 'storage.objects'::regclass), ('buckets', 'storage.objects'),
        ('users', 'auth.users'), ('active_users', 'auth.users'), ('mails', 'public.emails')
      ) as e (figure, counted)
      where private.sample_percent(e.counted) < 100
    )
  );
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

COMMENT ON FUNCTION "private"."close_import"(public.imports) IS 'What a run that is over leaves: no refused rows but those in its list, and whoever started it is
told, unless it was a dry run.';

COMMENT ON FUNCTION "private"."doom_import"() IS 'Trigger: the file of an import that is gone is removed, and what its last run refused.';

COMMENT ON FUNCTION "private"."notification_kinds"() IS 'What members of a firm are told by mail too, and how unless they choose otherwise: at once (now),
with the daily digest, or not at all (off). The digest is a kind itself. Other kinds are told in the
app alone.';

COMMENT ON FUNCTION "public"."finish_import"(uuid, integer, text, text, boolean) IS 'The run is over: done, or failed for a reason. has_errors: the list of refused rows is stored. For
the secret key only.';

REVOKE ALL ON FUNCTION "private"."close_import"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_import"(public.imports) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."close_import"(public.imports) TO "postgres";
