-- Each rule finds what is due by an index. Of tables that only grow, a block range index is enough
-- and costs writers next to nothing.
create index notifications_read_at_idx on public.notifications (read_at)
where read_at is not null;
create index notifications_created_at_idx on public.notifications using brin (created_at);
create index emails_created_at_idx on public.emails using brin (created_at);
create index invitations_closed_idx
on public.invitations (coalesce(accepted_at, revoked_at, expires_at));
create index reports_finished_idx on public.reports (coalesce(finished_at, created_at));
create index imports_finished_idx on public.imports (coalesce(finished_at, created_at));
create index files_archived_at_idx on public.files (archived_at) where archived_at is not null;
create index files_failed_updated_at_idx on public.files (updated_at) where status = 'failed';
create index file_accesses_opened_at_idx on public.file_accesses using brin (opened_at);
create index merge_log_undoable_merged_at_idx on public.merge_log (merged_at)
where moved <> '{}';
create index audit_log_at_idx on public.audit_log using brin (at);
create index dead_jobs_died_at_idx on private.dead_jobs (died_at);
create index firms_archived_at_idx on public.firms (archived_at) where archived_at is not null;

create table private.retention_clock (
  only_row boolean primary key default true check (only_row),
  due_at timestamptz not null
);

alter table private.retention_clock enable row level security;

create policy retention_clock_nobody on private.retention_clock
as restrictive for all to anon, authenticated
using (false);

revoke all on private.retention_clock from public, anon, authenticated, service_role;

comment on table private.retention_clock is 'When the rules of retention are next applied.';

create function private.firm_grace() returns interval
language sql immutable set search_path = '' as $$
  select r.keep from private.retention_rules() r where r.table_name = 'public.firms'
$$;

revoke execute on function private.firm_grace() from public, anon, authenticated;

comment on function private.firm_grace() is
  'How long a firm that was archived can be opened again; after that it is deleted.';

create function private.guard_reopening() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Its rows may be going already.
  if old.archived_at < now() - private.firm_grace() then
    perform private.fail(
      'firm_expired', 'This firm was archived too long ago and is being deleted.',
      hint => 'Found it anew; its export has what it held.', status => 409
    );
  end if;
  return new;
end
$$;

revoke execute on function private.guard_reopening() from public, anon, authenticated;

comment on function private.guard_reopening() is
  'Trigger: a firm opens again only until its deletion begins.';

create trigger firms_reopening before update of archived_at on public.firms
for each row when (old.archived_at is distinct from new.archived_at)
execute function private.guard_reopening();

create function private.delete_archived_firms(p_limit integer) returns integer
language plpgsql set search_path = '' as $$
declare
  -- What a firm may have very many of, in an order in which nothing is left that refers to it. The
  -- rest goes with the firm's row.
  c_large constant text[] := array[
    'public.notifications', 'public.emails', 'public.taggings', 'public.notes', 'public.files',
    'public.file_accesses', 'public.reports', 'public.firm_exports', 'public.contract_events', 'private.search_entries', 'public.audit_log'
  ];
  v_firm_id uuid;
  v_table text;
  v_count integer;
  v_left integer := p_limit;
begin
  while v_left > 0 loop
    select f.id into v_firm_id
    from public.firms f
    where f.archived_at < now() - private.firm_grace()
    order by f.archived_at
    limit 1
    for update skip locked;
    exit when not found;
    foreach v_table in array c_large loop
      execute format(
        'delete from %1$s t where t.ctid = any (array('
        'select t.ctid from %1$s t where t.firm_id = $1 limit $2 for update skip locked))', v_table
      ) using v_firm_id, v_left;
      get diagnostics v_count = row_count;
      v_left := v_left - v_count;
      exit when v_left <= 0;
    end loop;
    if v_left > 0 then
      delete from public.firms where id = v_firm_id;
      v_left := v_left - 1;
    end if;
  end loop;
  return p_limit - v_left;
end
$$;

revoke execute on function private.delete_archived_firms(integer)
from public, anon, authenticated;

comment on function private.delete_archived_firms(integer) is
  'Deletes firms past their time, large tables in bites, then the firm by cascade; what they '
  'stored is doomed by the triggers. Returns how many rows.';

create function private.apply_retention() returns integer
language plpgsql set search_path = '' as $$
declare
  c_bite constant integer := 1000;
  v_rule record;
  v_count integer;
  v_left integer := c_bite;
begin
  if exists (select from private.retention_clock c where c.due_at > now()) then
    return 0;
  end if;
  for v_rule in select * from private.retention_rules() r where r.due is not null loop
    execute format(
      case when v_rule.change is null then 'delete from %1$s t' else 'update %1$s t set %3$s' end
      -- Locked as they are found: what somebody restores just now stays, and whoever holds a row of
      -- theirs holds up nobody else's.
      || ' where t.ctid = any (array('
      'select t.ctid from %1$s t where %2$s limit $2 for update skip locked))',
      v_rule.table_name, v_rule.due, v_rule.change
    ) using now() - v_rule.keep, v_left;
    get diagnostics v_count = row_count;
    v_left := v_left - v_count;
    exit when v_left <= 0;
  end loop;
  v_left := v_left - private.release_erasures(v_left);
  v_left := v_left - private.delete_archived_firms(v_left);
  if v_left > 0 then
    insert into private.retention_clock as c (due_at) values (now() + interval '1 hour')
    on conflict (only_row) do update set due_at = excluded.due_at;
  end if;
  return c_bite - v_left;
end
$$;

revoke execute on function private.apply_retention() from public, anon, authenticated;

comment on function private.apply_retention() is
  'Applies private.retention_rules() once an hour, and at once again while there is more than a '
  'bite of it. Returns how many rows, at most 1000.';
