-- One firm at work, through the functions and triggers that people and the worker go through. Each
-- function adds so many of one thing.

create function public.bench_person(number integer) returns uuid
language plpgsql as $$
declare
  person uuid := gen_random_uuid();
begin
  insert into auth.users (id, instance_id, email, aud, role, email_confirmed_at, last_sign_in_at)
  values (
    person, '00000000-0000-0000-0000-000000000000', format('person.%s@northlight.example', number),
    'authenticated', 'authenticated', now(), now()
  );
  return person;
end
$$;

create function public.bench_firm() returns uuid
language plpgsql as $$
declare
  owner uuid := public.bench_person(0);
  firm uuid;
begin
  perform set_config('request.jwt.claims', json_build_object('sub', owner)::text, false);
  firm := (public.create_firm('Northlight Advisory', 'northlight')).id;
  update public.firms set storage_quota_bytes = 1e15, seat_limit = 10000 where id = firm;
  perform set_config('bench.firm', firm::text, false);
  return firm;
end
$$;

create function public.bench_member(first integer, count integer) returns void
language sql as $$
  insert into public.firm_members (firm_id, user_id, role)
  select current_setting('bench.firm')::uuid, public.bench_person(n), 'member'
  from generate_series(first, first + count - 1) as n
$$;

-- Words and numbers that differ from entry to entry as names do.
create function public.bench_name(seed text) returns text
language sql immutable as $$
  select initcap(translate(substr(md5(seed), 1, 8), '0123456789', 'aeioulnrst')) || ' '
    || initcap(translate(substr(md5(seed), 9, 9), '0123456789', 'aeioulnrst'))
$$;

create function public.bench_company(first integer, count integer) returns void
language plpgsql as $$
declare
  firm uuid := current_setting('bench.firm')::uuid;
  company uuid;
begin
  for n in first .. first + count - 1 loop
    insert into public.companies (
      firm_id, name, legal_name, registration_no, tax_id, website, industry, country, address, status
    ) values (
      firm, public.bench_name('company ' || n), public.bench_name('company ' || n) || ' GmbH',
      'HRB ' || n, 'DE' || 100000000 + n, 'https://www.' || md5(n::text) || '.example', 'Energy',
      'DE', n || ' Lindenallee, 10117 Berlin', 'active'
    ) returning id into company;
    insert into public.contacts (firm_id, company_id, name, email, phone, position)
    select
      firm, company, public.bench_name(format('contact %s %s', n, m)),
      format('contact.%s.%s@client.example', n, m), '+49 30 ' || 1000000 + n, 'Head of procurement'
    from generate_series(1, 2) as m;
  end loop;
end
$$;

create function public.bench_consultant(first integer, count integer) returns void
language sql as $$
  insert into public.consultants (
    firm_id, name, email, phone, headline, kind, seniority, skills
  )
  select
    current_setting('bench.firm')::uuid, public.bench_name('consultant ' || n),
    format('consultant.%s@northlight.example', n), '+49 170 ' || 1000000 + n,
    'Strategy and operations in energy and health', 'employee', 'senior',
    array['strategy', 'operations', 'finance', 'change management']
  from generate_series(first, first + count - 1) as n
$$;

-- From draft to signed, with two who sign and one who works on it.
create function public.bench_contract(first integer, count integer) returns void
language plpgsql as $$
declare
  firm uuid := current_setting('bench.firm')::uuid;
  companies uuid[] := array(select id from public.companies);
  consultants uuid[] := array(select id from public.consultants);
  contract uuid;
begin
  for n in first .. first + count - 1 loop
    insert into public.contracts (
      firm_id, title, kind, company_id, starts_on, ends_on, rate, rate_unit, currency, value_cap,
      notice_days
    ) values (
      firm, 'Programme ' || public.bench_name('contract ' || n), 'client_services',
      companies[1 + n % cardinality(companies)], current_date + n % 90, current_date + 90 + n % 300,
      1450, 'day', 'EUR', 174000, 30
    ) returning id into contract;
    insert into public.contract_consultants (
      firm_id, contract_id, consultant_id, period, bill_rate, bill_unit
    ) values (
      firm, contract, consultants[1 + n % cardinality(consultants)],
      daterange(current_date, current_date + 90), 1450, 'day'
    );
    insert into public.contract_signers (firm_id, contract_id, name, email, role, sign_order)
    values
    (firm, contract, public.bench_name('a ' || n), n || '.a@client.example', 'company', 1),
    (firm, contract, public.bench_name('b ' || n), n || '.b@northlight.example', 'firm', 2);
    perform public.transition_contract(contract, 'in_review');
    perform public.transition_contract(contract, 'sent');
    perform public.transition_contract(contract, 'signed', 'Signed on paper');
    -- Of a day there may be only so many.
    update public.emails set created_at = created_at - interval '2 days'
    where created_at > now() - interval '1 day';
  end loop;
end
$$;

-- Uploaded, examined and found ready, each with a text of its own: the sentences of a real
-- agreement in another order, and names and amounts that no other has.
create function public.bench_file(first integer, count integer) returns void
language plpgsql as $$
declare
  firm uuid := current_setting('bench.firm')::uuid;
  contracts uuid[] := array(select id from public.contracts);
  sentences jsonb := current_setting('bench.sentences');
  file public.files;
  told text;
begin
  for n in first .. first + count - 1 loop
    file := public.begin_upload(
      firm, format('Agreement %s.pdf', public.bench_name('file ' || n)), 400000 + n,
      'application/pdf', contract_id => contracts[1 + n % cardinality(contracts)]
    );
    insert into storage.objects (bucket_id, name, owner, metadata)
    select
      file.bucket, path, auth.uid(), jsonb_build_object(
        'size', 400000 + n, 'mimetype', 'application/pdf', 'eTag', md5(n::text),
        'cacheControl', 'max-age=3600', 'lastModified', now(), 'contentLength', 400000 + n,
        'httpStatusCode', 200
      )
    -- Its picture and five pages lie beside it.
    from unnest(file.path || (private.picture_paths(firm, file.id))[:6]) as path;
    perform public.finish_upload(file.id);
    perform public.begin_file(file.id);
    select string_agg(s.sentence, ' ' order by md5(n || ' ' || s.at)) into told
    from jsonb_array_elements_text(sentences) with ordinality as s (sentence, at);
    told := told || ' ' || (
      select string_agg(public.bench_name(n || ' ' || m) || ' EUR ' || n * 37 + m, ' ')
      from generate_series(1, 20) as m
    );
    perform public.finish_file(
      file.id, 'ready', null, null, jsonb_build_object(
        'sha256', encode(sha256(convert_to(n::text, 'UTF8')), 'hex'), 'mime', 'application/pdf',
        'page_count', 6, 'word_count', 4500, 'text', told, 'language', 'english',
        'thumbnail_path', firm || '/' || file.id || '/.thumbnail.webp', 'preview_count', 5,
        'metadata', '{"producer": "LibreOffice 24.2", "title": "Agreement"}'::jsonb, 'hints',
        '[{"kind": "party", "text": "Northlight Advisory", "page": 1}]'::jsonb,
        'scanned_with', 'ClamAV 1.4.3/27468'
      )
    );
  end loop;
end
$$;

create function public.bench_notification(first integer, count integer) returns void
language sql as $$
  select private.notify(
    current_setting('bench.firm')::uuid, 'contract_ending', 'bench:' || n,
    format('“Programme %s” ends in 30 days', public.bench_name('contract ' || n)),
    'Renew it, or let it end.', '/contracts/' || gen_random_uuid(),
    p_user_ids => array[auth.uid()]
  )
  from generate_series(first, first + count - 1) as n
$$;

create function public.bench_email(first integer, count integer) returns void
language sql as $$
  select private.queue_email(
    current_setting('bench.firm')::uuid, format('bench:%s:%s', n, gen_random_uuid()),
    'contract_ending', format('person.%s@northlight.example', n % 20),
    format('“Programme %s” ends in 30 days', public.bench_name('contract ' || n)),
    '{"firm": "Northlight Advisory", "link": "/contracts"}'
  )
  from generate_series(first, first + count - 1) as n;
  update public.emails set
    status = 'sent', attempts = 1, params = '{}', sent_at = now(),
    message_id = '<' || id || '@northlight.example>'
  where status = 'queued'
$$;

create function public.bench_finished_job(first integer, count integer) returns void
language sql as $$
  insert into private.finished_jobs (
    queue, msg_id, kind, firm_id, result, attempts, seconds, enqueued_at, finished_at
  )
  select
    'jobs_low', n, 'report.render', current_setting('bench.firm')::uuid,
    '{"pages": 12, "path": "northlight/portfolio.pdf"}', 1, 1.5, now(), now()
  from generate_series(first, first + count - 1) as n
$$;

-- What the runner has done.
create function public.bench_settle() returns void
language sql as $$
  delete from pgmq.q_jobs_high where true;
  delete from pgmq.q_jobs_default where true;
  delete from pgmq.q_jobs_low where true;
  delete from private.job_keys where true
$$;
