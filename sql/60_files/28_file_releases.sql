create table public.file_releases (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  file_id uuid not null,
  reason text not null,
  note text not null,
  released_by uuid,
  released_at timestamptz not null default now(),
  unique (firm_id, id),
  constraint file_releases_file_id_fkey foreign key (firm_id, file_id)
  references public.files (firm_id, id) on delete cascade,
  constraint file_releases_reason_length check (char_length(reason) <= 64),
  constraint file_releases_note_length check (char_length(note) between 1 and 2000)
);

create index file_releases_firm_id_file_id_idx on public.file_releases (firm_id, file_id);
create index file_releases_firm_id_released_at_idx
on public.file_releases (firm_id, released_at desc, id);

alter table public.file_releases enable row level security;

create policy file_releases_select on public.file_releases for select to authenticated
using (firm_id = any (array(select private.firm_ids('admin'))));

-- Written by release_file alone; nobody holds a right to change or delete an entry.
revoke all on public.file_releases from public, anon, authenticated, service_role;
grant select on public.file_releases to authenticated, service_role;

comment on table public.file_releases is
  'Who let a file out of quarantine, and why; for owners and admins. Append-only.';
comment on column public.file_releases.reason is 'Why it had been quarantined.';
comment on column public.file_releases.released_by is 'The user who did it; null for the operator.';
