-- For the whole firm: the other index begins with the contract.
create index contract_events_firm_id_at_idx on public.contract_events (firm_id, at desc, id);

create function private.timeline(
  p_entity text, p_id uuid, p_before timestamptz, p_before_id uuid, p_max_rows integer
) returns table (
  at timestamptz, id uuid, kind text, actor uuid, actor_name text, title text, detail text,
  subject text, subject_id uuid
)
-- Planned for each call: the branches that one kind of object has no use for fall away, and those
-- that stay each read one index.
language plpgsql stable security invoker set search_path = ''
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  c_entities constant text[] := array[
    'firm', 'company', 'contact', 'consultant', 'contract', 'file'
  ];
  v_object record;
  v_whole boolean := p_entity = 'firm';
  v_company_id uuid := case when p_entity = 'company' then p_id end;
  v_contact_id uuid := case when p_entity = 'contact' then p_id end;
  v_consultant_id uuid := case when p_entity = 'consultant' then p_id end;
  v_contract_id uuid := case when p_entity = 'contract' then p_id end;
  v_file_id uuid := case when p_entity = 'file' then p_id end;
  v_max integer := least(greatest(coalesce(p_max_rows, 50), 0), 200);
  v_before timestamptz := coalesce(p_before, 'infinity');
  -- Without it, nothing more of that very moment.
  v_before_id uuid := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  if (p_entity = any (c_entities)) is not true then
    perform private.fail(
      'unknown_entity', format('There is no timeline of a "%s".', left(p_entity, 63)),
      hint => 'Use one of: ' || array_to_string(c_entities, ', ') || '.', status => 422
    );
  end if;
  select o.* into v_object
  from (
    select f.id, f.name, f.archived_at, f.updated_by from public.firms f where v_whole and f.id = p_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.companies o where o.id = v_company_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.contacts o where o.id = v_contact_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.consultants o where o.id = v_consultant_id
    union all
    select o.firm_id, o.title, o.archived_at, o.updated_by
    from public.contracts o where o.id = v_contract_id
    union all
    select o.firm_id, o.name, o.archived_at, o.updated_by
    from public.files o where o.id = v_file_id
  ) o (firm_id, name, archived_at, updated_by);
  if not found then
    perform private.fail('object_not_found', 'There is no such entry.', status => 404);
  end if;

  return query
  -- Materialized, so that each branch is planned for all it gives and not for the first few rows.
  with happened (at, id, kind, actor, actor_name, title, detail, subject, subject_id) as materialized (
    -- Who archived it wrote it last: nobody changes what is archived.
    select
      v_object.archived_at, p_id, 'archived', v_object.updated_by, null, v_object.name, null,
      p_entity, p_id
    where v_object.archived_at <= v_before
      and (v_object.archived_at < v_before or p_id > v_before_id)
    union all
    (
      select c.created_at, c.id, 'created', c.created_by, null, c.name, null, 'company', c.id
      from public.companies c
      where c.firm_id = v_object.firm_id
        and (c.id = v_company_id or (v_whole and c.archived_at is null))
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select c.created_at, c.id, 'created', c.created_by, null, c.name, c.position, 'contact', c.id
      from public.contacts c
      where c.firm_id = v_object.firm_id
        and (
          c.id = v_contact_id
          or ((v_whole or c.company_id = v_company_id) and c.archived_at is null)
        )
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select c.created_at, c.id, 'created', c.created_by, null, c.name, null, 'consultant', c.id
      from public.consultants c
      where c.firm_id = v_object.firm_id
        and (c.id = v_consultant_id or (v_whole and c.archived_at is null))
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select
        c.created_at,
        c.id,
        case
          when c.renewed_from_id is not null then 'renewed'
          when c.amended_from_id is not null then 'amended'
          else 'created'
        end,
        c.created_by, null, c.title, c.number::text, 'contract', c.id
      from public.contracts c
      where c.firm_id = v_object.firm_id
        and (
          c.id = v_contract_id
          or (
            (
              v_whole
              or c.company_id = v_company_id
              or c.consultant_id = v_consultant_id
              or c.renewed_from_id = v_contract_id
              or c.amended_from_id = v_contract_id
            )
            and c.archived_at is null
          )
        )
        and c.created_at <= v_before and (c.created_at < v_before or c.id > v_before_id)
      order by c.created_at desc, c.id
      limit v_max
    )
    union all
    (
      select f.created_at, f.id, 'created', f.created_by, null, f.name, f.status, 'file', f.id
      from public.files f
      where f.firm_id = v_object.firm_id
        and (
          f.id = v_file_id
          or (
            (
              v_whole
              or f.company_id = v_company_id
              or f.contact_id = v_contact_id
              or f.consultant_id = v_consultant_id
              or f.contract_id = v_contract_id
            )
            and f.archived_at is null
            and f.is_current
          )
        )
        and f.created_at <= v_before and (f.created_at < v_before or f.id > v_before_id)
      order by f.created_at desc, f.id
      limit v_max
    )
    union all
    (
      select
        n.created_at, n.id, 'noted', n.created_by, null, null, left(n.body, 200),
        case
          when n.company_id is not null then 'company'
          when n.contact_id is not null then 'contact'
          when n.consultant_id is not null then 'consultant'
          else 'contract'
        end,
        coalesce(n.company_id, n.contact_id, n.consultant_id, n.contract_id)
      from public.notes n
      where n.firm_id = v_object.firm_id
        and (
          v_whole
          or n.company_id = v_company_id
          or n.contact_id = v_contact_id
          or n.consultant_id = v_consultant_id
          or n.contract_id = v_contract_id
        )
        and n.archived_at is null
        and n.created_at <= v_before and (n.created_at < v_before or n.id > v_before_id)
      order by n.created_at desc, n.id
      limit v_max
    )
    union all
    (
      select
        e.at, e.id, 'moved', e.actor, null, null,
        e.from_status || ' → ' || e.to_status || coalesce(': ' || left(e.note, 200), ''),
        'contract', e.contract_id
      from public.contract_events e
      where e.firm_id = v_object.firm_id
        and (v_whole or e.contract_id = v_contract_id)
        and e.at <= v_before and (e.at < v_before or e.id > v_before_id)
      order by e.at desc, e.id
      limit v_max
    )
    union all
    (
      select
        e.at, e.id, 'moved', e.actor, null, null,
        e.from_status || ' → ' || e.to_status || coalesce(': ' || left(e.note, 200), ''),
        'contract', e.contract_id
      from public.contracts c
      cross join lateral (
        select e.*
        from public.contract_events e
        where e.firm_id = v_object.firm_id
          and e.contract_id = c.id
          and e.at <= v_before and (e.at < v_before or e.id > v_before_id)
        order by e.at desc, e.id
        limit v_max
      ) e
      where c.firm_id = v_object.firm_id
        and (c.company_id = v_company_id or c.consultant_id = v_consultant_id)
      order by e.at desc, e.id
      limit v_max
    )
    union all
    -- Few for each contract, as signers are.
    select d.at, s.id, d.kind, null, s.name, s.name, s.reason, 'contract', s.contract_id
    from public.contract_signers s
    cross join lateral (
      values
      -- Who signs at first sight has one moment, not two.
      (nullif(s.viewed_at, s.decided_at), 'viewed'),
      (s.decided_at, s.status)
    ) d (at, kind)
    where s.firm_id = v_object.firm_id
      and s.contract_id = v_contract_id
      and d.at <= v_before and (d.at < v_before or s.id > v_before_id)
    union all
    (
      select
        d.at, a.id, d.kind, d.actor, null, case when v_contract_id is null then c.title else w.name end,
        a.period::text,
        case when v_contract_id is null then 'contract' else 'consultant' end,
        case when v_contract_id is null then c.id else w.id end
      from public.contract_consultants a
      join public.contracts c on c.firm_id = a.firm_id and c.id = a.contract_id
      join public.consultants w on w.firm_id = a.firm_id and w.id = a.consultant_id
      cross join lateral (
        values
        (a.created_at, 'assigned', a.created_by),
        (a.archived_at, 'released', a.updated_by)
      ) d (at, kind, actor)
      where a.firm_id = v_object.firm_id
        and (a.contract_id = v_contract_id or a.consultant_id = v_consultant_id)
        and d.at <= v_before and (d.at < v_before or a.id > v_before_id)
      order by d.at desc, a.id
      limit v_max
    )
    union all
    (
      select
        d.at, m.id, d.kind, d.actor, null, null, null,
        case when m.kept_company_id is null then 'consultant' else 'company' end,
        -- The other one of the two.
        coalesce(
          nullif(m.kept_company_id, v_company_id),
          nullif(m.kept_consultant_id, v_consultant_id),
          m.merged_company_id,
          m.merged_consultant_id
        )
      from public.merge_log m
      cross join lateral (
        values (m.merged_at, 'merged', m.merged_by), (m.undone_at, 'unmerged', m.undone_by)
      ) d (at, kind, actor)
      where m.firm_id = v_object.firm_id
        and (
          v_whole
          or m.kept_company_id = v_company_id
          or m.merged_company_id = v_company_id
          or m.kept_consultant_id = v_consultant_id
          or m.merged_consultant_id = v_consultant_id
        )
        and d.at <= v_before and (d.at < v_before or m.id > v_before_id)
      order by d.at desc, m.id
      limit v_max
    )
  )
  select
    h.at, h.id, h.kind, h.actor,
    coalesce(h.actor_name, nullif(btrim(p.full_name), ''), p.email),
    coalesce(
      h.title,
      case h.subject
        when 'company' then (select o.name from public.companies o where o.id = h.subject_id)
        when 'contact' then (select o.name from public.contacts o where o.id = h.subject_id)
        when 'consultant' then (select o.name from public.consultants o where o.id = h.subject_id)
        else (select o.title from public.contracts o where o.id = h.subject_id)
      end
    ),
    h.detail, h.subject, h.subject_id
  from (select h.* from happened h order by h.at desc, h.id limit v_max) h
  left join public.profiles p on p.id = h.actor
  order by h.at desc, h.id;
end
$$;

create function public.timeline(
  entity text,
  id uuid,
  before timestamptz default null,
  before_id uuid default null,
  max_rows integer default 50
) returns table (
  at timestamptz, id uuid, kind text, actor uuid, actor_name text, title text, detail text,
  subject text, subject_id uuid
)
language sql stable security invoker set search_path = '' as $$
  select * from private.timeline(entity, id, before, before_id, max_rows)
$$;

revoke execute on function
private.timeline(text, uuid, timestamptz, uuid, integer),
public.timeline(text, uuid, timestamptz, uuid, integer)
from public, anon, authenticated;
grant execute on function
private.timeline(text, uuid, timestamptz, uuid, integer),
public.timeline(text, uuid, timestamptz, uuid, integer)
to authenticated;

comment on function private.timeline(text, uuid, timestamptz, uuid, integer) is
  'What public.timeline returns, with the caller''s own rights.';
comment on function public.timeline(text, uuid, timestamptz, uuid, integer) is
  'What happened to a company, contact, consultant, contract or file, or lately in a firm, the '
  'newest first: as much of it as the caller may read. kind: created, archived, noted, renewed, '
  'amended, moved (a contract, from one status to the next), viewed, signed, declined, assigned, '
  'released, merged, unmerged; subject and subject_id say to what, title its name. At most 200 '
  'rows; for the next ones pass at and id of the last one as before and before_id. actor is null '
  'for the system and for signers. Errors: unknown_entity, object_not_found.';
