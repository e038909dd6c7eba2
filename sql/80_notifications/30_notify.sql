create function private.notify(
  p_firm_id uuid,
  p_kind text,
  p_dedupe_key text,
  p_title text,
  p_body text,
  p_link text,
  p_user_ids uuid[] default '{}',
  p_min_role text default null,
  p_email jsonb default null
) returns integer
language plpgsql security definer set search_path = '' as $$
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
$$;

revoke execute on function
private.notify(uuid, text, text, text, text, text, uuid[], text, jsonb)
from public, anon, authenticated;

comment on function
private.notify(uuid, text, text, text, text, text, uuid[], text, jsonb) is
  'Decides who hears of a fact: those users and everyone with at least that role, as far as they '
  'are active in the firm. A row for each, never twice for the same key; and with p_email (the '
  'facts of the letter) a mail, at once, with the digest or not at all, as each chose. Beyond '
  'twenty mails an hour from the firm it is the digest. Returns how many were told.';

create function private.require_mail_room(p_firm_id uuid, p_event text, p_to text) returns void
language plpgsql security definer set search_path = '' as $$
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
$$;

revoke execute on function private.require_mail_room(uuid, text, text)
from public, anon, authenticated;

comment on function private.require_mail_room(uuid, text, text) is
  'Fails when a firm has sent too many of these mails today, or five to this address, or its owner '
  'wants no more of them.';

create function private.notify_invitation(p_invitation_id uuid, p_token text) returns void
language plpgsql security definer set search_path = '' as $$
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
$$;

revoke execute on function private.notify_invitation(uuid, text) from public, anon, authenticated;

comment on function private.notify_invitation(uuid, text) is
  'Mails an invitation to its address, at most five times a day. The token stays in the '
  'e-mail''s facts until it is sent or given up, no longer.';
