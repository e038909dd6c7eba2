create function private.erase_contact(p_id uuid, p_note text) returns public.erasures
language plpgsql security definer set search_path = '' as $$
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
$$;

create function public.erase_contact(id uuid, note text) returns public.erasures
language sql security invoker set search_path = '' as $$
  select private.erase_contact(id, note)
$$;

revoke execute on function private.erase_contact(uuid, text) from public, anon, authenticated;
revoke execute on function public.erase_contact(uuid, text) from public, anon, authenticated;
grant execute on function private.erase_contact(uuid, text) to authenticated;
grant execute on function public.erase_contact(uuid, text) to authenticated;

comment on function private.erase_contact(uuid, text) is 'Definer of public.erase_contact.';
comment on function public.erase_contact(uuid, text) is
  'Erases a person at a company, as erase_consultant does. Admins; a retry returns the same entry '
  'of erasures. Errors: contact_not_found, note_required, note_names_person.';
