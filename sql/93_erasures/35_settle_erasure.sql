create function private.settle_erasure(p_erasure public.erasures) returns public.erasures
language plpgsql security definer set search_path = '' as $$
declare
  v_kept jsonb;
  v_erasure public.erasures;
begin
  -- As the contracts stand now: one may have been prolonged since.
  select coalesce(
    jsonb_agg(
      k.value || jsonb_build_object('until', nullif(private.contract_kept_until(c), 'infinity'))
      order by k.place
    ) filter (where private.contract_kept_until(c) >= current_date),
    '[]'
  ) into v_kept
  from jsonb_array_elements(p_erasure.kept) with ordinality k (value, place)
  join public.contracts c
    on c.firm_id = p_erasure.firm_id and c.id = (k.value ->> 'contract_id')::uuid;

  perform set_config('firmbase.guards', 'off', true);
  update public.contract_signers s
  set
    name = case when k.value -> 'columns' ? 'name' then 'Erased person' else s.name end,
    signed_name = case
      when k.value -> 'columns' ? 'signed_name' then 'Erased person' else s.signed_name
    end,
    signed_terms = case
      when p_erasure.consultant_id is not null and s.signed_terms ->> 'consultant' is not null
        then s.signed_terms || '{"consultant": "Erased person"}'
      else s.signed_terms
    end
  from jsonb_array_elements(p_erasure.kept) k
  where s.firm_id = p_erasure.firm_id
    and k.value ->> 'table' = 'contract_signers'
    and s.id = (k.value ->> 'id')::uuid
    and not v_kept @> jsonb_build_array(
      jsonb_build_object('table', 'contract_signers', 'id', s.id)
    );
  update public.consultants c
  set name = 'Erased person'
  where c.firm_id = p_erasure.firm_id
    and c.id = any (p_erasure.merged_ids || p_erasure.consultant_id)
    and c.name <> 'Erased person'
    and not v_kept @> jsonb_build_array(jsonb_build_object('table', 'consultants', 'id', c.id));
  perform set_config('firmbase.guards', '', true);

  update public.erasures e
  set
    kept = v_kept,
    look_again_on = case
      when v_kept <> '[]' then (
        -- A contract that still runs has no end yet.
        select least(min((k.value ->> 'until')::date + 1), current_date + 365)
        from jsonb_array_elements(v_kept) k
      )
    end,
    released_on = case when v_kept = '[]' and e.kept <> '[]' then current_date end
  where e.id = p_erasure.id
  returning * into v_erasure;
  return v_erasure;
end
$$;

revoke execute on function private.settle_erasure(public.erasures) from public, anon, authenticated;

comment on function private.settle_erasure(public.erasures) is
  'Erases of what an entry lists as kept that whose time is over, and writes down until when the '
  'rest stays.';

create function private.release_erasures(p_limit integer) returns integer
language plpgsql security definer set search_path = ''
set lock_timeout = '200ms' as $$
declare
  v_erasure public.erasures;
  v_count integer := 0;
begin
  for v_erasure in
    select *
    from public.erasures e
    where e.look_again_on <= current_date
    order by e.look_again_on
    limit p_limit
    for update skip locked
  loop
    begin
      perform private.settle_erasure(v_erasure);
      v_count := v_count + 1;
    exception when lock_not_available then
      -- Whoever holds a row of theirs holds up nobody else's: an hour later it is looked again.
      null;
    end;
  end loop;
  return v_count;
end
$$;

revoke execute on function private.release_erasures(integer) from public, anon, authenticated;

comment on function private.release_erasures(integer) is
  'Erases what law made a firm keep of an erased person, once its time is over. Returns how many '
  'entries it looked at.';
