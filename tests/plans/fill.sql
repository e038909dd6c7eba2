-- A thousand firms. The caller is an admin of one of them, a large one: 5,000 rows in each table,
-- and ten in those of each other firm; a thousand contracts, which makes a million of them.

create temporary table spread as
select
  n,
  md5('row ' || n)::uuid as id,
  md5('row ' || n % 1000)::uuid as other_id,
  md5('firm ' || case when n % 3 = 0 then 0 else n % 1000 end)::uuid as firm_id,
  timestamptz '2026-01-01' + n * interval '1 minute' as at,
  date '2026-01-01' + n % 700 as day
from generate_series(1, 15000) as n;

-- Without triggers: what they would set is set here.
set session_replication_role = replica;

insert into public.firms (id, name, slug)
select md5('firm ' || n)::uuid, 'Firm ' || n, 'firm-' || n from generate_series(0, 999) as n;

insert into public.firm_members (firm_id, user_id, role, created_at)
select firm_id, id, 'member', at from spread;
insert into public.firm_members (firm_id, user_id, role)
values (md5('firm 0')::uuid, md5('caller')::uuid, 'admin');

insert into public.invitations (firm_id, email, role, expires_at, accepted_at, created_at)
select firm_id, n || '@example.com', 'member', at, case when n % 10 > 0 then at end, at
from spread;

insert into public.companies (id, firm_id, name, status, owner_id, created_at)
select
  id, firm_id, 'Company ' || n, (array['lead', 'active', 'inactive'])[1 + n % 3], other_id, at
from spread;

insert into public.contacts (id, firm_id, company_id, name, email, created_at)
select id, firm_id, other_id, 'Contact ' || n, n || '@example.com', at from spread;

insert into public.consultants (id, firm_id, name, status, created_at)
select
  id, firm_id, 'Consultant ' || n,
  (array['candidate', 'active', 'on_leave', 'inactive'])[1 + n % 4], at
from spread;

insert into public.contracts (
  id, firm_id, number, title, kind, company_id, consultant_id, status, starts_on, ends_on,
  notice_days, auto_renew, renewal_months, currency, signed_at, created_at
)
select
  id, firm_id, n, 'Contract ' || n, 'nda', other_id, other_id,
  (array['draft', 'sent', 'signed', 'active', 'expired'])[1 + n % 5], day, day,
  30, n % 2 = 0, 12, 'EUR', at, at
from spread;

insert into public.contracts (
  id, firm_id, number, title, kind, company_id, status, starts_on, ends_on, currency, signed_at,
  created_at
)
select
  md5('contract ' || n)::uuid, md5('firm ' || 1 + n % 999)::uuid, n, 'Contract ' || n, 'nda',
  md5('row ' || n % 1000)::uuid,
  (array['draft', 'sent', 'signed', 'active', 'expired'])[1 + n % 5],
  date '2026-01-01' + n % 700, date '2026-01-01' + n % 700, 'EUR', '2026-01-01',
  timestamptz '2026-01-01' + n * interval '1 minute'
from generate_series(15001, 1000000) as n;

insert into public.contract_consultants (firm_id, contract_id, consultant_id, period, created_at)
select firm_id, other_id, id, daterange(day, day + 90), at from spread;

insert into public.contract_signers (firm_id, contract_id, name, email, role, created_at)
select firm_id, other_id, 'Signer', n || '@example.com', 'company', at from spread;

insert into public.contract_events (firm_id, contract_id, from_status, to_status, at)
select firm_id, other_id, 'draft', 'sent', at from spread;

insert into public.files (
  series_id, 
  id, firm_id, company_id, contact_id, consultant_id, contract_id, path, name, mime, size_bytes,
  status, reason, created_at
)
select
  id,
  id, firm_id, case n % 5 when 0 then other_id end, case n % 5 when 1 then other_id end,
  case n % 5 when 2 then other_id end, case n % 5 when 3 then other_id end,
  firm_id || '/' || id || '/a.pdf', 'a.pdf', 'application/pdf', 1,
  (array['pending', 'processing', 'ready', 'ready', 'failed'])[1 + n / 5 % 5],
  'damaged', at
from spread;

insert into public.notes (
  firm_id, company_id, contact_id, consultant_id, contract_id, body, created_at
)
select
  firm_id, case n % 4 when 0 then other_id end, case n % 4 when 1 then other_id end,
  case n % 4 when 2 then other_id end, case n % 4 when 3 then other_id end, 'Note', at
from spread;

insert into public.tags (id, firm_id, name, created_at)
select id, firm_id, 'tag ' || n, at from spread;

insert into public.taggings (
  firm_id, tag_id, company_id, contact_id, consultant_id, contract_id, created_at
)
select
  firm_id, id, case n % 4 when 0 then other_id end, case n % 4 when 1 then other_id end,
  case n % 4 when 2 then other_id end, case n % 4 when 3 then other_id end, at
from spread;

insert into public.saved_views (firm_id, name, entity, shared, created_at)
select
  firm_id, 'View ' || n, (array['companies', 'contracts', 'files', 'notes'])[1 + n % 4],
  n % 2 = 0, at
from spread;

-- Most of the caller's own firm's are for the caller.
insert into public.notifications (
  firm_id, user_id, dedupe_key, kind, title, link, read_at, created_at
)
select
  firm_id, case when n % 3 = 0 and n % 2 = 0 then md5('caller')::uuid else other_id end, n, 'test',
  'Read this', '/contracts', case when n % 10 > 0 then at end, at
from spread;

insert into public.reports (firm_id, kind, format, requested_by, created_at)
select firm_id, 'contract_portfolio', 'csv', other_id, at from spread;

insert into public.imports (
  id, firm_id, kind, name, path, size_bytes, requested_by, created_at
)
select id, firm_id, 'companies', 'a.csv', firm_id || '/' || id || '/source.csv', 9, other_id, at
from spread;

insert into public.erasures (firm_id, consultant_id, note, removed, kept, mentions, erased_at)
select firm_id, id, 'By letter', '{}', '[]', '{}', at from spread;

insert into public.firm_exports (firm_id, status, requested_by, created_at)
select firm_id, 'failed', other_id, at from spread;

insert into public.merge_log (
  firm_id, kept_company_id, merged_company_id, filled, moved, merged_at
)
select firm_id, other_id, id, '{}', '{}', at from spread;

insert into public.file_accesses (firm_id, file_id, user_id, opened_at)
select firm_id, id, other_id, at from spread;
insert into public.file_releases (firm_id, file_id, reason, note, released_at)
select firm_id, id, 'encrypted', 'Looked at it', at from spread;

insert into public.audit_log (firm_id, actor, action, table_name, row_id, at)
select firm_id, other_id, 'update', 'contracts', other_id, at from spread;

analyze;
