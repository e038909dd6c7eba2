SET local check_function_bodies = off;

DROP INDEX "public"."emails_to_address_idx";

ALTER TABLE "public"."emails"
  DROP CONSTRAINT "emails_status_known";

CREATE TABLE "private"."email_suppressions" (
  "id"           uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "address_hash" bytea                    NOT NULL,
  "firm_id"      uuid,
  "event"        text,
  "reason"       text                     NOT NULL,
  "created_at"   timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "email_suppressions_address_hash_firm_id_event_key" UNIQUE NULLS NOT DISTINCT (address_hash, firm_id, EVENT),
  CONSTRAINT "email_suppressions_pkey" PRIMARY KEY (id),
  CONSTRAINT "email_suppressions_reason_known" CHECK ((reason = ANY (ARRAY['unsubscribed'::text, 'bounced'::text, 'complained'::text]))),
  CONSTRAINT "email_suppressions_scope" CHECK (
CASE reason
    WHEN 'unsubscribed'::text THEN ((firm_id IS NOT NULL) AND (event IS NOT NULL))
    ELSE ((firm_id IS NULL) AND (event IS NULL))
END)
);

ALTER TABLE "private"."email_suppressions"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "private"."mail_key" (
  "only_row" boolean NOT NULL DEFAULT true,
  "key"      bytea   NOT NULL DEFAULT extensions.gen_random_bytes(32),
  CONSTRAINT "mail_key_only_row" CHECK (only_row),
  CONSTRAINT "mail_key_pkey" PRIMARY KEY (only_row)
);

ALTER TABLE "private"."mail_key"
  ENABLE ROW LEVEL SECURITY;

CREATE TABLE "public"."notification_preferences" (
  "id"         uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"    uuid                     NOT NULL,
  "kind"       text                     NOT NULL,
  "delivery"   text                     NOT NULL,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  "created_by" uuid,
  "updated_at" timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by" uuid,
  CONSTRAINT "notification_preferences_delivery_known"
    CHECK (((delivery = ANY (ARRAY['now'::text, 'digest'::text, 'off'::text])) AND ((kind <> 'digest'::text) OR (delivery <> 'now'::text)))),
  CONSTRAINT "notification_preferences_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "notification_preferences_kind_known"
    CHECK
    ((kind = ANY (ARRAY['contract_ending'::text, 'contract_renewing'::text, 'contract_signed'::text, 'contract_declined'::text, 'file_quarantined'::text, 'file_rejected'::text,
    'report_ready'::text, 'export_ready'::text, 'digest'::text]))),
  CONSTRAINT "notification_preferences_pkey" PRIMARY KEY (id),
  "user_id"    uuid                     NOT NULL DEFAULT auth.uid(),
  CONSTRAINT "notification_preferences_firm_id_user_id_kind_key" UNIQUE (firm_id, user_id, kind)
);

ALTER TABLE "public"."notification_preferences"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."notification_preferences" FROM "anon", "service_role";

ALTER TABLE "public"."firms"
  ADD COLUMN "brand_color" text;

ALTER TABLE "public"."notifications"
  ADD COLUMN "delivery" text NOT NULL DEFAULT 'off'::text;

ALTER TABLE "public"."notifications"
  ADD COLUMN "digested_at" timestamp WITH time zone;

CREATE OR REPLACE FUNCTION private.allow_address (
  address text
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  hash bytea := private.address_hash(address);
  lifted integer;
begin
  delete from private.email_suppressions as s where s.address_hash = hash;
  get diagnostics lifted = row_count;
  return lifted;
end
$function$;

CREATE OR REPLACE FUNCTION private.ask_signer (
  p_signer_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_token text := encode(extensions.gen_random_bytes(32), 'hex');
  v_signer record;
  v_asked integer;
begin
  select s.*, c.number, c.title, f.name as firm, f.timezone,
    coalesce(nullif(btrim(p.full_name), ''), f.name) as sender
  into strict v_signer
  from public.contract_signers s
  join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
  join public.firms f on f.id = s.firm_id
  left join public.profiles p on p.id = auth.uid()
  where s.id = p_signer_id;
  insert into private.signing_tokens as t (signer_id, firm_id, token_hash, expires_at)
  values (
    p_signer_id, v_signer.firm_id, sha256(convert_to(v_token, 'UTF8')), now() + interval '30 days'
  )
  on conflict (signer_id) do update
  set
    token_hash = excluded.token_hash,
    expires_at = excluded.expires_at,
    asked_at = now(),
    asked = t.asked + 1
  returning t.asked into v_asked;
  perform private.queue_email(
    v_signer.firm_id,
    'signing_request:' || p_signer_id || ':' || gen_random_uuid(),
    'signing_request',
    v_signer.email,
    v_signer.firm || ': please sign ' || v_signer.title,
    jsonb_build_object(
      'sender', v_signer.sender,
      'name', v_signer.name,
      'number', v_signer.number::text,
      'title', v_signer.title,
      'reminder', v_asked > 1,
      'expires_on', ((now() + interval '30 days') at time zone v_signer.timezone)::date,
      -- Behind the #, so that no server writes the token into its log.
      'link', '/sign#token=' || v_token
    )
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_email (
  p_id             uuid,
  p_message_domain text
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_email public.emails;
begin
  update public.emails as e
  set status = 'suppressed', params = '{}'
  where e.id = p_id
    and e.status <> 'sent'
    and private.is_suppressed(e.to_address, e.firm_id, e.event);
  update public.emails as e
  set
    status = 'sending',
    attempts = e.attempts + 1,
    message_id = coalesce(e.message_id, '<' || e.id || '@' || p_message_domain || '>')
  where e.id = p_id and e.status <> 'sent' and e.params <> '{}'
  returning * into v_email;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'event', v_email.event,
    'to', v_email.to_address,
    'subject', v_email.subject,
    'params', v_email.params,
    'message_id', v_email.message_id,
    'unsubscribe_token', private.unsubscribe_token(
      v_email.to_address, v_email.firm_id, v_email.event
    )
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
        -- The name of a file stands in the subject.
        or (
          e.event in ('file_quarantined', 'file_rejected')
          and split_part(e.dedupe_key, ':', 2) = any (v_file_ids::text[])
        )
        or (e.event = 'digest' and e.params::text ~* p_naming)
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
      p_user_ids => array[v_export.requested_by],
      p_email => jsonb_build_object('kept_until', v_export.expires_at::date)
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_report (
  p_id         uuid,
  p_size_bytes bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_report public.reports;
begin
  update public.reports as r
  set
    status = 'ready',
    progress = 100,
    path = format('%s/%s.%s', r.firm_id, r.id, r.format),
    size_bytes = p_size_bytes,
    finished_at = now()
  where r.id = p_id and r.status = 'rendering'
  returning * into v_report;
  if found then
    perform private.notify(
      v_report.firm_id,
      'report_ready',
      'report_ready:' || p_id,
      'Your report is ready',
      'Contract portfolio as ' || upper(v_report.format) || '.',
      '/reports/' || p_id,
      p_user_ids => array[v_report.requested_by],
      p_email => jsonb_build_object(
        'report', 'Contract portfolio',
        'format', upper(v_report.format),
        'kept_until', (v_report.finished_at + interval '30 days')::date
      )
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.is_suppressed (
  address text,
  firm_id uuid,
  event   text
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  hash bytea := private.address_hash(address);
begin
  return exists (
    select from private.email_suppressions as s
    where s.address_hash = hash
      and (
        s.firm_id is null
        or (s.firm_id = is_suppressed.firm_id and s.event = is_suppressed.event)
      )
  );
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
    'send_digests', 'apply_retention', 'remove_objects', 'rescan_files', 'prune_jobs'
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
    perform private.tell_of_file(
      file, 'file_rejected', 'object_missing', 'The uploaded bytes are no longer there.', 'admin'
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.mail_key()
  RETURNS bytea
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  found_key bytea;
begin
  select k.key into found_key from private.mail_key as k;
  if found_key is null then
    insert into private.mail_key (only_row) values (true) on conflict do nothing;
    select k.key into strict found_key from private.mail_key as k;
  end if;
  return found_key;
end
$function$;

CREATE OR REPLACE FUNCTION private.address_hash (
  address text
)
  RETURNS bytea
  LANGUAGE sql
  SET search_path TO ''
RETURN extensions.hmac(convert_to(lower(address), 'UTF8'::name), private.mail_key(), 'sha256'::text);

CREATE OR REPLACE FUNCTION private.notification_kinds()
  RETURNS TABLE (
    kind     text,
    delivery text,
    what     text
  )
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
BEGIN ATOMIC
 SELECT k.kind,
     k.delivery,
     k.what
    FROM
      ( VALUES ('contract_ending'::text,'now'::text,'A contract ends soon.'::text),
      ('contract_renewing'::text,'now'::text,'A contract renews itself unless somebody cancels it soon.'::text),
      ('contract_signed'::text,'now'::text,'Everybody has signed a contract.'::text),
      ('contract_declined'::text,'now'::text,'Somebody does not sign a contract.'::text),
      ('file_quarantined'::text,'now'::text,'A file of yours was locked away.'::text),
      ('file_rejected'::text,'digest'::text,'A file of yours could not be used.'::text),
      ('report_ready'::text,'now'::text,'A report you asked for is ready.'::text),
      ('export_ready'::text,'now'::text,'The export of the firm you asked for is ready.'::text),
      ('digest'::text,'digest'::text,'The daily mail with what was gathered.'::text)) k(kind, delivery, what);
END;

CREATE OR REPLACE FUNCTION private.notify (
  p_firm_id    uuid,
  p_kind       text,
  p_dedupe_key text,
  p_title      text,
  p_body       text,
  p_link       text,
  p_user_ids   uuid[] DEFAULT '{}'::uuid[],
  p_min_role   text   DEFAULT NULL::text,
  p_email      jsonb  DEFAULT NULL::jsonb
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_person record;
  v_count integer := 0;
begin
  for v_person in
    select m.user_id, p.email, coalesce(d.delivery, k.delivery, 'off') as delivery
    from public.firm_members as m
    join public.firms as f on f.id = m.firm_id
    join public.profiles as p on p.id = m.user_id
    left join private.notification_kinds() as k on k.kind = p_kind
    left join public.notification_preferences as d
      on d.firm_id = m.firm_id and d.user_id = m.user_id and d.kind = p_kind
    where m.firm_id = p_firm_id
      and m.status = 'active'
      and f.status = 'active'
      and f.archived_at is null
      and (
        m.user_id = any (p_user_ids)
        or private.role_rank(m.role) >= private.role_rank(p_min_role)
      )
  loop
    -- An address that cannot be mailed must not keep the others from hearing.
    if p_email is null or private.is_email(v_person.email) is not true then
      v_person.delivery := 'off';
    -- A thousand files that turn out bad are no reason for a thousand mails: what goes beyond some
    -- an hour waits for the digest. Workers at the same moment may each send one more.
    elsif v_person.delivery = 'now' and (
      select count(*) >= 20
      from public.emails as e
      where e.to_address = v_person.email
        and e.firm_id = p_firm_id
        and e.created_at > now() - interval '1 hour'
    ) then
      v_person.delivery := 'digest';
    end if;
    insert into public.notifications (
      firm_id, user_id, dedupe_key, kind, title, body, link, delivery
    )
    values (
      p_firm_id, v_person.user_id, p_dedupe_key, p_kind, p_title, p_body, p_link,
      v_person.delivery
    )
    on conflict (user_id, dedupe_key) do nothing;
    continue when not found;
    v_count := v_count + 1;
    if v_person.delivery = 'now' then
      perform private.queue_email(
        p_firm_id, p_dedupe_key || ':' || v_person.user_id, p_kind, v_person.email, p_title,
        p_email || jsonb_build_object('link', p_link)
      );
    end if;
  end loop;
  return v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.notify_invitation (
  p_invitation_id uuid,
  p_token         text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_invitation record;
begin
  select i.firm_id, i.email, i.role, i.expires_at, f.name as firm, f.timezone,
    coalesce(nullif(btrim(p.full_name), ''), p.email, f.name) as inviter
  into v_invitation
  from public.invitations as i
  join public.firms as f on f.id = i.firm_id
  left join public.profiles as p on p.id = auth.uid()
  where i.id = p_invitation_id;
  perform private.require_mail_room(v_invitation.firm_id, 'invitation', v_invitation.email);
  perform private.queue_email(
    v_invitation.firm_id,
    'invitation:' || p_invitation_id || ':' || gen_random_uuid(),
    'invitation',
    v_invitation.email,
    v_invitation.inviter || ' invites you to ' || v_invitation.firm,
    jsonb_build_object(
      'inviter', v_invitation.inviter,
      'role', v_invitation.role,
      'expires_on', (v_invitation.expires_at at time zone v_invitation.timezone)::date,
      -- Behind the #, so that no server writes the token into its log.
      'link', '/invitations/accept#token=' || p_token
    )
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.queue_email (
  p_firm_id    uuid,
  p_dedupe_key text,
  p_event      text,
  p_to         text,
  p_subject    text,
  p_params     jsonb
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_id uuid;
begin
  insert into public.emails (firm_id, dedupe_key, event, to_address, subject, params)
  select
    f.id, p_dedupe_key, p_event, p_to,
    -- A name in the subject may hold what a header may not.
    left(regexp_replace(p_subject, '[[:cntrl:]\u2028\u2029]+', ' ', 'g'), 300),
    p_params || jsonb_build_object('firm', f.name)
    || jsonb_strip_nulls(jsonb_build_object('color', f.brand_color))
  from public.firms as f
  where f.id = p_firm_id
  on conflict (dedupe_key) do nothing
  returning id into v_id;
  if v_id is not null then
    perform private.enqueue(
      'email.send', jsonb_build_object('email_id', v_id), p_firm_id,
      unique_key => 'email.send:' || v_id
    );
  end if;
  return v_id;
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
  if private.is_suppressed(p_to, p_firm_id, p_event) then
    perform private.fail(
      'address_suppressed', 'This address takes no more mails of this kind.',
      hint => 'Its owner unsubscribed, or mails to it came back: reach them another way.',
      status => 409
    );
  end if;
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

CREATE OR REPLACE FUNCTION private.schema_version()
  RETURNS integer
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
RETURN 3;

CREATE OR REPLACE FUNCTION private.send_digests (
  at timestamp with time zone DEFAULT now()
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  due record;
  items jsonb;
  waiting integer;
  done integer := 0;
begin
  for due in
    select n.firm_id, n.user_id, clock.eight, o.email, f.name as firm,
      format('digest:%s:%s:%s', n.firm_id, n.user_id, clock.eight::date) as dedupe_key
    from (
      select distinct w.firm_id, w.user_id
      from public.notifications as w
      where w.delivery = 'digest' and w.digested_at is null
    ) as n
    join public.firms as f on f.id = n.firm_id and f.status = 'active' and f.archived_at is null
    join public.firm_members as m
      on m.firm_id = n.firm_id and m.user_id = n.user_id and m.status = 'active'
    join public.profiles as o on o.id = n.user_id
    -- Eight in the morning by the firm's clock, the last time it was.
    cross join lateral (
      select date_trunc('day', local.now - interval '8 hours') + interval '8 hours' as eight
      from (select send_digests.at at time zone f.timezone as now) as local
    ) as clock
    where exists (
      select from public.notifications as w
      where w.firm_id = n.firm_id
        and w.user_id = n.user_id
        and w.delivery = 'digest'
        and w.digested_at is null
        and w.created_at <= clock.eight at time zone f.timezone
    )
    -- One a day: what was told before eight but came to light afterwards waits for the next.
    and not exists (
      select from public.emails as e
      where e.dedupe_key
        = format('digest:%s:%s:%s', n.firm_id, n.user_id, clock.eight::date)
    )
    limit 1000
  loop
    with taken as (
      update public.notifications as n
      set digested_at = send_digests.at
      from public.firms as f
      where n.firm_id = due.firm_id
        and n.user_id = due.user_id
        and n.delivery = 'digest'
        and n.digested_at is null
        and f.id = n.firm_id
        and n.created_at <= due.eight at time zone f.timezone
      returning n.kind, n.title, n.body, n.link, n.created_at, n.read_at, f.timezone
    ), news as (
      -- Read in the app, or no longer wanted: it is no news.
      select t.*, row_number() over (order by t.created_at, t.link) as place
      from taken as t
      where t.read_at is null and not exists (
        select from public.notification_preferences as p
        where p.firm_id = due.firm_id
          and p.user_id = due.user_id
          and p.kind in (t.kind, 'digest')
          and p.delivery = 'off'
      )
    )
    select
      count(*),
      jsonb_agg(
        jsonb_build_object(
          'title', n.title,
          'body', n.body,
          'link', n.link,
          'day', (n.created_at at time zone n.timezone)::date
        )
        order by n.place
      ) filter (where n.place <= 50)
    into waiting, items
    from news as n;
    done := done + 1;
    if waiting > 0 and private.is_email(due.email) then
      perform private.queue_email(
        due.firm_id,
        due.dedupe_key,
        'digest',
        due.email,
        format(
          '%s: %s', due.firm, case waiting when 1 then '1 thing' else waiting || ' things' end
        ) || ' since yesterday',
        jsonb_build_object(
          'link', '/notifications', 'day', due.eight::date, 'items', items,
          'more', greatest(waiting - 50, 0)
        )
      );
    end if;
  end loop;
  return done;
end
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

CREATE OR REPLACE FUNCTION private.suppress_address (
  address text,
  reason  text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if private.is_email(suppress_address.address) is not true then
    perform private.fail('bad_address', 'This is no e-mail address.', status => 400);
  elsif suppress_address.reason in ('bounced', 'complained') is not true then
    perform private.fail(
      'unknown_reason', 'An address is suppressed because it bounced or complained.',
      hint => 'Use bounced or complained.', status => 400
    );
  end if;
  insert into private.email_suppressions (address_hash, reason)
  values (private.address_hash(suppress_address.address), suppress_address.reason)
  on conflict do nothing;
end
$function$;

CREATE OR REPLACE FUNCTION private.tell_of_file (
  file     public.files,
  kind     text,
  reason   text,
  detail   text,
  min_role text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.notify(
    file.firm_id,
    kind,
    format('%s:%s:%s', kind, file.id, reason),
    left('“' || file.name || '” ', 280)
    || case kind when 'file_quarantined' then 'is in quarantine' else 'cannot be used' end,
    coalesce(left(detail, 1000), ''),
    '/files/' || file.id,
    p_user_ids => array[file.created_by],
    p_min_role => min_role,
    p_email => jsonb_build_object('name', file.name, 'detail', coalesce(left(detail, 1000), ''))
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.unsubscribe (
  token text
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  raw bytea;
  subject bytea;
  address bytea;
  event text;
  firm public.firms;
begin
  -- Two hashes, a firm and an event of at most fifty letters.
  if token ~ '^[A-Za-z0-9_-]{108,174}$' and length(token) % 4 <> 1 then
    raw := decode(
      rpad(translate(token, '-_', '+/'), (length(token) + 3) / 4 * 4, '='), 'base64'
    );
    subject := substring(raw from 33);
    -- Both sides once more, so that the time the comparison takes tells nothing.
    if extensions.hmac(substring(raw from 1 for 32), private.mail_key(), 'sha256')
      = extensions.hmac(
        extensions.hmac(subject, private.mail_key(), 'sha256'), private.mail_key(), 'sha256'
      )
    then
      address := substring(subject from 1 for 32);
      event := convert_from(substring(subject from 49), 'UTF8');
      select f.* into firm
      from public.firms as f
      where f.id = encode(substring(subject from 33 for 16), 'hex')::uuid;
    end if;
  end if;
  if event is null or firm.id is null then
    perform private.fail(
      'unknown_token', 'This link is not valid.',
      hint => 'Use the whole link of the mail.', status => 404
    );
  end if;
  if event in (select k.kind from private.notification_kinds() as k) then
    insert into public.notification_preferences (firm_id, user_id, kind, delivery)
    select m.firm_id, m.user_id, event, 'off'
    from public.firm_members as m
    join public.profiles as p on p.id = m.user_id
    where m.firm_id = firm.id and private.address_hash(p.email) = address
    on conflict on constraint notification_preferences_firm_id_user_id_kind_key
    do update set delivery = excluded.delivery;
  else
    insert into private.email_suppressions (address_hash, firm_id, event, reason)
    values (address, firm.id, event, 'unsubscribed')
    on conflict do nothing;
  end if;
  return jsonb_build_object('firm', firm.name, 'kind', event);
end
$function$;

CREATE OR REPLACE FUNCTION private.unsubscribe_token (
  address text,
  firm_id uuid,
  event   text
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  subject bytea := private.address_hash(address) || uuid_send(firm_id)
    || convert_to(event, 'UTF8');
begin
  return translate(
    encode(extensions.hmac(subject, private.mail_key(), 'sha256') || subject, 'base64'),
    E'+/=\n', '-_'
  );
end
$function$;

CREATE OR REPLACE FUNCTION public.allow_address (
  address text
)
  RETURNS integer
  LANGUAGE sql
  SET search_path TO ''
RETURN private.allow_address(address);

REVOKE ALL ON FUNCTION "public"."allow_address"(text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.notification_settings (
  firm_id uuid
)
  RETURNS TABLE (
    kind     text,
    delivery text,
    standard text,
    what     text
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  perform private.require_role(notification_settings.firm_id, 'viewer');
  return query
    select k.kind, coalesce(p.delivery, k.delivery), k.delivery, k.what
    from private.notification_kinds() as k
    left join public.notification_preferences as p
      on p.firm_id = notification_settings.firm_id
      and p.user_id = auth.uid()
      and p.kind = k.kind;
end
$function$;

REVOKE ALL ON FUNCTION "public"."notification_settings"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.set_notification (
  firm_id  uuid,
  kind     text,
  delivery text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform private.require_role(set_notification.firm_id, 'viewer');
  if not exists (
    select from private.notification_kinds() as k where k.kind = set_notification.kind
  ) then
    perform private.fail(
      'unknown_kind', format('There is no kind of notification "%s".', set_notification.kind),
      hint => 'notification_settings lists them.', status => 400
    );
  end if;
  if (
    set_notification.delivery in ('now', 'digest', 'off')
    and (set_notification.kind <> 'digest' or set_notification.delivery <> 'now')
  ) is not true then
    perform private.fail(
      'unknown_delivery', 'That is no way to be told of it.',
      hint => 'Use now, digest or off; for the kind digest: digest or off.', status => 400
    );
  end if;
  insert into public.notification_preferences as p (firm_id, kind, delivery)
  values (set_notification.firm_id, set_notification.kind, set_notification.delivery)
  on conflict on constraint notification_preferences_firm_id_user_id_kind_key
  do update set delivery = excluded.delivery;
end
$function$;

REVOKE ALL ON FUNCTION "public"."set_notification"(uuid, text, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.suppress_address (
  address text,
  reason  text
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
RETURN private.suppress_address(address, reason);

REVOKE ALL ON FUNCTION "public"."suppress_address"(text, text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.unsubscribe (
  token text
)
  RETURNS jsonb
  LANGUAGE sql
  SET search_path TO ''
RETURN private.unsubscribe(token);

REVOKE ALL ON FUNCTION "public"."unsubscribe"(text) FROM PUBLIC, "service_role";

ALTER TABLE "private"."email_suppressions"
  ADD CONSTRAINT "email_suppressions_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."emails"
  ADD CONSTRAINT "emails_status_known" CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'suppressed'::text])));

ALTER TABLE "public"."firms"
  ADD CONSTRAINT "firms_brand_color_form" CHECK ((brand_color ~ '^#[0-9a-f]{6}$'::text));

ALTER TABLE "public"."notifications"
  ADD CONSTRAINT "notifications_delivery_known" CHECK ((delivery = ANY (ARRAY['now'::text, 'digest'::text, 'off'::text])));

CREATE INDEX email_suppressions_firm_id_idx ON private.email_suppressions USING btree (firm_id)
  WHERE (firm_id IS NOT NULL);

CREATE INDEX emails_to_address_created_at_idx ON public.emails USING btree (to_address, created_at DESC);

CREATE INDEX notifications_digest_idx ON public.notifications USING btree (firm_id, user_id, created_at)
  WHERE ((delivery = 'digest'::text) AND (digested_at IS NULL));

CREATE TRIGGER notification_preferences_stamp
  BEFORE INSERT OR UPDATE ON public.notification_preferences
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE POLICY "email_suppressions_nobody" ON "private"."email_suppressions"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "mail_key_nobody" ON "private"."mail_key"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

COMMENT ON COLUMN "public"."emails"."status" IS 'queued; sending: handed to the mail server, outcome unknown yet; sent; failed: no more attempts; suppressed: its address gets no more of it, so nothing was sent.';

COMMENT ON COLUMN "public"."firms"."brand_color" IS 'The colour of the firm''s mails, such as #14233c; null: that of the house.';

COMMENT ON COLUMN "public"."notification_preferences"."delivery" IS 'now: a mail at once; digest: in the daily one; off: in the app only. For the kind digest: digest or off.';

COMMENT ON COLUMN "public"."notifications"."delivery" IS 'By mail as well: at once (now), with the next daily digest, or not at all.';

COMMENT ON COLUMN "public"."notifications"."digested_at" IS 'When a digest took it up, or passed over it because it had been read.';

COMMENT ON FUNCTION "private"."address_hash"(text) IS 'An address as private.email_suppressions and tokens know it; capital letters make no difference.';

COMMENT ON FUNCTION "private"."allow_address"(text) IS 'Definer of public.allow_address.';

COMMENT ON FUNCTION "private"."is_suppressed"(text, uuid, text) IS 'Whether this event of this firm must not be mailed to the address.';

COMMENT ON FUNCTION "private"."mail_key"() IS 'The key of private.mail_key, made when it is first asked for.';

COMMENT ON FUNCTION "private"."notification_kinds"() IS 'What members of a firm are told, and how they get it by mail unless they choose otherwise: at once
(now), with the daily digest, or not at all (off). The digest is a kind itself.';

COMMENT ON FUNCTION "private"."notify"(uuid, text, text, text, text, text, uuid[], text, jsonb) IS 'Decides who hears of a fact: those users and everyone with at least that role, as far as they are active in the firm. A row for each, never twice for the same key; and with p_email (the facts of the letter) a mail, at once, with the digest or not at all, as each chose. Beyond twenty mails an hour from the firm it is the digest. Returns how many were told.';

COMMENT ON FUNCTION "private"."require_mail_room"(uuid, text, text) IS 'Fails when a firm has sent too many of these mails today, or five to this address, or its owner wants no more of them.';

COMMENT ON FUNCTION "private"."send_digests"(timestamp with time zone) IS 'Makes the daily mails that are due: at eight in the morning by the clock of the firm, one for each
member and firm with what was gathered and not read since, fifty things at most and how many more; none
where there is nothing. Once a day, however often this runs. Returns how many members were seen to, at
most 1000.';

COMMENT ON FUNCTION "private"."suppress_address"(text, text) IS 'Definer of public.suppress_address.';

COMMENT ON FUNCTION "private"."tell_of_file"(public.files, text, text, text, text) IS 'Tells whoever uploaded a file, and everyone with at least that role if there is one, that it is in
quarantine (file_quarantined) or of no use (file_rejected).';

COMMENT ON FUNCTION "private"."unsubscribe"(text) IS 'Definer of public.unsubscribe.';

COMMENT ON FUNCTION "private"."unsubscribe_token"(text, uuid, text) IS 'What ends this event of this firm for this address; the same each time.';

COMMENT ON FUNCTION "public"."allow_address"(text) IS 'Lifts whatever keeps mails from this address, what its owner unsubscribed from too; for when they
ask. Returns how many entries went. For the secret key only.';

COMMENT ON FUNCTION "public"."begin_email"(uuid, text) IS 'What to send, its Message-ID fixed from now on; null when it was sent already, does not exist, had a token in it and failed, or goes to somebody who wants no more of it. For the secret key only.';

COMMENT ON FUNCTION "public"."notification_settings"(uuid) IS 'Every kind of notification with how the caller gets it by mail in this firm (now, digest or off),
and how they would by default.';

COMMENT ON FUNCTION "public"."set_notification"(uuid, text, text) IS 'Chooses how the caller gets one kind of notification of a firm by mail: now, digest or off. In the
app they see it in any case. Errors: unknown_kind, unknown_delivery.';

COMMENT ON FUNCTION "public"."suppress_address"(text, text) IS 'Nothing is mailed to this address any more, by any firm, because it bounced or complained. For the
secret key only. Errors: bad_address, unknown_reason.';

COMMENT ON FUNCTION "public"."unsubscribe"(text) IS 'Ends what the token of a mail names, without a session: a member''s kind of notification is off
from now on, until they choose otherwise; whoever is no member gets no more of it from that firm. Doing it
twice is harmless. Returns firm (its name) and kind. Error: unknown_token.';

COMMENT ON TABLE "private"."email_suppressions" IS 'What is never mailed again: one event of one firm to somebody who is not a member and unsubscribed, or anything to an address that bounced or complained. Outlives accounts, so it keeps no address, only its hash.';

COMMENT ON TABLE "private"."mail_key" IS 'What the tokens to unsubscribe are signed with, and addresses hashed. Made when first needed. Whoever knows it can stop mails, and guess whose address is suppressed; nothing else.';

COMMENT ON TABLE "public"."notification_preferences" IS 'How one member of a firm gets what they are told by mail, where it is not as notification_settings says by default. Each member has their own only.';

REVOKE ALL ON FUNCTION "private"."address_hash"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."address_hash"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."address_hash"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."allow_address"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."allow_address"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."allow_address"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."allow_address"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."is_suppressed"(text, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_suppressed"(text, uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_suppressed"(text, uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mail_key"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mail_key"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mail_key"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."notification_kinds"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."notification_kinds"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."notification_kinds"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notification_kinds"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."send_digests"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."send_digests"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."send_digests"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suppress_address"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suppress_address"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suppress_address"(text, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."suppress_address"(text, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."tell_of_file"(public.files, text, text, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_of_file"(public.files, text, text, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell_of_file"(public.files, text, text, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unsubscribe"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."unsubscribe"(text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."unsubscribe"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unsubscribe"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unsubscribe_token"(text, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unsubscribe_token"(text, uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unsubscribe_token"(text, uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "public"."allow_address"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."allow_address"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."allow_address"(text) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."notification_settings"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."notification_settings"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."notification_settings"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_notification"(uuid, text, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."set_notification"(uuid, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_notification"(uuid, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "public"."suppress_address"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."suppress_address"(text, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."suppress_address"(text, text) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."unsubscribe"(text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."unsubscribe"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."unsubscribe"(text) TO "postgres";

REVOKE ALL ("brand_color") ON TABLE "public"."firms" FROM "authenticated";

GRANT UPDATE ("brand_color") ON TABLE "public"."firms" TO "authenticated";

REVOKE ALL ON TABLE "public"."notification_preferences" FROM "authenticated";

REVOKE ALL ("delivery") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("delivery"), UPDATE ("delivery") ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ("kind") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("kind") ON TABLE "public"."notification_preferences" TO "authenticated";

GRANT SELECT ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ON TABLE "public"."notification_preferences" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."notification_preferences" TO "postgres";

ALTER TABLE "public"."notification_preferences"
  ADD CONSTRAINT "notification_preferences_member_fkey" FOREIGN KEY (firm_id, user_id) REFERENCES public.firm_members(firm_id, user_id) ON DELETE CASCADE;

CREATE POLICY "notification_preferences_insert" ON "public"."notification_preferences"
  FOR INSERT
  TO "authenticated"
  WITH CHECK (((user_id = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('viewer'::text) AS firm_ids)))));

CREATE POLICY "notification_preferences_select" ON "public"."notification_preferences"
  FOR SELECT
  TO "authenticated"
  USING (((user_id = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('viewer'::text) AS firm_ids)))));

CREATE POLICY "notification_preferences_update" ON "public"."notification_preferences"
  FOR UPDATE
  TO "authenticated"
  USING (((user_id = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('viewer'::text) AS firm_ids)))))
  WITH CHECK (((user_id = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('viewer'::text) AS firm_ids)))));

REVOKE ALL ON TABLE "private"."email_suppressions" FROM PUBLIC, "anon", "authenticated", "service_role";

REVOKE ALL ON TABLE "private"."mail_key" FROM PUBLIC, "anon", "authenticated", "service_role";
