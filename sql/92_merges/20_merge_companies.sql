create function private.merge_companies(p_kept_id uuid, p_merged_id uuid) returns public.merge_log
language plpgsql security definer set search_path = '' as $$
declare
  c_fillable constant text[] := array[
    'legal_name', 'registration_no', 'tax_id', 'website', 'industry', 'country', 'address',
    'owner_id', 'external_ref'
  ];
  v_firm_id uuid;
  v_kept public.companies;
  v_merged public.companies;
  v_filled text[];
  v_moved jsonb := '{}';
  v_ids uuid[];
  v_merge public.merge_log;
begin
  v_firm_id := (
    select c.firm_id
    from public.companies c
    where c.id = p_kept_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null or not exists (
    select from public.companies c where c.id = p_merged_id and c.firm_id = v_firm_id
  ) then
    perform private.fail('company_not_found', 'There is no such company.', status => 404);
  elsif p_kept_id = p_merged_id then
    perform private.fail('same_entry', 'These are one and the same already.', status => 422);
  end if;
  -- One merge at a time in a firm; then nobody adds to the two until it is done. First what may move
  -- between them: whoever renews a contract or moves a contact holds it when they come to a company.
  perform private.lock_firm(v_firm_id, 'manager');
  perform from public.contracts c
  where c.firm_id = v_firm_id and c.company_id in (p_kept_id, p_merged_id)
  order by c.id
  for no key update;
  perform from public.contacts c
  where c.firm_id = v_firm_id and c.company_id in (p_kept_id, p_merged_id)
  order by c.id
  for no key update;
  perform from public.companies where id in (p_kept_id, p_merged_id) order by id for update;
  select * into strict v_kept from public.companies where id = p_kept_id;
  select * into strict v_merged from public.companies where id = p_merged_id;
  if v_merged.archived_at is not null then
    select * into v_merge
    from public.merge_log m
    where m.firm_id = v_firm_id
      and m.kept_company_id = p_kept_id
      and m.merged_company_id = p_merged_id
      and m.undone_at is null;
    if found then
      return v_merge;
    end if;
  end if;
  if num_nonnulls(v_kept.archived_at, v_merged.archived_at) > 0 then
    perform private.fail(
      'archived', 'One of the two is archived.', hint => 'Restore it first.', status => 409
    );
  end if;

  perform set_config('firmbase.guards', 'off', true);
  -- Archived first: what must be unique is free then.
  update public.companies set archived_at = now() where id = p_merged_id;
  v_filled := array(
    select f.name
    from unnest(c_fillable) f (name)
    where to_jsonb(v_kept) ->> f.name is null and to_jsonb(v_merged) ->> f.name is not null
  );
  update public.companies
  set
    legal_name = coalesce(legal_name, v_merged.legal_name),
    registration_no = coalesce(registration_no, v_merged.registration_no),
    tax_id = coalesce(tax_id, v_merged.tax_id),
    website = coalesce(website, v_merged.website),
    industry = coalesce(industry, v_merged.industry),
    country = coalesce(country, v_merged.country),
    address = coalesce(address, v_merged.address),
    owner_id = coalesce(owner_id, v_merged.owner_id),
    external_ref = coalesce(external_ref, v_merged.external_ref)
  where id = p_kept_id;

  v_ids := array(
    select c.id from public.contacts c
    where c.firm_id = v_firm_id and c.company_id = p_merged_id and c.is_primary
  );
  v_moved := v_moved || jsonb_build_object('primary_contacts', v_ids);
  with moved as (
    update public.contacts set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contacts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.contracts set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contracts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- Each with its older versions, which follow.
    update public.files set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
      and is_current
    returning series_id as id
  )
  select v_moved || jsonb_build_object('files', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.notes set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('notes', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- A tag that both have stays behind.
    update public.taggings t set company_id = p_kept_id
    where t.firm_id = v_firm_id
      and t.company_id = p_merged_id
      and not exists (
        select from public.taggings k
        where k.firm_id = v_firm_id
          and k.company_id = p_kept_id
          and k.tag_id = t.tag_id
          and k.archived_at is null
      )
    returning id
  )
  select v_moved || jsonb_build_object('taggings', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  perform set_config('firmbase.guards', '', true);

  insert into public.merge_log (
    firm_id, kept_company_id, merged_company_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
end
$$;

create function public.merge_companies(kept_id uuid, merged_id uuid) returns public.merge_log
language sql security invoker set search_path = '' as $$
  select private.merge_companies(kept_id, merged_id)
$$;

revoke execute on function private.merge_companies(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.merge_companies(uuid, uuid) from public, anon, authenticated;
grant execute on function private.merge_companies(uuid, uuid) to authenticated;
grant execute on function public.merge_companies(uuid, uuid) to authenticated;

comment on function private.merge_companies(uuid, uuid) is 'Definer of public.merge_companies.';
comment on function public.merge_companies(uuid, uuid) is
  'Makes two companies one: contacts, contracts, files, notes and tags of the merged one go to the '
  'kept one, whose empty columns are filled; the merged one is archived. Contracts keep their '
  'terms. Managers; a retry returns the same merge. undo_merge takes it back for 30 days. Errors: '
  'company_not_found, same_entry, archived.';
