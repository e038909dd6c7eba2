SET local check_function_bodies = off;

CREATE TABLE "private"."usage_days" (
  "day"            date   NOT NULL,
  "database_bytes" bigint NOT NULL,
  "file_bytes"     bigint NOT NULL,
  "users"          bigint NOT NULL,
  "active_users"   bigint NOT NULL,
  "mails"          bigint NOT NULL,
  "firms"          bigint NOT NULL,
  CONSTRAINT "usage_days_pkey" PRIMARY KEY (day)
);

ALTER TABLE "private"."usage_days"
  ENABLE ROW LEVEL SECURITY;

CREATE OR REPLACE FUNCTION private.firm_usage (
  of_firm    uuid,
  max_rows   integer,
  after_slug text
)
  RETURNS TABLE (
    firm_id        uuid,
    slug           text,
    name           text,
    archived_at    timestamp with time zone,
    database_bytes bigint,
    row_count      bigint,
    file_bytes     bigint,
    object_bytes   bigint,
    quota          bigint,
    contracts      bigint,
    files          bigint,
    members        bigint,
    mails          bigint,
    jobs           bigint
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  firms constant uuid[] := array(
    select f.id
    from public.firms as f
    where (firm_usage.of_firm is null or f.id = firm_usage.of_firm)
      and (firm_usage.after_slug is null or f.slug > firm_usage.after_slug)
    order by f.slug
    limit least(firm_usage.max_rows, 100)
  );
  counts constant text := (
    select
      string_agg(
        format(
          'select t.firm_id, %L as of_table, count(*) as rows, '
          '%s * count(*) / greatest(%s, count(*)) as bytes '
          'from %s as t where t.firm_id = any ($1) group by t.firm_id',
          c.relname, pg_total_relation_size(c.oid), private.row_estimate(c.oid), c.oid::regclass
        ),
        ' union all '
      )
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'firm_id' and not a.attisdropped
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and c.relkind = 'r'
      -- Few, and without an index on the firm.
      and c.oid <> 'private.dead_jobs'::regclass
  );
begin
  return query execute format(
    $counting$
      with counted as (
        select
          c.firm_id,
          sum(c.bytes) as bytes,
          sum(c.rows) as rows,
          coalesce(sum(c.rows) filter (where c.of_table = 'contracts'), 0) as contracts,
          coalesce(sum(c.rows) filter (where c.of_table = 'files'), 0) as files,
          coalesce(sum(c.rows) filter (where c.of_table = 'firm_members'), 0) as members
        from (%s) as c
        group by c.firm_id
      )
      select
        f.id, f.slug, f.name, f.archived_at, c.bytes::bigint, c.rows::bigint,
        (
          select coalesce(sum(s.size_bytes), 0)::bigint
          from public.files as s
          where s.firm_id = f.id and s.status in ('processing', 'ready', 'quarantined')
        ),
        (
          select coalesce(sum((o.metadata ->> 'size')::bigint), 0)::bigint
          from storage.objects as o
          -- All in its folders, of every bucket: so compared, the index on names is walked along.
          where o.name operator(pg_catalog.~>=~) (f.id || '/')
            and o.name operator(pg_catalog.~<~) (f.id || '0')
        ),
        f.storage_quota_bytes, c.contracts::bigint, c.files::bigint, c.members::bigint,
        (
          select count(*)
          from public.emails as e
          where e.firm_id = f.id and e.created_at > now() - interval '30 days'
            and e.status = 'sent'
        ),
        (
          select count(*)
          from private.finished_jobs as j
          where j.firm_id = f.id and j.finished_at > now() - interval '7 days'
        )
      from public.firms as f
      -- Each has its owner, and so a row.
      join counted as c on c.firm_id = f.id
      order by f.slug
    $counting$,
    counts
  ) using firms;
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
    'send_digests', 'apply_retention', 'remove_objects', 'rescan_files', 'prune_jobs',
    'record_usage'
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
  from storage.objects as o tablesample system (of_objects);
  select
    count(*) * 100 / of_users,
    count(*) filter (where u.last_sign_in_at > now() - interval '30 days') * 100 / of_users
  into usage.users, usage.active_users
  from auth.users as u tablesample system (of_users);
  select count(*) * 100 / of_emails into usage.mails
  from public.emails as e tablesample system (of_emails)
  where e.sent_at > now() - interval '30 days';
  select count(*) into usage.firms from public.firms;
  return usage;
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
        from storage.objects as o tablesample system (of_objects)
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

CREATE OR REPLACE FUNCTION private.record_usage()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- The clock asks each minute.
  if exists (
    select from private.usage_days as d where d.day = (now() at time zone 'UTC')::date
  ) then
    return 0;
  end if;
  insert into private.usage_days select m.* from private.measure_usage() as m
  on conflict (day) do nothing;
  return 1;
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
  ('private.invitation_tokens', 'all', null, null, null, 'Goes with the invitation.'),
  ('private.search_entries', 'all', null, null, null, 'Goes with the row that is found.'),
  ('private.signing_tokens', 'all', null, null, null, 'Goes when it is nobody''s turn any more.')
$function$;

CREATE OR REPLACE FUNCTION private.row_estimate (
  of_table oid
)
  RETURNS bigint
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT GREATEST(pg_stat_get_live_tuples(c.oid), (c.reltuples)::bigint, (0)::bigint)
  AS "greatest"
    FROM pg_class c
   WHERE (c.oid = row_estimate.of_table);
END;

CREATE OR REPLACE FUNCTION private.sample_percent (
  of_table regclass
)
  RETURNS real
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT (LEAST((100)::double precision, (('10000000'::numeric)::double precision / GREATEST(c.reltuples, (1)::real))))::real
  AS "least"
    FROM pg_class c
   WHERE (c.oid = (sample_percent.of_table)::oid);
END;

CREATE OR REPLACE FUNCTION private.usage_growth()
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT
   jsonb_build_object('days', count(*), 'database_bytes', regr_slope((d.database_bytes)::double precision, ((d.day - CURRENT_DATE))::double precision), 'file_bytes',
   regr_slope((d.file_bytes)::double precision, ((d.day - CURRENT_DATE))::double precision),
   'active_users',
   regr_slope((d.active_users)::double precision, ((d.day - CURRENT_DATE))::double precision),
   'mails',
   regr_slope((d.mails)::double precision, ((d.day - CURRENT_DATE))::double precision),
   'firms', regr_slope((d.firms)::double precision, ((d.day - CURRENT_DATE))::double precision))
  AS jsonb_build_object
    FROM private.usage_days d
   WHERE (d.day > (CURRENT_DATE - 90));
END;

CREATE OR REPLACE FUNCTION public.firm_usage (
  of_firm    uuid    DEFAULT NULL::uuid,
  max_rows   integer DEFAULT 100,
  after_slug text    DEFAULT NULL::text
)
  RETURNS TABLE (
    firm_id        uuid,
    slug           text,
    name           text,
    archived_at    timestamp with time zone,
    database_bytes bigint,
    row_count      bigint,
    file_bytes     bigint,
    object_bytes   bigint,
    quota          bigint,
    contracts      bigint,
    files          bigint,
    members        bigint,
    mails          bigint,
    jobs           bigint
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  SET statement_timeout TO '60s'
BEGIN ATOMIC
 SELECT u.firm_id,
     u.slug,
     u.name,
     u.archived_at,
     u.database_bytes,
     u.row_count,
     u.file_bytes,
     u.object_bytes,
     u.quota,
     u.contracts,
     u.files,
     u.members,
     u.mails,
     u.jobs
    FROM private.firm_usage(firm_usage.of_firm, firm_usage.max_rows, firm_usage.after_slug)
      u(firm_id, slug, name, archived_at, database_bytes, row_count, file_bytes, object_bytes, quota, contracts, files, members, mails, jobs);
END;

REVOKE ALL ON FUNCTION "public"."firm_usage"(uuid, integer, text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.project_usage()
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  SET statement_timeout TO '60s'
RETURN private.project_usage();

REVOKE ALL ON FUNCTION "public"."project_usage"() FROM PUBLIC, "anon", "authenticated";

CREATE POLICY "usage_days_nobody" ON "private"."usage_days"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

COMMENT ON COLUMN "private"."usage_days"."active_users" IS 'Who signed in within thirty days.';

COMMENT ON COLUMN "private"."usage_days"."mails" IS 'What was sent within thirty days.';

COMMENT ON FUNCTION "private"."firm_usage"(uuid, integer, text) IS 'Definer of public.firm_usage.';

COMMENT ON FUNCTION "private"."measure_usage"() IS 'How large the project is now. What is counted in samples is an estimate: see sample_percent.';

COMMENT ON FUNCTION "private"."project_usage"() IS 'Definer of public.project_usage.';

COMMENT ON FUNCTION "private"."record_usage"() IS 'Keeps how large the project is, once a day (UTC). Returns how many rows it wrote.';

COMMENT ON FUNCTION "private"."row_estimate"(oid) IS 'About how many rows a table has.';

COMMENT ON FUNCTION "private"."sample_percent"(regclass) IS 'How many percent of a table to read for about a hundred thousand rows; 100 of a smaller one, and
of one of which nothing is known yet.';

COMMENT ON FUNCTION "private"."usage_growth"() IS 'What the project grows by in a day, and from how many days of the last ninety that is known.';

COMMENT ON FUNCTION "public"."firm_usage"(uuid, integer, text) IS 'What each firm takes up, by short name, at most a hundred behind after_slug, or one of them. Rows
are counted; database_bytes is an estimate, the firm''s part of the rows of each table. file_bytes is
what counts against the quota, object_bytes all that is stored, pictures, reports and exports too.
files are all versions, mails those sent within thirty days, jobs those of the last seven that left a
result. For the secret key only.';

COMMENT ON FUNCTION "public"."project_usage"() IS 'How large the project is: bytes of the database and of its tables, bytes of files by bucket, users
and who of them signed in within thirty days, mails sent within thirty days, jobs done within seven;
growth, by least squares over up to ninety days, is what each grows in a day; estimated names the
figures that were not counted whole. For the secret key only.';

COMMENT ON TABLE "private"."usage_days" IS 'How large the project was on each day (UTC), so that its growth can be told.';

REVOKE ALL ON FUNCTION "private"."firm_usage"(uuid, integer, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."firm_usage"(uuid, integer, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."firm_usage"(uuid, integer, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."firm_usage"(uuid, integer, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."measure_usage"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."measure_usage"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."measure_usage"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."project_usage"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."project_usage"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."project_usage"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."project_usage"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."record_usage"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."record_usage"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."record_usage"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."row_estimate"(oid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."row_estimate"(oid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."row_estimate"(oid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sample_percent"(regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sample_percent"(regclass) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sample_percent"(regclass) TO "postgres";

REVOKE ALL ON FUNCTION "private"."usage_growth"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."usage_growth"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."usage_growth"() TO "postgres";

REVOKE ALL ON FUNCTION "public"."firm_usage"(uuid, integer, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."firm_usage"(uuid, integer, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."firm_usage"(uuid, integer, text) TO "service_role";

REVOKE ALL ON FUNCTION "public"."project_usage"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."project_usage"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."project_usage"() TO "service_role";

REVOKE ALL ON TABLE "private"."usage_days" FROM PUBLIC, "anon", "authenticated", "service_role";
