SET local check_function_bodies = off;

CREATE TABLE "public"."merge_log" (
  "id"                   uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"              uuid                     NOT NULL,
  "kept_company_id"      uuid,
  "merged_company_id"    uuid,
  "kept_consultant_id"   uuid,
  "merged_consultant_id" uuid,
  "filled"               text[]                   NOT NULL,
  "moved"                jsonb                    NOT NULL,
  "merged_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "merged_by"            uuid,
  "undone_at"            timestamp with time zone,
  "undone_by"            uuid,
  CONSTRAINT "merge_log_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "merge_log_one_pair"
    CHECK
    ((((num_nonnulls(kept_company_id, merged_company_id) = 2) AND (num_nonnulls(kept_consultant_id, merged_consultant_id) = 0)) OR ((num_nonnulls(kept_company_id,
    merged_company_id) = 0) AND (num_nonnulls(kept_consultant_id, merged_consultant_id) = 2)))),
  CONSTRAINT "merge_log_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."merge_log"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."merge_log" FROM "anon";

CREATE OR REPLACE FUNCTION private.freeze_contract()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- Every other column is a term, one added later too. The generated ones are not known yet, and
  -- come from terms.
  c_free constant text[] := array[
    'status', 'signed_at', 'terminated_at', 'reason', 'archived_at', 'updated_at', 'updated_by',
    'cancel_by', 'parent_kind'
  ];
begin
  if old.status <> 'draft'
    and to_jsonb(new) - c_free <> to_jsonb(old) - c_free
    and not private.is_merging()
  then
    perform private.fail(
      'terms_frozen', 'The terms of a contract cannot change once it has left draft.',
      hint => 'Move it back to draft if nobody signed it yet, or make a new contract.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_archive()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- Jobs finish their work on archived rows too, and a foreign key lets go of a removed member.
  if auth.uid() is null or pg_trigger_depth() > 1 or private.is_merging() then
    return new;
  end if;
  if (old.archived_at is null) <> (new.archived_at is null) then
    perform private.require_role(new.firm_id, tg_argv[0]);
    new.archived_at := case when new.archived_at is not null then now() end;
  elsif old.archived_at is not null then
    perform private.fail(
      'archived',
      'This entry is archived and cannot be changed.',
      hint => 'Restore it first: set archived_at to null.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_contract_part()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- As the caller: of a contract somebody cannot see, they learn nothing here.
  if auth.uid() is not null and not private.is_merging() and exists (
    select from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id and k.status <> all (tg_argv)
  ) then
    perform private.fail(
      'contract_closed', 'The contract has come too far for this change.',
      hint => 'This can be changed while it is: ' || array_to_string(tg_argv, ', ') || '.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.is_merging()
  RETURNS boolean
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  -- No client can be both: their statements never run with the rights of a definer.
  select current_user not in ('anon', 'authenticated', 'service_role')
    and coalesce(current_setting('firmbase.merging', true), '') = 'on'
$function$;

CREATE OR REPLACE FUNCTION private.merge_companies (
  p_kept_id   uuid,
  p_merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
  -- One merge at a time in a firm; then nobody adds to the two until it is done.
  perform private.lock_firm(v_firm_id, 'manager');
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

  perform set_config('firmbase.merging', 'on', true);
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
    update public.files set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
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
  perform set_config('firmbase.merging', '', true);

  insert into public.merge_log (
    firm_id, kept_company_id, merged_company_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
end
$function$;

CREATE OR REPLACE FUNCTION private.merge_consultants (
  p_kept_id   uuid,
  p_merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
  perform private.lock_firm(v_firm_id, 'manager');
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

  perform set_config('firmbase.merging', 'on', true);
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
    update public.files set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
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
  perform set_config('firmbase.merging', '', true);

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
$function$;

CREATE OR REPLACE FUNCTION private.undo_merge (
  p_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_merge public.merge_log;
  v_merged_company public.companies;
  v_merged public.consultants;
  v_private public.consultant_private;
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
    select from public.merge_log m
    where m.firm_id = v_merge.firm_id
      and m.undone_at is null
      and (m.merged_company_id = v_merge.kept_company_id
        or m.merged_consultant_id = v_merge.kept_consultant_id)
  ) then
    perform private.fail(
      'merged_again', 'The kept entry was merged into another one since.',
      hint => 'Undo that merge first.', status => 409
    );
  end if;

  perform set_config('firmbase.merging', 'on', true);
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
      and v_merge.moved -> 'contracts' ? id::text;
    update public.files set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'files' ? id::text;
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
      and v_merge.moved -> 'contracts' ? id::text;
    update public.contract_consultants set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contract_consultants' ? id::text;
    update public.files set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'files' ? id::text;
    update public.notes set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'taggings' ? id::text;
  end if;
  perform set_config('firmbase.merging', '', true);

  update public.merge_log
  set undone_at = now(), undone_by = auth.uid()
  where id = p_id
  returning * into v_merge;
  return v_merge;
exception when unique_violation then
  perform private.fail(
    'merge_conflict', 'Another entry has taken a value that must be unique since.',
    hint => 'Look for the tax id, the external reference or the account of the merged entry.',
    status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION public.merge_companies (
  kept_id   uuid,
  merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.merge_companies(kept_id, merged_id)
$function$;

REVOKE ALL ON FUNCTION "public"."merge_companies"(uuid, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.merge_consultants (
  kept_id   uuid,
  merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.merge_consultants(kept_id, merged_id)
$function$;

REVOKE ALL ON FUNCTION "public"."merge_consultants"(uuid, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.undo_merge (
  id uuid
)
  RETURNS public.merge_log
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.undo_merge(id)
$function$;

REVOKE ALL ON FUNCTION "public"."undo_merge"(uuid) FROM PUBLIC, "anon", "service_role";

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_kept_company_id_fkey" FOREIGN KEY (firm_id, kept_company_id) REFERENCES public.companies(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_kept_consultant_id_fkey" FOREIGN KEY (firm_id, kept_consultant_id) REFERENCES public.consultants(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_merged_company_id_fkey" FOREIGN KEY (firm_id, merged_company_id) REFERENCES public.companies(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_merged_consultant_id_fkey" FOREIGN KEY (firm_id, merged_consultant_id) REFERENCES public.consultants(firm_id, id) ON DELETE CASCADE;

CREATE INDEX merge_log_firm_id_kept_company_id_idx ON public.merge_log USING btree (firm_id, kept_company_id);

CREATE INDEX merge_log_firm_id_kept_consultant_id_idx ON public.merge_log USING btree (firm_id, kept_consultant_id);

CREATE INDEX merge_log_firm_id_merged_at_idx ON public.merge_log USING btree (firm_id, merged_at DESC, id);

CREATE INDEX merge_log_firm_id_merged_company_id_idx ON public.merge_log USING btree (firm_id, merged_company_id);

CREATE INDEX merge_log_firm_id_merged_consultant_id_idx ON public.merge_log USING btree (firm_id, merged_consultant_id);

CREATE POLICY "merge_log_select" ON "public"."merge_log"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

COMMENT ON COLUMN "public"."merge_log"."filled" IS 'The columns that were empty in the kept row and came from the merged one.';

COMMENT ON COLUMN "public"."merge_log"."moved" IS 'Table to the ids of the rows that moved over; primary_contacts: those that were primary.';

COMMENT ON FUNCTION "private"."is_merging"() IS 'Whether a merge is at work, which moves archived and frozen rows too: their owner changes, nothing that they say.';

COMMENT ON FUNCTION "private"."merge_companies"(uuid, uuid) IS 'Definer of public.merge_companies.';

COMMENT ON FUNCTION "private"."merge_consultants"(uuid, uuid) IS 'Definer of public.merge_consultants.';

COMMENT ON FUNCTION "private"."undo_merge"(uuid) IS 'Definer of public.undo_merge.';

COMMENT ON FUNCTION "public"."merge_companies"(uuid, uuid) IS 'Makes two companies one: contacts, contracts, files, notes and tags of the merged one go to the kept one, whose empty columns are filled; the merged one is archived. Contracts keep their terms. Managers; a retry returns the same merge. undo_merge takes it back for 30 days. Errors: company_not_found, same_entry, archived.';

COMMENT ON FUNCTION "public"."merge_consultants"(uuid, uuid) IS 'Makes two consultants one, as merge_companies does with companies; private facts too. Managers; admins where one of the two has an account. Errors: consultant_not_found, same_entry, archived, two_accounts, merge_conflict.';

COMMENT ON FUNCTION "public"."undo_merge"(uuid) IS 'Makes two of one again, for 30 days after the merge: what moved goes back, what was filled is emptied, and what somebody changed since stays as it is. Managers; a retry returns the same. Errors: merge_not_found, too_late, merged_again, merge_conflict.';

COMMENT ON TABLE "public"."merge_log" IS 'Duplicates that became one, and what it takes to undo that for 30 days. Managers read them. No value of the two rows is kept here: the merged one still has its own, archived.';

REVOKE ALL ON FUNCTION "private"."is_merging"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_merging"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_merging"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_merging"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_merging"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."merge_companies"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."merge_companies"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."merge_companies"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."merge_companies"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."merge_consultants"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."merge_consultants"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."merge_consultants"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."merge_consultants"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."undo_merge"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."undo_merge"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."undo_merge"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."undo_merge"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_companies"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."merge_companies"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_companies"(uuid, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_consultants"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."merge_consultants"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_consultants"(uuid, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."undo_merge"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."undo_merge"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."undo_merge"(uuid) TO "postgres";

REVOKE ALL ON TABLE "public"."merge_log" FROM "authenticated";

GRANT SELECT ON TABLE "public"."merge_log" TO "authenticated";

REVOKE ALL ON TABLE "public"."merge_log" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."merge_log" TO "postgres";

REVOKE ALL ON TABLE "public"."merge_log" FROM "service_role";

GRANT SELECT ON TABLE "public"."merge_log" TO "service_role";
