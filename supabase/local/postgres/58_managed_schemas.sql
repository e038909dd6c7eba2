-- Membership of their owners is what lets postgres create policies and triggers in storage and
-- realtime. On hosted it is no such member, so whatever else an owner may do has to fail.
create function extensions.managed_schemas_guard() returns event_trigger
language plpgsql
set search_path = ''
as $$
declare
  denied text;
begin
  if current_setting('is_superuser')::boolean then
    return;
  end if;
  if tg_event = 'sql_drop' then
    select object_identity into denied
    from pg_catalog.pg_event_trigger_dropped_objects()
    where
      schema_name in ('storage', 'realtime')
      and original
      and object_type not in ('policy', 'trigger')
    limit 1;
  else
    select object_identity into denied
    from pg_catalog.pg_event_trigger_ddl_commands()
    where
      schema_name in ('storage', 'realtime')
      and command_tag not in ('CREATE POLICY', 'ALTER POLICY', 'CREATE TRIGGER')
    limit 1;
  end if;
  if denied is not null then
    raise exception 'must be owner of %', denied using errcode = '42501';
  end if;
end $$;

create event trigger managed_schemas_guard on ddl_command_end
execute function extensions.managed_schemas_guard();

create event trigger managed_schemas_drop_guard on sql_drop
execute function extensions.managed_schemas_guard();
