create function public.file_usage(firm_id uuid default null) returns table (
  id uuid, firm text, quota bigint, documents bigint, versions bigint, quarantined bigint,
  bytes numeric
)
language sql
stable
set search_path = ''
begin atomic
  select
    m.id,
    m.name,
    m.storage_quota_bytes,
    count(f.id) filter (where f.is_current and f.archived_at is null),
    count(f.id),
    count(f.id) filter (where f.status = 'quarantined'),
    coalesce(
      sum(f.size_bytes) filter (where f.status in ('processing', 'ready', 'quarantined')), 0
    ) as bytes
  from public.firms as m
  left join public.files as f on f.firm_id = m.id
  where file_usage.firm_id is null or m.id = file_usage.firm_id
  group by m.id
  order by bytes desc, m.id asc;
end;

revoke execute on function public.file_usage(uuid) from public, anon, authenticated;
grant execute on function public.file_usage(uuid) to service_role;

comment on function public.file_usage(uuid) is
'What each firm stores, or one of them, the largest first: documents that are not archived, all
versions, those in quarantine, and bytes. For the secret key only.';
