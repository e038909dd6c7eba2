create table public.erasures (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  consultant_id uuid,
  contact_id uuid,
  merged_ids uuid[] not null default '{}',
  note text not null,
  removed jsonb not null,
  kept jsonb not null,
  mentions jsonb not null,
  look_again_on date,
  released_on date,
  erased_at timestamptz not null default now(),
  erased_by uuid,
  unique (firm_id, id),
  constraint erasures_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id) on delete cascade,
  constraint erasures_contact_id_fkey foreign key (firm_id, contact_id)
  references public.contacts (firm_id, id) on delete cascade,
  constraint erasures_one_person check (num_nonnulls(consultant_id, contact_id) = 1),
  constraint erasures_note_length check (char_length(btrim(note)) between 1 and 2000)
);

create index erasures_firm_id_erased_at_idx on public.erasures (firm_id, erased_at desc, id);
create unique index erasures_firm_id_consultant_id_idx
on public.erasures (firm_id, consultant_id) where consultant_id is not null;
create unique index erasures_firm_id_contact_id_idx on public.erasures (firm_id, contact_id)
where contact_id is not null;
create index erasures_look_again_on_idx on public.erasures (look_again_on)
where look_again_on is not null;

alter table public.erasures enable row level security;

create policy erasures_select on public.erasures for select to authenticated
using (firm_id = any (array(select private.firm_ids('admin'))));

-- Written by the functions that erase alone.
revoke all on public.erasures from public, anon, authenticated, service_role;
grant select on public.erasures to authenticated, service_role;

comment on table public.erasures is
  'Who was erased, when, by whom and why; what went and what law keeps. Owners and admins read it. '
  'Nothing of the person is in it.';
comment on column public.erasures.merged_ids is
  'Duplicates that had been merged with the consultant: erased with them.';
comment on column public.erasures.note is 'Who asked for it, and when.';
comment on column public.erasures.removed is 'Table to how many rows went or were emptied.';
comment on column public.erasures.kept is
  '[{"table", "id", "columns", "contract_id", "why", "until"}]: what law makes the firm keep. '
  'Without until as long as the contract runs, and ten years more.';
comment on column public.erasures.mentions is
  'Column to how many texts, written about something else, still hold the name: look at them.';
comment on column public.erasures.look_again_on is
  'When it is looked whether what was kept may go; null where nothing is left.';
comment on column public.erasures.released_on is 'When the last of what was kept went too.';
