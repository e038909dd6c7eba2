create function private.erase_consultant(p_id uuid, p_note text) returns public.erasures
language plpgsql security definer set search_path = '' as $$
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
$$;

create function public.erase_consultant(id uuid, note text) returns public.erasures
language sql security invoker set search_path = '' as $$
  select private.erase_consultant(id, note)
$$;

revoke execute on function private.erase_consultant(uuid, text) from public, anon, authenticated;
revoke execute on function public.erase_consultant(uuid, text) from public, anon, authenticated;
grant execute on function private.erase_consultant(uuid, text) to authenticated;
grant execute on function public.erase_consultant(uuid, text) to authenticated;

comment on function private.erase_consultant(uuid, text) is
  'Definer of public.erase_consultant.';
comment on function public.erase_consultant(uuid, text) is
  'Erases a person (Art. 17 GDPR) with files, notes, tags, signatures that never came about and '
  'mails to them; the note says who asked, and when. What law keeps stays until its time: a '
  'contract that was signed, with its signatures and the name of its party. Admins; a retry '
  'returns the same entry of erasures. Errors: consultant_not_found, still_engaged, '
  'note_required, note_names_person.';
