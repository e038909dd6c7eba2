create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  email text not null,
  role text not null,
  invited_by uuid,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  unique (firm_id, id),
  -- Text in lower case, not citext, whose operators a function without a search path does not find.
  constraint invitations_email_form check (private.is_email(email) and email = lower(email)),
  constraint invitations_role_known
  check (role in ('owner', 'admin', 'manager', 'member', 'viewer')),
  constraint invitations_one_end check (num_nonnulls(accepted_at, revoked_at) <= 1)
);

create unique index invitations_firm_id_email_open_idx on public.invitations (firm_id, email)
where accepted_at is null and revoked_at is null;
create index invitations_email_idx on public.invitations (email);
create index invitations_firm_id_created_at_idx
on public.invitations (firm_id, created_at desc, id);

create trigger invitations_stamp before insert or update on public.invitations
for each row execute function private.stamp();

alter table public.invitations enable row level security;

create policy invitations_select on public.invitations for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

revoke all on public.invitations from public, anon, authenticated, service_role;
grant select on public.invitations to authenticated, service_role;

comment on table public.invitations is
  'Invitations into a firm, open ones and past ones. One open invitation per address.';
comment on column public.invitations.role is 'The role that accepting it gives.';
comment on column public.invitations.invited_by is
  'Who sent it last. It is worthless once this member could not send it any more.';
comment on column public.invitations.expires_at is
  'After this the token is worthless; resend_invitation makes a new one.';

create table private.invitation_tokens (
  invitation_id uuid primary key references public.invitations (id) on delete cascade,
  token_hash bytea not null,
  constraint invitation_tokens_token_hash_key unique (token_hash)
);

revoke all on private.invitation_tokens from public, anon, authenticated, service_role;

comment on table private.invitation_tokens is
  'SHA-256 of the token of each invitation. Beside the table people read, so that no query can '
  'show it.';
