create table public.emails (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  dedupe_key text not null unique,
  event text not null,
  to_address text not null,
  subject text not null,
  params jsonb not null default '{}',
  status text not null default 'queued',
  attempts integer not null default 0,
  message_id text unique,
  error text,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  constraint emails_firm_id_id_key unique (firm_id, id),
  constraint emails_dedupe_key_length check (char_length(dedupe_key) between 1 and 400),
  constraint emails_event_form check (event ~ '^[a-z][a-z_]{0,49}$'),
  constraint emails_to_address_form check (private.is_email(to_address)),
  constraint emails_subject_form
  check (char_length(subject) between 1 and 300 and subject !~ '[[:cntrl:]]'),
  constraint emails_params_object check (jsonb_typeof(params) = 'object'),
  constraint emails_status_known
  check (status in ('queued', 'sending', 'sent', 'failed', 'suppressed'))
);

create index emails_to_address_created_at_idx on public.emails (to_address, created_at desc);
create index emails_firm_id_created_at_idx on public.emails (firm_id, created_at desc, id);

alter table public.emails enable row level security;

create policy emails_nobody on public.emails
as restrictive for all to anon, authenticated
using (false);

revoke all on public.emails from public, anon, authenticated, service_role;
grant select on public.emails to service_role;

comment on table public.emails is
  'Every e-mail of a firm and what became of it. Clients never see it: it holds addresses and, '
  'until a message is sent, what its link is made of.';
comment on column public.emails.message_id is
  'Fixed before the first attempt, so that a repeat after a crash carries the same Message-ID.';
comment on column public.emails.params is
  'The facts of the message; emptied once it is sent.';
comment on column public.emails.status is
  'queued; sending: handed to the mail server, outcome unknown yet; sent; failed: no more '
  'attempts; suppressed: its address gets no more of it, or who it was for left, so nothing was '
  'sent.';
