-- The token is the hash of the address, the firm and the event behind their signature, and nothing
-- is stored: so it never runs out, is the same on every attempt to send a mail, and names nobody.
create function private.unsubscribe_token(address text, firm_id uuid, event text) returns text
language plpgsql
set search_path = ''
as $$
declare
  subject bytea := private.address_hash(address) || uuid_send(firm_id)
    || convert_to(event, 'UTF8');
begin
  return translate(
    encode(extensions.hmac(subject, private.mail_key(), 'sha256') || subject, 'base64'),
    E'+/=\n', '-_'
  );
end
$$;

create function private.unsubscribe(token text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
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
$$;

create function public.unsubscribe(token text) returns jsonb
language sql
set search_path = ''
return private.unsubscribe(token);

revoke execute on function private.unsubscribe_token(text, uuid, text)
from public, anon, authenticated, service_role;
revoke execute on function private.unsubscribe(text), public.unsubscribe(text)
from public, anon, authenticated;
grant execute on function private.unsubscribe(text), public.unsubscribe(text)
to anon, authenticated;

comment on function private.unsubscribe_token(text, uuid, text) is
'What ends this event of this firm for this address; the same each time.';
comment on function private.unsubscribe(text) is
'Definer of public.unsubscribe.';
comment on function public.unsubscribe(text) is
'Ends what the token of a mail names, without a session: a member''s kind of notification is off
from now on, until they choose otherwise; whoever is no member gets no more of it from that firm. Doing it
twice is harmless. Returns firm (its name) and kind. Error: unknown_token.';
