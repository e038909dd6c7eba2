create function private.merge_consultants(p_kept_id uuid, p_merged_id uuid) returns public.merge_log
language plpgsql security definer set search_path = '' as $$
declare
  c_fillable constant text[] := array[
    'user_id', 'email', 'phone', 'headline', 'seniority', 'available_from', 'external_ref'
  ];
  v_firm_id uuid;
  v_kept public.consultants;
  v_merged public.consultants;
  v_kept_private public.consultant_private;
  v_merged_private public.consultant_private;
  v_filled text[];
  v_moved jsonb := '{}';
  v_merge public.merge_log;
begin
  v_firm_id := (
    select c.firm_id
    from public.consultants c
    where c.id = p_kept_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null or not exists (
    select from public.consultants c where c.id = p_merged_id and c.firm_id = v_firm_id
  ) then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  elsif p_kept_id = p_merged_id then
    perform private.fail('same_entry', 'These are one and the same already.', status => 422);
  end if;
  -- As for companies, contracts first; those they are planned on, too.
  perform private.lock_firm(v_firm_id, 'manager');
  perform from public.contracts c
  where c.firm_id = v_firm_id
    and (
      c.consultant_id in (p_kept_id, p_merged_id)
      or c.id in (
        select p.contract_id
        from public.contract_consultants p
        where p.firm_id = v_firm_id and p.consultant_id in (p_kept_id, p_merged_id)
      )
    )
  order by c.id
  for no key update;
  perform from public.consultants where id in (p_kept_id, p_merged_id) order by id for update;
  select * into strict v_kept from public.consultants where id = p_kept_id;
  select * into strict v_merged from public.consultants where id = p_merged_id;
  if v_merged.archived_at is not null then
    select * into v_merge
    from public.merge_log m
    where m.firm_id = v_firm_id
      and m.kept_consultant_id = p_kept_id
      and m.merged_consultant_id = p_merged_id
      and m.undone_at is null;
    if found then
      return v_merge;
    end if;
  end if;
  if num_nonnulls(v_kept.archived_at, v_merged.archived_at) > 0 then
    perform private.fail(
      'archived', 'One of the two is archived.', hint => 'Restore it first.', status => 409
    );
  elsif v_merged.user_id <> v_kept.user_id then
    perform private.fail(
      'two_accounts', 'Both have an account for the portal.',
      hint => 'Take one of them away with link_consultant.', status => 409
    );
  elsif v_merged.user_id is not null or v_kept.user_id is not null then
    -- Whose account reaches what is for admins to say, in a merge too.
    perform private.require_role(v_firm_id, 'admin');
  end if;

  perform set_config('firmbase.guards', 'off', true);
  update public.consultants set archived_at = now() where id = p_merged_id;
  v_filled := array(
    select f.name
    from unnest(c_fillable) f (name)
    where to_jsonb(v_kept) ->> f.name is null and to_jsonb(v_merged) ->> f.name is not null
  );
  if v_kept.skills = '{}' and v_merged.skills <> '{}' then
    v_filled := v_filled || array['skills'];
  end if;
  update public.consultants
  set
    skills = case when skills = '{}' then v_merged.skills else skills end,
    user_id = coalesce(user_id, v_merged.user_id),
    email = coalesce(email, v_merged.email),
    phone = coalesce(phone, v_merged.phone),
    headline = coalesce(headline, v_merged.headline),
    seniority = coalesce(seniority, v_merged.seniority),
    available_from = coalesce(available_from, v_merged.available_from),
    external_ref = coalesce(external_ref, v_merged.external_ref)
  where id = p_kept_id;

  select * into strict v_kept_private
  from public.consultant_private where consultant_id = p_kept_id;
  select * into strict v_merged_private
  from public.consultant_private where consultant_id = p_merged_id;
  if v_kept_private.cost_rate is null and v_merged_private.cost_rate is not null then
    v_filled := v_filled || array['cost_rate', 'cost_unit', 'currency'];
  end if;
  if v_kept_private.tax_ref is null and v_merged_private.tax_ref is not null then
    v_filled := v_filled || array['tax_ref'];
  end if;
  if v_kept_private.bank_ref is null and v_merged_private.bank_ref is not null then
    v_filled := v_filled || array['bank_ref'];
  end if;
  update public.consultant_private
  set
    cost_rate = coalesce(cost_rate, v_merged_private.cost_rate),
    cost_unit = coalesce(cost_unit, v_merged_private.cost_unit),
    currency = coalesce(currency, v_merged_private.currency),
    tax_ref = coalesce(tax_ref, v_merged_private.tax_ref),
    bank_ref = coalesce(bank_ref, v_merged_private.bank_ref)
  where consultant_id = p_kept_id;

  with moved as (
    update public.contracts set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contracts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.contract_consultants set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contract_consultants', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- Each with its older versions, which follow.
    update public.files set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
      and is_current
    returning series_id as id
  )
  select v_moved || jsonb_build_object('files', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.notes set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('notes', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.taggings t set consultant_id = p_kept_id
    where t.firm_id = v_firm_id
      and t.consultant_id = p_merged_id
      and not exists (
        select from public.taggings k
        where k.firm_id = v_firm_id
          and k.consultant_id = p_kept_id
          and k.tag_id = t.tag_id
          and k.archived_at is null
      )
    returning id
  )
  select v_moved || jsonb_build_object('taggings', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  perform set_config('firmbase.guards', '', true);

  insert into public.merge_log (
    firm_id, kept_consultant_id, merged_consultant_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
exception when exclusion_violation then
  perform private.fail(
    'merge_conflict', 'Both are planned on one contract at the same time.',
    hint => 'Change or archive one of the two assignments first.', status => 409
  );
end
$$;

create function public.merge_consultants(kept_id uuid, merged_id uuid) returns public.merge_log
language sql security invoker set search_path = '' as $$
  select private.merge_consultants(kept_id, merged_id)
$$;

revoke execute on function private.merge_consultants(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.merge_consultants(uuid, uuid) from public, anon, authenticated;
grant execute on function private.merge_consultants(uuid, uuid) to authenticated;
grant execute on function public.merge_consultants(uuid, uuid) to authenticated;

comment on function private.merge_consultants(uuid, uuid) is
  'Definer of public.merge_consultants.';
comment on function public.merge_consultants(uuid, uuid) is
  'Makes two consultants one, as merge_companies does with companies; private facts too. Managers; '
  'admins where one of the two has an account. Errors: consultant_not_found, same_entry, archived, '
  'two_accounts, merge_conflict.';
