-- The record of every conversation: people with one thread each over calls and texts, what is to be done for them, what was
-- sent to them, and what they agreed to. Ids are made at the source, and rows may arrive before those they point at.

-- ---- people and their threads ----

alter table contacts
    add column source text,                     -- how we came to know of them: call, sms, tool, import, console
    add column tags text[] not null default '{}',
    add column enrichment jsonb not null default '{}' check (octet_length(enrichment::text) <= 16384), -- of other sources
    add column erased_at timestamptz;

-- One a person, for good: calls, texts, voicemails and bookings are all in it.
create table conversations (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    contact_id uuid not null,
    status text not null default 'open' check (status in ('open', 'closed')), -- opened again by the person's next word
    assigned_to text,                           -- a user's name; null: the agent
    is_agent_silent boolean not null default false, -- staff have taken over: texts are not answered by the agent
    unread int not null default 0,              -- texts and voicemails that nobody of the staff has seen
    tags text[] not null default '{}',
    last_message_at timestamptz,
    created_at timestamptz not null default now(),
    unique (tenant_id, contact_id),
    unique (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index conversations_by_time on conversations (tenant_id, last_message_at desc);

-- Numbers that are none (anonymous, sip:…) belong to nobody; carriers also spell ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and
-- UNAVAILABLE on the keypad.
create function is_phone_number(number text) returns boolean
    language sql immutable
    as $$ select coalesce(number ~ '^\+[1-9][0-9]{6,14}$'
        and number not in ('+266696687', '+7378742833', '+2562533', '+8656696', '+86282452253'), false) $$;

create table contact_numbers (                  -- further numbers of a person: said in a call, or of who became one with them
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    phone text not null,
    contact_id uuid not null,
    since timestamptz not null default now(),
    primary key (tenant_id, phone),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index contact_numbers_by_contact on contact_numbers (tenant_id, contact_id);

-- Whose the number is; null: nobody's.
create function contact_with(of_tenant text, number text) returns uuid
    language sql stable set search_path = public, pg_temp
    as $$ select coalesce(
        (select n.contact_id from contact_numbers n where n.tenant_id = of_tenant and n.phone = number),
        (select c.id from contacts c where c.tenant_id = of_tenant and c.phone = number)) $$;

-- Whose the number is, made if need be and kept from being merged away until this transaction ends; null: it is none.
create function contact_of(of_tenant text, number text, seen_by text) returns uuid
    language plpgsql set search_path = public, pg_temp
as $$
declare
    person uuid;
begin
    if not is_phone_number(number) or coalesce(of_tenant, '') = '' then
        return null;
    end if;
    for attempt in 1..5 loop                    -- it may be merged between two looks
        select c.id into person from contacts c
            where c.tenant_id = of_tenant and c.id = contact_with(of_tenant, number) for key share;
        exit when found;
        insert into contacts (tenant_id, phone, source) values (of_tenant, number, seen_by)
            on conflict (tenant_id, phone) do nothing;
    end loop;
    return person;
end
$$;

-- The thread of whoever has the number, both made if need be; null: the number is none.
create function conversation_of(of_tenant text, number text, seen_by text) returns uuid
    language plpgsql set search_path = public, pg_temp
as $$
declare
    person uuid := contact_of(of_tenant, number, seen_by);
    thread uuid;
begin
    if person is null then
        return null;
    end if;
    insert into conversations (tenant_id, contact_id) values (of_tenant, person)
        on conflict (tenant_id, contact_id) do nothing;
    select c.id into thread from conversations c where c.tenant_id = of_tenant and c.contact_id = person;
    return thread;
end
$$;

alter table calls
    add column contact_id uuid,
    add column conversation_id uuid,
    add column node text,                       -- the process that has it, or had
    add column task_id uuid,                    -- of a call that a task asked for
    add column answered_by text,                -- outbound: human, machine_start, machine_end_beep, …, fax, unknown
    add column transfer_to text,
    add column transfer_status text,            -- dialing, bridged, busy, no-answer, failed, canceled
    add column transfer_kind text,              -- blind, warm
    add column disposition text,                -- the staff's word for what became of it
    add column recording_consent text;          -- given, refused, not_asked
create index calls_by_conversation on calls (conversation_id, started_at);
create index calls_open_by_node on calls (node) where ended_at is null;

alter table messages
    add column contact_id uuid,
    add column conversation_id uuid,
    add column from_number text,                -- of texts
    add column to_number text,
    add column carrier_sid text,                -- the carrier's name for a text
    add column status text,                     -- texts in: received, answered, unanswered; out: as of the outbox
    add column error_code text,
    add column segments int,
    add column media jsonb,                     -- [{"url","type"}]
    add column recording_id uuid,               -- of a voicemail
    add column author text;                     -- out: agent, script, or a user's name
create unique index messages_by_carrier_sid on messages (tenant_id, carrier_sid) where carrier_sid is not null;
create index messages_by_conversation on messages (conversation_id, created_at);

-- Whose call, whose message: filled in wherever the row comes from.
create function find_thread_of_call() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if new.conversation_id is null then
        new.conversation_id := conversation_of(new.tenant_id,
            case when new.direction = 'outbound' then new.to_number else new.from_number end, 'call');
    end if;
    if new.conversation_id is not null and new.contact_id is null then
        select contact_id into new.contact_id from conversations where id = new.conversation_id;
    end if;
    return new;
end
$$;
create trigger find_thread before insert or update of from_number, to_number, direction, conversation_id on calls
    for each row execute function find_thread_of_call();

-- Messages that came before their call.
create function take_messages_of_call() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    update messages set conversation_id = new.conversation_id, contact_id = new.contact_id
        where call_id = new.id and conversation_id is null;
    return null;
end
$$;
-- Of any column: what find_thread has set is none of the statement's.
create trigger take_messages after insert or update on calls
    for each row when (new.conversation_id is not null) execute function take_messages_of_call();

-- By the number where there is one, else the call's. The thread is held until the row is in it: one that is merged away
-- meanwhile is looked for again.
create function find_thread_of_message() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
declare
    thread uuid := new.conversation_id;
begin
    if new.direction = 'in' and new.status in ('stop', 'start') then -- before any row, as queue_text takes it
        perform pg_advisory_xact_lock(3, hashtext(new.tenant_id || '/' || new.from_number));
    end if;
    for attempt in 1..5 loop
        thread := coalesce(thread,
            conversation_of(new.tenant_id, case when new.direction = 'out' then new.to_number else new.from_number end, 'sms'),
            (select c.conversation_id from calls c where c.id = new.call_id and c.tenant_id = new.tenant_id));
        exit when thread is null;
        select c.contact_id into new.contact_id from conversations c
            where c.id = thread and c.tenant_id = new.tenant_id for key share;
        exit when found;
        thread := null;
    end loop;
    new.conversation_id := thread;
    return new;
end
$$;
create trigger find_thread before insert on messages for each row execute function find_thread_of_message();

create function note_message() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    update conversations set
        last_message_at = greatest(last_message_at, new.created_at),
        unread = unread + case when new.direction = 'in' and (new.channel = 'sms' or new.recording_id is not null)
            then 1 else 0 end,
        status = case when new.direction = 'in' then 'open' else status end
        where id = new.conversation_id and tenant_id = new.tenant_id;
    return null;
end
$$;
create trigger note_message after insert on messages
    for each row when (new.conversation_id is not null) execute function note_message();
create trigger note_late_message after update of conversation_id on messages -- it came before its call
    for each row when (old.conversation_id is null and new.conversation_id is not null) execute function note_message();

-- ---- what is to be done ----

create table pipeline_stages (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    name text not null check (length(name) between 1 and 64),
    place int not null default 0,               -- the first one is where leads begin
    is_won boolean not null default false,
    is_lost boolean not null default false,
    unique (tenant_id, name),
    unique (tenant_id, id),
    check (not (is_won and is_lost))
);

create table leads (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    contact_id uuid,
    conversation_id uuid,
    call_id uuid,
    stage_id uuid,                              -- null: not yet sorted
    interest text check (length(interest) <= 2000), -- what they want, in a sentence
    value_cents bigint check (value_cents >= 0),
    currency text,
    source text,                                -- call, sms, console, …
    details jsonb not null default '{}' check (octet_length(details::text) <= 16384),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete set null (contact_id),
    foreign key (tenant_id, stage_id) references pipeline_stages (tenant_id, id) on delete set null (stage_id)
);
create index leads_by_contact on leads (tenant_id, contact_id);
create index leads_by_time on leads (tenant_id, created_at);

create table tasks (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    kind text not null default 'to_do' check (kind in ('to_do', 'message', 'call_back')),
    title text not null check (length(title) between 1 and 200),
    details text check (length(details) <= 4000),
    contact_id uuid,
    conversation_id uuid,
    call_id uuid,                               -- where it was asked for
    phone text,                                 -- whom to call back
    due_at timestamptz,
    assigned_to text,
    status text not null default 'open' check (status in ('open', 'done', 'cancelled')),
    is_for_agent boolean not null default false, -- call_back: the agent calls, not a person
    result text,                                -- of the agent's call: reached, voicemail, no_answer, failed
    attempts int not null default 0,
    done_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete set null (contact_id)
);
create index tasks_open on tasks (tenant_id, due_at) where status = 'open';
create index tasks_by_contact on tasks (tenant_id, contact_id);

create table tags (                             -- the words a business sorts by
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    name text not null check (length(name) between 1 and 64),
    colour text check (colour ~ '^#[0-9a-f]{6}$'),
    primary key (tenant_id, name)
);

create table dispositions (                     -- what the staff may say became of a call
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    name text not null check (length(name) between 1 and 64),
    place int not null default 0,
    primary key (tenant_id, name)
);

-- ---- sound that is kept ----

create table recordings (
    id uuid primary key,
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    call_id uuid,
    conversation_id uuid,
    kind text not null default 'call' check (kind in ('call', 'voicemail')),
    carrier_sid text,
    url text,                                   -- at the carrier; fetched with the account's name and token
    path text,                                  -- of our own copy, below MOONLINE_DATA/recordings
    status text,                                -- in-progress, completed, absent, fetched, deleted
    duration_ms bigint,
    channels int,
    bytes bigint,
    transcript text,
    transcribed_by text,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    unique (tenant_id, carrier_sid)
);
create index recordings_by_call on recordings (call_id);

create table voicemails (
    id uuid primary key,
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    call_id uuid,
    conversation_id uuid,
    recording_id uuid,
    from_number text,
    transcript text,
    heard_at timestamptz,                       -- by the staff
    created_at timestamptz not null default now()
);
create index voicemails_by_time on voicemails (tenant_id, created_at);

-- ---- what goes out ----

-- Written with the fact that caused it, sent by whichever node takes it, each at most once.
create table outbox (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    kind text not null check (kind in ('sms', 'call')),
    key text not null check (length(key) between 1 and 200), -- of the fact: the same one twice is one row
    from_number text,
    to_number text not null,
    body text check (length(body) <= 1600),     -- sms
    details jsonb not null default '{}',        -- call: what the agent is to know
    call_id uuid,                               -- what caused it
    conversation_id uuid,
    message_id uuid,                            -- its row in messages
    task_id uuid,
    status text not null default 'queued' check (status in (
        'queued', 'sending',                    -- ours
        'sent', 'delivered', 'undelivered', 'failed', -- the carrier's word
        'unknown',                              -- the carrier did not answer: it may have gone out, so it is not sent again
        'cancelled')),                          -- opted out, or taken back before it went
    why text,                                   -- of the last three, for people
    error_code text,                            -- the carrier's
    not_before timestamptz not null default now(), -- quiet hours, a pause after a refusal that may pass
    expires_at timestamptz,                     -- then it is of no use any more
    attempts int not null default 0,
    node text,                                  -- sending: who
    lease_until timestamptz,                    -- and until when nobody else looks at it
    carrier_sid text,
    segments int,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    updated_at timestamptz not null default now(),
    unique (tenant_id, key),
    unique (tenant_id, carrier_sid)
);
create index outbox_due on outbox (not_before) where status = 'queued';
create index outbox_leases on outbox (lease_until) where status = 'sending';
create index outbox_by_number on outbox (tenant_id, to_number, created_at);
create index outbox_by_carrier_sid on outbox (carrier_sid) where carrier_sid is not null;

-- ---- what people agreed to ----

create table opt_outs (                         -- no texts to these
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    phone text not null,
    since timestamptz not null default now(),
    primary key (tenant_id, phone)
);

create table consents (                         -- each word of it, for good
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    phone text,
    contact_id uuid,
    about text not null check (about in ('sms', 'recording', 'calls')),
    is_given boolean not null,
    channel text not null,                      -- phone, sms, console
    said text,                                  -- the words
    call_id uuid,
    message_id uuid,
    at timestamptz not null default now()
);
create index consents_by_phone on consents (tenant_id, phone, at);

create function is_opted_out(of_tenant text, number text) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select from opt_outs o where o.tenant_id = of_tenant and o.phone = number) $$;
revoke execute on function is_opted_out from public;

-- A text to be sent, with its row in messages, in the transaction of what caused it; `fact` names that: asked twice for the
-- same fact it answers with the row there is. To somebody who opted out: a row that says so and is not sent. The
-- owner's function: tenants have no right to the tables.
create function queue_text(of_tenant text, fact text, sender text, recipient text, words text, cause uuid, of_author text,
        earliest timestamptz, useless_at timestamptz)
    returns outbox
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    kept outbox;
    is_out boolean;
    thread uuid;
    message uuid := gen_random_uuid();
begin
    if of_tenant is null or of_tenant is distinct from coalesce(current_tenant(), of_tenant) then
        raise exception 'not this tenant''s' using errcode = '42501';
    end if;
    if not is_phone_number(recipient) then
        raise exception 'no phone number' using errcode = '22023';
    end if;
    -- One after another with the opt-out of the same number (it takes the same lock), and with the same fact.
    perform pg_advisory_xact_lock(3, hashtext(of_tenant || '/' || recipient));
    select * into kept from outbox o where o.tenant_id = of_tenant and o.key = fact;
    if found then
        return kept;
    end if;
    is_out := is_opted_out(of_tenant, recipient);
    thread := conversation_of(of_tenant, recipient, 'sms');
    insert into messages (id, tenant_id, conversation_id, call_id, direction, channel, text, from_number, to_number, status,
            author)
        values (message, of_tenant, thread, cause, 'out', 'sms', words, sender, recipient,
            case when is_out then 'cancelled' else 'queued' end, of_author);
    insert into outbox (tenant_id, kind, key, from_number, to_number, body, call_id, conversation_id, message_id, status, why,
            not_before, expires_at)
        values (of_tenant, 'sms', fact, sender, recipient, words, cause, thread, message,
            case when is_out then 'cancelled' else 'queued' end, case when is_out then 'opted out' end,
            coalesce(earliest, now()), useless_at)
        returning * into kept;
    if not is_out then
        perform pg_notify('moonline_outbox', '');
    end if;
    return kept;
end
$$;

-- ---- the tenant's own ----

create table agents (                           -- what its scripts say now, for people who do not read scripts
    tenant_id text not null check (tenant_id <> ''),
    name text not null,
    numbers text[] not null default '{}',
    greeting text,
    voice text,
    script_version text,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, name)
);

create table tenant_settings (                  -- edited in the console; null: the script's profile, or the default
    tenant_id text primary key check (tenant_id <> ''),
    record_calls text check (record_calls in ('never', 'with_consent', 'always')),
    quiet_from time,                            -- no texts of our own accord between these, by the person's or the tenant's clock
    quiet_until time,
    keep_words_days int check (keep_words_days between 1 and 3650), -- texts, transcripts, tool calls
    keep_sound_days int check (keep_sound_days between 1 and 3650),
    keep_people_days int check (keep_people_days between 1 and 3650), -- contacts nobody has heard of for so long
    updated_at timestamptz not null default now(),
    check ((quiet_from is null) = (quiet_until is null))
);

create table users (                            -- people who may sign in
    id uuid primary key default gen_random_uuid(),
    email text not null check (email = lower(email)),
    name text not null,
    password_hash text,                         -- argon2id; null: may not
    is_operator boolean not null default false, -- of all tenants
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    unique (email)
);
create table memberships (
    user_id uuid not null references users on delete cascade,
    tenant_id text not null check (tenant_id <> ''),
    role text not null check (role in ('owner', 'staff', 'viewer')),
    primary key (user_id, tenant_id)
);
create index memberships_by_tenant on memberships (tenant_id);

create table audit (                            -- who changed what; nobody changes it
    id bigint generated always as identity primary key,
    tenant_id text,                             -- null: the operator's own
    at timestamptz not null default now(),
    actor text not null,                        -- a user's e-mail, a command and its node, or agent
    action text not null,                       -- erase_contact, opt_out, publish, …
    subject text,                               -- a table and an id
    details jsonb not null default '{}'
);
create index audit_by_tenant on audit (tenant_id, at);

-- ---- whose rows ----

do $$
declare
    name text;
begin
    foreach name in array array['contact_numbers', 'conversations', 'pipeline_stages', 'leads', 'tasks', 'tags', 'dispositions',
        'recordings', 'voicemails', 'outbox', 'opt_outs', 'consents', 'agents', 'tenant_settings', 'memberships', 'audit']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy own_rows on %I using (tenant_id = current_tenant()) '
            'with check (tenant_id = current_tenant())', name);
    end loop;
    foreach name in array array['leads', 'tasks'] loop
        execute format('create trigger touch_updated_at before update on %I '
            'for each row execute function touch_updated_at()', name);
    end loop;
end
$$;
alter table users enable row level security;    -- no policy: the owner's alone
grant select on contact_numbers, conversations, pipeline_stages, tags, dispositions, recordings, voicemails, outbox, opt_outs,
    consents, agents, tenant_settings to moonline_tenant;
grant select, insert, update, delete on leads, tasks to moonline_tenant;
