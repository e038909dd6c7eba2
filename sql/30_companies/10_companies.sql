create table public.companies (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  name text not null,
  legal_name text,
  registration_no text,
  tax_id text,
  website text,
  industry text,
  country text,
  address text,
  status text not null default 'lead',
  owner_id uuid,
  external_ref text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint companies_owner_id_fkey foreign key (firm_id, owner_id)
  references public.firm_members (firm_id, user_id) on delete set null (owner_id),
  constraint companies_name_length check (char_length(btrim(name)) between 1 and 200),
  constraint companies_name_line check (name !~ '[[:cntrl:]]'),
  constraint companies_legal_name_length check (char_length(legal_name) <= 200),
  constraint companies_registration_no_length check (char_length(registration_no) <= 64),
  constraint companies_tax_id_length check (char_length(tax_id) between 1 and 64),
  constraint companies_website_form
  check (website ~ '^https?://[^\s<>"]+$' and char_length(website) <= 500),
  constraint companies_industry_length check (char_length(industry) <= 100),
  constraint companies_country_form check (country ~ '^[A-Z]{2}$'),
  constraint companies_address_length check (char_length(address) <= 500),
  constraint companies_status_known check (status in ('lead', 'active', 'inactive')),
  constraint companies_external_ref_length check (char_length(external_ref) between 1 and 200)
);

create unique index companies_firm_id_tax_id_idx on public.companies (firm_id, tax_id)
where archived_at is null;
create unique index companies_firm_id_external_ref_idx
on public.companies (firm_id, external_ref) where archived_at is null;
create index companies_firm_id_status_idx on public.companies (firm_id, status);
create index companies_firm_id_owner_id_idx on public.companies (firm_id, owner_id)
where owner_id is not null;
create index companies_firm_id_created_at_idx
on public.companies (firm_id, created_at desc, id);

create trigger companies_archive before update on public.companies
for each row execute function private.guard_archive('manager');

create trigger companies_stamp before insert or update on public.companies
for each row execute function private.stamp();

alter table public.companies enable row level security;

create policy companies_select on public.companies for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy companies_insert on public.companies for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

create policy companies_update on public.companies for update to authenticated
using (firm_id = any (array(select private.firm_ids('member'))))
with check (firm_id = any (array(select private.firm_ids('member'))));

revoke all on public.companies from public, anon, authenticated, service_role;
grant select on public.companies to authenticated, service_role;
grant insert (
  firm_id, name, legal_name, registration_no, tax_id, website, industry, country, address,
  status, owner_id, external_ref
) on public.companies to authenticated;
grant update (
  name, legal_name, registration_no, tax_id, website, industry, country, address,
  status, owner_id, external_ref, archived_at
) on public.companies to authenticated;

comment on table public.companies is
  'Clients and prospects. Members write them; managers archive and restore them.';
comment on column public.companies.country is 'ISO 3166-1 alpha-2 code.';
comment on column public.companies.owner_id is
  'The member of the firm who looks after the company.';
comment on column public.companies.external_ref is
  'Key of the company in another system; unique in the firm.';
comment on column public.companies.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
