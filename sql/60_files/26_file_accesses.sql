-- Without a reference to the file: who had opened it is asked most when it is gone.
create table public.file_accesses (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  file_id uuid not null,
  user_id uuid not null,
  opened_at timestamptz not null default clock_timestamp(),
  unique (firm_id, id)
);

create index file_accesses_firm_id_opened_at_idx
on public.file_accesses (firm_id, opened_at desc, id);
create index file_accesses_firm_id_file_id_opened_at_idx
on public.file_accesses (firm_id, file_id, opened_at desc);
create index file_accesses_firm_id_user_id_opened_at_idx
on public.file_accesses (firm_id, user_id, opened_at desc);
-- The storage asks for it with every object that is read.
create index file_accesses_user_id_opened_at_idx on public.file_accesses (user_id, opened_at);

alter table public.file_accesses enable row level security;

create policy file_accesses_select on public.file_accesses for select to authenticated
using (firm_id = any (array(select private.firm_ids('admin'))));

-- Written by open_file alone; nobody holds a right to change or delete an entry.
revoke all on public.file_accesses from public, anon, authenticated, service_role;
grant select on public.file_accesses to authenticated, service_role;

comment on table public.file_accesses is
  'Who opened which file, and when; for owners and admins. Append-only: no byte of a file leaves '
  'without an entry here.';
comment on column public.file_accesses.file_id is 'The file, a version of a document.';
