create function private.tell_of_unreachable(signer_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
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
$$;

revoke execute on function private.tell_of_unreachable(uuid)
from public, anon, authenticated, service_role;

comment on function private.tell_of_unreachable(uuid) is
'Marks a signer who is waited for as out of reach of our mails, and tells whoever sent the contract,
or managers and above where they are gone or no manager any more. Once, until a mail reaches the signer or
they are asked anew.';
