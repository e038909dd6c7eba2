create function private.list_access(p_firm_id uuid, p_entity text, p_id uuid)
returns table (
  user_id uuid, person text, email text, via text, role text, status text, since timestamptz,
  last_sign_in_at timestamptz, second_factor boolean, sees text, expires_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  c_entities constant text[] := array['company', 'consultant', 'contract', 'file', 'report'];
  v_firm_open boolean;
  v_file public.files;
  v_report public.reports;
begin
  select f.status = 'active' and f.archived_at is null into v_firm_open
  from public.firms f
  where f.id = p_firm_id;
  if not found then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  elsif num_nulls(p_entity, p_id) < 2 and (p_entity = any (c_entities)) is not true then
    perform private.fail(
      'unknown_entity', format('There is no entity "%s" to ask about.', left(p_entity, 63)),
      hint => 'Use one of: ' || array_to_string(c_entities, ', ') || '.', status => 422
    );
  elsif p_entity is not null and not exists (
    select from public.companies o
    where p_entity = 'company' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.consultants o
    where p_entity = 'consultant' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.contracts o
    where p_entity = 'contract' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.files o
    where p_entity = 'file' and o.firm_id = p_firm_id and o.id = p_id
    union all
    select from public.reports o
    where p_entity = 'report' and o.firm_id = p_firm_id and o.id = p_id
  ) then
    perform private.fail('object_not_found', 'There is no such entry.', status => 404);
  end if;
  select o.* into v_file from public.files o where p_entity = 'file' and o.id = p_id;
  select o.* into v_report from public.reports o where p_entity = 'report' and o.id = p_id;

  return query
  with members as (
    -- As private.firm_ids.
    select m.*, v_firm_open and m.status = 'active' as open, private.role_rank(m.role) as rank
    from public.firm_members m
    where m.firm_id = p_firm_id
  ), portals as (
    -- As private.own_consultant_ids.
    select
      c.*,
      v_firm_open and c.status <> 'inactive' and c.archived_at is null and not exists (
        select from public.firm_members m
        where m.firm_id = c.firm_id and m.user_id = c.user_id and m.status <> 'active'
      ) as open
    from public.consultants c
    where c.firm_id = p_firm_id and c.user_id is not null
  ), portal_contracts as (
    -- As private.portal_contract_ids.
    select k.id, k.consultant_id
    from portals c
    join public.contracts k on k.firm_id = c.firm_id and k.consultant_id = c.id
    where c.open
      and k.kind in ('consultant', 'nda')
      and k.status in ('sent', 'signed', 'active', 'expired', 'terminated')
      and k.archived_at is null
  ), ways as (
    select
      m.user_id, null as person, null as email, 'member' as via, m.role, m.status,
      m.created_at as since,
      case
        when not m.open then 'nothing'
        when p_entity = 'consultant' and m.rank < 3 then 'all of it but the private facts'
        when p_entity is not null then 'all of it'
        when m.rank >= 4 then 'everything'
        when m.rank = 3 then 'everything but the audit log'
        when m.rank = 2
          then
            'everything but managers'' files, consultants'' private facts, merges, others'' '
            'reports and the audit log'
        else
          'everything but managers'' files, consultants'' private facts, merges, reports and the '
          'audit log'
      end as sees,
      null::timestamptz as expires_at
    from members m
    where p_entity is null
      or m.open and case p_entity
        when 'file' then m.rank >= 3 or v_file.visibility <> 'managers'
        when 'report' then m.rank >= 3 or (m.rank = 2 and v_report.requested_by = m.user_id)
        else true
      end
    union all
    select
      c.user_id, null, null, 'portal', 'consultant',
      case when c.open then 'active' else 'closed' end,
      -- The link has no clock of its own; what nobody remembers stays empty.
      (
        select max(a.at)
        from public.audit_log a
        where a.firm_id = p_firm_id and a.row_id = c.id and 'user_id' = any (a.columns)
      ),
      case
        when not c.open then 'nothing'
        when p_entity = 'contract' then 'its terms'
        when p_entity is not null then 'all of it'
        else
          'their own entry and private facts, their own contracts once sent, and the files shared '
          'with them'
      end,
      null
    from portals c
    where p_entity is null
      or c.open and case p_entity
        when 'consultant' then c.id = p_id
        when 'contract'
          then exists (
            select from portal_contracts k where k.consultant_id = c.id and k.id = p_id
          )
        -- As private.portal_file_ids.
        when 'file'
          then v_file.visibility = 'portal'
            and v_file.status = 'ready'
            and v_file.archived_at is null
            and v_file.is_current
            and (
              v_file.consultant_id = c.id
              or exists (
                select from portal_contracts k
                where k.consultant_id = c.id and k.id = v_file.contract_id
              )
            )
        else false
      end
    union all
    select
      null, null, i.email, 'invitation', i.role, 'open', i.created_at,
      'nothing until it is accepted', i.expires_at
    from public.invitations i
    where p_entity is null
      and v_firm_open
      and i.firm_id = p_firm_id
      and i.accepted_at is null
      and i.revoked_at is null
      and i.expires_at > now()
    union all
    -- As private.open_signing.
    select
      null, s.name, s.email, 'signing', s.role, s.status, t.asked_at,
      case
        when p_entity is null then format('the terms of contract %s, %s', k.number, k.title)
        else 'its terms'
      end,
      t.expires_at
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    join public.contracts k on k.firm_id = s.firm_id and k.id = s.contract_id
    where t.firm_id = p_firm_id
      and v_firm_open
      and t.expires_at > now()
      and s.archived_at is null
      and (k.status = 'sent' or (k.status = 'signed' and s.status = 'signed'))
      and k.archived_at is null
      and (p_entity is null or (p_entity = 'contract' and k.id = p_id))
  )
  select
    w.user_id, coalesce(w.person, nullif(btrim(p.full_name), '')), coalesce(w.email, u.email),
    w.via, w.role, w.status, w.since,
    -- Members came by themselves; for a link the id of an account is enough, anybody's.
    case when w.via = 'member' then u.last_sign_in_at end,
    case when u.id is not null then exists (
      select from auth.mfa_factors f where f.user_id = u.id and f.status = 'verified'
    ) end,
    w.sees, w.expires_at
  from ways w
  left join public.profiles p on p.id = w.user_id
  left join auth.users u on u.id = w.user_id
  order by
    array_position(array['member', 'portal', 'invitation', 'signing'], w.via),
    private.role_rank(w.role) desc nulls last, 3, w.sees, w.expires_at;
end
$$;

create function public.list_access(firm_id uuid, entity text default null, id uuid default null)
returns table (
  user_id uuid, person text, email text, via text, role text, status text, since timestamptz,
  last_sign_in_at timestamptz, second_factor boolean, sees text, expires_at timestamptz
)
language sql stable security invoker set search_path = '' as $$
  select * from private.list_access(firm_id, entity, id)
$$;

create function private.access_review(p_firm_id uuid, p_entity text, p_id uuid)
returns table (
  user_id uuid, person text, email text, via text, role text, status text, since timestamptz,
  last_sign_in_at timestamptz, second_factor boolean, sees text, expires_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_role(p_firm_id, 'admin');
  return query select * from private.list_access(p_firm_id, p_entity, p_id);
end
$$;

create function public.access_review(firm_id uuid, entity text default null, id uuid default null)
returns table (
  user_id uuid, person text, email text, via text, role text, status text, since timestamptz,
  last_sign_in_at timestamptz, second_factor boolean, sees text, expires_at timestamptz
)
language sql stable security invoker set search_path = '' as $$
  select * from private.access_review(firm_id, entity, id)
$$;

revoke execute on function
private.list_access(uuid, text, uuid), public.list_access(uuid, text, uuid),
private.access_review(uuid, text, uuid), public.access_review(uuid, text, uuid)
from public, anon, authenticated;
grant execute on function
private.list_access(uuid, text, uuid), public.list_access(uuid, text, uuid)
to service_role;
grant execute on function
private.access_review(uuid, text, uuid), public.access_review(uuid, text, uuid)
to authenticated;

comment on function private.list_access(uuid, text, uuid) is
  'Definer of public.list_access and of what access_review shows. Restates the rules of the '
  'policies for everybody at once, where they ask about the caller only; a test holds the two '
  'against each other.';
comment on function public.list_access(uuid, text, uuid) is
  'What access_review returns, for the operator.';
comment on function private.access_review(uuid, text, uuid) is 'Definer of public.access_review.';
comment on function public.access_review(uuid, text, uuid) is
  'Who can get at what in a firm, a row for each way in: member, portal, invitation or signing '
  'link; with entity (company, consultant, contract, file, report) and id, only those who can read '
  'that very entry. Where the firm requires a second factor, who has none sees nothing until they '
  'enrol one. last_sign_in_at is of members only. Admins and owners. As CSV with Accept: text/csv; '
  'guard its cells against formulas before a spreadsheet opens them. Errors: firm_not_found, '
  'not_allowed, unknown_entity, object_not_found.';
