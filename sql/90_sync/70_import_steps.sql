create function private.begin_import_run(import_id uuid, run integer) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  import public.imports;
begin
  update public.imports as i
  set status = 'running'
  where i.id = begin_import_run.import_id
    and i.run = begin_import_run.run
    and i.status in ('queued', 'running')
  returning * into import;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'bucket', import.bucket, 'path', import.path, 'name', import.name,
    'size_bytes', import.size_bytes, 'mapping', import.mapping, 'rows_done', import.rows_done,
    'errors_path', format('%s/%s/errors-%s.csv', import.firm_id, import.id, import.run),
    'fields', (
      select jsonb_agg(jsonb_build_object('field', f.field, 'key', f.key, 'words', f.words))
      from private.import_fields(import.kind) as f
    )
  );
end
$$;

create function public.begin_import_run(import_id uuid, run integer) returns jsonb
language sql
set search_path = ''
return private.begin_import_run(import_id, run);

create function private.analyze_imported(kind text) returns void
language plpgsql
set search_path = ''
as $$
begin
  case analyze_imported.kind
    when 'companies' then analyze (skip_locked) public.companies;
    when 'consultants' then analyze (skip_locked) public.consultants;
    when 'contracts' then analyze (skip_locked) public.contracts;
  end case;
end
$$;

create function private.describe_import(
  import_id uuid, run integer, columns jsonb, row_count integer
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  kind text;
begin
  update public.imports as i
  set columns = describe_import.columns, row_count = describe_import.row_count
  where i.id = describe_import.import_id
    and i.run = describe_import.run
    and i.status = 'running'
  returning i.kind into kind;
  if found then
    perform private.analyze_imported(t.kind)
    from unnest(
      -- Whom a contract names is looked up too.
      case when kind = 'contracts' then array['companies', 'consultants'] else '{}' end || kind
    ) as t (kind);
  end if;
end
$$;

create function public.describe_import(
  import_id uuid, run integer, columns jsonb, row_count integer
) returns void
language sql
set search_path = ''
return private.describe_import(import_id, run, columns, row_count);

create function private.open_batch(import_id uuid, run integer, first integer)
returns public.imports
language plpgsql
security definer
set search_path = ''
as $$
declare
  import public.imports;
begin
  select * into import
  from public.imports as i
  where i.id = open_batch.import_id
    and i.run = open_batch.run
    and i.status = 'running'
    and i.rows_done = open_batch.first
  for update;
  if not import.dry_run then
    -- No unique index knows names and addresses: two imports at once would each find nothing.
    perform pg_advisory_xact_lock(hashtextextended(
      format('private.open_batch:%s:%s', import.firm_id, import.kind), 0
    ));
  end if;
  return import;
end
$$;

create function private.close_batch(
  import_id uuid, size integer, outcome jsonb, refused jsonb
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  import public.imports;
begin
  update public.imports as i
  set
    rows_done = i.rows_done + close_batch.size,
    progress = least(99, 100 * (i.rows_done + close_batch.size) / greatest(i.row_count, 1)),
    created_count = i.created_count + (outcome ->> 'created')::integer,
    updated_count = i.updated_count + (outcome ->> 'updated')::integer,
    unchanged_count = i.unchanged_count + (outcome ->> 'unchanged')::integer,
    failed_count = i.failed_count + (outcome ->> 'failed')::integer + (
      select count(distinct r.value ->> 0) from jsonb_array_elements(close_batch.refused) as r
    )
  where i.id = close_batch.import_id
  returning * into import;
  insert into private.import_errors (firm_id, import_id, line, field, value, code, detail)
  select
    import.firm_id, import.id, (e.value ->> 0)::integer, e.value ->> 1, e.value ->> 2,
    e.value ->> 3, e.value ->> 4
  from jsonb_array_elements((outcome -> 'errors') || close_batch.refused) as e
  order by (e.value ->> 0)::integer;
  -- Each time what it made has doubled.
  if not import.dry_run
    and floor(log(greatest(import.created_count, 1)) / log(2))
    > floor(log(greatest(import.created_count - (outcome ->> 'created')::integer, 1)) / log(2))
  then
    perform private.analyze_imported(import.kind);
  end if;
  return jsonb_build_object('rows_done', import.rows_done, 'failed', import.failed_count);
end
$$;

create function private.write_rows_for_operator(
  kind text, firm_id uuid, fields text[], rows jsonb, dry_run boolean
) returns jsonb
language sql
security definer
set search_path = ''
return private.write_rows(kind, firm_id, fields, rows, dry_run);

-- No definer: it takes on the rights of whoever asked, row security, column grants and triggers
-- included, so that an import can do nothing that they could not do by hand.
create function public.import_rows(
  import_id uuid, run integer, first integer, size integer, fields text[], rows jsonb,
  refused jsonb default '[]'
) returns jsonb
language plpgsql
set search_path = ''
-- Before the worker gives up on the answer.
set statement_timeout = '25s'
as $$
declare
  worker constant text := current_setting('role');
  claims constant text := coalesce(current_setting('request.jwt.claims', true), '');
  import constant public.imports := private.open_batch(
    import_rows.import_id, import_rows.run, import_rows.first
  );
  outcome jsonb;
  code text;
  said text;
begin
  if import.id is null then
    return null;
  elsif import.by_operator then
    outcome := private.write_rows_for_operator(
      import.kind, import.firm_id, import_rows.fields, import_rows.rows, import.dry_run
    );
  else
    begin
      perform set_config('request.jwt.claims', jsonb_build_object(
        'sub', import.requested_by, 'role', 'authenticated',
        'aal', case when import.second_factor then 'aal2' else 'aal1' end
      )::text, true);
      set local role authenticated;
      perform private.require_role(import.firm_id, private.import_role(import.kind));
    exception when sqlstate 'PT403' or sqlstate 'PT404' then
      -- They lost the right to meanwhile. Here the role is the worker's again.
      get stacked diagnostics code = pg_exception_detail, said = message_text;
      return jsonb_build_object('stopped', code, 'detail', said);
    end;
    outcome := private.write_rows(
      import.kind, import.firm_id, import_rows.fields, import_rows.rows, import.dry_run
    );
    perform set_config('role', worker, true), set_config('request.jwt.claims', claims, true);
  end if;
  return private.close_batch(import.id, import_rows.size, outcome, import_rows.refused);
end
$$;

create function private.import_errors(
  import_id uuid, run integer, after bigint, max_rows integer
) returns table (id bigint, line integer, field text, value text, code text, detail text)
language sql
stable
security definer
set search_path = ''
begin atomic
  select e.id, e.line, e.field, e.value, e.code, e.detail
  from private.import_errors as e
  join public.imports as i on i.firm_id = e.firm_id and i.id = e.import_id
  where
    i.id = import_errors.import_id
    and i.run = import_errors.run
    and e.id > import_errors.after
  order by e.id
  limit least(import_errors.max_rows, 1000);
end;

create function public.import_errors(
  import_id uuid, run integer, after bigint default 0, max_rows integer default 1000
) returns table (id bigint, line integer, field text, value text, code text, detail text)
language sql
stable
set search_path = ''
begin atomic
  select e.id, e.line, e.field, e.value, e.code, e.detail
  from private.import_errors(
    import_errors.import_id, import_errors.run, import_errors.after, import_errors.max_rows
  ) as e;
end;

create function private.close_import(import public.imports) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.import_errors as e
  where e.firm_id = import.firm_id and e.import_id = import.id;
  -- Who tries it out is looking at it.
  if not import.dry_run then
    perform private.notify(
      import.firm_id,
      'import_finished',
      format('import_finished:%s:%s', import.id, import.run),
      left(format(
        '“%s” %s', import.name,
        case import.status when 'done' then 'was imported' else 'could not be imported' end
      ), 300),
      coalesce(import.detail, format(
        '%s created, %s updated, %s unchanged, %s refused.',
        import.created_count, import.updated_count, import.unchanged_count, import.failed_count
      )),
      '/imports/' || import.id,
      p_user_ids => array[import.requested_by]
    );
  end if;
end
$$;

create function private.finish_import(
  import_id uuid, run integer, reason text, detail text, has_errors boolean
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  import public.imports;
begin
  update public.imports as i
  set
    status = case when finish_import.reason is null then 'done' else 'failed' end,
    reason = finish_import.reason,
    detail = left(finish_import.detail, 1000),
    progress = case when finish_import.reason is null then 100 else i.progress end,
    errors_path = case when finish_import.has_errors
      then format('%s/%s/errors-%s.csv', i.firm_id, i.id, i.run) end,
    finished_at = now()
  where i.id = finish_import.import_id
    and i.run = finish_import.run
    and i.status = 'running'
  returning * into import;
  if not found then
    return;
  end if;
  perform private.close_import(import);
end
$$;

create function public.finish_import(
  import_id uuid, run integer, reason text default null, detail text default null,
  has_errors boolean default false
) returns void
language sql
set search_path = ''
return private.finish_import(import_id, run, reason, detail, has_errors);

create function private.fail_import() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  import public.imports;
begin
  update public.imports as i
  set
    status = 'failed',
    reason = left(new.code, 64),
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    detail = case new.code
      when 'exception' then 'Something went wrong on our side.'
      else left(new.error, 500)
    end,
    finished_at = now()
  where i.id = (new.payload ->> 'import_id')::uuid
    and i.run::text = new.payload ->> 'run'
    and i.status in ('queued', 'running')
  returning * into import;
  if found then
    perform private.close_import(import);
  end if;
  return null;
end
$$;

create trigger dead_jobs_fail_import after insert on private.dead_jobs
for each row when (
  new.kind = 'import.run'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'import_id', 'uuid')
)
execute function private.fail_import();

revoke execute on function
private.begin_import_run(uuid, integer), public.begin_import_run(uuid, integer),
private.analyze_imported(text),
private.describe_import(uuid, integer, jsonb, integer),
public.describe_import(uuid, integer, jsonb, integer),
private.open_batch(uuid, integer, integer),
private.close_batch(uuid, integer, jsonb, jsonb),
private.write_rows_for_operator(text, uuid, text[], jsonb, boolean),
public.import_rows(uuid, integer, integer, integer, text[], jsonb, jsonb),
private.import_errors(uuid, integer, bigint, integer),
public.import_errors(uuid, integer, bigint, integer),
private.finish_import(uuid, integer, text, text, boolean),
public.finish_import(uuid, integer, text, text, boolean),
private.fail_import()
from public, anon, authenticated;
revoke execute on function private.close_import(public.imports)
from public, anon, authenticated, service_role;
grant execute on function
private.begin_import_run(uuid, integer), public.begin_import_run(uuid, integer),
private.describe_import(uuid, integer, jsonb, integer),
public.describe_import(uuid, integer, jsonb, integer),
private.open_batch(uuid, integer, integer),
private.close_batch(uuid, integer, jsonb, jsonb),
private.write_rows_for_operator(text, uuid, text[], jsonb, boolean),
public.import_rows(uuid, integer, integer, integer, text[], jsonb, jsonb),
private.import_errors(uuid, integer, bigint, integer),
public.import_errors(uuid, integer, bigint, integer),
private.finish_import(uuid, integer, text, text, boolean),
public.finish_import(uuid, integer, text, text, boolean)
to service_role;

comment on function private.begin_import_run(uuid, integer) is
'Definer of public.begin_import_run.';
comment on function public.begin_import_run(uuid, integer) is
'What to read, what its columns may mean, and how many rows an earlier attempt has decided; null
where this run is over or is none. For the secret key only.';
comment on function private.analyze_imported(text) is
'Tells the planner how large a table is by now: of one that it takes for empty, it would look each
row up among all rows of the firm.';
comment on function private.describe_import(uuid, integer, jsonb, integer) is
'Definer of public.describe_import.';
comment on function public.describe_import(uuid, integer, jsonb, integer) is
'What was found in the file: its columns and how many rows. For the secret key only.';
comment on function private.open_batch(uuid, integer, integer) is
'The import, locked, if its next row is this one; otherwise all of it is null. What is written comes
batch after batch where a firm has several imports of a kind.';
comment on function private.close_batch(uuid, integer, jsonb, jsonb) is
'Counts a batch that was decided and keeps what was refused.';
comment on function private.write_rows_for_operator(text, uuid, text[], jsonb, boolean) is
'private.write_rows() past the rights of people, for what the operator imports.';
comment on function public.import_rows(uuid, integer, integer, integer, text[], jsonb, jsonb) is
'Decides the next rows of an import and writes them unless it is a dry run, all of it once: first is
how many were decided before, size how many these are. rows: [[line, cell, …], …], the cells in the
order of fields; refused: [[line, field, value, code, detail], …], rows that never were any. Null
where the run is over, or these are not the next ones. With the rights of the member who started it:
{stopped: firm_not_found, not_allowed or mfa_required} where they have lost them. For the secret key
only.';
comment on function private.import_errors(uuid, integer, bigint, integer) is
'Definer of public.import_errors.';
comment on function public.import_errors(uuid, integer, bigint, integer) is
'What a run has refused so far, page by page in the order of the file. For the secret key only.';
comment on function private.close_import(public.imports) is
'What a run that is over leaves: no refused rows but those in its list, and whoever started it is
told, unless it was a dry run.';
comment on function private.finish_import(uuid, integer, text, text, boolean) is
'Definer of public.finish_import.';
comment on function public.finish_import(uuid, integer, text, text, boolean) is
'The run is over: done, or failed for a reason. has_errors: the list of refused rows is stored. For
the secret key only.';
comment on function private.fail_import() is
'Trigger: an import whose job is dead has failed, however the job died.';
