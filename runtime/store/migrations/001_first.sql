-- Tenants, what their calls leave behind, and what their scripts keep. Ids are made at the source and
-- rows may arrive before the row they point at, so calls, turns and messages have no foreign keys.
-- Times are timestamptz; every *_ms is whole milliseconds; nullable columns are unknown when null.

do $$
begin
    create extension if not exists btree_gist;
exception
    when insufficient_privilege or undefined_file or feature_not_supported then
        raise exception 'the extension btree_gist is missing (it keeps bookings from overlapping)'
            using detail = sqlerrm,
                  hint = 'Install Postgres'' contrib modules and, as a superuser of this database, '
                         'run: CREATE EXTENSION btree_gist; then migrate again.';
end
$$;

-- Whose rows a statement may see: set by the runtime for one transaction, null elsewhere.
create function current_tenant() returns text
    language sql stable
    as $$ select nullif(current_setting('moonline.tenant', true), '') $$;

create table tenants (
    id text primary key check (id <> ''),
    name text,
    profile jsonb,
    script_version text,
    created_at timestamptz not null default now()
);

create table calls (
    id uuid primary key,
    tenant_id text not null default current_tenant(),
    call_sid text,                  -- the carrier's name for it; several rows after a redirect
    channel text default 'phone',
    direction text,                 -- inbound, outbound
    from_number text,
    to_number text,
    attempt int,                    -- counts from 0; a later one resumed a lost call
    started_at timestamptz,         -- the webhook
    ringing_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    ring_ms int,                    -- ringing until answered
    duration_ms bigint,
    outcome text,                   -- booked, rescheduled, cancelled, message_taken, transferred,
                                    -- voicemail, answered, lead, abandoned, failed
    end_reason text,                -- who or what ended it
    carrier_status text,            -- completed, busy, no-answer, failed, canceled
    script_version text,            -- the one it ended on; each turn has its own
    barge_ins int,                  -- the caller interrupted and we yielded
    false_alarms int,               -- ducks that were taken back
    caller_talk_ms bigint,
    agent_talk_ms bigint,
    silence_ms bigint,              -- nobody spoke
    hold_ms bigint,                 -- the caller waited for us
    is_contained boolean,           -- ended without a person's help
    intent text,
    sentiment text,
    provider text,
    model text,
    created_at timestamptz not null default now()
);
create index calls_by_tenant on calls (tenant_id, started_at);
create index calls_by_sid on calls (call_sid);

create table turns (
    id uuid primary key,
    tenant_id text not null default current_tenant(),
    call_id uuid not null,
    turn_index int,
    script_version text,
    reason text,                    -- why the turn ended
    caller_text text,
    heard_text text,                -- what the caller heard of the reply
    unheard_text text,
    is_estimated boolean,           -- heard_text is cut by estimate
    started_at timestamptz,
    response_ms int,                -- end of speech to first audio
    stt_ms int,
    prompt_ms int,
    llm_first_ms int,
    tts_first_ms int,
    was_interrupted boolean,
    false_alarms int,
    silence_ms bigint,
    intent text,
    sentiment text,
    provider text,
    model text,
    created_at timestamptz not null default now()
);
create index turns_by_call on turns (call_id, turn_index);
create index turns_by_tenant on turns (tenant_id, started_at);

create table messages (
    id uuid primary key,
    tenant_id text not null default current_tenant(),
    call_id uuid,
    turn_index int,
    direction text,                 -- in, out
    channel text default 'phone',
    text text,
    unheard_text text,
    audio_ms int,
    latency_ms int,
    outcome text,
    tags text[],
    created_at timestamptz not null default now()
);
create index messages_by_call on messages (call_id, turn_index, created_at);
create index messages_by_tenant on messages (tenant_id, created_at);

create table tool_calls (
    id uuid primary key,
    tenant_id text not null default current_tenant(),
    call_id uuid not null,
    turn_index int,
    name text,
    arguments jsonb,
    result jsonb,
    ending text,                    -- done, timeout, error, out_of_time, out_of_memory
    elapsed_ms int,
    created_at timestamptz not null default now()
);
create index tool_calls_by_call on tool_calls (call_id, created_at);

create table contacts (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    name text,
    phone text,
    email text,
    created_at timestamptz not null default now(),
    unique (tenant_id, phone),
    unique (tenant_id, id)          -- what appointments point at, so never at another tenant's
);

create table appointments (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    contact_id uuid,
    call_id uuid,
    name text,
    phone text,
    service text,
    staff text not null default 'any',
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null default 'booked',
    created_at timestamptz not null default now(),
    check (ends_at > starts_at),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
        on delete set null (contact_id),
    -- Two calls may race for a slot: whoever commits first has it, the other gets 23P01.
    constraint appointments_do_not_overlap exclude using gist (
        tenant_id with =, staff with =, tstzrange(starts_at, ends_at) with &&
    ) where (status = 'booked')
);
create index appointments_by_contact on appointments (tenant_id, contact_id);

-- Two inserts that see each other's uncommitted row would wait for each other until the server breaks
-- the deadlock a second later. So bookings of one calendar go one after another; each holds its turn
-- only until its own commit. The owner's function: tenants may not take locks themselves.
create function take_calendar() returns trigger
    language plpgsql security definer set search_path = pg_catalog
as $$
begin
    perform pg_advisory_xact_lock(1, hashtext(new.tenant_id || '/' || new.staff));
    return new;
end
$$;
create trigger take_calendar
    before insert or update of tenant_id, staff, starts_at, ends_at, status on appointments
    for each row execute function take_calendar();

-- The role that tenants' statements run as. Roles belong to the whole server: another database may
-- have made it already, or be making it now.
do $$
begin
    if not exists (select from pg_roles where rolname = 'moonline_tenant') then
        create role moonline_tenant nologin;
    end if;
exception
    when duplicate_object or unique_violation then
        null;
end
$$;
do $$
begin
    if not pg_has_role(current_user, 'moonline_tenant', 'member') then
        grant moonline_tenant to current_user;
    end if;
    -- A temporary table would stand in front of the real one for the session's next tenant.
    execute format('revoke temporary on database %I from public', current_database());
    execute format('grant temporary on database %I to current_user', current_database());
    revoke create on schema public from public;
end
$$;
grant usage on schema public to moonline_tenant;
grant select on tenants, calls, messages to moonline_tenant;
grant select, insert, update, delete on contacts, appointments to moonline_tenant;

alter table tenants enable row level security;
create policy own_rows on tenants using (id = current_tenant());
do $$
declare
    name text;
begin
    foreach name in array array['calls', 'turns', 'messages', 'tool_calls', 'contacts', 'appointments']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy own_rows on %I using (tenant_id = current_tenant()) '
            'with check (tenant_id = current_tenant())', name);
    end loop;
end
$$;
