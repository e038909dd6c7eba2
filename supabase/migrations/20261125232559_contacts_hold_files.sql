SET local check_function_bodies = off;

DROP TRIGGER "files_erased" ON "public"."files";

DROP TRIGGER "files_follow" ON "public"."files";

ALTER TABLE "public"."files"
  DROP CONSTRAINT "files_one_parent";

DROP FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text);

DROP FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid);

DROP FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text, uuid, text, boolean);

ALTER TABLE "public"."files"
  ADD COLUMN "contact_id" uuid;

CREATE OR REPLACE FUNCTION private.begin_upload (
  p_firm_id       uuid,
  p_name          text,
  p_size_bytes    bigint,
  p_mime          text,
  p_company_id    uuid,
  p_contact_id    uuid,
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
    p_contact_id := null;
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
  elsif num_nonnulls(p_company_id, p_contact_id, p_consultant_id, p_contract_id) > 1 then
    perform private.fail(
      'one_parent',
      'A file belongs to one company, contact, consultant or contract, or to the firm.',
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
    p_contact_id := v_current.contact_id;
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
        and (f.company_id, f.contact_id, f.consultant_id, f.contract_id)
        is not distinct from (p_company_id, p_contact_id, p_consultant_id, p_contract_id)
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
      case num_nonnulls(p_company_id, p_contact_id, p_consultant_id, p_contract_id)
        when 0 then 10000
        else 1000
      end
    )
  then
    perform private.fail(
      'too_many_files', format('There are %s files here already.', v_beside),
      hint => 'Archive some first.', status => 409
    );
  end if;

  insert into public.files (
    id, firm_id, company_id, contact_id, consultant_id, contract_id, visibility, path, name, mime,
    size_bytes, sha256, series_id, version, is_current
  )
  values (
    v_id, p_firm_id, p_company_id, p_contact_id, p_consultant_id, p_contract_id, p_visibility,
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
    'parent_not_found', 'The firm has no such company, contact, consultant or contract.',
    status => 404
  );
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

  -- The current version before the others, as the worker and everybody else does.
  perform private.lock_series(p_firm_id, s.series_id)
  from (
    select distinct f.series_id
    from public.files f
    where f.firm_id = p_firm_id
      and (f.consultant_id = any (p_consultant_ids) or f.contact_id = any (p_contact_ids))
    order by f.series_id
  ) s;
  with gone as (
    delete from public.files
    where firm_id = p_firm_id
      and (consultant_id = any (p_consultant_ids) or contact_id = any (p_contact_ids))
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

CREATE OR REPLACE FUNCTION private.follow_current()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Apart: a parent that is written is asked whether it was erased, and its row is locked for it.
  if (old.company_id, old.contact_id, old.consultant_id, old.contract_id)
    is distinct from (new.company_id, new.contact_id, new.consultant_id, new.contract_id)
  then
    update public.files as f
    set
      company_id = new.company_id,
      contact_id = new.contact_id,
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

CREATE OR REPLACE FUNCTION private.refuse_duplicate (
  firm_id       uuid,
  sha256        text,
  company_id    uuid,
  contact_id    uuid,
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
    select f.company_id, f.contact_id, f.consultant_id, f.contract_id
    into
      refuse_duplicate.company_id, refuse_duplicate.contact_id, refuse_duplicate.consultant_id,
      refuse_duplicate.contract_id
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
    and f.contact_id is not distinct from refuse_duplicate.contact_id
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
              or f.contact_id = v_contact_id
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

CREATE OR REPLACE FUNCTION public.begin_upload (
  firm_id         uuid,
  name            text,
  size_bytes      bigint,
  mime            text,
  company_id      uuid    DEFAULT NULL::uuid,
  contact_id      uuid    DEFAULT NULL::uuid,
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
    firm_id, sha256, company_id, contact_id, consultant_id, contract_id, replaces
  )
  where allow_duplicate is not true;
  select private.begin_upload(
    firm_id, name, size_bytes, mime, company_id, contact_id, consultant_id, contract_id, visibility,
    replaces, sha256
  )
$function$;

REVOKE ALL ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean) FROM PUBLIC, "anon", "service_role";

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
        when f.contact_id is not null then 'contact'
        when f.consultant_id is not null then 'consultant'
        when f.contract_id is not null then 'contract'
      end,
      coalesce(f.company_id, f.contact_id, f.consultant_id, f.contract_id),
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

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_contact_id_fkey" FOREIGN KEY (firm_id, contact_id) REFERENCES public.contacts(firm_id, id);

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_one_parent" CHECK ((num_nonnulls(company_id, contact_id, consultant_id, contract_id) <= 1));

CREATE INDEX files_firm_id_contact_id_idx ON public.files USING btree (firm_id, contact_id, created_at DESC)
  WHERE (contact_id IS NOT NULL);

CREATE TRIGGER files_erased
  AFTER INSERT OR UPDATE OF consultant_id, contact_id ON public.files
  FOR EACH ROW
  WHEN ((num_nonnulls(new.consultant_id, new.contact_id) > 0))
  EXECUTE FUNCTION private.refuse_erased();

CREATE TRIGGER files_follow
  AFTER UPDATE OF visibility, archived_at, company_id, contact_id, consultant_id, contract_id ON public.files
  FOR EACH ROW
  WHEN
    ((new.is_current AND ((old.visibility IS DISTINCT FROM new.visibility) OR (old.archived_at IS DISTINCT FROM new.archived_at) OR (old.company_id IS DISTINCT FROM new.company_id)
    OR (old.contact_id IS DISTINCT FROM new.contact_id) OR (old.consultant_id IS DISTINCT FROM new.consultant_id) OR (old.contract_id IS DISTINCT FROM new.contract_id))))
  EXECUTE FUNCTION private.follow_current();

COMMENT ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text) IS 'Definer of public.begin_upload.';

COMMENT ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid, uuid) IS 'Fails with duplicate_file where the same bytes are in the same place already, as far as the caller
may read them.';

COMMENT ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean) IS 'First step of an upload: checks rights, name, type, size and quota and returns the file row, whose bucket and path the caller may upload to within an hour. Then call finish_upload. Members; visibility managers and portal need a manager, portal about themselves or their own contract a consultant. replaces makes it a new version of that file, for whoever may change it: where it belongs and who sees it stay as they are, and it takes the place of the other one when it is ready. sha256, as the browser computed it, is compared with the bytes that come, and refuses what is in the same place already, unless allow_duplicate. Errors: bad_name, file_empty, file_too_large, type_not_allowed, bad_sha256, one_parent, parent_not_found, portal_parent, file_not_found, archived, still_processing, duplicate_file (the hint names the other file), storage_quota, too_many_files, too_many_uploads.';

COMMENT ON TABLE "public"."files" IS 'Documents of a company, a contact, a consultant, a contract, or the firm itself: a row for each version. Lists ask for is_current. Rows come from begin_upload; open_file lets the object be read.';

REVOKE ALL ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_duplicate"(uuid, text, uuid, uuid, uuid, uuid, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean) TO "postgres";
