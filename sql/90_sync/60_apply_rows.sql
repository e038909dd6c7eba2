-- One statement for a batch of rows: reads, compares and writes all of them at once. Every name in
-- it comes from private.import_fields() or the catalog, and is quoted; every value is a parameter.
create function private.import_statement(kind text, fields text[], dry_run boolean) returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  target constant regclass := format('public.%I', import_statement.kind)::regclass;
  -- Of the file: [{field, column, type, n}], n being where the cell stands in its row.
  given constant jsonb := (
    select jsonb_agg(jsonb_build_object(
      'field', f.field, 'column', f.column_name, 'n', g.n,
      'type', coalesce(format_type(a.atttypid, a.atttypmod), 'text')
    ) order by g.n)
    from unnest(import_statement.fields) with ordinality as g (field, n)
    join private.import_fields(import_statement.kind) as f on f.field = g.field
    left join pg_attribute as a on a.attrelid = target and a.attname = f.field
  );
  -- All that can be written, and of these what a row cannot do without; the server finds a currency.
  columns constant text[] := array(
    select f.column_name from private.import_fields(import_statement.kind) as f
    where f.column_name is not null
  );
  needed constant text[] := array(
    select a.attname::text from pg_attribute as a
    where a.attrelid = target and a.attnotnull and a.attname = any (columns)
      and a.attname <> 'currency'
  );
begin
  if (jsonb_array_length(given) = cardinality(import_statement.fields)) is not true then
    perform private.fail('unknown_field', 'There is no such field.', status => 422);
  end if;
  return format(
    $statement$
    with given as materialized (
      select
        (r.cells ->> 0)::integer as line,
        jsonb_strip_nulls(jsonb_build_object(%2$s)) as texts
      from jsonb_array_elements($2) as r (cells)
    ), typed as materialized (
      select
        g.line, g.texts,
        array_remove(array[%3$s]::text[], null) as misfits,
        -- As it is to be: what is marked is cleared, lists are lists.
        g.texts %4$s || coalesce((
          select jsonb_object_agg(t.key, null) from jsonb_each_text(g.texts) as t where t.value = '\N'
        ), '{}') as values
      from given as g
    ), sound as materialized (
      select t.line, t.texts, t.values, %16$s from typed as t where t.misfits = '{}'
    ), matched as materialized (
      %5$s
    ), merged as materialized (
      select
        m.line, m.texts, m.values, m.fault, t.id,
        %6$s as is_open,
        jsonb_populate_record(
          null::%1$s,
          coalesce(to_jsonb(t), jsonb_build_object('firm_id', $1, %7$s)) || m.values
        ) as record,
        t as before,
        count(*) over (partition by t.id) > 1 and t.id is not null as is_twice
      from matched as m
      left join %1$s as t on t.firm_id = $1 and t.id = m.id
    ), judged as materialized (
      select
        m.line, m.texts, m.values, m.id, m.record, m.fault,
        case when m.fault is null then %8$s else '{}' end as missing,
        case when m.fault is null then %9$s else '{}' end as broken,
        case
          when m.id is null then 'create'
          when row(%10$s) is distinct from row(%11$s) then 'update'
          else 'unchanged'
        end as change,
        m.is_open, m.is_twice
      from merged as m
    ), locked as materialized (
      -- In one order, and by the update policy: what is not among them the caller may not change.
      select t.id from %1$s as t
      where t.id = any (array(select j.id from judged as j where j.change = 'update'))
      order by t.id
      for no key update
    ), decided as materialized (
      select
        j.line, j.texts, j.values, j.id, j.record, j.change, j.missing, j.broken,
        case
          when j.fault is not null then j.fault
          when j.is_twice then array[null, 'duplicate_key', (
            select string_agg(o.line::text, ', ' order by o.line) from judged as o where o.id = j.id
          )]
          when j.change = 'update' and not j.is_open then array[null, 'not_draft', null]
          when j.change = 'update' and (j.id in (select l.id from locked as l)) is not true
            then array[null, 'not_allowed', null]
        end as fault
      from judged as j
    ), written as materialized (
      select d.line, d.values, d.id, d.record, d.change
      from decided as d
      where d.fault is null and d.missing = '{}' and d.broken = '{}'
    ), refused as (
      select
        t.line, c.field, t.texts,
        case c.type when 'date' then 'bad_date' when 'boolean' then 'bad_boolean' else 'bad_number' end
        as code,
        null as detail
      from typed as t
      cross join unnest(t.misfits) as f (field)
      join jsonb_to_recordset(%12$L) as c (field text, type text) on c.field = f.field
      union all
      select d.line, d.fault[1], d.texts, d.fault[2], d.fault[3]
      from decided as d
      where d.fault is not null
      union all
      select d.line, f.field, d.texts, 'required', null
      from decided as d
      cross join unnest(d.missing) as m (name)
      join private.import_fields(%13$L) as f on f.column_name = m.name
      where d.fault is null
      union all
      select d.line, r.field, d.texts, r.code, r.detail
      from decided as d
      cross join unnest(d.broken) as b (name)
      join private.import_rules(%14$L) as r on r.name = b.name
      where d.fault is null
    ) %15$s
    select jsonb_build_object(
      'created', (select count(*) from written as w where w.change = 'create'),
      'updated', (select count(*) from written as w where w.change = 'update'),
      'unchanged', (select count(*) from written as w where w.change = 'unchanged'),
      'failed', (select count(*) from given) - (select count(*) from written),
      'errors', (
        select coalesce(jsonb_agg(
          jsonb_build_array(r.line, r.field, left(r.texts ->> r.field, 200), r.code, r.detail)
          order by r.line, r.field
        ), '[]')
        from refused as r
      )
    )
    $statement$,
    target,
    (select string_agg(format(
      -- A list of nothing but marks is blank.
      case g ->> 'type'
        when 'text[]' then '%L, nullif(btrim(r.cells ->> %s, '' ;,''), '''')'
        else '%L, r.cells ->> %s'
      end,
      g ->> 'field', g ->> 'n'
    ), ', ') from jsonb_array_elements(given) as g),
    -- Days as year-month-day; numbers with a point, and no more decimals than are kept.
    (select coalesce(string_agg(format(
      'case when g.texts ->> %1$L <> ''\N'' and not (g.texts ->> %1$L ~ %2$L '
      'and pg_input_is_valid(g.texts ->> %1$L, %3$L)) then %1$L end',
      g ->> 'field',
      case g ->> 'type'
        when 'date' then '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        when 'boolean' then ''
        else '^[+-]?[0-9]+(\.[0-9]{1,2}0*)?$'
      end,
      g ->> 'type'
    ), ', '), 'null')
    from jsonb_array_elements(given) as g where g ->> 'type' not in ('text', 'text[]')),
    (select string_agg(format(
      '|| case when g.texts ? %1$L then jsonb_build_object(%1$L, regexp_split_to_array('
      'g.texts ->> %1$L, %2$L)) else ''{}'' end', g ->> 'field', '\s*[;,][;,\s]*'
    ), ' ') from jsonb_array_elements(given) as g where g ->> 'type' = 'text[]'),
    private.import_match(import_statement.kind),
    -- What was agreed stays as it is.
    case import_statement.kind when 'contracts' then 't.status = ''draft''' else 'true' end,
    (select string_agg(format('%L, %s', a.attname, pg_get_expr(d.adbin, d.adrelid)), ', ')
    from pg_attrdef as d
    join pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where d.adrelid = target and a.attname = any (columns || array['status', 'version'])),
    'array_remove(array[' || (
      select string_agg(format('case when (m.record).%I is null then %L end', n, n), ', ')
      from unnest(needed) as n
    ) || '], null)',
    '(select array_remove(array[' || (
      select string_agg(format('case when (%s) is false then %L end', r.expression, r.name), ', ')
      from private.import_rules(target) as r
    ) || ']::text[], null) from (select (m.record).*) as n)',
    (select string_agg(format('(m.record).%I', c), ', ') from unnest(columns) as c),
    (select string_agg(format('(m.before).%I', c), ', ') from unnest(columns) as c),
    given,
    import_statement.kind,
    target,
    -- A file of nothing but keys changes nothing.
    case when not import_statement.dry_run and given @? '$[*].column ? (@ != null)' then format(
      $writes$
      , inserted as (
        insert into %1$s (firm_id, %2$s)
        select $1, %3$s from written as w where w.change = 'create' order by w.line
      ), updated as (
        update %1$s as t
        set %4$s
        from written as w
        where w.change = 'update' and t.firm_id = $1 and t.id = w.id
      )
      $writes$,
      target,
      (select string_agg(quote_ident(c), ', ') from unnest(columns) as c),
      (select string_agg(format('(w.record).%I', c), ', ') from unnest(columns) as c),
      -- What a row leaves blank is not even set to what it was a moment ago.
      (select string_agg(format(
        '%1$I = case when w.values ? %1$L then (w.record).%1$I else t.%1$I end', g ->> 'column'
      ), ', ') from jsonb_array_elements(given) as g where g ->> 'column' is not null)
    ) end,
    (select string_agg(format(
      '(t.values ->> %1$L)::%2$s as %1$I', f.field,
      case f.field when 'number' then 'integer' else 'text' end
    ), ', ')
    from private.import_fields(import_statement.kind) as f
    where f.key is not null or f.field <> f.column_name)
  );
end
$$;

create function private.write_rows(
  kind text, firm_id uuid, fields text[], rows jsonb, dry_run boolean
) returns jsonb
language plpgsql
set search_path = ''
-- Each row is looked up by an index, whatever is known of a table that was empty a moment ago.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  statement constant text := private.import_statement(
    write_rows.kind, write_rows.fields, write_rows.dry_run
  );
  size constant integer := jsonb_array_length(write_rows.rows);
  outcome jsonb;
  code text;
  said text;
  broken text;
  missing text;
  total jsonb := '{"created": 0, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}';
begin
  begin
    execute statement into outcome using write_rows.firm_id, write_rows.rows;
    return outcome;
  exception when others then
    -- What is not about the rows, such as a timeout, ends the request.
    if sqlstate !~ '^(22|23|42501|PT)' then
      raise;
    elsif size = 1 then
      get stacked diagnostics
        said = pg_exception_detail, broken = constraint_name, missing = column_name;
      code := case
        -- Sent for review a moment ago.
        when said = 'terms_frozen' then 'not_draft'
        when sqlstate like 'PT%' then said
        when sqlstate = '42501' then 'not_allowed'
        when sqlstate = '23505' then 'key_taken'
        when sqlstate = '23502' then 'required'
        else 'rule_broken'
      end;
      if code is null then
        raise;
      end if;
      return total || jsonb_build_object('failed', 1, 'errors', jsonb_build_array(jsonb_build_array(
        write_rows.rows #> '{0,0}',
        coalesce(nullif(missing, ''), substring(broken from '_firm_id_([a-z_]+)_idx$')),
        null, left(code, 64), nullif(broken, '')
      )));
    end if;
  end;
  -- A trigger refused one, or somebody was faster: eighth by eighth until it stands alone, so that
  -- it costs no other.
  for outcome in
    select private.write_rows(
      write_rows.kind, write_rows.firm_id, write_rows.fields, jsonb_agg(r.value order by r.n),
      write_rows.dry_run
    )
    from jsonb_array_elements(write_rows.rows) with ordinality as r (value, n)
    group by (r.n - 1) * 8 / size
    order by min(r.n)
  loop
    total := (
      select jsonb_object_agg(t.key, case t.key
        when 'errors' then t.value || (outcome -> 'errors')
        else to_jsonb(t.value::integer + (outcome ->> t.key)::integer)
      end)
      from jsonb_each(total) as t
    );
  end loop;
  return total;
end
$$;

revoke execute on function
private.import_statement(text, text[], boolean),
private.write_rows(text, uuid, text[], jsonb, boolean)
from public, anon, authenticated;
grant execute on function
private.import_statement(text, text[], boolean),
private.write_rows(text, uuid, text[], jsonb, boolean)
to authenticated;

comment on function private.import_statement(text, text[], boolean) is
'The statement that decides a batch of rows of a file with these fields, and writes them unless it
is a dry run: $1 is the firm, $2 the rows, [[line, cell, …], …].';
comment on function private.write_rows(text, uuid, text[], jsonb, boolean) is
'Decides a batch of rows, and writes it unless it is a dry run, with the rights of the caller:
{created, updated, unchanged, failed, errors: [[line, field, value, code, detail], …]}. All at once;
where a trigger or a colleague comes between, in ever smaller parts, so that a row that is refused
costs no other.';
