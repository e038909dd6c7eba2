create table public.audit_log (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  actor uuid,
  action text not null,
  table_name text not null,
  row_id uuid not null,
  columns text[],
  at timestamptz not null default clock_timestamp(),
  unique (firm_id, id),
  constraint audit_log_action_known check (action in ('insert', 'update', 'delete'))
);

create index audit_log_firm_id_at_idx on public.audit_log (firm_id, at desc, id);
create index audit_log_firm_id_row_id_at_idx on public.audit_log (firm_id, row_id, at desc);
create index audit_log_firm_id_actor_at_idx on public.audit_log (firm_id, actor, at desc);

alter table public.audit_log enable row level security;

create policy audit_log_select on public.audit_log for select to authenticated
using (firm_id = any (array(select private.firm_ids('admin'))));

-- Written by the trigger alone; nobody holds a right to change or delete an entry.
revoke all on public.audit_log from public, anon, authenticated, service_role;
grant select on public.audit_log to authenticated, service_role;

comment on table public.audit_log is
  'Who wrote to which row of the firm, and when; for owners and admins. Append-only. Of a change '
  'it keeps the names of the columns, not what was in them: nothing to erase when people ask.';
comment on column public.audit_log.actor is 'The user who did it; null for the system.';
comment on column public.audit_log.row_id is
  'Id of the row; of a membership the user''s, of private facts the consultant''s.';
comment on column public.audit_log.columns is 'What an update changed; null otherwise.';

create function private.audit() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row jsonb := coalesce(v_new, v_old);
  v_columns text[];
begin
  if tg_op = 'UPDATE' then
    v_columns := array(
      select n.key
      from jsonb_each(v_new) n
      where n.value is distinct from v_old -> n.key
        and n.key not in ('updated_at', 'updated_by')
      order by n.key
    );
    if v_columns = '{}' then
      return null;
    end if;
  end if;
  insert into public.audit_log (firm_id, actor, action, table_name, row_id, columns)
  select f.id, auth.uid(), lower(tg_op), tg_table_name, (v_row ->> tg_argv[0])::uuid, v_columns
  -- What goes with its firm leaves no entry: nobody would be left to read it.
  from public.firms f
  where f.id = (v_row ->> tg_argv[1])::uuid;
  return null;
end
$$;

revoke execute on function private.audit() from public, anon, authenticated;

comment on function private.audit() is
  'Trigger with the names of the row''s key and of the firm''s: one entry in audit_log for each '
  'row written.';
