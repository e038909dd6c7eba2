SET local check_function_bodies = off;

ALTER TABLE "public"."notification_preferences"
  DROP CONSTRAINT "notification_preferences_kind_known";

ALTER TABLE "public"."contract_signers"
  ADD COLUMN "unreachable_since" timestamp WITH time zone;

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
  select e.* into v_email from public.emails as e where e.id = p_id and e.status <> 'sent';
  if private.is_suppressed(v_email.to_address, v_email.firm_id, v_email.event)
    -- News for a member who left the firm, or turned it off, while the mail server was away.
    or v_email.event in (select k.kind from private.notification_kinds() as k) and not exists (
      select from public.firm_members as m
      join public.profiles as p on p.id = m.user_id
      left join public.notification_preferences as d
        on d.firm_id = m.firm_id and d.user_id = m.user_id and d.kind = v_email.event
      where m.firm_id = v_email.firm_id
        and m.status = 'active'
        and p.email = v_email.to_address
        and d.delivery is distinct from 'off'
    )
  then
    perform private.tell_of_unreachable(private.signer_of(v_email));
    update public.emails as e
    set status = 'suppressed', params = '{}'
    where e.id = p_id and e.status <> 'sent';
    return null;
  end if;
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

CREATE OR REPLACE FUNCTION private.fail_email()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_email public.emails;
begin
  select e.* into v_email
  from public.emails as e
  where e.id = (new.payload ->> 'email_id')::uuid and e.status <> 'sent';
  perform private.tell_of_unreachable(private.signer_of(v_email));
  update public.emails
  set
    status = 'failed',
    error = left(new.code || ': ' || new.error, 500),
    -- A token is not kept for a mail that may never go out: resending makes a new one.
    params = case when event in ('invitation', 'signing_request') then '{}' else params end
  where id = v_email.id and status <> 'sent';
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_email (
  p_id uuid
)
  RETURNS void
  LANGUAGE sql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  update public.contract_signers as s
  set unreachable_since = null
  from public.emails as e
  where e.id = p_id
    and s.firm_id = e.firm_id
    and s.id = private.signer_of(e)
    and s.unreachable_since is not null;
  update public.emails
  set status = 'sent', sent_at = now(), error = null, params = '{}'
  where id = p_id and status = 'sending'
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
      signed_terms = null,
      unreachable_since = null
    where contract_id = new.id and (status <> 'pending' or unreachable_since is not null);
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
      ('signer_unreachable'::text,'now'::text,'A request to sign a contract did not arrive.'::text),
      ('file_quarantined'::text,'now'::text,'A file of yours was locked away.'::text),
      ('file_rejected'::text,'digest'::text,'A file of yours could not be used.'::text),
      ('report_ready'::text,'now'::text,'A report you asked for is ready.'::text),
      ('export_ready'::text,'now'::text,'The export of the firm you asked for is ready.'::text),
      ('digest'::text,'digest'::text,'The daily mail with what was gathered.'::text)) k(kind, delivery, what);
END;

CREATE OR REPLACE FUNCTION private.remind_signers()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer record;
  v_count integer := 0;
begin
  for v_signer in
    select s.id, s.firm_id, s.email
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
    for no key update of s, t skip locked
  loop
    if private.is_suppressed(v_signer.email, v_signer.firm_id, 'signing_request') then
      -- The link they have stays good: no other would reach them.
      update private.signing_tokens
      set asked_at = now(), asked = asked + 1
      where signer_id = v_signer.id;
      perform private.tell_of_unreachable(v_signer.id);
    else
      perform private.ask_signer(v_signer.id);
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.resend_signing (
  p_signer_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers;
begin
  select * into v_signer
  from public.contract_signers s
  where s.id = p_signer_id and s.firm_id = any (array(select private.firm_ids()));
  if not found then
    perform private.fail('signer_not_found', 'There is no such signer.', status => 404);
  end if;
  perform private.lock_contract(v_signer.contract_id, 'manager');
  if not exists (select from private.signing_tokens t where t.signer_id = p_signer_id)
    or (select s.status from public.contract_signers s where s.id = p_signer_id)
    not in ('pending', 'viewed')
  then
    perform private.fail(
      'not_their_turn', 'This person is not asked to sign at the moment.', status => 409
    );
  end if;
  perform private.require_mail_room(v_signer.firm_id, 'signing_request', v_signer.email);
  update public.contract_signers
  set unreachable_since = null
  where id = p_signer_id and unreachable_since is not null;
  perform private.ask_signer(p_signer_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.signer_of (
  p_email public.emails
)
  RETURNS uuid
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select case
    when p_email.event = 'signing_request' and not exists (
      select from public.emails as later
      where later.firm_id = p_email.firm_id
        and later.event = 'signing_request'
        and later.created_at > p_email.created_at
        and split_part(later.dedupe_key, ':', 2) = split_part(p_email.dedupe_key, ':', 2)
    ) then split_part(p_email.dedupe_key, ':', 2)::uuid
  end
$function$;

CREATE OR REPLACE FUNCTION private.tell_of_unreachable (
  signer_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  waiting record;
  sender uuid;
begin
  -- The signature before the row of the mail, as in an erasure.
  update public.contract_signers as s
  set unreachable_since = now()
  from public.contracts as c
  where s.id = tell_of_unreachable.signer_id
    and s.status in ('pending', 'viewed')
    and s.archived_at is null
    and s.unreachable_since is null
    and c.firm_id = s.firm_id
    and c.id = s.contract_id
    and c.status = 'sent'
    and c.archived_at is null
  returning s.firm_id, s.name, s.email, c.id as contract_id, c.number, c.title into waiting;
  if not found then
    return;
  end if;
  select m.user_id into sender
  from (
    select e.actor
    from public.contract_events as e
    where e.firm_id = waiting.firm_id
      and e.contract_id = waiting.contract_id
      and e.to_status = 'sent'
    order by e.at desc
    limit 1
  ) as sent
  join public.firm_members as m
    on m.firm_id = waiting.firm_id
    and m.user_id = sent.actor
    and m.status = 'active'
    and private.role_rank(m.role) >= private.role_rank('manager');
  perform private.notify(
    waiting.firm_id,
    'signer_unreachable',
    format('signer_unreachable:%s:%s', tell_of_unreachable.signer_id, gen_random_uuid()),
    left(waiting.title, 200) || ': a signer gets no mail',
    format(
      'The request to sign contract %s did not reach %s at %s.',
      waiting.number, waiting.name, waiting.email
    ),
    '/contracts/' || waiting.contract_id,
    p_user_ids => array[sender],
    p_min_role => case when sender is null then 'manager' end,
    p_email => jsonb_build_object(
      'number', waiting.number::text,
      'title', waiting.title,
      'signer', waiting.name,
      'address', waiting.email
    )
  );
end
$function$;

ALTER TABLE "public"."notification_preferences"
  ADD CONSTRAINT "notification_preferences_kind_known"
    CHECK
    ((kind = ANY (ARRAY['contract_ending'::text, 'contract_renewing'::text, 'contract_signed'::text, 'contract_declined'::text, 'signer_unreachable'::text,
    'file_quarantined'::text, 'file_rejected'::text, 'report_ready'::text, 'export_ready'::text, 'digest'::text])));

COMMENT ON COLUMN "public"."contract_signers"."unreachable_since" IS 'When a mail that asks them to sign was given up: their address takes none, or it was refused. Null once one went out, or they are asked anew.';

COMMENT ON COLUMN "public"."emails"."status" IS 'queued; sending: handed to the mail server, outcome unknown yet; sent; failed: no more attempts; suppressed: its address gets no more of it, or who it was for left, so nothing was sent.';

COMMENT ON FUNCTION "private"."remind_signers"() IS 'Asks again who has not signed three days after the first mail, and four days after the second; where their address takes no more of these mails, the firm hears of it instead. Returns how many, at most 1000.';

COMMENT ON FUNCTION "private"."signer_of"(public.emails) IS 'Whom a mail asks to sign; null for other mails, and where they were asked once more since.';

COMMENT ON FUNCTION "private"."tell_of_unreachable"(uuid) IS 'Marks a signer who is waited for as out of reach of our mails, and tells whoever sent the contract,
or managers and above where they are gone or no manager any more. Once, until a mail reaches the signer or
they are asked anew.';

COMMENT ON FUNCTION "public"."begin_email"(uuid, text) IS 'What to send, its Message-ID fixed from now on; null when it was sent already, does not exist, had a token in it and failed, or goes to somebody who wants no more of it or left. For the secret key only.';

REVOKE ALL ON FUNCTION "private"."signer_of"(public.emails) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_of_unreachable"(uuid) FROM PUBLIC;
