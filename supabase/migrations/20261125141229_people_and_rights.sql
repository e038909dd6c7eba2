SET local check_function_bodies = off;

DROP INDEX "public"."companies_firm_id_owner_id_idx";

DROP INDEX "public"."consultants_user_id_idx";

DROP INDEX "public"."contracts_firm_id_amended_from_id_idx";

DROP INDEX "public"."contracts_firm_id_company_id_idx";

DROP INDEX "public"."contracts_firm_id_consultant_id_idx";

DROP INDEX "public"."contracts_firm_id_parent_id_idx";

DROP INDEX "public"."contracts_firm_id_renewed_from_id_idx";

DROP INDEX "public"."files_firm_id_company_id_idx";

DROP INDEX "public"."files_firm_id_consultant_id_idx";

DROP INDEX "public"."files_firm_id_contract_id_idx";

DROP INDEX "public"."merge_log_firm_id_kept_company_id_idx";

DROP INDEX "public"."merge_log_firm_id_kept_consultant_id_idx";

DROP INDEX "public"."merge_log_firm_id_merged_company_id_idx";

DROP INDEX "public"."merge_log_firm_id_merged_consultant_id_idx";

DROP INDEX "public"."notes_firm_id_company_id_idx";

DROP INDEX "public"."notes_firm_id_consultant_id_idx";

DROP INDEX "public"."notes_firm_id_contact_id_idx";

DROP INDEX "public"."notes_firm_id_contract_id_idx";

DROP INDEX "public"."reports_requested_by_idx";

DROP INDEX "public"."taggings_firm_id_company_id_idx";

DROP INDEX "public"."taggings_firm_id_consultant_id_idx";

DROP INDEX "public"."taggings_firm_id_contact_id_idx";

DROP INDEX "public"."taggings_firm_id_contract_id_idx";

CREATE TABLE "private"."doomed_objects" (
  "bucket"     text                     NOT NULL,
  "path"       text                     NOT NULL,
  "doomed_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "due_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "open_until" timestamp with time zone,
  CONSTRAINT "doomed_objects_pkey" PRIMARY KEY (bucket, path)
);

ALTER TABLE "private"."doomed_objects"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."retention_clock" (
  "only_row" boolean                  NOT NULL DEFAULT true,
  "due_at"   timestamp with time zone NOT NULL,
  CONSTRAINT "retention_clock_only_row_check" CHECK (only_row),
  CONSTRAINT "retention_clock_pkey" PRIMARY KEY (only_row)
);

ALTER TABLE "private"."retention_clock"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "public"."erasures" (
  "id"            uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"       uuid                     NOT NULL,
  "consultant_id" uuid,
  "contact_id"    uuid,
  "merged_ids"    uuid[]                   NOT NULL DEFAULT '{}'::uuid[],
  "note"          text                     NOT NULL,
  "removed"       jsonb                    NOT NULL,
  "kept"          jsonb                    NOT NULL,
  "mentions"      jsonb                    NOT NULL,
  "look_again_on" date,
  "released_on"   date,
  "erased_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "erased_by"     uuid,
  CONSTRAINT "erasures_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "erasures_note_length" CHECK (((char_length(btrim(note)) >= 1) AND (char_length(btrim(note)) <= 2000))),
  CONSTRAINT "erasures_one_person" CHECK ((num_nonnulls(consultant_id, contact_id) = 1)),
  CONSTRAINT "erasures_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."erasures"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."erasures" FROM "anon";

CREATE TABLE "public"."firm_exports" (
  "id"           uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"      uuid                     NOT NULL,
  "requested_by" uuid,
  "status"       text                     NOT NULL DEFAULT 'queued'::text,
  "progress"     integer                  NOT NULL DEFAULT 0,
  "part_count"   integer                  NOT NULL DEFAULT 0,
  "parts"        jsonb                    NOT NULL DEFAULT '[]'::jsonb,
  "error"        text,
  "detail"       text,
  "created_at"   timestamp with time zone NOT NULL DEFAULT now(),
  "finished_at"  timestamp with time zone,
  "expires_at"   timestamp with time zone NOT NULL DEFAULT (now() + '7 days'::interval),
  CONSTRAINT "firm_exports_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "firm_exports_parts_array" CHECK ((jsonb_typeof(parts) = 'array'::text)),
  CONSTRAINT "firm_exports_pkey" PRIMARY KEY (id),
  CONSTRAINT "firm_exports_progress_range" CHECK (((progress >= 0) AND (progress <= 100))),
  CONSTRAINT "firm_exports_ready_has_parts" CHECK (((status <> 'ready'::text) OR (parts <> '[]'::jsonb))),
  CONSTRAINT "firm_exports_status_known" CHECK ((status = ANY (ARRAY['queued'::text, 'working'::text, 'ready'::text, 'failed'::text])))
);

ALTER TABLE "public"."firm_exports"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."firm_exports" FROM "anon";

ALTER TABLE "private"."signing_tokens"
  ADD COLUMN "seen_hash" bytea;

ALTER TABLE "public"."consultants"
  ADD COLUMN "erased_at" timestamp WITH time zone;

ALTER TABLE "public"."contacts"
  ADD COLUMN "erased_at" timestamp WITH time zone;

ALTER TABLE "public"."firms"
  ADD COLUMN "require_mfa" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."profiles"
  ADD COLUMN "avatar_path" text;

CREATE OR REPLACE FUNCTION private.access_review (
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
begin
  perform private.require_role(p_firm_id, 'admin');
  return query select * from private.list_access(p_firm_id, p_entity, p_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.add_export (
  p_firm_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_id uuid;
begin
  insert into public.firm_exports (firm_id, requested_by)
  values (p_firm_id, auth.uid())
  returning id into v_id;
  perform private.enqueue(
    'firm.export', jsonb_build_object('export_id', v_id), p_firm_id, priority => 'low'
  );
  return v_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.advance_contracts (
  p_now timestamp with time zone DEFAULT now()
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  c_bite constant integer := 1000;
  v_ids uuid[];
  v_most integer := 0;
  v_count integer;
begin
  -- In each step the widest date on earth bounds the index scan; the firm's own day decides.
  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'signed'
      and c.starts_on <= (p_now at time zone 'UTC')::date + 1
      and c.starts_on <= (p_now at time zone f.timezone)::date
      -- With the version before, or not yet: whoever holds that one must not hold up all the others.
      and (
        c.amended_from_id is null
        or exists (
          select from public.contracts o
          where o.firm_id = c.firm_id and o.id = c.amended_from_id
          for update skip locked
        )
      )
    limit c_bite
    for update of c skip locked
  ), started as (
    update public.contracts c
    set status = 'active'
    -- All are found before the first is written: a version and the one before may come at once.
    where c.id = any (array(select due.id from due))
    returning c.firm_id, c.id
  ), logged as (
    insert into public.contract_events (firm_id, contract_id, from_status, to_status)
    select s.firm_id, s.id, 'signed', 'active'
    from started s
  )
  select coalesce(array_agg(s.id), '{}') into v_ids from started s;
  v_most := cardinality(v_ids);

  -- In the same transaction: nobody ever sees two versions in force.
  with old as (
    select o.id, o.firm_id, o.status, format('Replaced by version %s.', n.version) as reason
    from public.contracts n
    join public.contracts o on o.firm_id = n.firm_id and o.id = n.amended_from_id
    where n.id = any (v_ids) and o.status in ('signed', 'active')
    for update of o
  ), replaced as (
    update public.contracts c
    set status = 'terminated', terminated_at = now(), reason = old.reason
    from old
    where c.id = old.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, note)
  select old.firm_id, old.id, old.status, 'terminated', old.reason
  from old;

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.terminates_on < (p_now at time zone 'UTC')::date + 1
      and c.terminates_on < (p_now at time zone f.timezone)::date
    limit c_bite
    for update of c skip locked
  ), ended as (
    update public.contracts c
    set status = 'terminated', terminated_at = now()
    from due
    where c.id = due.id
    returning c.firm_id, c.id, c.reason
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, note)
  select e.firm_id, e.id, 'active', 'terminated', e.reason
  from ended e;
  get diagnostics v_count = row_count;
  v_most := greatest(v_most, v_count);

  perform set_config('firmbase.guards', 'off', true);
  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.auto_renew
      and c.terminates_on is null
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
    limit c_bite
    for update of c skip locked
  ), prolonged as (
    update public.contracts c
    -- Counted from the day after, so that the end of a month stays the end of a month.
    set ends_on = (c.ends_on + 1 + make_interval(months => c.renewal_months))::date - 1
    from due
    where c.id = due.id
    returning c.firm_id, c.id, c.ends_on
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, note)
  select p.firm_id, p.id, 'active', 'active', format('Renewed until %s.', p.ends_on)
  from prolonged p;
  get diagnostics v_count = row_count;
  v_most := greatest(v_most, v_count);
  perform set_config('firmbase.guards', '', true);

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and not c.auto_renew
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
    limit c_bite
    for update of c skip locked
  ), ended as (
    update public.contracts c
    set status = 'expired'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select e.firm_id, e.id, 'active', 'expired'
  from ended e;
  get diagnostics v_count = row_count;
  return greatest(v_most, v_count);
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_retention()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  c_bite constant integer := 1000;
  v_rule record;
  v_count integer;
  v_left integer := c_bite;
begin
  if exists (select from private.retention_clock c where c.due_at > now()) then
    return 0;
  end if;
  for v_rule in select * from private.retention_rules() r where r.due is not null loop
    execute format(
      case when v_rule.change is null then 'delete from %1$s t' else 'update %1$s t set %3$s' end
      -- Locked as they are found: what somebody restores just now stays, and whoever holds a row of
      -- theirs holds up nobody else's.
      || ' where t.ctid = any (array('
      'select t.ctid from %1$s t where %2$s limit $2 for update skip locked))',
      v_rule.table_name, v_rule.due, v_rule.change
    ) using now() - v_rule.keep, v_left;
    get diagnostics v_count = row_count;
    v_left := v_left - v_count;
    exit when v_left <= 0;
  end loop;
  v_left := v_left - private.release_erasures(v_left);
  v_left := v_left - private.delete_archived_firms(v_left);
  if v_left > 0 then
    insert into private.retention_clock as c (due_at) values (now() + interval '1 hour')
    on conflict (only_row) do update set due_at = excluded.due_at;
  end if;
  return c_bite - v_left;
end
$function$;

CREATE OR REPLACE FUNCTION private.avatar_paths()
  RETURNS SETOF text
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select id || '/avatar.' || kind
  from private.colleague_ids() as id
  cross join unnest(array['jpg', 'png', 'webp']) as kind
$function$;

CREATE OR REPLACE FUNCTION private.begin_export (
  p_id uuid
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_export public.firm_exports;
begin
  update public.firm_exports e
  set status = 'working', progress = 0, error = null, detail = null, finished_at = null
  where e.id = p_id
    and e.status <> 'ready'
    -- One that failed may come back only if no other was begun meanwhile.
    and not exists (
      select from public.firm_exports o
      where o.firm_id = e.firm_id and o.id <> e.id and o.status in ('queued', 'working')
    )
  returning * into v_export;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'firm_id', v_export.firm_id,
    'firm', (select f.name from public.firms f where f.id = v_export.firm_id),
    'folder', format('%s/%s', v_export.firm_id, v_export.id)
  );
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
$function$;

CREATE OR REPLACE FUNCTION private.blot (
  p_text   text,
  p_naming text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  select regexp_replace(p_text, p_naming, 'Erased person', 'gi')
$function$;

CREATE OR REPLACE FUNCTION private.contract_kept_until (
  p_contract public.contracts
)
  RETURNS date
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select case
    when p_contract.signed_at is null then null
    when p_contract.status in ('signed', 'active') then 'infinity'
    -- § 147 AO and § 257 HGB count ten years from the end of the year.
    else make_date(
      extract(
        year from coalesce(
          p_contract.terminated_at::date, p_contract.ends_on, p_contract.updated_at::date
        )
      )::integer + 10, 12, 31
    )
  end
$function$;

CREATE OR REPLACE FUNCTION private.copy_contract_parts (
  p_from uuid,
  p_to   public.contracts
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_from public.contracts;
begin
  select * into strict v_from from public.contracts c where c.id = p_from;
  insert into public.contract_signers (firm_id, contract_id, name, email, role, sign_order)
  select s.firm_id, p_to.id, s.name, s.email, s.role, s.sign_order
  from public.contract_signers s
  where s.firm_id = v_from.firm_id
    and s.contract_id = p_from
    and s.archived_at is null
    -- Whoever was erased since does not sign again.
    and s.email not like '%@erased.invalid';
  -- Who is on it till the end goes on.
  insert into public.contract_consultants (
    firm_id, contract_id, consultant_id, period, allocation_pct, bill_rate, bill_unit
  )
  select
    c.firm_id, p_to.id, c.consultant_id, daterange(p_to.starts_on, p_to.ends_on, '[]'),
    c.allocation_pct, c.bill_rate, c.bill_unit
  from public.contract_consultants c
  join public.consultants who on who.firm_id = c.firm_id and who.id = c.consultant_id
  where c.firm_id = v_from.firm_id
    and c.contract_id = p_from
    and c.archived_at is null
    and who.archived_at is null
    and (upper_inf(c.period) or upper(c.period) > coalesce(v_from.ends_on, lower(c.period)));
end
$function$;

CREATE OR REPLACE FUNCTION private.count_mentions (
  p_firm_id uuid,
  p_terms   text[]
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_naming text := private.naming(p_terms);
  v_words text := (
    select string_agg(phraseto_tsquery('simple', private.plain(t))::text, ' | ')
    from unnest(p_terms) t
    where numnode(phraseto_tsquery('simple', private.plain(t))) > 0
  );
begin
  return (
    select coalesce(jsonb_object_agg(m.what, m.count), '{}')
    from (
      select 'notes.body' as what, count(*) as count
      from public.notes n
      where n.firm_id = p_firm_id and n.body ~* v_naming
      union all
      -- The same person entered once more, or somebody of the same name.
      select 'contacts', count(*)
      from public.contacts c
      where c.firm_id = p_firm_id
        and c.erased_at is null
        and concat_ws(' ', c.name, c.email, c.phone) ~* v_naming
      union all
      select 'consultants', count(*)
      from public.consultants c
      where c.firm_id = p_firm_id
        and c.erased_at is null
        and concat_ws(' ', c.name, c.email, c.phone) ~* v_naming
      union all
      select 'contract_signers', count(*)
      from public.contract_signers s
      where s.firm_id = p_firm_id
        and s.email not like '%@erased.invalid'
        and concat_ws(' ', s.name, s.email, s.signed_name) ~* v_naming
      union all
      select 'companies', count(*)
      from public.companies o
      where o.firm_id = p_firm_id
        and concat_ws(' ', o.name, o.legal_name, o.address) ~* v_naming
      union all
      select 'contracts.title', count(*)
      from public.contracts c
      where c.firm_id = p_firm_id and c.title ~* v_naming
      union all
      select 'contracts.reason', count(*)
      from public.contracts c
      where c.firm_id = p_firm_id and c.reason ~* v_naming
      union all
      select 'files', count(*)
      from public.files f
      where f.firm_id = p_firm_id
        and (
          f.name ~* v_naming
          -- By the index of the search: whole documents are too long to be read here.
          or f.id in (
            select e.id
            from private.search_entries e
            where e.firm_id = p_firm_id and e.kind = 'file' and e.words @@ v_words::tsquery
          )
        )
      union all
      select 'saved_views', count(*)
      from public.saved_views v
      where v.firm_id = p_firm_id and (v.name ~* v_naming or v.definition::text ~* v_naming)
    ) m
    where m.count > 0
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.delete_account()
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if exists (
    select from auth.mfa_factors where user_id = auth.uid() and status = 'verified'
  ) and not private.has_second_factor() then
    perform private.fail(
      'mfa_required', 'Your account has a second factor.',
      hint => 'Verify it, then refresh the session.', status => 403
    );
  elsif jsonb_path_exists(
    auth.jwt(),
    '$.amr[*].timestamp ? (@ > $earliest)',
    jsonb_build_object('earliest', extract(epoch from now() - interval '10 minutes'))
  ) is not true then
    perform private.fail(
      'reauthentication_needed', 'Your last sign-in is too long ago for this.',
      hint => 'Sign in again and repeat it within ten minutes.', status => 401
    );
  end if;
  delete from auth.users where id = auth.uid();
  if not found then
    perform private.fail(
      'not_signed_in', 'There is no such account any more.', status => 401
    );
  end if;
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
    'public.reports', 'public.firm_exports', 'public.contract_events', 'private.search_entries', 'public.audit_log'
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
  perform private.doom_object(
    'avatars', old.id || '/avatar.' || kind, now(), now() + interval '2 hours'
  )
  from unnest(array['jpg', 'png', 'webp']) as kind;
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
  perform private.doom_object(
    'exports',
    format('%s/%s/part-%s.zip', old.firm_id, old.id, to_char(n, 'FM000')),
    now(),
    -- The worker may be sending one just now.
    case when old.status = 'working' then now() + interval '1 hour' end
  )
  from generate_series(1, old.part_count) n;
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
    when v_gone or new.reason in ('upload_cancelled', 'upload_expired') then now()
    else now() + interval '7 days'
  end;
begin
  perform private.doom_object(old.bucket, old.path, v_due_at, v_open_until);
  perform private.doom_object(
    old.bucket, old.firm_id || '/' || old.id || '/.thumbnail.webp', v_due_at, v_open_until
  );
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.doom_object (
  p_bucket     text,
  p_path       text,
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
  values (
    p_bucket, p_path, p_due_at, case when p_open_until > p_due_at then p_open_until end
  )
  on conflict (bucket, path) do update
  set
    due_at = least(d.due_at, excluded.due_at),
    open_until = greatest(d.open_until, excluded.open_until);
  if p_due_at <= now() then
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
  perform private.doom_object(
    'reports',
    format('%s/%s.%s', old.firm_id, old.id, old.format),
    now(),
    case when old.status <> 'ready' then now() + interval '1 hour' end
  );
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.doomed_objects (
  p_max_rows integer
)
  RETURNS TABLE (
    bucket text,
    path   text
  )
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
begin
  loop
    return query
    with batch as (
      select d.bucket, d.path
      from private.doomed_objects d
      where d.due_at <= now()
      order by d.due_at
      limit least(p_max_rows, 500)
      for update
    ), spared as (
      -- Somebody needs it again, such as a file whose job was sent back.
      delete from private.doomed_objects d
      using batch b
      where d.bucket = b.bucket and d.path = b.path and private.needs_object(b.bucket, b.path)
      returning d.bucket, d.path
    )
    select b.bucket, b.path from batch b
    except
    select s.bucket, s.path from spared s;
    exit when found
      or not exists (select from private.doomed_objects d where d.due_at <= now());
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_consultant (
  p_id   uuid,
  p_note text
)
  RETURNS public.erasures
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_firm_id uuid;
  v_ids uuid[];
  v_contract_ids uuid[];
  v_emails text[];
  v_terms text[];
  v_naming text;
  v_traces record;
  v_kept jsonb;
  v_erasure public.erasures;
begin
  v_firm_id := (
    select c.firm_id
    from public.consultants c
    where c.id = p_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  end if;
  perform private.lock_firm(v_firm_id, 'admin');
  select * into v_erasure
  from public.erasures e
  where e.firm_id = v_firm_id and (e.consultant_id = p_id or p_id = any (e.merged_ids));
  if found then
    return v_erasure;
  end if;

  -- A duplicate that was merged is the same person and still has its own values.
  v_ids := array(
    with recursive one_person (id) as (
      select p_id
      union
      select case
        when m.kept_consultant_id = o.id then m.merged_consultant_id else m.kept_consultant_id
      end
      from one_person o
      join public.merge_log m
        on m.firm_id = v_firm_id
        and o.id in (m.kept_consultant_id, m.merged_consultant_id)
        and m.undone_at is null
    )
    select o.id from one_person o
  );
  -- Whoever is about to sign, or to add a file or a note, is waited for: contracts first, as
  -- those who renew one hold them when they come to the person. Then once more, with what was new.
  perform private.lock_contracts_of(v_firm_id, v_ids, '{}');
  perform from public.consultants c where c.id = any (v_ids) order by c.id for update;
  v_emails := array(
    select distinct lower(c.email)
    from public.consultants c
    where c.id = any (v_ids) and c.email is not null
  );
  v_terms := array(
    select distinct t
    from public.consultants c
    cross join unnest(array[c.name, c.email, c.phone]) t
    where c.id = any (v_ids) and t is not null
  );
  v_naming := private.naming(v_terms);
  perform private.require_erasure_note(p_note, v_naming);
  v_contract_ids := private.lock_contracts_of(v_firm_id, v_ids, v_emails);
  if exists (
    select from public.contracts c
    where c.id = any (v_contract_ids)
      and c.status in ('signed', 'active')
      and (
        c.consultant_id = any (v_ids)
        or exists (
          select from public.contract_consultants p
          where p.firm_id = v_firm_id
            and p.contract_id = c.id
            and p.consultant_id = any (v_ids)
            and p.archived_at is null
        )
      )
  ) then
    perform private.fail(
      'still_engaged', 'This person has a contract that is signed or active.',
      hint => 'End it, or take them off it, first.', status => 409
    );
  end if;

  perform set_config('firmbase.guards', 'off', true);
  select * into v_traces
  from private.erase_traces(v_firm_id, v_naming, v_emails, v_ids, '{}', v_contract_ids);
  v_kept := private.kept_signatures(v_traces.signer_ids, v_ids, v_contract_ids) || (
    select coalesce(jsonb_agg(jsonb_build_object(
      'table', 'consultants',
      'id', c.consultant_id,
      'columns', '["name"]'::jsonb,
      'contract_id', c.id,
      'why', 'Party to a contract that was signed: § 147 AO, § 257 HGB, Art. 17(3)(b) GDPR.'
    ) order by c.number), '[]')
    from public.contracts c
    where c.id = any (v_contract_ids)
      and c.consultant_id = any (v_ids)
      and c.signed_at is not null
  );
  update public.consultants c
  set
    user_id = null,
    email = null,
    phone = null,
    headline = null,
    status = 'inactive',
    seniority = null,
    skills = '{}',
    available_from = null,
    external_ref = null,
    archived_at = coalesce(c.archived_at, now()),
    erased_at = now()
  where c.id = any (v_ids);
  update public.consultant_private
  set cost_rate = null, cost_unit = null, currency = null, tax_ref = null, bank_ref = null
  where consultant_id = any (v_ids);
  perform set_config('firmbase.guards', '', true);

  insert into public.erasures (
    firm_id, consultant_id, merged_ids, note, removed, kept, mentions, erased_by
  )
  values (
    v_firm_id, p_id, array_remove(v_ids, p_id), p_note,
    v_traces.removed || jsonb_build_object('consultants', cardinality(v_ids)), v_kept,
    private.count_mentions(v_firm_id, v_terms), auth.uid()
  )
  returning * into v_erasure;
  return private.settle_erasure(v_erasure);
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_contact (
  p_id   uuid,
  p_note text
)
  RETURNS public.erasures
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_contact public.contacts;
  v_contract_ids uuid[];
  v_emails text[];
  v_terms text[];
  v_naming text;
  v_traces record;
  v_kept jsonb;
  v_erasure public.erasures;
begin
  select * into v_contact
  from public.contacts c
  where c.id = p_id and c.firm_id = any (array(select private.firm_ids()));
  if not found then
    perform private.fail('contact_not_found', 'There is no such contact.', status => 404);
  end if;
  perform private.lock_firm(v_contact.firm_id, 'admin');
  select * into v_erasure
  from public.erasures e
  where e.firm_id = v_contact.firm_id and e.contact_id = p_id;
  if found then
    return v_erasure;
  end if;

  select * into strict v_contact from public.contacts c where c.id = p_id for update;
  v_emails := array_remove(array[lower(v_contact.email)], null);
  v_terms := array_remove(array[v_contact.name, v_contact.email, v_contact.phone], null);
  v_naming := private.naming(v_terms);
  perform private.require_erasure_note(p_note, v_naming);
  v_contract_ids := private.lock_contracts_of(v_contact.firm_id, '{}', v_emails);

  perform set_config('firmbase.guards', 'off', true);
  select * into v_traces
  from private.erase_traces(
    v_contact.firm_id, v_naming, v_emails, '{}', array[p_id], v_contract_ids
  );
  v_kept := private.kept_signatures(v_traces.signer_ids, '{}', v_contract_ids);
  update public.contacts c
  set
    name = 'Erased person',
    email = null,
    phone = null,
    position = null,
    is_primary = false,
    archived_at = coalesce(c.archived_at, now()),
    erased_at = now()
  where c.id = p_id;
  perform set_config('firmbase.guards', '', true);

  insert into public.erasures (
    firm_id, contact_id, note, removed, kept, mentions, erased_by
  )
  values (
    v_contact.firm_id, p_id, p_note, v_traces.removed || jsonb_build_object('contacts', 1), v_kept,
    private.count_mentions(v_contact.firm_id, v_terms), auth.uid()
  )
  returning * into v_erasure;
  return private.settle_erasure(v_erasure);
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_traces (
  p_firm_id        uuid,
  p_naming         text,
  p_emails         text[],
  p_consultant_ids uuid[],
  p_contact_ids    uuid[],
  p_contract_ids   uuid[],
  OUT              removed jsonb,
  OUT              signer_ids uuid[]
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_numbers text[];
  v_links text[];
  v_email_ids uuid[];
  v_file_ids uuid[];
  v_count integer;
begin
  removed := '{}';
  signer_ids := array(
    select s.id
    from public.contract_signers s
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    where s.firm_id = p_firm_id
      and s.contract_id = any (p_contract_ids)
      and (
        s.email = any (p_emails)
        or (s.role = 'consultant' and c.consultant_id = any (p_consultant_ids))
      )
  );
  -- What they still had to sign goes back to whoever prepared it.
  with recalled as (
    update public.contracts c
    set status = 'draft'
    where c.id = any (p_contract_ids)
      and c.status = 'sent'
      and (
        c.consultant_id = any (p_consultant_ids)
        or exists (
          select from public.contract_signers s
          where s.contract_id = c.id and s.id = any (signer_ids)
        )
      )
    returning c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  select p_firm_id, r.id, 'sent', 'draft', auth.uid(), 'Somebody who had to sign was erased.'
  from recalled r;
  -- And nobody counts on them any more.
  update public.contract_consultants p
  set archived_at = now()
  from public.contracts c
  where p.firm_id = p_firm_id
    and p.consultant_id = any (p_consultant_ids)
    and p.archived_at is null
    and c.id = p.contract_id
    and c.status in ('draft', 'in_review', 'sent');

  with gone as (
    delete from public.contract_signers s
    using public.contracts c
    where s.id = any (signer_ids)
      and c.firm_id = s.firm_id
      and c.id = s.contract_id
      and (c.signed_at is null or s.status <> 'signed')
    returning s.id
  ), masked as (
    -- Name and terms are the evidence; the address is not.
    update public.contract_signers s
    set email = s.id || '@erased.invalid', reason = null
    from public.contracts c
    where s.id = any (signer_ids)
      and c.firm_id = s.firm_id
      and c.id = s.contract_id
      and c.signed_at is not null
      and s.status = 'signed'
    returning s.id
  )
  select count(*) into v_count from (select id from gone union all select id from masked) s;
  removed := removed || jsonb_build_object('contract_signers', v_count);
  delete from private.signing_tokens where firm_id = p_firm_id and signer_id = any (signer_ids);

  update public.contract_events e
  -- A short name may stand there so often that what replaces it finds no room.
  set note = left(private.blot(e.note, p_naming), 2000)
  where e.firm_id = p_firm_id
    and e.contract_id = any (p_contract_ids)
    and e.note ~* p_naming;
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('contract_events', v_count);

  with gone as (
    delete from public.files
    where firm_id = p_firm_id and consultant_id = any (p_consultant_ids)
    returning id
  )
  select array_agg(g.id) into v_file_ids from gone g;
  removed := removed || jsonb_build_object('files', coalesce(cardinality(v_file_ids), 0));

  delete from public.notes
  where firm_id = p_firm_id
    and (consultant_id = any (p_consultant_ids) or contact_id = any (p_contact_ids));
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('notes', v_count);

  delete from public.taggings
  where firm_id = p_firm_id
    and (consultant_id = any (p_consultant_ids) or contact_id = any (p_contact_ids));
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('taggings', v_count);

  -- News about the files that are gone, and what was said of the person in that about contracts.
  v_links := array(select '/files/' || f from unnest(v_file_ids) f);
  delete from public.notifications n
  where n.firm_id = p_firm_id
    and (
      n.link = any (v_links)
      or (
        n.title || ' ' || n.body ~* p_naming
        and n.link = any (array(select '/contracts/' || c from unnest(p_contract_ids) c))
      )
    );
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('notifications', v_count);

  v_numbers := array(
    select c.number::text
    from public.contracts c
    where c.firm_id = p_firm_id and c.id = any (p_contract_ids)
  );
  with gone as (
    delete from public.emails e
    where e.firm_id = p_firm_id
      and (
        lower(e.to_address) = any (p_emails)
        or (
          e.params ->> 'number' = any (v_numbers)
          and e.params::text ~* p_naming
        )
      )
    returning e.id
  )
  select array_agg(g.id) into v_email_ids from gone g;
  removed := removed || jsonb_build_object('emails', coalesce(cardinality(v_email_ids), 0));
  delete from private.dead_jobs d
  where d.firm_id = p_firm_id
    and d.kind = 'email.send'
    and d.payload ->> 'email_id' = any (v_email_ids::text[]);

  delete from public.invitations where firm_id = p_firm_id and email = any (p_emails);
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('invitations', v_count);
end
$function$;

CREATE OR REPLACE FUNCTION private.export_firm (
  p_firm_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.lock_firm(p_firm_id, 'owner');
  if exists (
    select from public.firm_exports e
    where e.firm_id = p_firm_id and e.status in ('queued', 'working')
  ) then
    perform private.fail(
      'export_running', 'An export of the firm is being made already.',
      hint => 'Wait until it is ready.', status => 409
    );
  elsif (
    select count(*) >= 5
    from public.firm_exports e
    where e.firm_id = p_firm_id
      and e.requested_by is not null
      and e.created_at > now() - interval '1 day'
  ) then
    perform private.fail(
      'too_many_exports', 'The firm was exported five times today.',
      hint => 'Take the last one, or try again tomorrow.', status => 429
    );
  end if;
  return private.add_export(p_firm_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.export_firm_for_operator (
  p_firm_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_id uuid;
begin
  perform from public.firms f where f.id = p_firm_id for no key update;
  if not found then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  end if;
  select e.id into v_id
  from public.firm_exports e
  where e.firm_id = p_firm_id and e.status in ('queued', 'working');
  return coalesce(v_id, private.add_export(p_firm_id));
end
$function$;

CREATE OR REPLACE FUNCTION private.fail_export()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  update public.firm_exports
  set
    status = 'failed',
    error = new.code,
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    detail = case new.code
      when 'exception' then 'Something went wrong on our side.'
      else left(new.error, 500)
    end,
    finished_at = now()
  where id = (new.payload ->> 'export_id')::uuid and status <> 'ready';
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_export (
  p_id    uuid,
  p_parts jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_export public.firm_exports;
begin
  update public.firm_exports e
  set
    status = 'ready',
    progress = 100,
    parts = p_parts,
    finished_at = now(),
    expires_at = now() + interval '7 days'
  where e.id = p_id
    and e.status = 'working'
    -- Only what lies in its own folder.
    and not exists (
      select from jsonb_array_elements(p_parts) p
      where not starts_with(p.value ->> 'path', e.firm_id || '/' || e.id || '/')
    )
  returning * into v_export;
  if found then
    perform private.notify(
      v_export.firm_id,
      'export_ready',
      'export_ready:' || p_id,
      'The export of your firm is ready',
      format('It can be downloaded until %s.', v_export.expires_at::date),
      '/settings/exports/' || p_id,
      p_user_ids => array[v_export.requested_by]
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.firm_grace()
  RETURNS interval
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  select r.keep from private.retention_rules() r where r.table_name = 'public.firms'
$function$;

CREATE OR REPLACE FUNCTION private.firm_ids (
  min_role text DEFAULT 'viewer'::text
)
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- The order of private.role_rank, whose calls would double the cost of what every policy asks.
  c_roles constant text[] := array['viewer', 'member', 'manager', 'admin', 'owner'];
  v_user constant uuid := auth.uid();
begin
  -- Not a join, which costs half as much again: most people belong to one firm or two.
  return query
  select m.firm_id
  from public.firm_members m
  where m.user_id = v_user
    and m.status = 'active'
    and array_position(c_roles, m.role) >= array_position(c_roles, min_role)
    and (
      select
        f.status = 'active'
        and f.archived_at is null
        and (not f.require_mfa or (select private.has_second_factor()))
      from public.firms f
      where f.id = m.firm_id
    );
end
$function$;

CREATE OR REPLACE FUNCTION private.follow_signing()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- All of one turn are asked at once, and each of them twice more.
  c_most constant integer := 50;
begin
  if new.status = 'sent' then
    -- Whoever still changes one of them is waited for: the mail goes to the address that stays.
    perform from public.contract_signers s
    where s.firm_id = new.firm_id and s.contract_id = new.id
    order by s.id
    for update;
    -- Once more from the start: what was signed or declined before were other terms.
    update public.contract_signers
    set
      status = 'pending',
      viewed_at = null,
      decided_at = null,
      reason = null,
      signed_name = null,
      signed_terms = null
    where contract_id = new.id and status <> 'pending';
    delete from private.signing_tokens t
    using public.contract_signers s
    where s.contract_id = new.id and t.firm_id = s.firm_id and t.signer_id = s.id;
    if (
      select count(*) > c_most
      from public.contract_signers s
      where s.contract_id = new.id and s.archived_at is null
    ) then
      perform private.fail(
        'too_many_signers', format('At most %s people can sign a contract.', c_most),
        hint => 'Archive some of them.', status => 422
      );
    end if;
    perform private.require_mail_room(s.firm_id, 'signing_request', s.email)
    from public.contract_signers s
    where s.contract_id = new.id and s.archived_at is null;
    perform private.ask_signers(new.id);
  else
    -- Who has signed may look at it, and a repeated request finds its answer.
    delete from private.signing_tokens t
    using public.contract_signers s
    where s.contract_id = new.id
      and t.firm_id = s.firm_id
      and t.signer_id = s.id
      and not (new.status = 'signed' and s.status = 'signed');
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.forget_objects (
  p_bucket text,
  p_paths  text[]
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  update private.doomed_objects d
  set due_at = d.open_until, open_until = null
  where d.bucket = p_bucket
    and d.path = any (p_paths)
    and d.due_at <= now()
    and d.open_until > now();
  delete from private.doomed_objects d
  where d.bucket = p_bucket
    and d.path = any (p_paths)
    and d.due_at <= now();
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_contract_part()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- A row that is new waits for whoever moves the contract on, and holds the next one up. One that
  -- changes is locked itself: who sends the contract waits for it.
  if tg_op = 'INSERT' then
    perform from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id
    for key share;
  end if;
  -- As the caller: of a contract somebody cannot see, they learn nothing here.
  if auth.uid() is not null and not private.guards_are_off() and exists (
    select from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id and k.status <> all (tg_argv)
  ) then
    perform private.fail(
      'contract_closed', 'The contract has come too far for this change.',
      hint => 'This can be changed while it is: ' || array_to_string(tg_argv, ', ') || '.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_own_consultant()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  c_own constant text[] := array['phone', 'headline', 'skills', 'available_from'];
begin
  -- Deeper lies the foreign key that lets go of an account being deleted.
  if pg_trigger_depth() = 1
    and to_jsonb(new) - c_own <> to_jsonb(old) - c_own
    and not exists (select from private.firm_ids('manager') f where f = new.firm_id)
  then
    perform private.fail(
      'not_allowed', 'The firm keeps this about you; you cannot change it.',
      hint => 'You may change: ' || array_to_string(c_own, ', ') || '.', status => 403
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_reopening()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Its rows may be going already.
  if old.archived_at < now() - private.firm_grace() then
    perform private.fail(
      'firm_expired', 'This firm was archived too long ago and is being deleted.',
      hint => 'Found it anew; its export has what it held.', status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_require_mfa()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform private.fail(
    'mfa_required',
    'Only who has verified a second factor can require one of everybody.',
    hint => 'Verify a second factor, then refresh the session.',
    status => 403
  );
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.has_second_factor()
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  -- Auth alone writes this claim; metadata of the same name stands deeper in the token.
  return coalesce(auth.jwt() ->> 'aal' = 'aal2', false);
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
    'apply_retention', 'remove_objects'
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

CREATE OR REPLACE FUNCTION private.keep_erased()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not private.guards_are_off() then
    perform private.fail(
      'erased', 'This person was erased.', hint => 'Enter them anew if they are back.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.keep_owner()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Two owners who leave at the same moment queue here. A firm being deleted is gone already, and
  -- one that was archived holds nobody back.
  perform from public.firms where id = old.firm_id and archived_at is null for no key update;
  if found and not exists (
    select from public.firm_members
    where firm_id = old.firm_id and role = 'owner' and status = 'active'
  ) then
    perform private.fail(
      'last_owner',
      'A firm needs at least one active owner.',
      hint => 'Make somebody else an owner first, or archive the firm.',
      status => 409
    );
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.kept_signatures (
  p_signer_ids     uuid[],
  p_consultant_ids uuid[],
  p_contract_ids   uuid[]
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  select coalesce(jsonb_agg(jsonb_build_object(
    'table', 'contract_signers',
    'id', s.id,
    'columns', case
      when s.id = any (p_signer_ids) then '["name", "signed_name", "signed_terms"]'
      else '["signed_terms"]'
    end::jsonb,
    'contract_id', c.id,
    'why', 'Evidence of a contract: § 147 AO, § 257 HGB, Art. 17(3)(b) GDPR.'
  ) order by s.created_at, s.id), '[]')
  from public.contract_signers s
  join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
  where c.id = any (p_contract_ids)
    and c.signed_at is not null
    and s.status = 'signed'
    and (s.id = any (p_signer_ids) or c.consultant_id = any (p_consultant_ids))
$function$;

CREATE OR REPLACE FUNCTION private.link_consultant (
  p_consultant_id uuid,
  p_user_id       uuid
)
  RETURNS public.consultants
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_consultant public.consultants;
  v_before uuid;
begin
  select * into v_consultant
  from public.consultants
  where id = p_consultant_id and firm_id = any (array(select private.firm_ids()))
  for update;
  if not found then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  end if;
  perform private.require_role(v_consultant.firm_id, 'admin');
  if p_user_id is not null and not exists (
    select from auth.users u where u.id = p_user_id and u.email_confirmed_at is not null
  ) then
    perform private.fail(
      'user_not_found', 'There is no account with this id.',
      hint => 'People find their id in their profile.', status => 404
    );
  end if;
  v_before := v_consultant.user_id;
  update public.consultants
  set user_id = p_user_id
  where id = p_consultant_id
  returning * into v_consultant;
  -- A duplicate that was merged remembers the account: a manager who restores it, or undoes the
  -- merge, would open the portal again.
  perform set_config('firmbase.guards', 'off', true);
  update public.consultants c
  set user_id = null
  where c.firm_id = v_consultant.firm_id
    and c.user_id = v_before
    and c.id <> p_consultant_id
    and c.archived_at is not null;
  perform set_config('firmbase.guards', '', true);
  return v_consultant;
exception when unique_violation then
  perform private.fail(
    'user_linked', 'This account is another consultant of the firm already.',
    hint => 'Unlink the other one first.', status => 409
  );
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

CREATE OR REPLACE FUNCTION private.lock_contracts_of (
  p_firm_id        uuid,
  p_consultant_ids uuid[],
  p_emails         text[]
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return array(
    select c.id
    from public.contracts c
    where c.firm_id = p_firm_id
      and (
        c.consultant_id = any (p_consultant_ids)
        or c.id in (
          select p.contract_id
          from public.contract_consultants p
          where p.firm_id = p_firm_id and p.consultant_id = any (p_consultant_ids)
        )
        or c.id in (
          select s.contract_id
          from public.contract_signers s
          where s.firm_id = p_firm_id and s.email = any (p_emails)
        )
      )
    order by c.id
    for update
  );
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
    update public.files set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
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
    update public.files set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
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

CREATE OR REPLACE FUNCTION private.my_firms()
  RETURNS TABLE (
    firm_id   uuid,
    name      text,
    slug      text,
    role      text,
    status    text,
    needs_mfa boolean
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
declare
  v_user constant uuid := auth.uid();
begin
  return query
  select
    f.id, f.name, f.slug, coalesce(m.role, 'consultant'), coalesce(m.status, 'active'),
    f.require_mfa and not private.has_second_factor()
  from public.firms f
  left join public.firm_members m on m.firm_id = f.id and m.user_id = v_user
  where f.id in (
      select firm_id from public.firm_members where user_id = v_user
      union
      select firm_id
      from public.consultants
      where user_id = v_user and status <> 'inactive' and archived_at is null
    )
    and f.status = 'active'
    and f.archived_at is null
  order by f.name, f.id;
end
$function$;

CREATE OR REPLACE FUNCTION private.naming (
  p_terms text[]
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  -- Whole words only: who is called Al is not in every "also".
  select '(?<![[:alnum:]])(?:' || string_agg(
    regexp_replace(btrim(t), '([^[:alnum:][:space:]])', '\\\1', 'g'), '|'
  ) || ')(?![[:alnum:]])'
  from unnest(p_terms) t
  where btrim(t) <> ''
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
        and p_path in (f.path, f.firm_id || '/' || f.id || '/.thumbnail.webp')
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

CREATE OR REPLACE FUNCTION private.number_contract()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- A stranger gets no further than the policy, and learns nothing here about a firm's existence.
  if auth.uid() is not null and private.role_in(new.firm_id) is null then
    return new;
  end if;
  -- Before the counter, as for those who renew the framework.
  perform from public.contracts c
  where c.firm_id = new.firm_id and c.id = new.parent_id
  for key share;
  insert into private.contract_counters as c (firm_id, last_number)
  values (new.firm_id, 1)
  on conflict (firm_id) do update set last_number = c.last_number + 1
  returning last_number into new.number;
  new.currency := coalesce(
    new.currency, (select f.currency from public.firms f where f.id = new.firm_id)
  );
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.own_avatar_paths()
  RETURNS SETOF text
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select auth.uid() || '/avatar.' || kind from unnest(array['jpg', 'png', 'webp']) as kind
$function$;

CREATE OR REPLACE FUNCTION private.own_consultant_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_user constant uuid := auth.uid();
begin
  return query
  select c.id
  from public.consultants c
  join public.firms f on f.id = c.firm_id
  where c.user_id = v_user
    and c.status <> 'inactive'
    and c.archived_at is null
    and f.status = 'active'
    and f.archived_at is null
    and (not f.require_mfa or (select private.has_second_factor()))
    -- A member who is suspended has no way around it through the portal.
    and not exists (
      select from public.firm_members m
      where m.firm_id = c.firm_id and m.user_id = c.user_id and m.status <> 'active'
    );
end
$function$;

CREATE OR REPLACE FUNCTION private.progress_export (
  p_id         uuid,
  p_progress   integer,
  p_part_count integer
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  update public.firm_exports
  set
    progress = least(greatest(p_progress, 0), 99),
    part_count = greatest(part_count, p_part_count)
  where id = p_id and status = 'working';
  return found;
end
$function$;

CREATE OR REPLACE FUNCTION private.refuse_erased()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_row jsonb := to_jsonb(new);
  v_erased boolean;
begin
  -- Merges move what is there already, and nobody erased is merged.
  if private.guards_are_off() then
    return null;
  end if;
  -- Waits for an erasure that is going on, and holds the next one up.
  select c.erased_at is not null into v_erased
  from public.consultants c
  where c.id = (v_row ->> 'consultant_id')::uuid
  for key share;
  if v_erased is not true then
    select c.erased_at is not null into v_erased
    from public.contacts c
    where c.id = (v_row ->> 'contact_id')::uuid
    for key share;
  end if;
  if v_erased then
    perform private.fail('erased', 'This person was erased.', status => 409);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.release_account()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_email text := lower(old.email);
  v_firms text;
begin
  -- All firms at once and in one order: two owners who go at the same moment queue here.
  perform from public.firms f
  where f.id in (
    select m.firm_id from public.firm_members m where m.user_id = old.id and m.role = 'owner'
    union
    select i.firm_id from public.invitations i where i.email = v_email
  )
  order by f.id
  for no key update;

  select string_agg(f.name, ', ' order by f.name) into v_firms
  from public.firm_members m
  join public.firms f on f.id = m.firm_id
  where m.user_id = old.id
    and m.role = 'owner'
    and m.status = 'active'
    and f.archived_at is null
    and not exists (
      select from public.firm_members o
      where o.firm_id = m.firm_id
        and o.user_id <> old.id
        and o.role = 'owner'
        and o.status = 'active'
    );
  if v_firms is not null then
    perform private.fail(
      'owns_firms',
      'This account is the last owner of a firm.',
      hint => 'First call transfer_ownership or archive_firm for: ' || v_firms || '.',
      status => 409
    );
  end if;

  -- An address nobody has confirmed may be that of somebody else.
  if old.email_confirmed_at is not null then
    delete from public.invitations where email = v_email;
    -- Somebody waits for a signature, from whoever reads this address: its link still goes out.
    delete from public.emails
    where to_address = v_email
      and not (event = 'signing_request' and status in ('queued', 'sending'));
  end if;
  return old;
end
$function$;

CREATE OR REPLACE FUNCTION private.release_erasures (
  p_limit integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET lock_timeout TO '200ms'
  AS $function$
declare
  v_erasure public.erasures;
  v_count integer := 0;
begin
  for v_erasure in
    select *
    from public.erasures e
    where e.look_again_on <= current_date
    order by e.look_again_on
    limit p_limit
    for update skip locked
  loop
    begin
      perform private.settle_erasure(v_erasure);
      v_count := v_count + 1;
    exception when lock_not_available then
      -- Whoever holds a row of theirs holds up nobody else's: an hour later it is looked again.
      null;
    end;
  end loop;
  return v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.remind_signers()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer_id uuid;
  v_count integer := 0;
begin
  for v_signer_id in
    select t.signer_id
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    join public.firms f on f.id = t.firm_id
    where t.asked < 3
      and t.asked_at < now() - case t.asked when 1 then interval '3 days' else interval '4 days' end
      and s.status in ('pending', 'viewed')
      and c.archived_at is null
      and f.status = 'active'
      and f.archived_at is null
    limit 1000
    for update of t skip locked
  loop
    perform private.ask_signer(v_signer_id);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.remove_objects()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if exists (select from private.doomed_objects d where d.due_at <= now()) then
    perform private.enqueue('objects.remove', unique_key => 'objects.remove');
  end if;
  return 0;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_erasure_note (
  p_note   text,
  p_naming text
)
  RETURNS void
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if coalesce(btrim(p_note), '') = '' or char_length(p_note) > 2000 then
    perform private.fail(
      'note_required', 'An erasure needs a note: who asked for it, and when.',
      hint => 'At most 2000 characters.', status => 422
    );
  elsif p_note ~* p_naming then
    perform private.fail(
      'note_names_person', 'The note stays, so the name, address or number cannot be in it.',
      hint => 'Write “the person themselves”, or the number of your correspondence.', status => 422
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_mail_room (
  p_firm_id uuid,
  p_event   text,
  p_to      text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Anybody can make a firm, and no address asked for this mail: it must not become a flood. One
  -- request after the other, or many at once would all find the same room.
  perform pg_advisory_xact_lock(hashtextextended('private.require_mail_room:' || p_firm_id, 0));
  if (
    select
      count(*) >= greatest(100, 2 * (select f.seat_limit from public.firms f where f.id = p_firm_id))
      or count(*) filter (where e.to_address = p_to) >= 5
    from public.emails as e
    where e.firm_id = p_firm_id
      and e.event = p_event
      and e.created_at > now() - interval '1 day'
  ) then
    perform private.fail(
      'too_many_' || p_event || 's', 'Too many mails of this kind were sent today.',
      hint => 'Try again tomorrow; the last one that was sent is valid.', status => 429
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_role (
  p_firm_id  uuid,
  p_min_role text
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_role text := private.role_in(p_firm_id);
begin
  if v_role is null and exists (
    select from public.firm_members m
    join public.firms f on f.id = m.firm_id
    where m.firm_id = p_firm_id
      and m.user_id = (select auth.uid())
      and m.status = 'active'
      and f.status = 'active'
      and f.archived_at is null
      and f.require_mfa
  ) then
    perform private.fail(
      'mfa_required',
      'This firm requires a second factor.',
      hint => 'Verify a second factor, then refresh the session.',
      status => 403
    );
  elsif v_role is null then
    perform private.fail(
      'firm_not_found',
      'There is no such firm, or you are not an active member of it.',
      status => 404
    );
  end if;
  if private.role_rank(v_role) >= private.role_rank(p_min_role) then
    return v_role;
  end if;
  perform private.fail(
    'not_allowed',
    format('This needs the role %s or a higher one in the firm; yours is %s.', p_min_role, v_role),
    hint => 'Ask an owner or an admin of the firm.',
    status => 403
  );
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
    'archived_at < $1 and not exists ('
    'select from public.contracts c where c.firm_id = t.firm_id and c.id = t.contract_id '
    'and t.status <> ''failed'' and private.contract_kept_until(c) >= current_date)', null,
    'Time to restore one. Files of a signed contract stay until the end of the tenth year after it '
    'ended: § 147 AO, § 257 HGB.'
  ),
  (
    'public.files', 'whose upload or examination failed', '30 days',
    'status = ''failed'' and updated_at < $1', null,
    'Long enough for whoever uploaded it to read why. Its bytes go earlier: at once, or after a '
    'week where the job may be sent back.'
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
    'private.doomed_objects', 'all', null, null, null,
    'Until the worker has removed the object, which takes minutes; hours where an upload was open.'
  ),
  ('private.invitation_tokens', 'all', null, null, null, 'Goes with the invitation.'),
  ('private.search_entries', 'all', null, null, null, 'Goes with the row that is found.'),
  ('private.signing_tokens', 'all', null, null, null, 'Goes when it is nobody''s turn any more.')
$function$;

CREATE OR REPLACE FUNCTION private.search_words (
  p_query text
)
  RETURNS tsquery
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  -- Each word may go on: people see results while they type. Nothing in it is an operator. The index
  -- is that of all firms, so a word costs what all of them wrote: the first eight are enough.
  select string_agg(
    '''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || ''':*', ' & '
  )::tsquery
  from (
    select t.lexeme
    from unnest(to_tsvector('simple', private.plain(left(p_query, 200)))) t
    order by t.positions[1]
    limit 8
  ) w
$function$;

CREATE OR REPLACE FUNCTION private.settle_erasure (
  p_erasure public.erasures
)
  RETURNS public.erasures
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_kept jsonb;
  v_erasure public.erasures;
begin
  -- As the contracts stand now: one may have been prolonged since.
  select coalesce(
    jsonb_agg(
      k.value || jsonb_build_object('until', nullif(private.contract_kept_until(c), 'infinity'))
      order by k.place
    ) filter (where private.contract_kept_until(c) >= current_date),
    '[]'
  ) into v_kept
  from jsonb_array_elements(p_erasure.kept) with ordinality k (value, place)
  join public.contracts c
    on c.firm_id = p_erasure.firm_id and c.id = (k.value ->> 'contract_id')::uuid;

  perform set_config('firmbase.guards', 'off', true);
  update public.contract_signers s
  set
    name = case when k.value -> 'columns' ? 'name' then 'Erased person' else s.name end,
    signed_name = case
      when k.value -> 'columns' ? 'signed_name' then 'Erased person' else s.signed_name
    end,
    signed_terms = case
      when p_erasure.consultant_id is not null and s.signed_terms ->> 'consultant' is not null
        then s.signed_terms || '{"consultant": "Erased person"}'
      else s.signed_terms
    end
  from jsonb_array_elements(p_erasure.kept) k
  where s.firm_id = p_erasure.firm_id
    and k.value ->> 'table' = 'contract_signers'
    and s.id = (k.value ->> 'id')::uuid
    and not v_kept @> jsonb_build_array(
      jsonb_build_object('table', 'contract_signers', 'id', s.id)
    );
  update public.consultants c
  set name = 'Erased person'
  where c.firm_id = p_erasure.firm_id
    and c.id = any (p_erasure.merged_ids || p_erasure.consultant_id)
    and c.name <> 'Erased person'
    and not v_kept @> jsonb_build_array(jsonb_build_object('table', 'consultants', 'id', c.id));
  perform set_config('firmbase.guards', '', true);

  update public.erasures e
  set
    kept = v_kept,
    look_again_on = case
      when v_kept <> '[]' then (
        -- A contract that still runs has no end yet.
        select least(min((k.value ->> 'until')::date + 1), current_date + 365)
        from jsonb_array_elements(v_kept) k
      )
    end,
    released_on = case when v_kept = '[]' and e.kept <> '[]' then current_date end
  where e.id = p_erasure.id
  returning * into v_erasure;
  return v_erasure;
end
$function$;

CREATE OR REPLACE FUNCTION private.sign_contract (
  p_name        text,
  p_token       text,
  p_contract_id uuid
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
  v_contract public.contracts;
  v_terms jsonb;
begin
  select * into strict v_contract from public.contracts c where c.id = v_signer.contract_id;
  v_terms := private.signing_terms(v_contract);
  if v_signer.status = 'signed' then
    return v_contract.status;
  elsif coalesce(btrim(p_name), '') = '' or char_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
    perform private.fail(
      'name_required', 'Type your name to sign.', hint => 'One line, at most 200 characters.',
      status => 422
    );
  elsif exists (
    -- The contract itself stands still; the names of its parties are kept elsewhere.
    select from private.signing_tokens t
    where t.signer_id = v_signer.id and t.seen_hash <> sha256(convert_to(v_terms::text, 'UTF8'))
  ) then
    perform private.fail(
      'terms_changed', 'A name in the contract has changed since you saw it.',
      hint => 'Look at it again before you sign.', status => 409
    );
  end if;
  update public.contract_signers
  set
    status = 'signed',
    viewed_at = coalesce(viewed_at, now()),
    decided_at = now(),
    signed_name = btrim(p_name),
    signed_terms = v_terms
  where id = v_signer.id;
  if private.ask_signers(v_contract.id) > 0 then
    return 'sent';
  end if;
  update public.contracts
  set status = 'signed', signed_at = now()
  where id = v_contract.id;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, v_contract.id, 'sent', 'signed', auth.uid(), 'Everybody has signed.'
  );
  perform private.tell_of_signing(v_contract, 'contract_signed', null, null);
  return 'signed';
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
      and v_merge.moved -> 'files' ? id::text;
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
      and v_merge.moved -> 'files' ? id::text;
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

CREATE OR REPLACE FUNCTION private.view_signing (
  p_token       text,
  p_contract_id uuid
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
  v_terms jsonb := (
    select private.signing_terms(c) from public.contracts c where c.id = v_signer.contract_id
  );
begin
  update public.contract_signers
  set status = 'viewed', viewed_at = now()
  where id = v_signer.id and status = 'pending';
  update private.signing_tokens
  set seen_hash = sha256(convert_to(v_terms::text, 'UTF8'))
  where signer_id = v_signer.id;
  return (
    select jsonb_build_object(
      'terms', v_terms,
      'name', s.name,
      'role', s.role,
      'status', s.status,
      'decided_at', s.decided_at,
      'contract_status', c.status
    )
    from public.contract_signers s
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    where s.id = v_signer.id
  );
end
$function$;

CREATE OR REPLACE FUNCTION public.access_review (
  firm_id uuid,
  entity  text DEFAULT NULL::text,
  id      uuid DEFAULT NULL::uuid
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
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select * from private.access_review(firm_id, entity, id)
$function$;

REVOKE ALL ON FUNCTION "public"."access_review"(uuid, text, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.begin_export (
  export_id uuid
)
  RETURNS jsonb
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.begin_export(export_id)
$function$;

REVOKE ALL ON FUNCTION "public"."begin_export"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.bulk_edit (
  entity  text,
  ids     uuid[],
  changes jsonb
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  c_most constant integer := 500;
  -- The rights of the caller decide, as the catalog has them: no second list to forget. Nothing
  -- but names from here becomes part of a statement.
  v_entities constant text[] := array(
    select c.relname::text
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace
      and c.relkind = 'r'
      and a.attname = 'archived_at'
      and has_column_privilege(c.oid, a.attnum, 'update')
    order by 1
  );
  v_table regclass;
  v_allowed text[];
  v_column text;
  v_value jsonb;
  v_ids uuid[];
  v_readable uuid[];
  v_writable uuid[];
  v_update text;
  v_id uuid;
  v_changed integer := 0;
  v_code text;
  v_message text;
  v_refused jsonb := '[]';
begin
  if (entity = any (v_entities)) is not true then
    perform private.fail(
      'unknown_entity', format('There is no entity "%s" to edit.', left(entity, 63)),
      hint => 'Use one of: ' || array_to_string(v_entities, ', ') || '.', status => 422
    );
  elsif jsonb_typeof(changes) is distinct from 'object' or changes = '{}' then
    perform private.fail(
      'no_changes', 'Say what to change.', hint => 'Give column names and values.', status => 422
    );
  end if;
  v_ids := array(select distinct i.id from unnest(ids) i (id) order by i.id);
  if cardinality(v_ids) > c_most then
    perform private.fail(
      'too_many_rows', format('At most %s entries can be changed at once.', c_most),
      hint => 'Send them in several requests.', status => 422
    );
  end if;

  v_table := format('public.%I', entity)::regclass;
  v_allowed := array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = v_table
      and a.attnum > 0
      and not a.attisdropped
      and has_column_privilege(v_table, a.attnum, 'update')
    order by 1
  );
  for v_column, v_value in select c.key, c.value from jsonb_each(changes) c loop
    if v_column <> all (v_allowed) then
      perform private.fail(
        'unknown_column', format('The column "%s" cannot be changed.', left(v_column, 63)),
        hint => 'Use: ' || array_to_string(v_allowed, ', ') || '.', status => 422
      );
    end if;
    v_message := null;
    begin
      execute format('select from jsonb_populate_record(null::public.%I, $1)', entity)
      using jsonb_build_object(v_column, v_value);
      if v_value = 'null' and exists (
        select from pg_attribute a
        where a.attrelid = v_table and a.attname = v_column and a.attnotnull
      ) then
        v_message := 'it cannot be empty';
      end if;
    exception when data_exception then
      v_message := sqlerrm;
    end;
    if v_message is not null then
      perform private.fail(
        'bad_value', format('%s: %s.', v_column, v_message),
        hint => 'Nothing was changed.', status => 422
      );
    end if;
  end loop;
  v_update := format(
    'update public.%1$I t set %2$s from jsonb_populate_record(null::public.%1$I, $1) v'
    ' where t.id = $2',
    entity,
    (select string_agg(format('%1$I = v.%1$I', c.key), ', ') from jsonb_object_keys(changes) c (key))
  );

  -- In one order, so that two edits of the same rows wait for each other and never in a circle. No
  -- key changes: what refers to them comes to be meanwhile.
  execute format(
    'select array('
    'select t.id from public.%I t where t.id = any ($1) order by t.id for no key update)',
    entity
  )
  into v_writable using v_ids;
  execute format('select array(select t.id from public.%I t where t.id = any ($1))', entity)
  into v_readable using v_ids;
  begin
    foreach v_id in array v_ids loop
      v_code := null;
      if v_id = any (v_writable) then
        begin
          execute v_update using changes, v_id;
          v_changed := v_changed + 1;
        exception when others then
          -- What is not about the row, such as a timeout, ends the request.
          if sqlstate !~ '^(22|23|42501|PT)' then
            raise;
          end if;
          get stacked diagnostics v_code = pg_exception_detail, v_message = message_text;
          if sqlstate = '42501' then
            v_code := 'not_allowed';
            v_message := 'You are not allowed to change this entry like that.';
          elsif sqlstate not like 'PT%' then
            v_code := sqlstate;
          end if;
        end;
      elsif v_id = any (v_readable) then
        v_code := 'not_allowed';
        v_message := 'You are not allowed to change this entry.';
      else
        v_code := 'not_found';
        v_message := 'There is no such entry.';
      end if;
      if v_code is not null then
        v_refused := v_refused
          || jsonb_build_object('id', v_id, 'code', v_code, 'message', v_message);
      end if;
    end loop;
    if v_refused <> '[]' then
      raise sqlstate 'FB001';
    end if;
  exception when sqlstate 'FB001' then
    -- All or nothing: what was changed until here is undone by coming here.
    v_changed := 0;
  end;
  return jsonb_build_object('changed', v_changed, 'refused', v_refused);
end
$function$;

REVOKE ALL ON FUNCTION "public"."bulk_edit"(text, uuid[], jsonb) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.delete_account()
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.delete_account()
$function$;

REVOKE ALL ON FUNCTION "public"."delete_account"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.doomed_objects (
  max_rows integer DEFAULT 500
)
  RETURNS TABLE (
    bucket text,
    path   text
  )
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select d.bucket, d.path from private.doomed_objects(max_rows) d
$function$;

REVOKE ALL ON FUNCTION "public"."doomed_objects"(integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.erase_consultant (
  id   uuid,
  note text
)
  RETURNS public.erasures
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.erase_consultant(id, note)
$function$;

REVOKE ALL ON FUNCTION "public"."erase_consultant"(uuid, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.erase_contact (
  id   uuid,
  note text
)
  RETURNS public.erasures
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.erase_contact(id, note)
$function$;

REVOKE ALL ON FUNCTION "public"."erase_contact"(uuid, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.export_firm (
  firm_id uuid
)
  RETURNS uuid
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.export_firm(firm_id)
$function$;

REVOKE ALL ON FUNCTION "public"."export_firm"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.export_firm_for_operator (
  firm_id uuid
)
  RETURNS uuid
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.export_firm_for_operator(firm_id)
$function$;

REVOKE ALL ON FUNCTION "public"."export_firm_for_operator"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.finish_export (
  export_id uuid,
  parts     jsonb
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.finish_export(export_id, parts)
$function$;

REVOKE ALL ON FUNCTION "public"."finish_export"(uuid, jsonb) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.forget_objects (
  bucket text,
  paths  text[]
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.forget_objects(bucket, paths)
$function$;

REVOKE ALL ON FUNCTION "public"."forget_objects"(text, text[]) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.list_access (
  firm_id uuid,
  entity  text DEFAULT NULL::text,
  id      uuid DEFAULT NULL::uuid
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
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select * from private.list_access(firm_id, entity, id)
$function$;

REVOKE ALL ON FUNCTION "public"."list_access"(uuid, text, uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.my_firms()
  RETURNS TABLE (
    firm_id   uuid,
    name      text,
    slug      text,
    role      text,
    status    text,
    needs_mfa boolean
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select * from private.my_firms()
$function$;

REVOKE ALL ON FUNCTION "public"."my_firms"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.progress_export (
  export_id  uuid,
  progress   integer,
  part_count integer
)
  RETURNS boolean
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.progress_export(export_id, progress, part_count)
$function$;

REVOKE ALL ON FUNCTION "public"."progress_export"(uuid, integer, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.timeline (
  entity    text,
  id        uuid,
  before    timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  before_id uuid                     DEFAULT NULL::uuid,
  max_rows  integer                  DEFAULT 50
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
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select * from private.timeline(entity, id, before, before_id, max_rows)
$function$;

REVOKE ALL ON FUNCTION "public"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) FROM PUBLIC, "anon", "service_role";

ALTER TABLE "public"."erasures"
  ADD CONSTRAINT "erasures_consultant_id_fkey" FOREIGN KEY (firm_id, consultant_id) REFERENCES public.consultants(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."erasures"
  ADD CONSTRAINT "erasures_contact_id_fkey" FOREIGN KEY (firm_id, contact_id) REFERENCES public.contacts(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."erasures"
  ADD CONSTRAINT "erasures_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."firm_exports"
  ADD CONSTRAINT "firm_exports_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."firm_exports"
  ADD CONSTRAINT "firm_exports_requested_by_fkey" FOREIGN KEY (requested_by) REFERENCES public.profiles(id) ON DELETE SET NULL;

ALTER TABLE "public"."profiles"
  ADD CONSTRAINT "profiles_avatar_path_form" CHECK ((avatar_path ~ (('^'::text || id) || '/avatar\.(jpg|png|webp)$'::text)));

CREATE INDEX dead_jobs_died_at_idx ON private.dead_jobs USING btree (died_at);

CREATE INDEX doomed_objects_due_at_idx ON private.doomed_objects USING btree (due_at);

CREATE INDEX audit_log_at_idx ON public.audit_log USING brin (at);

CREATE INDEX companies_firm_id_owner_id_idx ON public.companies USING btree (firm_id, owner_id)
  WHERE (owner_id IS NOT NULL);

CREATE INDEX consultants_user_id_idx ON public.consultants USING btree (user_id)
  WHERE (user_id IS NOT NULL);

CREATE INDEX contract_events_firm_id_at_idx ON public.contract_events USING btree (firm_id, at DESC, id);

CREATE INDEX contracts_firm_id_amended_from_id_idx ON public.contracts USING btree (firm_id, amended_from_id)
  WHERE (amended_from_id IS NOT NULL);

CREATE INDEX contracts_firm_id_company_id_idx ON public.contracts USING btree (firm_id, company_id)
  WHERE (company_id IS NOT NULL);

CREATE INDEX contracts_firm_id_consultant_id_idx ON public.contracts USING btree (firm_id, consultant_id)
  WHERE (consultant_id IS NOT NULL);

CREATE INDEX contracts_firm_id_parent_id_idx ON public.contracts USING btree (firm_id, parent_id, parent_kind)
  WHERE (parent_id IS NOT NULL);

CREATE INDEX contracts_firm_id_renewed_from_id_idx ON public.contracts USING btree (firm_id, renewed_from_id)
  WHERE (renewed_from_id IS NOT NULL);

CREATE UNIQUE INDEX contracts_one_amendment_idx ON public.contracts USING btree (firm_id, amended_from_id)
  WHERE ((amended_from_id IS NOT NULL) AND (status <> 'cancelled'::text) AND (archived_at IS NULL));

CREATE UNIQUE INDEX contracts_one_renewal_idx ON public.contracts USING btree (firm_id, renewed_from_id)
  WHERE ((renewed_from_id IS NOT NULL) AND (status <> 'cancelled'::text) AND (archived_at IS NULL));

CREATE INDEX emails_created_at_idx ON public.emails USING brin (created_at);

CREATE INDEX emails_to_address_idx ON public.emails USING btree (to_address);

CREATE UNIQUE INDEX erasures_firm_id_consultant_id_idx ON public.erasures USING btree (firm_id, consultant_id)
  WHERE (consultant_id IS NOT NULL);

CREATE UNIQUE INDEX erasures_firm_id_contact_id_idx ON public.erasures USING btree (firm_id, contact_id)
  WHERE (contact_id IS NOT NULL);

CREATE INDEX erasures_firm_id_erased_at_idx ON public.erasures USING btree (firm_id, erased_at DESC, id);

CREATE INDEX erasures_look_again_on_idx ON public.erasures USING btree (look_again_on)
  WHERE (look_again_on IS NOT NULL);

CREATE INDEX files_archived_at_idx ON public.files USING btree (archived_at)
  WHERE (archived_at IS NOT NULL);

CREATE INDEX files_failed_updated_at_idx ON public.files USING btree (updated_at)
  WHERE (status = 'failed'::text);

CREATE INDEX files_firm_id_company_id_idx ON public.files USING btree (firm_id, company_id, created_at DESC)
  WHERE (company_id IS NOT NULL);

CREATE INDEX files_firm_id_consultant_id_idx ON public.files USING btree (firm_id, consultant_id, created_at DESC)
  WHERE (consultant_id IS NOT NULL);

CREATE INDEX files_firm_id_contract_id_idx ON public.files USING btree (firm_id, contract_id, created_at DESC)
  WHERE (contract_id IS NOT NULL);

CREATE INDEX firm_exports_expires_at_idx ON public.firm_exports USING btree (expires_at);

CREATE INDEX firm_exports_firm_id_created_at_idx ON public.firm_exports USING btree (firm_id, created_at DESC, id);

CREATE UNIQUE INDEX firm_exports_one_unfinished_idx ON public.firm_exports USING btree (firm_id)
  WHERE (status = ANY (ARRAY['queued'::text, 'working'::text]));

CREATE INDEX firm_exports_requested_by_idx ON public.firm_exports USING btree (requested_by)
  WHERE (requested_by IS NOT NULL);

CREATE INDEX firms_archived_at_idx ON public.firms USING btree (archived_at)
  WHERE (archived_at IS NOT NULL);

CREATE INDEX invitations_closed_idx ON public.invitations USING btree (COALESCE(accepted_at, revoked_at, expires_at));

CREATE INDEX invitations_email_idx ON public.invitations USING btree (email);

CREATE INDEX merge_log_firm_id_kept_company_id_idx ON public.merge_log USING btree (firm_id, kept_company_id)
  WHERE (kept_company_id IS NOT NULL);

CREATE INDEX merge_log_firm_id_kept_consultant_id_idx ON public.merge_log USING btree (firm_id, kept_consultant_id)
  WHERE (kept_consultant_id IS NOT NULL);

CREATE INDEX merge_log_firm_id_merged_company_id_idx ON public.merge_log USING btree (firm_id, merged_company_id)
  WHERE (merged_company_id IS NOT NULL);

CREATE INDEX merge_log_firm_id_merged_consultant_id_idx ON public.merge_log USING btree (firm_id, merged_consultant_id)
  WHERE (merged_consultant_id IS NOT NULL);

CREATE INDEX merge_log_undoable_merged_at_idx ON public.merge_log USING btree (merged_at)
  WHERE (moved <> '{}'::jsonb);

CREATE INDEX notes_firm_id_company_id_idx ON public.notes USING btree (firm_id, company_id, created_at DESC)
  WHERE (company_id IS NOT NULL);

CREATE INDEX notes_firm_id_consultant_id_idx ON public.notes USING btree (firm_id, consultant_id, created_at DESC)
  WHERE (consultant_id IS NOT NULL);

CREATE INDEX notes_firm_id_contact_id_idx ON public.notes USING btree (firm_id, contact_id, created_at DESC)
  WHERE (contact_id IS NOT NULL);

CREATE INDEX notes_firm_id_contract_id_idx ON public.notes USING btree (firm_id, contract_id, created_at DESC)
  WHERE (contract_id IS NOT NULL);

CREATE INDEX notifications_created_at_idx ON public.notifications USING brin (created_at);

CREATE INDEX notifications_read_at_idx ON public.notifications USING btree (read_at)
  WHERE (read_at IS NOT NULL);

CREATE INDEX reports_finished_idx ON public.reports USING btree (COALESCE(finished_at, created_at));

CREATE INDEX reports_requested_by_idx ON public.reports USING btree (requested_by)
  WHERE (requested_by IS NOT NULL);

CREATE INDEX taggings_firm_id_company_id_idx ON public.taggings USING btree (firm_id, company_id)
  WHERE (company_id IS NOT NULL);

CREATE INDEX taggings_firm_id_consultant_id_idx ON public.taggings USING btree (firm_id, consultant_id)
  WHERE (consultant_id IS NOT NULL);

CREATE INDEX taggings_firm_id_contact_id_idx ON public.taggings USING btree (firm_id, contact_id)
  WHERE (contact_id IS NOT NULL);

CREATE INDEX taggings_firm_id_contract_id_idx ON public.taggings USING btree (firm_id, contract_id)
  WHERE (contract_id IS NOT NULL);

CREATE TRIGGER firmbase_account_deleted
  BEFORE DELETE ON auth.users
  FOR EACH ROW
  EXECUTE FUNCTION private.release_account();

CREATE TRIGGER dead_jobs_fail_export
  AFTER INSERT ON private.dead_jobs
  FOR EACH ROW
  WHEN (((new.kind = 'firm.export'::text) AND pg_input_is_valid((new.payload ->> 'export_id'::text), 'uuid'::text)))
  EXECUTE FUNCTION private.fail_export();

CREATE TRIGGER consultants_erased
  BEFORE UPDATE ON public.consultants
  FOR EACH ROW
  WHEN ((old.erased_at IS NOT NULL))
  EXECUTE FUNCTION private.keep_erased();

CREATE TRIGGER contacts_erased
  BEFORE UPDATE ON public.contacts
  FOR EACH ROW
  WHEN ((old.erased_at IS NOT NULL))
  EXECUTE FUNCTION private.keep_erased();

CREATE TRIGGER contract_consultants_erased
  AFTER INSERT OR UPDATE OF consultant_id ON public.contract_consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.refuse_erased();

CREATE TRIGGER contracts_erased
  AFTER INSERT OR UPDATE OF consultant_id ON public.contracts
  FOR EACH ROW
  WHEN ((new.consultant_id IS NOT NULL))
  EXECUTE FUNCTION private.refuse_erased();

CREATE TRIGGER files_doom_failed
  AFTER UPDATE OF status ON public.files
  FOR EACH ROW
  WHEN (((new.status = 'failed'::text) AND (old.status <> 'failed'::text)))
  EXECUTE FUNCTION private.doom_file();

CREATE TRIGGER files_doom
  AFTER DELETE ON public.files
  FOR EACH ROW
  EXECUTE FUNCTION private.doom_file();

CREATE TRIGGER files_erased
  AFTER INSERT OR UPDATE OF consultant_id ON public.files
  FOR EACH ROW
  WHEN ((new.consultant_id IS NOT NULL))
  EXECUTE FUNCTION private.refuse_erased();

CREATE TRIGGER firm_exports_doom
  AFTER DELETE ON public.firm_exports
  FOR EACH ROW
  EXECUTE FUNCTION private.doom_export();

CREATE TRIGGER firms_reopening
  BEFORE UPDATE OF archived_at ON public.firms
  FOR EACH ROW
  WHEN ((old.archived_at IS DISTINCT FROM new.archived_at))
  EXECUTE FUNCTION private.guard_reopening();

CREATE TRIGGER firms_require_mfa
  BEFORE UPDATE ON public.firms
  FOR EACH ROW
  WHEN ((new.require_mfa AND (NOT old.require_mfa) AND (auth.uid() IS NOT NULL) AND (NOT private.has_second_factor())))
  EXECUTE FUNCTION private.guard_require_mfa();

CREATE TRIGGER notes_erased
  AFTER INSERT OR UPDATE OF consultant_id, contact_id ON public.notes
  FOR EACH ROW
  WHEN ((num_nonnulls(new.consultant_id, new.contact_id) > 0))
  EXECUTE FUNCTION private.refuse_erased();

CREATE TRIGGER profiles_doom_avatar
  AFTER DELETE ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.doom_avatar();

CREATE TRIGGER reports_doom
  AFTER DELETE ON public.reports
  FOR EACH ROW
  EXECUTE FUNCTION private.doom_report();

CREATE TRIGGER taggings_erased
  AFTER INSERT OR UPDATE OF consultant_id, contact_id ON public.taggings
  FOR EACH ROW
  WHEN ((num_nonnulls(new.consultant_id, new.contact_id) > 0))
  EXECUTE FUNCTION private.refuse_erased();

CREATE POLICY "doomed_objects_nobody" ON "private"."doomed_objects"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "retention_clock_nobody" ON "private"."retention_clock"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "erasures_select" ON "public"."erasures"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('admin'::text) AS firm_ids))));

CREATE POLICY "firm_exports_select" ON "public"."firm_exports"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('owner'::text) AS firm_ids))));

CREATE POLICY "avatars_delete" ON "storage"."objects"
  FOR DELETE
  TO "authenticated"
  USING (((bucket_id = 'avatars'::text) AND (name = ANY (ARRAY( SELECT private.own_avatar_paths() AS own_avatar_paths)))));

CREATE POLICY "avatars_insert" ON "storage"."objects"
  FOR INSERT
  TO "authenticated"
  WITH CHECK (((bucket_id = 'avatars'::text) AND (name = ANY (ARRAY( SELECT private.own_avatar_paths() AS own_avatar_paths)))));

CREATE POLICY "avatars_select" ON "storage"."objects"
  FOR SELECT
  TO "authenticated"
  USING (((bucket_id = 'avatars'::text) AND (name = ANY (ARRAY( SELECT private.avatar_paths() AS avatar_paths)))));

CREATE POLICY "avatars_update" ON "storage"."objects"
  FOR UPDATE
  TO "authenticated"
  USING (((bucket_id = 'avatars'::text) AND (name = ANY (ARRAY( SELECT private.own_avatar_paths() AS own_avatar_paths)))))
  WITH CHECK (((bucket_id = 'avatars'::text) AND (name = ANY (ARRAY( SELECT private.own_avatar_paths() AS own_avatar_paths)))));

CREATE POLICY "exports_objects_select" ON "storage"."objects"
  FOR SELECT
  TO "authenticated"
  USING (((bucket_id = 'exports'::text) AND (EXISTS ( SELECT
   FROM public.firm_exports e
  WHERE
    (((e.firm_id)::text = split_part(objects.name, '/'::text, 1)) AND ((e.id)::text = split_part(objects.name, '/'::text, 2)) AND (e.status = 'ready'::text) AND (e.expires_at >
    now()))))));

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."firm_exports";

COMMENT ON COLUMN "private"."doomed_objects"."due_at" IS 'From when on it is removed.';

COMMENT ON COLUMN "private"."doomed_objects"."open_until" IS 'Until when bytes can still arrive there, with an upload that was begun: it is removed once more then. Null where nothing can.';

COMMENT ON COLUMN "private"."signing_tokens"."seen_hash" IS 'SHA-256 of the terms as the signer saw them last.';

COMMENT ON COLUMN "public"."consultants"."erased_at" IS 'When the person was erased from it; nothing about it changes any more.';

COMMENT ON COLUMN "public"."contacts"."erased_at" IS 'When the person was erased from it; nothing about it changes any more.';

COMMENT ON COLUMN "public"."erasures"."kept" IS '[{"table", "id", "columns", "contract_id", "why", "until"}]: what law makes the firm keep. Without until as long as the contract runs, and ten years more.';

COMMENT ON COLUMN "public"."erasures"."look_again_on" IS 'When it is looked whether what was kept may go; null where nothing is left.';

COMMENT ON COLUMN "public"."erasures"."mentions" IS 'Column to how many texts, written about something else, still hold the name: look at them.';

COMMENT ON COLUMN "public"."erasures"."merged_ids" IS 'Duplicates that had been merged with the consultant: erased with them.';

COMMENT ON COLUMN "public"."erasures"."note" IS 'Who asked for it, and when.';

COMMENT ON COLUMN "public"."erasures"."released_on" IS 'When the last of what was kept went too.';

COMMENT ON COLUMN "public"."erasures"."removed" IS 'Table to how many rows went or were emptied.';

COMMENT ON COLUMN "public"."firm_exports"."error" IS 'Why it failed, as a stable code; detail says it in a sentence.';

COMMENT ON COLUMN "public"."firm_exports"."expires_at" IS 'When it is deleted with its parts.';

COMMENT ON COLUMN "public"."firm_exports"."part_count" IS 'How many parts were begun, by attempts that were cut short too: all of them go with the row.';

COMMENT ON COLUMN "public"."firm_exports"."parts" IS 'The ZIP files in the bucket exports once ready: [{"path", "size_bytes", "sha256"}].';

COMMENT ON COLUMN "public"."firm_exports"."progress" IS 'Per cent, for people who wait.';

COMMENT ON COLUMN "public"."firms"."require_mfa" IS 'Whether a session without a second factor has no right in the firm, for members and consultants alike. Only a session that has one turns it on.';

COMMENT ON COLUMN "public"."profiles"."avatar_path" IS 'The person''s picture in the bucket avatars: their id, then /avatar.jpg, .png or .webp.';

COMMENT ON FUNCTION "private"."access_review"(uuid, text, uuid) IS 'Definer of public.access_review.';

COMMENT ON FUNCTION "private"."add_export"(uuid) IS 'Adds an export and queues its job.';

COMMENT ON FUNCTION "private"."apply_retention"() IS 'Applies private.retention_rules() once an hour, and at once again while there is more than a bite of it. Returns how many rows, at most 1000.';

COMMENT ON FUNCTION "private"."avatar_paths"() IS 'What the pictures of colleagues, and the caller''s own, can be called in the bucket avatars.';

COMMENT ON FUNCTION "private"."begin_export"(uuid) IS 'Definer of public.begin_export.';

COMMENT ON FUNCTION "private"."blot"(text, text) IS 'The text without what private.naming finds in it.';

COMMENT ON FUNCTION "private"."contract_kept_until"(public.contracts) IS 'The last day on which the law keeps a contract with what belongs to it: the end of the tenth year after it ended, infinity while it has not; null if nobody signed it.';

COMMENT ON FUNCTION "private"."count_mentions"(uuid, text[]) IS 'In how many texts of a firm that are about something else a person is named.';

COMMENT ON FUNCTION "private"."delete_account"() IS 'Definer of public.delete_account.';

COMMENT ON FUNCTION "private"."delete_archived_firms"(integer) IS 'Deletes firms past their time, large tables in bites, then the firm by cascade; what they stored is doomed by the triggers. Returns how many rows.';

COMMENT ON FUNCTION "private"."doom_avatar"() IS 'Trigger: the picture of a person without an account is removed.';

COMMENT ON FUNCTION "private"."doom_export"() IS 'Trigger: the parts of an export that is gone are removed.';

COMMENT ON FUNCTION "private"."doom_file"() IS 'Trigger: what was uploaded for a file that is gone, or that never became one, is removed.';

COMMENT ON FUNCTION "private"."doom_object"(text, text, timestamp with time zone, timestamp with time zone) IS 'Enters an object for removal and queues the job, one for each transaction. What is due later is the clock''s.';

COMMENT ON FUNCTION "private"."doom_report"() IS 'Trigger: the document of a report that is gone is removed.';

COMMENT ON FUNCTION "private"."doomed_objects"(integer) IS 'Definer of public.doomed_objects.';

COMMENT ON FUNCTION "private"."erase_consultant"(uuid, text) IS 'Definer of public.erase_consultant.';

COMMENT ON FUNCTION "private"."erase_contact"(uuid, text) IS 'Definer of public.erase_contact.';

COMMENT ON FUNCTION "private"."erase_traces"(uuid, text, text[], uuid[], uuid[], uuid[]) IS 'Removes what there is about a person beside their own row; returns how many rows of each table, and their signatures. Who calls it has locked the firm, the person and the contracts.';

COMMENT ON FUNCTION "private"."export_firm"(uuid) IS 'Definer of public.export_firm.';

COMMENT ON FUNCTION "private"."export_firm_for_operator"(uuid) IS 'Definer of public.export_firm_for_operator.';

COMMENT ON FUNCTION "private"."fail_export"() IS 'Trigger: an export whose job is dead has failed, however the job died.';

COMMENT ON FUNCTION "private"."finish_export"(uuid, jsonb) IS 'Definer of public.finish_export.';

COMMENT ON FUNCTION "private"."firm_grace"() IS 'How long a firm that was archived can be opened again; after that it is deleted.';

COMMENT ON FUNCTION "private"."firm_ids"(text) IS 'Active firms in which the caller is an active member with at least this role. A firm that requires a second factor is none of them for a session without one.';

COMMENT ON FUNCTION "private"."forget_objects"(text, text[]) IS 'Definer of public.forget_objects.';

COMMENT ON FUNCTION "private"."guard_reopening"() IS 'Trigger: a firm opens again only until its deletion begins.';

COMMENT ON FUNCTION "private"."guard_require_mfa"() IS 'Trigger: whoever turns the requirement on must not be locked out by it.';

COMMENT ON FUNCTION "private"."has_second_factor"() IS 'Whether the caller''s session was verified with a second factor (aal2).';

COMMENT ON FUNCTION "private"."keep_erased"() IS 'Trigger: the row of an erased person is not restored and takes in nothing.';

COMMENT ON FUNCTION "private"."keep_owner"() IS 'Trigger: refuses whatever would leave a firm that is not archived without an active owner, the deletion of a user too.';

COMMENT ON FUNCTION "private"."kept_signatures"(uuid[], uuid[], uuid[]) IS 'The signatures that hold somebody''s name: their own, and those of others under the terms of a contract with them.';

COMMENT ON FUNCTION "private"."list_access"(uuid, text, uuid) IS 'Definer of public.list_access and of what access_review shows. Restates the rules of the policies for everybody at once, where they ask about the caller only; a test holds the two against each other.';

COMMENT ON FUNCTION "private"."lock_contracts_of"(uuid, uuid[], text[]) IS 'Contracts that somebody is party to, planned on or asked to sign, locked.';

COMMENT ON FUNCTION "private"."my_firms"() IS 'Definer of public.my_firms: row security hides a firm from whoever has no right in it yet.';

COMMENT ON FUNCTION "private"."naming"(text[]) IS 'A regular expression for texts that hold one of these names, addresses or numbers.';

COMMENT ON FUNCTION "private"."needs_object"(text, text) IS 'Whether a row still points at an object, or is about to.';

COMMENT ON FUNCTION "private"."own_avatar_paths"() IS 'What the caller''s own picture in the bucket avatars can be called.';

COMMENT ON FUNCTION "private"."own_consultant_ids"() IS 'The consultants the caller is, one for each active firm that linked the account: what the portal rests on. None in a firm that requires a second factor for a session without one.';

COMMENT ON FUNCTION "private"."progress_export"(uuid, integer, integer) IS 'Definer of public.progress_export.';

COMMENT ON FUNCTION "private"."refuse_erased"() IS 'Trigger: nothing new comes to be about an erased person. After the row is written, so that only who may write it hears of it.';

COMMENT ON FUNCTION "private"."release_account"() IS 'Trigger: lets an account go unless it is the last owner of a firm, and deletes the invitations and e-mails to it. The rest goes by foreign keys.';

COMMENT ON FUNCTION "private"."release_erasures"(integer) IS 'Erases what law made a firm keep of an erased person, once its time is over. Returns how many entries it looked at.';

COMMENT ON FUNCTION "private"."remove_objects"() IS 'Queues the job objects.remove when something is due; returns 0, as one job does it all.';

COMMENT ON FUNCTION "private"."require_erasure_note"(text, text) IS 'Fails unless the note says something, and nothing of the person.';

COMMENT ON FUNCTION "private"."require_role"(uuid, text) IS 'The caller''s role if it is at least this one, else firm_not_found (404), mfa_required or not_allowed (403).';

COMMENT ON FUNCTION "private"."retention_rules"() IS 'What becomes of every table with data of firms: how long which rows are kept and why. due is the condition on a row t, $1 being the moment before which it holds; change, what is set where the row stays. Without keep it stays as long as its firm.';

COMMENT ON FUNCTION "private"."search_words"(text) IS 'The first eight words a person typed as a query for words that begin so; null without any.';

COMMENT ON FUNCTION "private"."settle_erasure"(public.erasures) IS 'Erases of what an entry lists as kept that whose time is over, and writes down until when the rest stays.';

COMMENT ON FUNCTION "private"."timeline"(text, uuid, timestamp with time zone, uuid, integer) IS 'What public.timeline returns, with the caller''s own rights.';

COMMENT ON FUNCTION "public"."access_review"(uuid, text, uuid) IS 'Who can get at what in a firm, a row for each way in: member, portal, invitation or signing link; with entity (company, consultant, contract, file, report) and id, only those who can read that very entry. Where the firm requires a second factor, who has none sees nothing until they enrol one. last_sign_in_at is of members only. Admins and owners. As CSV with Accept: text/csv; guard its cells against formulas before a spreadsheet opens them. Errors: firm_not_found, not_allowed, unknown_entity, object_not_found.';

COMMENT ON FUNCTION "public"."begin_export"(uuid) IS 'Which firm to export and where to put it; null when that was done or it does not exist. For the secret key only.';

COMMENT ON FUNCTION "public"."bulk_edit"(text, uuid[], jsonb) IS 'Makes the same change to at most 500 entries of a table (companies, contracts, notes …), all of them or none: {"changed": n, "refused": [{"id", "code", "message"}]}, and where anything is refused nothing was changed. With the caller''s own rights; archived_at archives and restores. Codes: not_found, not_allowed, what the table''s rules say (archived, terms_frozen …), or PostgreSQL''s. Errors: unknown_entity, unknown_column, bad_value, no_changes, too_many_rows.';

COMMENT ON FUNCTION "public"."cancel_upload"(uuid) IS 'Gives up an upload that was begun and frees what it reserved; bytes that have arrived count until the worker has removed them. Errors: upload_not_found, upload_closed.';

COMMENT ON FUNCTION "public"."delete_account"() IS 'Deletes the caller''s account for good, with the memberships, the profile and what was told to them; what they made for a firm stays. Only within ten minutes of signing in. Errors: owns_firms (the hint names the firms), reauthentication_needed, mfa_required, not_signed_in.';

COMMENT ON FUNCTION "public"."doomed_objects"(integer) IS 'Objects to remove now, at most 500: none that a row points at. For the secret key only.';

COMMENT ON FUNCTION "public"."erase_consultant"(uuid, text) IS 'Erases a person (Art. 17 GDPR) with files, notes, tags, signatures that never came about and mails to them; the note says who asked, and when. What law keeps stays until its time: a contract that was signed, with its signatures and the name of its party. Admins; a retry returns the same entry of erasures. Errors: consultant_not_found, still_engaged, note_required, note_names_person.';

COMMENT ON FUNCTION "public"."erase_contact"(uuid, text) IS 'Erases a person at a company, as erase_consultant does. Admins; a retry returns the same entry of erasures. Errors: contact_not_found, note_required, note_names_person.';

COMMENT ON FUNCTION "public"."export_firm"(uuid) IS 'Asks for a copy of everything the firm has here, as ZIP files with tables and documents. Owners; returns the id of the row in firm_exports, which becomes ready with its parts and is kept for 7 days. Errors: export_running, too_many_exports.';

COMMENT ON FUNCTION "public"."export_firm_for_operator"(uuid) IS 'The same for the operator, also of a firm that is closed: the export being made, or a new one. For the secret key only. Error: firm_not_found.';

COMMENT ON FUNCTION "public"."finish_export"(uuid, jsonb) IS 'The parts are stored: shows them and tells whoever asked for it, once. For the secret key only.';

COMMENT ON FUNCTION "public"."forget_objects"(text, text[]) IS 'These objects of doomed_objects are gone. Where bytes can still arrive, they are due once more when that is over. For the secret key only.';

COMMENT ON FUNCTION "public"."list_access"(uuid, text, uuid) IS 'What access_review returns, for the operator.';

COMMENT ON FUNCTION "public"."my_firms"() IS 'The active firms the caller belongs to, also while suspended or without the second factor that the firm requires (needs_mfa); with the role consultant those whose portal is all they have.';

COMMENT ON FUNCTION "public"."progress_export"(uuid, integer, integer) IS 'How far the export has come, in per cent, and how many parts it is about to have; false when nobody wants it any more. For the secret key only.';

COMMENT ON FUNCTION "public"."sign_contract"(text, text, uuid) IS 'Signs with the name as typed, by the token of the mail, or signed in by the contract. Returns signed when everybody has, else sent; then the next ones are asked. A retry changes nothing. Errors: link_invalid, name_required, terms_changed.';

COMMENT ON FUNCTION "public"."timeline"(text, uuid, timestamp with time zone, uuid, integer) IS 'What happened to a company, contact, consultant, contract or file, or lately in a firm, the newest first: as much of it as the caller may read. kind: created, archived, noted, renewed, amended, moved (a contract, from one status to the next), viewed, signed, declined, assigned, released, merged, unmerged; subject and subject_id say to what, title its name. At most 200 rows; for the next ones pass at and id of the last one as before and before_id. actor is null for the system and for signers. Errors: unknown_entity, object_not_found.';

COMMENT ON FUNCTION "public"."transition_contract"(uuid, text, text) IS 'Moves a contract on and logs it. Managers; a signed one is cancelled by admins. Errors: illegal_transition, reason_required, start_required, signers_pending, too_many_signers, too_many_signing_requests, archived.';

COMMENT ON FUNCTION "public"."undo_merge"(uuid) IS 'Makes two of one again, for 30 days after the merge: what moved goes back, what was filled is emptied, and what somebody changed since, or a contract that was sent since, stays as it is. Managers; a retry returns the same. Errors: merge_not_found, too_late, erased, merged_again, merge_conflict.';

COMMENT ON TABLE "private"."doomed_objects" IS 'Objects of the storage that nothing needs any more, until the worker has removed them.';

COMMENT ON TABLE "private"."retention_clock" IS 'When the rules of retention are next applied.';

COMMENT ON TABLE "public"."erasures" IS 'Who was erased, when, by whom and why; what went and what law keeps. Owners and admins read it. Nothing of the person is in it.';

COMMENT ON TABLE "public"."firm_exports" IS 'Copies of everything a firm has here, asked for through export_firm. Only its owners see them.';

REVOKE ALL ON FUNCTION "private"."access_review"(uuid, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."access_review"(uuid, text, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."access_review"(uuid, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."access_review"(uuid, text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."add_export"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_export"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_export"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."apply_retention"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_retention"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."apply_retention"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."avatar_paths"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."avatar_paths"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."avatar_paths"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."avatar_paths"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."begin_export"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_export"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_export"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_export"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "private"."blot"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."blot"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blot"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."contract_kept_until"(public.contracts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."contract_kept_until"(public.contracts) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."contract_kept_until"(public.contracts) TO "postgres";

REVOKE ALL ON FUNCTION "private"."count_mentions"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_mentions"(uuid, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_mentions"(uuid, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."delete_account"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."delete_account"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."delete_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."delete_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."delete_archived_firms"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."delete_archived_firms"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."delete_archived_firms"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."doom_avatar"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_avatar"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_avatar"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."doom_export"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_export"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_export"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."doom_file"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_file"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_file"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."doom_object"(text, text, timestamp WITH time zone, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_object"(text, text, timestamp WITH time zone, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_object"(text, text, timestamp WITH time zone, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."doom_report"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doom_report"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doom_report"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."doomed_objects"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."doomed_objects"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."doomed_objects"(integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."doomed_objects"(integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."erase_consultant"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."erase_consultant"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."erase_consultant"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_consultant"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_contact"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."erase_contact"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."erase_contact"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_contact"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_traces"(uuid, text, text[], uuid[], uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_traces"(uuid, text, text[], uuid[], uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_traces"(uuid, text, text[], uuid[], uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."export_firm"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."export_firm"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."export_firm"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."export_firm"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."export_firm_for_operator"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."export_firm_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."export_firm_for_operator"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."export_firm_for_operator"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "private"."fail_export"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fail_export"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."fail_export"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."finish_export"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_export"(uuid, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."finish_export"(uuid, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."finish_export"(uuid, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "private"."firm_grace"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."firm_grace"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."firm_grace"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_objects"(text, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_objects"(text, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_objects"(text, text[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_objects"(text, text[]) TO "service_role";

REVOKE ALL ON FUNCTION "private"."guard_reopening"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."guard_reopening"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."guard_reopening"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."guard_require_mfa"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."guard_require_mfa"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."guard_require_mfa"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."has_second_factor"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."has_second_factor"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."has_second_factor"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."has_second_factor"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."has_second_factor"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."keep_erased"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_erased"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_erased"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."kept_signatures"(uuid[], uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."kept_signatures"(uuid[], uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."kept_signatures"(uuid[], uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."list_access"(uuid, text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."list_access"(uuid, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."list_access"(uuid, text, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."list_access"(uuid, text, uuid) TO "service_role";

REVOKE ALL ON FUNCTION "private"."lock_contracts_of"(uuid, uuid[], text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_contracts_of"(uuid, uuid[], text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_contracts_of"(uuid, uuid[], text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."my_firms"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_firms"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."my_firms"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."my_firms"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."naming"(text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."naming"(text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."naming"(text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."needs_object"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."needs_object"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."needs_object"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."own_avatar_paths"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."own_avatar_paths"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."own_avatar_paths"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."own_avatar_paths"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."progress_export"(uuid, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."progress_export"(uuid, integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."progress_export"(uuid, integer, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."progress_export"(uuid, integer, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."refuse_erased"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_erased"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_erased"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."release_account"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."release_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."release_erasures"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_erasures"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."release_erasures"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."remove_objects"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."remove_objects"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."remove_objects"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_erasure_note"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_erasure_note"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_erasure_note"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."retention_rules"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."retention_rules"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."retention_rules"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."settle_erasure"(public.erasures) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."settle_erasure"(public.erasures) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."settle_erasure"(public.erasures) TO "postgres";

REVOKE ALL ON FUNCTION "private"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."access_review"(uuid, text, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."access_review"(uuid, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."access_review"(uuid, text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "public"."begin_export"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_export"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_export"(uuid) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."bulk_edit"(text, uuid[], jsonb) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."bulk_edit"(text, uuid[], jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."bulk_edit"(text, uuid[], jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_account"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."delete_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_account"() TO "postgres";

REVOKE ALL ON FUNCTION "public"."doomed_objects"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."doomed_objects"(integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."doomed_objects"(integer) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."erase_consultant"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."erase_consultant"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."erase_consultant"(uuid, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."erase_contact"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."erase_contact"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."erase_contact"(uuid, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."export_firm"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."export_firm"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."export_firm"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "public"."export_firm_for_operator"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."export_firm_for_operator"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."export_firm_for_operator"(uuid) TO "service_role";

REVOKE ALL ON FUNCTION "public"."finish_export"(uuid, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."finish_export"(uuid, jsonb) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."finish_export"(uuid, jsonb) TO "service_role";

REVOKE ALL ON FUNCTION "public"."forget_objects"(text, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."forget_objects"(text, text[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."forget_objects"(text, text[]) TO "service_role";

REVOKE ALL ON FUNCTION "public"."list_access"(uuid, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."list_access"(uuid, text, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."list_access"(uuid, text, uuid) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."my_firms"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."my_firms"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."my_firms"() TO "postgres";

REVOKE ALL ON FUNCTION "public"."progress_export"(uuid, integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."progress_export"(uuid, integer, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."progress_export"(uuid, integer, integer) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."timeline"(text, uuid, timestamp WITH time zone, uuid, integer) TO "postgres";

REVOKE ALL ON TABLE "public"."erasures" FROM "authenticated";

GRANT SELECT ON TABLE "public"."erasures" TO "authenticated";

REVOKE ALL ON TABLE "public"."erasures" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."erasures" TO "postgres";

REVOKE ALL ON TABLE "public"."erasures" FROM "service_role";

GRANT SELECT ON TABLE "public"."erasures" TO "service_role";

REVOKE ALL ON TABLE "public"."firm_exports" FROM "authenticated";

GRANT SELECT ON TABLE "public"."firm_exports" TO "authenticated";

REVOKE ALL ON TABLE "public"."firm_exports" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."firm_exports" TO "postgres";

REVOKE ALL ON TABLE "public"."firm_exports" FROM "service_role";

GRANT SELECT ON TABLE "public"."firm_exports" TO "service_role";

REVOKE ALL ("require_mfa") ON TABLE "public"."firms" FROM "authenticated";

GRANT UPDATE ("require_mfa") ON TABLE "public"."firms" TO "authenticated";

REVOKE ALL ("avatar_path") ON TABLE "public"."profiles" FROM "authenticated";

GRANT UPDATE ("avatar_path") ON TABLE "public"."profiles" TO "authenticated";

INSERT INTO storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
VALUES
  ('avatars', 'avatars', false, 1048576, array['image/jpeg', 'image/png', 'image/webp']),
  ('exports', 'exports', false, 62914560, array['application/zip'])
ON CONFLICT (id) DO UPDATE SET
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

-- What nobody was granted has no list of rights yet: it is written down that there are none.
REVOKE ALL ON private.doomed_objects, private.retention_clock
FROM public, anon, authenticated, service_role;

COMMENT ON FUNCTION "public"."archive_firm"(uuid) IS 'Closes a firm for everybody in it; after thirty days it is deleted with all that is in it, and until then the operator can open it again. Owners only: export_firm first.';

COMMENT ON COLUMN "public"."firms"."archived_at" IS 'When an owner closed the firm; thirty days later it is deleted, unless the operator opens it.';
