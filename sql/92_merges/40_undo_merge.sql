create function private.undo_merge(p_id uuid) returns public.merge_log
language plpgsql security definer set search_path = '' as $$
declare
  v_merge public.merge_log;
  v_merged_company public.companies;
  v_merged public.consultants;
  v_private public.consultant_private;
  v_sent uuid[];
begin
  select * into v_merge
  from public.merge_log m
  where m.id = p_id and m.firm_id = any (array(select private.firm_ids('manager')));
  if not found then
    perform private.fail('merge_not_found', 'There is no such merge.', status => 404);
  end if;
  perform private.lock_firm(v_merge.firm_id, 'manager');
  select * into strict v_merge from public.merge_log m where m.id = p_id for update;
  if v_merge.undone_at is not null then
    return v_merge;
  elsif v_merge.merged_at < now() - interval '30 days' then
    perform private.fail(
      'too_late', 'A merge can be undone for 30 days.',
      hint => 'Restore the merged entry and move what belongs to it.', status => 409
    );
  elsif exists (
    select from public.consultants c
    where c.id in (v_merge.kept_consultant_id, v_merge.merged_consultant_id)
      and c.erased_at is not null
  ) then
    perform private.fail('erased', 'This person was erased.', status => 409);
  elsif exists (
    select from public.merge_log m
    where m.firm_id = v_merge.firm_id
      and m.undone_at is null
      and (m.merged_company_id = v_merge.kept_company_id
        or m.merged_consultant_id = v_merge.kept_consultant_id
        or (
          -- Restored by hand in between.
          m.merged_at > v_merge.merged_at
          and (m.merged_company_id = v_merge.merged_company_id
            or m.merged_consultant_id = v_merge.merged_consultant_id)
        ))
  ) then
    perform private.fail(
      'merged_again', 'One of the two entries was merged into another one since.',
      hint => 'Undo that merge first.', status => 409
    );
  end if;

  -- Contracts first, as in a merge: whoever signs one just now is waited for.
  perform from public.contracts c
  where c.firm_id = v_merge.firm_id
    and (c.company_id = v_merge.kept_company_id or c.consultant_id = v_merge.kept_consultant_id)
  order by c.id
  for no key update;
  -- Who signed one of these since, or was asked to, was shown the kept entry: it stays there.
  v_sent := array(
    select e.contract_id
    from public.contract_events e
    where e.firm_id = v_merge.firm_id
      and e.to_status = 'sent'
      and e.at > v_merge.merged_at
      and v_merge.moved -> 'contracts' ? e.contract_id::text
    union
    select s.contract_id
    from public.contract_signers s
    where s.firm_id = v_merge.firm_id
      and s.status = 'signed'
      and s.decided_at > v_merge.merged_at
      and v_merge.moved -> 'contracts' ? s.contract_id::text
  );

  perform set_config('firmbase.guards', 'off', true);
  -- What somebody changed since stays as it is: only what still says the same goes back.
  if v_merge.kept_company_id is not null then
    select * into strict v_merged_company
    from public.companies where id = v_merge.merged_company_id for update;
    update public.companies k
    set
      legal_name = case when 'legal_name' = any (v_merge.filled)
        then nullif(k.legal_name, v_merged_company.legal_name) else k.legal_name end,
      registration_no = case when 'registration_no' = any (v_merge.filled)
        then nullif(k.registration_no, v_merged_company.registration_no)
        else k.registration_no end,
      tax_id = case when 'tax_id' = any (v_merge.filled)
        then nullif(k.tax_id, v_merged_company.tax_id) else k.tax_id end,
      website = case when 'website' = any (v_merge.filled)
        then nullif(k.website, v_merged_company.website) else k.website end,
      industry = case when 'industry' = any (v_merge.filled)
        then nullif(k.industry, v_merged_company.industry) else k.industry end,
      country = case when 'country' = any (v_merge.filled)
        then nullif(k.country, v_merged_company.country) else k.country end,
      address = case when 'address' = any (v_merge.filled)
        then nullif(k.address, v_merged_company.address) else k.address end,
      owner_id = case when 'owner_id' = any (v_merge.filled)
        then nullif(k.owner_id, v_merged_company.owner_id) else k.owner_id end,
      external_ref = case when 'external_ref' = any (v_merge.filled)
        then nullif(k.external_ref, v_merged_company.external_ref) else k.external_ref end
    where k.id = v_merge.kept_company_id;
    update public.companies set archived_at = null where id = v_merge.merged_company_id;
    update public.contacts
    set
      company_id = v_merge.merged_company_id,
      is_primary = is_primary or v_merge.moved -> 'primary_contacts' ? id::text
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'contacts' ? id::text;
    update public.contracts set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'contracts' ? id::text
      and id <> all (v_sent);
    update public.files set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and is_current
      and v_merge.moved -> 'files' ? series_id::text;
    update public.notes set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'taggings' ? id::text;
  else
    select * into strict v_merged
    from public.consultants where id = v_merge.merged_consultant_id for update;
    select * into strict v_private
    from public.consultant_private where consultant_id = v_merge.merged_consultant_id;
    update public.consultants k
    set
      user_id = case when 'user_id' = any (v_merge.filled)
        then nullif(k.user_id, v_merged.user_id) else k.user_id end,
      email = case when 'email' = any (v_merge.filled)
        then nullif(k.email, v_merged.email) else k.email end,
      phone = case when 'phone' = any (v_merge.filled)
        then nullif(k.phone, v_merged.phone) else k.phone end,
      headline = case when 'headline' = any (v_merge.filled)
        then nullif(k.headline, v_merged.headline) else k.headline end,
      seniority = case when 'seniority' = any (v_merge.filled)
        then nullif(k.seniority, v_merged.seniority) else k.seniority end,
      skills = case when 'skills' = any (v_merge.filled) and k.skills = v_merged.skills
        then '{}' else k.skills end,
      available_from = case when 'available_from' = any (v_merge.filled)
        then nullif(k.available_from, v_merged.available_from) else k.available_from end,
      external_ref = case when 'external_ref' = any (v_merge.filled)
        then nullif(k.external_ref, v_merged.external_ref) else k.external_ref end
    where k.id = v_merge.kept_consultant_id;
    update public.consultants set archived_at = null where id = v_merge.merged_consultant_id;
    update public.consultant_private k
    set
      cost_rate = null,
      cost_unit = null,
      currency = null
    where k.consultant_id = v_merge.kept_consultant_id
      and 'cost_rate' = any (v_merge.filled)
      and (k.cost_rate, k.cost_unit, k.currency)
      = (v_private.cost_rate, v_private.cost_unit, v_private.currency);
    update public.consultant_private k
    set
      tax_ref = case when 'tax_ref' = any (v_merge.filled)
        then nullif(k.tax_ref, v_private.tax_ref) else k.tax_ref end,
      bank_ref = case when 'bank_ref' = any (v_merge.filled)
        then nullif(k.bank_ref, v_private.bank_ref) else k.bank_ref end
    where k.consultant_id = v_merge.kept_consultant_id;
    update public.contracts set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contracts' ? id::text
      and id <> all (v_sent);
    update public.contract_consultants set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contract_consultants' ? id::text;
    update public.files set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and is_current
      and v_merge.moved -> 'files' ? series_id::text;
    update public.notes set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'taggings' ? id::text;
  end if;
  perform set_config('firmbase.guards', '', true);

  update public.merge_log
  set undone_at = now(), undone_by = auth.uid()
  where id = p_id
  returning * into v_merge;
  return v_merge;
exception when unique_violation or exclusion_violation then
  perform private.fail(
    'merge_conflict', 'Another entry has taken a value that must be unique since.',
    hint => 'Look for the tax id, the external reference, the account or the plans of the merged '
      'entry.',
    status => 409
  );
end
$$;

create function public.undo_merge(id uuid) returns public.merge_log
language sql security invoker set search_path = '' as $$
  select private.undo_merge(id)
$$;

revoke execute on function private.undo_merge(uuid) from public, anon, authenticated;
revoke execute on function public.undo_merge(uuid) from public, anon, authenticated;
grant execute on function private.undo_merge(uuid) to authenticated;
grant execute on function public.undo_merge(uuid) to authenticated;

comment on function private.undo_merge(uuid) is 'Definer of public.undo_merge.';
comment on function public.undo_merge(uuid) is
  'Makes two of one again, for 30 days after the merge: what moved goes back, what was filled is '
  'emptied, and what somebody changed since, or a contract sent or signed since, stays as it is. '
  'Managers; a retry returns the same. '
  'Errors: merge_not_found, too_late, erased, merged_again, merge_conflict.';
