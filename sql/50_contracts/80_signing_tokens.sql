create table private.signing_tokens (
  signer_id uuid primary key,
  firm_id uuid not null references public.firms (id) on delete cascade,
  token_hash bytea not null unique,
  expires_at timestamptz not null,
  asked_at timestamptz not null default now(),
  asked integer not null default 1,
  seen_hash bytea,
  constraint signing_tokens_signer_id_fkey foreign key (firm_id, signer_id)
  references public.contract_signers (firm_id, id) on delete cascade
);

create index signing_tokens_firm_id_signer_id_idx on private.signing_tokens (firm_id, signer_id);
create index signing_tokens_asked_at_idx on private.signing_tokens (asked_at) where asked < 3;

alter table private.signing_tokens enable row level security;

create policy signing_tokens_nobody on private.signing_tokens
as restrictive for all to anon, authenticated
using (false);

revoke all on private.signing_tokens from public, anon, authenticated, service_role;

comment on table private.signing_tokens is
  'What a link to sign is made of: the hash of its only valid token, while it is the signer''s '
  'turn.';
comment on column private.signing_tokens.asked is
  'How often the signer was asked: at first, after three days, after seven.';
comment on column private.signing_tokens.seen_hash is
  'SHA-256 of the terms as the signer saw them last.';

create function private.signing_terms(p_contract public.contracts) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object(
    'firm', f.name,
    'number', p_contract.number,
    'version', p_contract.version,
    'title', p_contract.title,
    'kind', p_contract.kind,
    'company', coalesce(o.legal_name, o.name),
    'consultant', w.name,
    'starts_on', p_contract.starts_on,
    'ends_on', p_contract.ends_on,
    'rate', p_contract.rate,
    'rate_unit', p_contract.rate_unit,
    'currency', p_contract.currency,
    'value_cap', p_contract.value_cap,
    'notice_days', p_contract.notice_days,
    'auto_renew', p_contract.auto_renew,
    'renewal_months', p_contract.renewal_months
  )
  from public.firms f
  left join public.companies o on o.firm_id = f.id and o.id = p_contract.company_id
  left join public.consultants w on w.firm_id = f.id and w.id = p_contract.consultant_id
  where f.id = p_contract.firm_id
$$;

revoke execute on function private.signing_terms(public.contracts)
from public, anon, authenticated;

comment on function private.signing_terms(public.contracts) is
  'The terms of a contract as who signs it sees them: no ids, nothing about other contracts.';

create function private.ask_signer(p_signer_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_token text := encode(extensions.gen_random_bytes(32), 'hex');
  v_signer record;
  v_asked integer;
begin
  select s.*, c.number, c.title, f.name as firm, f.timezone,
    coalesce(nullif(btrim(p.full_name), ''), f.name) as sender
  into strict v_signer
  from public.contract_signers s
  join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
  join public.firms f on f.id = s.firm_id
  left join public.profiles p on p.id = auth.uid()
  where s.id = p_signer_id;
  insert into private.signing_tokens as t (signer_id, firm_id, token_hash, expires_at)
  values (
    p_signer_id, v_signer.firm_id, sha256(convert_to(v_token, 'UTF8')), now() + interval '30 days'
  )
  on conflict (signer_id) do update
  set
    token_hash = excluded.token_hash,
    expires_at = excluded.expires_at,
    asked_at = now(),
    asked = t.asked + 1
  returning t.asked into v_asked;
  perform private.queue_email(
    v_signer.firm_id,
    'signing_request:' || p_signer_id || ':' || gen_random_uuid(),
    'signing_request',
    v_signer.email,
    v_signer.firm || ': please sign ' || v_signer.title,
    jsonb_build_object(
      'sender', v_signer.sender,
      'name', v_signer.name,
      'number', v_signer.number::text,
      'title', v_signer.title,
      'reminder', v_asked > 1,
      'expires_on', ((now() + interval '30 days') at time zone v_signer.timezone)::date,
      -- Behind the #, so that no server writes the token into its log.
      'link', '/sign#token=' || v_token
    )
  );
end
$$;

revoke execute on function private.ask_signer(uuid) from public, anon, authenticated;

comment on function private.ask_signer(uuid) is
  'Makes the only valid token of a signer and mails it. Only its hash is kept.';

create function private.ask_signers(p_contract_id uuid) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_signer_id uuid;
  v_open integer := 0;
begin
  for v_signer_id in
    select s.id
    from public.contract_signers s
    where s.contract_id = p_contract_id
      and s.archived_at is null
      and s.status in ('pending', 'viewed')
      and s.sign_order = (
        select min(n.sign_order)
        from public.contract_signers n
        where n.contract_id = p_contract_id
          and n.archived_at is null
          and n.status in ('pending', 'viewed')
      )
    order by s.created_at, s.id
  loop
    v_open := v_open + 1;
    if not exists (select from private.signing_tokens t where t.signer_id = v_signer_id) then
      perform private.ask_signer(v_signer_id);
    end if;
  end loop;
  return v_open;
end
$$;

revoke execute on function private.ask_signers(uuid) from public, anon, authenticated;

comment on function private.ask_signers(uuid) is
  'Asks those whose turn it is to sign and who were not asked yet. Returns how many have not '
  'signed whose turn it is: none when everybody has.';

create function private.follow_signing() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  -- All of one turn are asked at once, and each of them twice more.
  c_most constant integer := 50;
begin
  if new.status = 'sent' then
    -- Whoever still changes one of them is waited for: the mail goes to the address that stays.
    perform from public.contract_signers s
    where s.firm_id = new.firm_id and s.contract_id = new.id
    order by s.id
    for update;
    -- Once more from the start: what was signed or declined before were other terms.
    update public.contract_signers
    set
      status = 'pending',
      viewed_at = null,
      decided_at = null,
      reason = null,
      signed_name = null,
      signed_terms = null,
      unreachable_since = null
    where contract_id = new.id and (status <> 'pending' or unreachable_since is not null);
    delete from private.signing_tokens t
    using public.contract_signers s
    where s.contract_id = new.id and t.firm_id = s.firm_id and t.signer_id = s.id;
    if (
      select count(*) > c_most
      from public.contract_signers s
      where s.contract_id = new.id and s.archived_at is null
    ) then
      perform private.fail(
        'too_many_signers', format('At most %s people can sign a contract.', c_most),
        hint => 'Archive some of them.', status => 422
      );
    end if;
    perform private.require_mail_room(s.firm_id, 'signing_request', s.email)
    from public.contract_signers s
    where s.contract_id = new.id and s.archived_at is null;
    perform private.ask_signers(new.id);
  else
    -- Who has signed may look at it, and a repeated request finds its answer.
    delete from private.signing_tokens t
    using public.contract_signers s
    where s.contract_id = new.id
      and t.firm_id = s.firm_id
      and t.signer_id = s.id
      and not (new.status = 'signed' and s.status = 'signed');
  end if;
  return null;
end
$$;

revoke execute on function private.follow_signing() from public, anon, authenticated;

comment on function private.follow_signing() is
  'Trigger: asks the signers of a contract that was sent; takes their links back when it is sent '
  'no more.';

create trigger contracts_signing after update of status on public.contracts
for each row when (
  old.status is distinct from new.status and (new.status = 'sent' or old.status = 'sent')
)
execute function private.follow_signing();

create function private.remind_signers() returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_signer record;
  v_count integer := 0;
begin
  for v_signer in
    select s.id, s.firm_id, s.email
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    join public.firms f on f.id = t.firm_id
    where t.asked < 3
      and t.asked_at < now() - case t.asked when 1 then interval '3 days' else interval '4 days' end
      and s.status in ('pending', 'viewed')
      and c.archived_at is null
      and f.status = 'active'
      and f.archived_at is null
    limit 1000
    for no key update of s, t skip locked
  loop
    if private.is_suppressed(v_signer.email, v_signer.firm_id, 'signing_request') then
      -- The link they have stays good: no other would reach them.
      update private.signing_tokens
      set asked_at = now(), asked = asked + 1
      where signer_id = v_signer.id;
      perform private.tell_of_unreachable(v_signer.id);
    else
      perform private.ask_signer(v_signer.id);
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

revoke execute on function private.remind_signers() from public, anon, authenticated;

comment on function private.remind_signers() is
  'Asks again who has not signed three days after the first mail, and four days after the second; '
  'where their address takes no more of these mails, the firm hears of it instead. Returns how '
  'many, at most 1000.';
