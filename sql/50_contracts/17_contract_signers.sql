create table public.contract_signers (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  contract_id uuid not null,
  name text not null,
  email text not null,
  role text not null,
  sign_order integer not null default 1,
  status text not null default 'pending',
  viewed_at timestamptz,
  decided_at timestamptz,
  reason text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  signed_name text,
  signed_terms jsonb,
  unreachable_since timestamptz,
  unique (firm_id, id),
  constraint contract_signers_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id) on delete cascade,
  constraint contract_signers_name_length check (char_length(btrim(name)) between 1 and 200),
  constraint contract_signers_name_line check (name !~ '[[:cntrl:]]'),
  constraint contract_signers_email_form
  check (private.is_email(email) and email = lower(email)),
  constraint contract_signers_role_known check (role in ('firm', 'company', 'consultant')),
  constraint contract_signers_sign_order_range check (sign_order between 1 and 100),
  constraint contract_signers_status_known
  check (status in ('pending', 'viewed', 'signed', 'declined')),
  constraint contract_signers_viewed_at_known check (status <> 'viewed' or viewed_at is not null),
  constraint contract_signers_decided_at_known
  check ((status in ('signed', 'declined')) = (decided_at is not null)),
  constraint contract_signers_reason_length
  check (char_length(reason) <= 2000 and (reason is null or status = 'declined')),
  constraint contract_signers_signed_name_length
  check (char_length(btrim(signed_name)) between 1 and 200),
  constraint contract_signers_signed_name_line check (signed_name !~ '[[:cntrl:]]'),
  constraint contract_signers_signed_terms_object
  check (jsonb_typeof(signed_terms) = 'object' and pg_column_size(signed_terms) <= 16384),
  constraint contract_signers_signed_complete
  check ((status = 'signed') = (num_nonnulls(signed_name, signed_terms) = 2))
);

create unique index contract_signers_email_idx
on public.contract_signers (firm_id, contract_id, email) where archived_at is null;
create index contract_signers_firm_id_contract_id_idx
on public.contract_signers (firm_id, contract_id, sign_order);
create index contract_signers_firm_id_created_at_idx
on public.contract_signers (firm_id, created_at desc, id);

create trigger contract_signers_archive before update on public.contract_signers
for each row execute function private.guard_archive('manager');

create trigger contract_signers_open
before insert or update of contract_id, name, email, role, sign_order, archived_at
on public.contract_signers
for each row execute function private.guard_contract_part('draft', 'in_review');

create trigger contract_signers_stamp before insert or update on public.contract_signers
for each row execute function private.stamp();

alter table public.contract_signers enable row level security;

create policy contract_signers_select on public.contract_signers for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy contract_signers_insert on public.contract_signers for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('manager'))));

create policy contract_signers_update on public.contract_signers for update to authenticated
using (firm_id = any (array(select private.firm_ids('manager'))))
with check (firm_id = any (array(select private.firm_ids('manager'))));

revoke all on public.contract_signers from public, anon, authenticated, service_role;
grant select on public.contract_signers to authenticated, service_role;
grant insert (
  firm_id, contract_id, name, email, role, sign_order
) on public.contract_signers to authenticated;
grant update (name, email, role, sign_order, archived_at)
on public.contract_signers to authenticated;

comment on table public.contract_signers is
  'Who has to sign a contract, in which order. Managers write them before it is sent; what became '
  'of each is the server''s to say.';
comment on column public.contract_signers.role is 'For whom: firm, company or consultant.';
comment on column public.contract_signers.sign_order is
  'Lower ones sign first; equal ones in any order.';
comment on column public.contract_signers.status is 'pending, viewed, signed or declined.';
comment on column public.contract_signers.reason is 'Why somebody declined.';
comment on column public.contract_signers.signed_name is 'The name that was typed as signature.';
comment on column public.contract_signers.signed_terms is
  'The terms as they stood when they were signed, names of the parties included.';
comment on column public.contract_signers.unreachable_since is
  'When a mail that asks them to sign was given up: their address takes none, or it was refused. '
  'Null once one went out, or they are asked anew.';
comment on column public.contract_signers.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
