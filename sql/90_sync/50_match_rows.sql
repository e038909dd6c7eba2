-- Which row of the firm a row of the file means. As text, for private.import_statement: $1 is the
-- firm; sound has line, texts and values, and the keys and parties of the kind as columns: as parts
-- of values they would keep row security from using the indexes. Only what is not archived is met.
create function private.import_match(kind text) returns text
language sql
immutable
set search_path = ''
return case import_match.kind
  when 'companies' then $match$
    select
      s.line, s.texts, s.values, met.id,
      case
        when by_tax.id is not null and by_tax.id is distinct from met.id
          then array['tax_id', 'key_taken', null]
        when by_name.n > 1 then array['name', 'ambiguous', by_name.n::text]
      end as fault
    from sound as s
    left join public.companies as by_ref
      on by_ref.firm_id = $1
      and by_ref.archived_at is null
      and by_ref.external_ref = s.external_ref
    left join public.companies as by_tax
      on by_tax.firm_id = $1
      and by_tax.archived_at is null
      and by_tax.tax_id = s.tax_id
    left join lateral (
      select count(*) as n, (array_agg(c.id))[1] as id
      from public.companies as c
      where c.firm_id = $1
        and c.archived_at is null
        and c.name = s.name
        and coalesce(s.external_ref, s.tax_id) is null
    ) as by_name on true
    cross join lateral (
      select case
        when by_ref.id is not null then by_ref.id
        -- One that has another reference is another company.
        when by_tax.external_ref is null or s.external_ref is null
          then coalesce(by_tax.id, by_name.id)
      end as id
    ) as met
  $match$
  when 'consultants' then $match$
    with addresses as materialized (
      -- Once for all rows: no index knows addresses without their case.
      select c.id, c.external_ref, lower(c.email) as email
      from public.consultants as c
      where c.firm_id = $1
        and c.archived_at is null
        and (lower(c.email) in (select lower(s.email) from sound as s)) is true
    )
    select
      s.line, s.texts, s.values, coalesce(by_ref.id, by_email.id) as id,
      case
        when coalesce(s.external_ref, s.email) is null
          then array['external_ref', 'key_missing', 'external_ref, email']
        when by_email.n > 1 then array['email', 'ambiguous', by_email.n::text]
      end as fault
    from sound as s
    left join public.consultants as by_ref
      on by_ref.firm_id = $1
      and by_ref.archived_at is null
      and by_ref.external_ref = s.external_ref
    left join lateral (
      select count(*) as n, (array_agg(a.id))[1] as id
      from addresses as a
      where a.email = lower(s.email)
        and by_ref.id is null
        and (a.external_ref is null or s.external_ref is null)
    ) as by_email on true
  $match$
  when 'contracts' then $match$
    select
      s.line, s.texts,
      s.values - array['number', 'company', 'consultant']
      || case when s.values ? 'company'
        then jsonb_build_object('company_id', company.id) else '{}' end
      || case when s.values ? 'consultant'
        then jsonb_build_object('consultant_id', consultant.id) else '{}' end as values,
      coalesce(by_number.id, by_ref.id) as id,
      case
        when coalesce(s.number::text, s.external_ref) is null
          then array['external_ref', 'key_missing', 'number, external_ref']
        when s.number is not null and by_number.id is null
          then array['number', 'not_found', null]
        when by_number.id <> by_ref.id then array['external_ref', 'key_taken', null]
        when s.company is not null and company.n = 0
          then array['company', 'not_found', null]
        when company.n > 1 then array['company', 'ambiguous', company.n::text]
        when s.consultant is not null and consultant.n = 0
          then array['consultant', 'not_found', null]
        when consultant.n > 1 then array['consultant', 'ambiguous', consultant.n::text]
      end as fault
    from sound as s
    left join public.contracts as by_number
      on by_number.firm_id = $1
      and by_number.archived_at is null
      and by_number.number = s.number
    left join public.contracts as by_ref
      on by_ref.firm_id = $1
      and by_ref.archived_at is null
      and by_ref.external_ref = s.external_ref
    -- By its reference, else by its name.
    left join lateral (
      select count(*) as n, (array_agg(c.id))[1] as id
      from (
        select c.id, c.external_ref, rank() over (
          order by c.external_ref is not distinct from s.company desc
        ) as place
        from public.companies as c
        where c.firm_id = $1
          and c.archived_at is null
          and (c.external_ref = s.company or c.name = s.company)
      ) as c
      where c.place = 1
    ) as company on true
    left join lateral (
      select count(*) as n, (array_agg(c.id))[1] as id
      from (
        select c.id, rank() over (
          order by c.external_ref is not distinct from s.consultant desc
        ) as place
        from public.consultants as c
        where c.firm_id = $1
          and c.archived_at is null
          and (c.external_ref = s.consultant or c.name = s.consultant)
      ) as c
      where c.place = 1
    ) as consultant on true
  $match$
end;

revoke execute on function private.import_match(text) from public, anon, authenticated;
grant execute on function private.import_match(text) to authenticated;

comment on function private.import_match(text) is
'The query that finds the row of the firm which a row of a file of this kind means, and what keeps
it from being found.';
