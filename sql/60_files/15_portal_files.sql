create function private.portal_file_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select f.id
  from public.consultants c
  join public.files f on f.firm_id = c.firm_id and f.consultant_id = c.id
  where c.id in (select private.own_consultant_ids())
    and f.visibility = 'portal' and f.status = 'ready' and f.archived_at is null and f.is_current
  union all
  select f.id
  from public.contracts k
  join public.files f on f.firm_id = k.firm_id and f.contract_id = k.id
  where k.id in (select private.portal_contract_ids())
    and f.visibility = 'portal' and f.status = 'ready' and f.archived_at is null and f.is_current;
end
$$;

revoke execute on function private.portal_file_ids() from public, anon, authenticated;
grant execute on function private.portal_file_ids() to authenticated;

comment on function private.portal_file_ids() is
  'The finished files that were shared with the caller, as a consultant, or on one of their own '
  'contracts: of each its current version.';

create function private.is_portal_parent(
  p_firm_id uuid, p_consultant_id uuid, p_contract_id uuid
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  -- With the firm: ids of one's own are no key to another firm.
  return exists (
    select from public.consultants c
    where c.firm_id = p_firm_id
      and c.id = p_consultant_id
      and c.id in (select private.own_consultant_ids())
  ) or exists (
    select from public.contracts k
    where k.firm_id = p_firm_id
      and k.id = p_contract_id
      and k.id in (select private.portal_contract_ids())
  );
end
$$;

revoke execute on function private.is_portal_parent(uuid, uuid, uuid)
from public, anon, authenticated;

comment on function private.is_portal_parent(uuid, uuid, uuid) is
  'Whether this is the caller as a consultant of the firm, or a contract of theirs they may see.';

create function private.upload_firm_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select f from private.firm_ids('member') f
  union
  select c.firm_id
  from public.consultants c
  where c.id in (select private.own_consultant_ids());
end
$$;

revoke execute on function private.upload_firm_ids() from public, anon, authenticated;

comment on function private.upload_firm_ids() is
  'Firms in which the caller may go on with an upload that begin_upload allowed.';
