create table public.notification_preferences (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null,
  user_id uuid not null default auth.uid(),
  kind text not null,
  delivery text not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  constraint notification_preferences_firm_id_id_key unique (firm_id, id),
  constraint notification_preferences_firm_id_user_id_kind_key unique (firm_id, user_id, kind),
  constraint notification_preferences_member_fkey foreign key (firm_id, user_id)
  references public.firm_members (firm_id, user_id) on delete cascade,
  constraint notification_preferences_kind_known check (
    kind in (
      'contract_ending', 'contract_renewing', 'contract_signed', 'contract_declined',
      'signer_unreachable', 'file_quarantined', 'file_rejected', 'report_ready', 'export_ready',
      'digest'
    )
  ),
  constraint notification_preferences_delivery_known
  check (delivery in ('now', 'digest', 'off') and (kind <> 'digest' or delivery <> 'now'))
);

create trigger notification_preferences_stamp
before insert or update on public.notification_preferences
for each row execute function private.stamp();

alter table public.notification_preferences enable row level security;

create policy notification_preferences_select on public.notification_preferences
for select to authenticated
using (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

create policy notification_preferences_insert on public.notification_preferences
for insert to authenticated
with check (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

create policy notification_preferences_update on public.notification_preferences
for update to authenticated
using (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
)
with check (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

revoke all on public.notification_preferences from public, anon, authenticated, service_role;
grant select on public.notification_preferences to authenticated;
grant insert (firm_id, kind, delivery) on public.notification_preferences to authenticated;
grant update (delivery) on public.notification_preferences to authenticated;

comment on table public.notification_preferences is
  'How one member of a firm gets what they are told by mail, where it is not as '
  'notification_settings says by default. Each member has their own only.';
comment on column public.notification_preferences.delivery is
  'now: a mail at once; digest: in the daily one; off: in the app only. For the kind digest: '
  'digest or off.';

create function public.notification_settings(firm_id uuid) returns table (
  kind text, delivery text, standard text, what text
)
language plpgsql
stable
set search_path = ''
as $$
begin
  perform private.require_role(notification_settings.firm_id, 'viewer');
  return query
    select k.kind, coalesce(p.delivery, k.delivery), k.delivery, k.what
    from private.notification_kinds() as k
    left join public.notification_preferences as p
      on p.firm_id = notification_settings.firm_id
      and p.user_id = auth.uid()
      and p.kind = k.kind;
end
$$;

create function public.set_notification(firm_id uuid, kind text, delivery text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.require_role(set_notification.firm_id, 'viewer');
  if not exists (
    select from private.notification_kinds() as k where k.kind = set_notification.kind
  ) then
    perform private.fail(
      'unknown_kind', format('There is no kind of notification "%s".', set_notification.kind),
      hint => 'notification_settings lists them.', status => 400
    );
  end if;
  if (
    set_notification.delivery in ('now', 'digest', 'off')
    and (set_notification.kind <> 'digest' or set_notification.delivery <> 'now')
  ) is not true then
    perform private.fail(
      'unknown_delivery', 'That is no way to be told of it.',
      hint => 'Use now, digest or off; for the kind digest: digest or off.', status => 400
    );
  end if;
  insert into public.notification_preferences as p (firm_id, kind, delivery)
  values (set_notification.firm_id, set_notification.kind, set_notification.delivery)
  on conflict on constraint notification_preferences_firm_id_user_id_kind_key
  do update set delivery = excluded.delivery;
end
$$;

revoke execute on function public.notification_settings(uuid) from public, anon, authenticated;
revoke execute on function public.set_notification(uuid, text, text)
from public, anon, authenticated;
grant execute on function public.notification_settings(uuid) to authenticated;
grant execute on function public.set_notification(uuid, text, text) to authenticated;

comment on function public.notification_settings(uuid) is
'Every kind of notification with how the caller gets it by mail in this firm (now, digest or off),
and how they would by default.';
comment on function public.set_notification(uuid, text, text) is
'Chooses how the caller gets one kind of notification of a firm by mail: now, digest or off. In the
app they see it in any case. Errors: unknown_kind, unknown_delivery.';
