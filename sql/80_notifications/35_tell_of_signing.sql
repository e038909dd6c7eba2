create function private.tell_of_signing(
  p_contract public.contracts, p_event text, p_signer text, p_reason text
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_title text := left(p_contract.title, 200) || case p_event
    when 'contract_signed' then ' is signed' else ' was declined'
  end;
begin
  perform private.notify(
    p_contract.firm_id,
    p_event,
    p_event || ':' || p_contract.id || ':' || gen_random_uuid(),
    v_title,
    coalesce(
      left(format('%s declined: %s', p_signer, p_reason), 1000),
      format('Everybody has signed contract %s.', p_contract.number)
    ),
    '/contracts/' || p_contract.id,
    p_user_ids => array[p_contract.created_by],
    p_min_role => 'manager',
    p_email => jsonb_strip_nulls(jsonb_build_object(
      'number', p_contract.number::text,
      'title', p_contract.title,
      'signer', p_signer,
      'reason', p_reason,
      'starts_on', p_contract.starts_on
    ))
  );
end
$$;

revoke execute on function private.tell_of_signing(public.contracts, text, text, text)
from public, anon, authenticated;

comment on function private.tell_of_signing(public.contracts, text, text, text) is
  'Tells the author of a contract, managers and above that it was signed, or who declined and why.';
