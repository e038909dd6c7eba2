-- With the caller's own rights: a file that they cannot read is none they hear of.
create function private.refuse_duplicate(
  firm_id uuid, sha256 text, company_id uuid, contact_id uuid, consultant_id uuid,
  contract_id uuid, replaces uuid
) returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  found_id uuid;
  found_name text;
begin
  if refuse_duplicate.replaces is not null then
    select f.company_id, f.contact_id, f.consultant_id, f.contract_id
    into
      refuse_duplicate.company_id, refuse_duplicate.contact_id, refuse_duplicate.consultant_id,
      refuse_duplicate.contract_id
    from public.files as f
    where f.id = refuse_duplicate.replaces;
  end if;
  select f.id, f.name into found_id, found_name
  from public.files as f
  where f.firm_id = refuse_duplicate.firm_id
    and f.sha256 = lower(refuse_duplicate.sha256)
    and f.status in ('processing', 'ready')
    and f.is_current
    and f.archived_at is null
    and f.company_id is not distinct from refuse_duplicate.company_id
    and f.contact_id is not distinct from refuse_duplicate.contact_id
    and f.consultant_id is not distinct from refuse_duplicate.consultant_id
    and f.contract_id is not distinct from refuse_duplicate.contract_id
  order by f.created_at
  limit 1;
  if found then
    perform private.fail(
      'duplicate_file', format('This file is there already, as “%s”.', found_name),
      hint => format('It is the file %s; allow_duplicate uploads it all the same.', found_id),
      status => 409
    );
  end if;
end
$$;

revoke execute on function private.refuse_duplicate(uuid, text, uuid, uuid, uuid, uuid, uuid)
from public, anon, authenticated;
grant execute on function private.refuse_duplicate(uuid, text, uuid, uuid, uuid, uuid, uuid)
to authenticated;

comment on function private.refuse_duplicate(uuid, text, uuid, uuid, uuid, uuid, uuid) is
'Fails with duplicate_file where the same bytes are in the same place already, as far as the caller
may read them.';
