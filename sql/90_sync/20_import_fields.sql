create function private.import_role(kind text) returns text
language sql
immutable
set search_path = ''
return case kind
  when 'companies' then 'member' when 'consultants' then 'manager' when 'contracts' then 'member'
end;

create function private.import_fields(of_kind text) returns table (
  field text, column_name text, key text, words text[]
)
language sql
immutable
set search_path = ''
begin atomic
  select f.field, f.column_name, f.key, f.words
  from (
    values
    (
      'companies', 'external_ref', 'external_ref', 'unique',
      '{external id,external reference,reference,ref,crm id,customer number,customer no}'::text[]
    ),
    (
      'companies', 'tax_id', 'tax_id', 'unique',
      '{vat id,vat number,vat no,vat,tax number,tax no}'
    ),
    ('companies', 'name', 'name', 'shared', '{company name,company,client,customer}'),
    ('companies', 'legal_name', 'legal_name', null, '{registered name}'),
    (
      'companies', 'registration_no', 'registration_no', null,
      '{registration number,company number,register number}'
    ),
    ('companies', 'website', 'website', null, '{web site,web,url,homepage}'),
    ('companies', 'industry', 'industry', null, '{sector}'),
    ('companies', 'country', 'country', null, '{country code}'),
    ('companies', 'address', 'address', null, '{postal address,street address}'),
    ('companies', 'status', 'status', null, '{state}'),
    (
      'consultants', 'external_ref', 'external_ref', 'unique',
      '{external id,external reference,reference,ref,employee id,personnel number}'
    ),
    ('consultants', 'email', 'email', 'shared', '{e-mail,e-mail address,mail}'),
    ('consultants', 'name', 'name', null, '{full name,consultant,consultant name}'),
    ('consultants', 'phone', 'phone', null, '{phone number,telephone,mobile}'),
    ('consultants', 'headline', 'headline', null, '{job title,position}'),
    ('consultants', 'kind', 'kind', null, '{type,employment}'),
    ('consultants', 'status', 'status', null, '{state}'),
    ('consultants', 'seniority', 'seniority', null, '{level}'),
    ('consultants', 'skills', 'skills', null, '{tags,competences}'),
    ('consultants', 'available_from', 'available_from', null, '{available,free from}'),
    ('contracts', 'number', null, 'unique', '{contract number,contract no,no}'),
    (
      'contracts', 'external_ref', 'external_ref', 'unique',
      '{external id,external reference,reference,ref}'
    ),
    ('contracts', 'title', 'title', null, '{contract title,subject}'),
    ('contracts', 'kind', 'kind', null, '{type,contract type}'),
    ('contracts', 'company', 'company_id', null, '{company name,client,customer}'),
    ('contracts', 'consultant', 'consultant_id', null, '{consultant name}'),
    ('contracts', 'starts_on', 'starts_on', null, '{start,start date,starts}'),
    ('contracts', 'ends_on', 'ends_on', null, '{end,end date,ends}'),
    ('contracts', 'rate', 'rate', null, '{}'),
    ('contracts', 'rate_unit', 'rate_unit', null, '{unit,per}'),
    ('contracts', 'currency', 'currency', null, '{}'),
    ('contracts', 'value_cap', 'value_cap', null, '{cap,budget}'),
    ('contracts', 'notice_days', 'notice_days', null, '{notice,notice period}'),
    ('contracts', 'auto_renew', 'auto_renew', null, '{renews}'),
    ('contracts', 'renewal_months', 'renewal_months', null, '{}')
  ) as f (kind, field, column_name, key, words)
  where f.kind = import_fields.of_kind;
end;

create function private.import_rules(of_table regclass) returns table (
  name text, expression text, field text, code text, detail text
)
language sql
stable
set search_path = ''
begin atomic
  -- Their names say which column they are about, and what they ask of it.
  with named as (
    select
      c.conname::text as name,
      pg_get_expr(c.conbin, c.conrelid) as expression,
      pg_get_constraintdef(c.oid) as definition,
      regexp_match(c.conname, '^[a-z]+_(?:([a-z_]+)_)?([a-z]+)$') as words
    from pg_constraint as c
    where c.conrelid = import_rules.of_table and c.contype = 'c'
  )

  select
    n.name,
    n.expression,
    case n.words[2] when 'parties' then 'company' else n.words[1] end,
    case n.words[2]
      when 'known' then 'not_one_of'
      when 'length' then 'too_long'
      when 'line' then 'control_character'
      when 'form' then 'bad_form'
      when 'range' then 'out_of_range'
      when 'order' then 'wrong_order'
      when 'complete' then 'incomplete'
      when 'parties' then 'party_missing'
      else 'rule_broken'
    end,
    case n.words[2]
      when 'known'
        then array_to_string(array(select regexp_matches(n.definition, '''(\w+)''', 'g')), ', ')
      when 'length' then substring(n.definition from '<= ([0-9]+)')
      when 'form' then null
      else n.name
    end
  from named as n;
end;

revoke execute on function
private.import_role(text), private.import_fields(text), private.import_rules(regclass)
from public, anon, authenticated;
grant execute on function
private.import_role(text), private.import_fields(text), private.import_rules(regclass)
to authenticated;

comment on function private.import_role(text) is
'The least role that writes all of what is imported; null for a kind that is not.';
comment on function private.import_fields(text) is
'What a file of this kind may hold, the strongest key first: unique where no two rows may share its
value, shared where some may. column_name is null for what only finds a row; words are other headers
that mean the same.';
comment on function private.import_rules(regclass) is
'The checks of a table with what to say of a row that breaks one: the tables have the only list.';
