create function private.queue_email(
  p_firm_id uuid, p_dedupe_key text, p_event text, p_to text, p_subject text, p_params jsonb
) returns uuid
language plpgsql security definer set search_path = '' as $$
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
$$;

revoke execute on function private.queue_email(uuid, text, text, text, text, jsonb)
from public, anon, authenticated;

comment on function private.queue_email(uuid, text, text, text, text, jsonb) is
  'Stores one e-mail and queues its job in the same transaction; null if this fact was mailed '
  'before.';

create function private.signer_of(p_email public.emails) returns uuid
language sql stable set search_path = '' as $$
  select case
    when p_email.event = 'signing_request' and not exists (
      select from public.emails as later
      where later.firm_id = p_email.firm_id
        and later.event = 'signing_request'
        and later.created_at > p_email.created_at
        and split_part(later.dedupe_key, ':', 2) = split_part(p_email.dedupe_key, ':', 2)
    ) then split_part(p_email.dedupe_key, ':', 2)::uuid
  end
$$;

revoke execute on function private.signer_of(public.emails)
from public, anon, authenticated, service_role;

comment on function private.signer_of(public.emails) is
'Whom a mail asks to sign; null for other mails, and where they were asked once more since.';

create function private.begin_email(p_id uuid, p_message_domain text) returns jsonb
language plpgsql security definer set search_path = '' as $$
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
$$;

create function public.begin_email(email_id uuid, message_domain text) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_email(email_id, message_domain)
$$;

revoke execute on function private.begin_email(uuid, text) from public, anon, authenticated;
revoke execute on function public.begin_email(uuid, text) from public, anon, authenticated;
grant execute on function private.begin_email(uuid, text) to service_role;
grant execute on function public.begin_email(uuid, text) to service_role;

comment on function private.begin_email(uuid, text) is
  'Definer of public.begin_email.';
comment on function public.begin_email(uuid, text) is
  'What to send, its Message-ID fixed from now on; null when it was sent already, does not exist, '
  'had a token in it and failed, or goes to somebody who wants no more of it or left. For the '
  'secret key only.';

create function private.finish_email(p_id uuid) returns void
language sql security definer set search_path = '' as $$
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
$$;

create function public.finish_email(email_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.finish_email(email_id)
$$;

revoke execute on function private.finish_email(uuid) from public, anon, authenticated;
revoke execute on function public.finish_email(uuid) from public, anon, authenticated;
grant execute on function private.finish_email(uuid) to service_role;
grant execute on function public.finish_email(uuid) to service_role;

comment on function private.finish_email(uuid) is
  'Definer of public.finish_email.';
comment on function public.finish_email(uuid) is
  'The mail server took the message. Its facts are dropped, a token in its link with them. For '
  'the secret key only.';

create function private.fail_email() returns trigger
language plpgsql security definer set search_path = '' as $$
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
$$;

revoke execute on function private.fail_email() from public, anon, authenticated;

comment on function private.fail_email() is
  'Trigger: an e-mail whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_email after insert on private.dead_jobs
for each row when (
  new.kind = 'email.send'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'email_id', 'uuid')
)
execute function private.fail_email();
