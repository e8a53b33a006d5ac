-- One person, one row, one thread, wherever they are heard of; and how a person is taken out of every row again.

-- ---- one person ----

-- Sound: of the call, or of whoever left it.
create function thread_of_sound() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    new.conversation_id := coalesce(new.conversation_id,
        (select c.conversation_id from calls c where c.id = new.call_id and c.tenant_id = new.tenant_id),
        conversation_of(new.tenant_id, to_jsonb(new) ->> 'from_number', 'call'));
    return new;
end
$$;
create trigger find_own_thread before insert on recordings for each row execute function thread_of_sound();
create trigger find_own_thread before insert on voicemails for each row execute function thread_of_sound();

-- What tools and staff write down: of the contact they name, else of the number that was given (it may be another than the
-- one of the call: whom it is for counts, not who calls), else of the caller. The owner's function: tenants may not make
-- threads.
create function find_person() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if new.tenant_id is distinct from coalesce(current_tenant(), new.tenant_id) then
        return new;                             -- not theirs: the policy refuses it
    end if;
    new.contact_id := coalesce(new.contact_id, contact_of(new.tenant_id, to_jsonb(new) ->> 'phone', 'tool'),
        (select c.contact_id from calls c where c.id = new.call_id and c.tenant_id = new.tenant_id));
    if tg_table_name = 'appointments' then
        update contacts c set name = new.name
            where c.tenant_id = new.tenant_id and c.id = new.contact_id and c.name is null
                and c.id = contact_with(c.tenant_id, new.phone);
    else
        new.conversation_id := coalesce((select c.id from conversations c
            where c.tenant_id = new.tenant_id and c.contact_id = new.contact_id),
            case when current_tenant() is null then new.conversation_id end); -- a tenant's word for it could be another's
    end if;
    return new;
end
$$;
create trigger find_person before insert on appointments for each row execute function find_person();
create trigger find_person before insert on leads for each row execute function find_person();
create trigger find_person before insert on tasks for each row execute function find_person();

-- The owner's functions that tenants call know the tenant from the session alone, as row-level security does.
create function acting_tenant() returns text
    language plpgsql stable set search_path = public, pg_temp
as $$
begin
    if coalesce(current_tenant(), '') = '' then
        raise exception 'no tenant' using errcode = '42501';
    end if;
    return current_tenant();
end
$$;

-- Who is meant by what is said in a conversation with `caller` (a number; null: none). Whoever has the number that was said;
-- if nobody has it, the caller, whose further number it becomes, unless they go by another name or the address is that of
-- somebody with a number of their own: then null, somebody of whom there is no row yet or one found by the address. The
-- owner's function: tenants may not write contact_numbers.
create function speaker_of(caller text, said_name text, said_phone text, said_email text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    tenant text := acting_tenant();
    holder uuid;
    person uuid;
    own contacts;
begin
    perform take_contacts();
    holder := contact_with(tenant, said_phone);
    if holder is not null or not is_phone_number(caller) or said_phone is null and exists (select from contacts c
            where c.tenant_id = tenant and lower(c.email) = said_email and c.phone is distinct from caller and c.phone is not null) then
        return holder;
    end if;
    person := contact_of(tenant, caller, 'call');
    select * into own from contacts c where c.tenant_id = tenant and c.id = person;
    if lower(btrim(own.name)) <> lower(btrim(said_name)) then
        return null;
    end if;
    if said_phone is not null and said_phone <> caller then
        insert into contact_numbers (tenant_id, phone, contact_id) values (tenant, said_phone, person);
    end if;
    if own.name is null and said_name is not null then
        update contacts c set name = said_name where c.tenant_id = tenant and c.id = person;
    end if;
    return person;
end
$$;

-- Rows that came before their call; messages see to it themselves (migration 11).
create function take_rows_of_call() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    update recordings r set conversation_id = new.conversation_id where r.call_id = new.id and r.conversation_id is null;
    update voicemails v set conversation_id = new.conversation_id where v.call_id = new.id and v.conversation_id is null;
    update leads l set conversation_id = new.conversation_id, contact_id = new.contact_id
        where l.call_id = new.id and l.contact_id is null and l.tenant_id = new.tenant_id;
    update tasks t set conversation_id = new.conversation_id, contact_id = new.contact_id,
        phone = case when exists (select from recordings r where r.id = t.id) -- a voicemail's
            then coalesce(t.phone, new.from_number) else t.phone end
        where t.call_id = new.id and t.contact_id is null and t.tenant_id = new.tenant_id;
    update appointments a set contact_id = new.contact_id
        where a.call_id = new.id and a.contact_id is null and a.tenant_id = new.tenant_id;
    return null;
end
$$;
create trigger take_rows after insert on calls
    for each row when (new.conversation_id is not null) execute function take_rows_of_call();
-- When the thread is known, and once more at the end, for those that came at the same moment as the call.
create trigger take_late_rows after update on calls
    for each row when (new.conversation_id is not null and (old.conversation_id is distinct from new.conversation_id
        or old.ended_at is distinct from new.ended_at)) execute function take_rows_of_call();
create index voicemails_by_call on voicemails (call_id);
create index leads_by_call on leads (call_id);
create index appointments_by_call on appointments (call_id);
create index recordings_by_conversation on recordings (conversation_id);
create index voicemails_by_conversation on voicemails (conversation_id);
create index outbox_by_conversation on outbox (conversation_id);
create index consents_by_contact on consents (contact_id);

-- `gone` becomes part of `kept`: what it has fills gaps, its number goes on as a further one, its thread becomes the other's.
-- Nothing of it arrives meanwhile: rows on their way hold the contact or the thread, or wait here and look again. The owner's
-- function: tenants have no right to most of the tables.
create function merge_contacts(of_tenant text, kept_id uuid, gone_id uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    gone contacts;
    thread uuid;
    other conversations;
begin
    if of_tenant is null or of_tenant is distinct from coalesce(current_tenant(), of_tenant) then
        raise exception 'not this tenant''s' using errcode = '42501';
    end if;
    perform pg_advisory_xact_lock(2, hashtext(of_tenant)); -- as take_contacts
    -- In the order of those who write them: what a call-back came to is held when its call looks for its person; a call's and
    -- a text's row look for theirs before anything else.
    perform from outbox o where o.tenant_id = of_tenant and o.kind = 'call' and o.conversation_id in (select t.id from conversations t
        where t.tenant_id = of_tenant and t.contact_id in (kept_id, gone_id)) order by o.id for no key update;
    perform from contacts c where c.tenant_id = of_tenant and c.id in (kept_id, gone_id) order by c.id for update;
    select * into gone from contacts c where c.tenant_id = of_tenant and c.id = gone_id;
    if not found or kept_id = gone_id
        or not exists (select from contacts c where c.tenant_id = of_tenant and c.id = kept_id) then
        raise exception 'no two contacts of this tenant' using errcode = '22023';
    end if;
    perform from conversations c where c.tenant_id = of_tenant and c.contact_id in (kept_id, gone_id) order by c.id for update;
    perform from outbox o where o.tenant_id = of_tenant and o.conversation_id in (select t.id from conversations t
        where t.tenant_id = of_tenant and t.contact_id = gone_id) order by o.id for no key update;
    select c.id into thread from conversations c where c.tenant_id = of_tenant and c.contact_id = kept_id;
    select * into other from conversations c where c.tenant_id = of_tenant and c.contact_id = gone_id;
    if thread is null then
        thread := other.id;
        update conversations c set contact_id = kept_id where c.id = thread;
    elsif other.id is not null then
        update conversations c set unread = c.unread + other.unread,
            last_message_at = greatest(c.last_message_at, other.last_message_at),
            created_at = least(c.created_at, other.created_at),
            status = case when 'open' in (c.status, other.status) then 'open' else 'closed' end,
            assigned_to = coalesce(c.assigned_to, other.assigned_to),
            is_agent_silent = c.is_agent_silent or other.is_agent_silent,
            tags = (select coalesce(array_agg(distinct tag), '{}') from unnest(c.tags || other.tags) tag)
            where c.id = thread;
        update recordings r set conversation_id = thread where r.tenant_id = of_tenant and r.conversation_id = other.id;
        update voicemails v set conversation_id = thread where v.tenant_id = of_tenant and v.conversation_id = other.id;
        update outbox o set conversation_id = thread where o.tenant_id = of_tenant and o.conversation_id = other.id;
        delete from conversations c where c.id = other.id;
    end if;
    update calls c set contact_id = kept_id, conversation_id = thread
        where c.tenant_id = of_tenant and c.conversation_id = other.id;
    update messages m set contact_id = kept_id, conversation_id = thread
        where m.tenant_id = of_tenant and m.conversation_id = other.id;
    update leads l set contact_id = kept_id, conversation_id = thread where l.tenant_id = of_tenant and l.contact_id = gone_id;
    update tasks t set contact_id = kept_id, conversation_id = thread where t.tenant_id = of_tenant and t.contact_id = gone_id;
    update notes n set contact_id = kept_id where n.tenant_id = of_tenant and n.contact_id = gone_id;
    update appointments a set contact_id = kept_id where a.tenant_id = of_tenant and a.contact_id = gone_id;
    update consents c set contact_id = kept_id where c.tenant_id = of_tenant and c.contact_id = gone_id;
    update contact_numbers n set contact_id = kept_id where n.tenant_id = of_tenant and n.contact_id = gone_id;
    delete from contacts c where c.tenant_id = of_tenant and c.id = gone_id;
    if gone.phone is not null and exists (select from contacts c where c.id = kept_id and c.phone is not null) then
        insert into contact_numbers (tenant_id, phone, contact_id) values (of_tenant, gone.phone, kept_id);
    end if;
    update contacts c set name = coalesce(c.name, gone.name), phone = coalesce(c.phone, gone.phone),
        email = coalesce(c.email, gone.email), source = coalesce(c.source, gone.source),
        details = gone.details || c.details, enrichment = gone.enrichment || c.enrichment,
        tags = (select coalesce(array_agg(distinct tag), '{}') from unnest(c.tags || gone.tags) tag)
        where c.tenant_id = of_tenant and c.id = kept_id;
end
$$;
revoke execute on function merge_contacts from public;
grant execute on function merge_contacts to moonline_tenant; -- by save_contact

-- As before (migration 7), with everything that points at a contact, and for what is said in a conversation with `caller`.
drop function save_contact(text, text, text, jsonb);
create function save_contact(said_name text, said_phone text, said_email text, said_details jsonb, caller text default null)
    returns setof contacts
    language plpgsql set search_path = public, pg_temp
as $$
declare
    kept uuid;
    other contacts;
begin
    perform take_contacts();
    kept := speaker_of(caller, said_name, said_phone, said_email);
    for other in
        select * from contacts c
        where c.tenant_id = current_tenant() and lower(c.email) = said_email and c.id is distinct from kept
          and (said_phone is null or c.phone is null)
        order by c.created_at, c.id
        for update
    loop
        if kept is null then
            kept := other.id;
        elsif other.phone is null then
            perform merge_contacts(current_tenant(), kept, other.id);
        end if;
    end loop;
    if kept is null then
        return query insert into contacts (name, phone, email, details, source)
            values (said_name, said_phone, said_email, coalesce(said_details, '{}'), 'tool')
            returning *;
    else
        return query update contacts c
            set name = coalesce(said_name, c.name), phone = coalesce(c.phone, said_phone),
                email = coalesce(said_email, c.email),
                details = c.details || coalesce(said_details, '{}')
            where c.tenant_id = current_tenant() and c.id = kept
            returning c.*;
    end if;
exception
    when unique_violation then                  -- a call or a text of that number has just made its row
        return query select * from save_contact(said_name, said_phone, said_email, said_details, caller);
end
$$;

-- ---- taken out again ----

create table erasure_salt (                     -- one row; made with the database, never shown
    salt text not null default gen_random_uuid()::text || gen_random_uuid()::text
);
insert into erasure_salt default values;

-- Whose rows may still be on their way, by a hash of their number: calls and texts of before `at` are emptied as they come.
create table erased_people (
    tenant_id text not null check (tenant_id <> ''),
    mark text not null,
    at timestamptz not null default now(),
    primary key (tenant_id, mark)
);

create table erased_calls (                     -- and everything that points at these
    call_id uuid primary key,
    tenant_id text not null check (tenant_id <> ''),
    is_theirs boolean not null,                 -- false: of somebody else, who spoke of them: the number stays
    at timestamptz not null default now()
);

-- Stands for a number that may not be known any more, and can still be recognised.
create function erased_mark(of_tenant text, number text) returns text
    language sql stable set search_path = public, pg_temp
    as $$ select 'erased:' || encode(sha256(convert_to(salt || '/' || of_tenant || '/' || number, 'UTF8')), 'hex')
          from erasure_salt $$;
revoke execute on function erased_mark from public;

create function was_erased(of_tenant text, number text, seen_at timestamptz) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select number is not null and exists (select from erased_people e
          where e.tenant_id = of_tenant and e.mark = erased_mark(of_tenant, number) and seen_at <= e.at) $$;

-- As before (migration 11), and for erased people too.
create or replace function is_opted_out(of_tenant text, number text) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select from opt_outs o
          where o.tenant_id = of_tenant and o.phone in (number, erased_mark(of_tenant, number))) $$;

-- Whoever opted out, was erased, and now wants texts again.
create function forget_erased_opt_out() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    delete from opt_outs o where o.tenant_id = new.tenant_id and o.phone = erased_mark(new.tenant_id, new.phone);
    return null;
end
$$;
create trigger forget_erased_opt_out after insert on consents
    for each row when (new.about = 'sms' and new.is_given) execute function forget_erased_opt_out();

-- The door that every row of a call or text goes through: of erased people only what counts comes in. Writing a row anew
-- takes it out of one that is there.
create function erase_at_door() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
declare
    is_of_theirs boolean;
    number text;
begin
    if tg_table_name = 'calls' then
        select e.is_theirs into is_of_theirs from erased_calls e where e.call_id = new.id;
        number := case when new.direction = 'outbound' then new.to_number else new.from_number end;
        if not found and was_erased(new.tenant_id, number, new.started_at) then
            insert into erased_calls (call_id, tenant_id, is_theirs) values (new.id, new.tenant_id, true)
                on conflict (call_id) do nothing;
            is_of_theirs := true;
        end if;
        if is_of_theirs is not null then
            new.state := null;
            new.phase := null;
            new.tags := null;
            new.recording_url := null;
        end if;
        if is_of_theirs then
            new.call_sid := null;
            new.contact_id := null;
            new.conversation_id := null;
            if new.direction = 'outbound' then new.to_number := null; else new.from_number := null; end if;
        end if;
        return new;
    end if;
    select e.is_theirs into is_of_theirs from erased_calls e where e.call_id = new.call_id;
    if tg_table_name = 'messages' then
        number := case when new.direction = 'out' then new.to_number else new.from_number end;
        if was_erased(new.tenant_id, number, new.created_at) then
            is_of_theirs := true;
        end if;
        if tg_op = 'INSERT' and is_of_theirs and new.direction = 'in' and new.status = 'stop' then -- which holds all the same
            perform note_opt_out(new.tenant_id, number, true, 'sms', null, null, new.id, new.created_at);
        end if;
    end if;
    if is_of_theirs is null then
        return new;
    end if;
    if tg_table_name = 'turns' then
        new.caller_text := null;
        new.heard_text := null;
        new.unheard_text := null;
    elsif tg_table_name = 'tool_calls' then
        new.arguments := null;
        new.result := null;
    elsif tg_table_name = 'messages' then
        new.text := null;
        new.unheard_text := null;
        new.media := null;
        new.tags := null;
        if is_of_theirs then
            new.contact_id := null;
            new.conversation_id := null;
            new.carrier_sid := null;
            if new.direction = 'out' then new.to_number := null; else new.from_number := null; end if;
        end if;
    elsif tg_table_name = 'recordings' then
        new.transcript := null;
        new.deleted_at := coalesce(new.deleted_at, now());
        if is_of_theirs then new.conversation_id := null; end if;
    elsif tg_table_name = 'voicemails' then
        new.transcript := null;
        if is_of_theirs then
            new.from_number := null;
            new.conversation_id := null;
        end if;
    end if;
    return new;
end
$$;
do $$
declare
    name text;
begin
    foreach name in array array['calls', 'turns', 'messages', 'tool_calls', 'recordings', 'voicemails'] loop
        -- By name before those that find its thread, and make none for a number that is gone.
        execute format('create trigger door before insert or update on %I for each row execute function erase_at_door()', name);
    end loop;
end
$$;

-- A number as people write it: its last digits, with a little between them.
create function spelled(number text) returns text
    language sql immutable
    as $$ select array_to_string(regexp_split_to_array(right(regexp_replace(number, '[^0-9]', '', 'g'), 8), ''),
                                 '[^0-9A-Za-z]{0,3}') $$;

-- Whether a text has one of the numbers or words (in lower case) in it.
create function tells_of(said text, numbers text[], words text[]) returns boolean
    language sql immutable
    as $$ select coalesce(said ~ any (select spelled(n) from unnest(numbers) n), false)
              or exists (select from unnest(words) word where position(word in lower(said)) > 0) $$;

-- Everything that is known of a person (a phone number, an e-mail address or a contact's id) goes: rows that are theirs, and
-- words in which others spoke of them. Counts, times and costs stay. An opt-out stays, by its mark. `is_dry`: only says what
-- would go. `looks_in_words`: also through all that was ever said to the tenant, which takes its time.
-- {"people", "rows": {table: count}, "files": [paths below MOONLINE_DATA/recordings], "carrier": [recordings kept there]}
create function erase_person(of_tenant text, who text, by_whom text, is_dry boolean, looks_in_words boolean) returns jsonb
    language plpgsql set search_path = public, pg_temp
as $$
declare
    persons uuid[];
    numbers text[];
    emails text[];
    threads uuid[];
    own uuid[];
    told uuid[];
    touched uuid[];
    rows_gone jsonb := '{}';
    files jsonb;
    carrier jsonb;
    n bigint;
begin
    perform pg_advisory_xact_lock(2, hashtext(of_tenant));
    persons := array(select c.id from contacts c where c.tenant_id = of_tenant and (c.id::text = lower(who) or c.phone = who
        or lower(c.email) = lower(who)
        or c.id in (select m.contact_id from contact_numbers m where m.tenant_id = of_tenant and m.phone = who)));
    if cardinality(persons) > 1 then
        raise exception 'several people go by that' using errcode = '21000',
            hint = 'Say which by its id: ' || array_to_string(persons, ', ');
    end if;
    numbers := array(select c.phone from contacts c where c.id = any(persons) and c.phone is not null
        union select m.phone from contact_numbers m where m.tenant_id = of_tenant and m.contact_id = any(persons)
        union select who where is_phone_number(who));
    emails := array(select lower(c.email) from contacts c where c.id = any(persons) and c.email is not null
            and not exists (select from contacts o where o.tenant_id = of_tenant and lower(o.email) = lower(c.email)
                and o.id <> all(persons))
        union select lower(who) where who like '%_@_%');
    threads := array(select c.id from conversations c where c.tenant_id = of_tenant and c.contact_id = any(persons));
    own := array(select c.id from calls c where c.tenant_id = of_tenant and (c.conversation_id = any(threads)
        or case when c.direction = 'outbound' then c.to_number else c.from_number end = any(numbers)));
    told := array(
        select t.call_id from appointments t where t.tenant_id = of_tenant and (t.contact_id = any(persons) or t.phone = any(numbers))
        union select t.call_id from leads t where t.tenant_id = of_tenant and t.contact_id = any(persons)
        union select t.call_id from tasks t where t.tenant_id = of_tenant and (t.contact_id = any(persons) or t.phone = any(numbers))
        union select t.call_id from notes t where t.tenant_id = of_tenant and t.contact_id = any(persons)
        union select t.call_id from tool_calls t where looks_in_words and t.tenant_id = of_tenant
            and tells_of(concat_ws(' ', t.arguments, t.result), numbers, emails)
        union select t.call_id from messages t where looks_in_words and t.tenant_id = of_tenant
            and tells_of(concat_ws(' ', t.text, t.unheard_text), numbers, emails)
        union select t.call_id from turns t where looks_in_words and t.tenant_id = of_tenant
            and tells_of(concat_ws(' ', t.caller_text, t.heard_text, t.unheard_text), numbers, emails)
        union select t.id from calls t where looks_in_words and t.tenant_id = of_tenant
            and tells_of(concat_ws(' ', t.state, t.tags), numbers, emails));
    told := array(select t.id from unnest(told) t(id) where t.id is not null and t.id <> all(own));
    touched := own || told;
    begin
        insert into erased_people (tenant_id, mark) select of_tenant, erased_mark(of_tenant, number) from unnest(numbers) number
            on conflict (tenant_id, mark) do update set at = now();
        insert into erased_calls as e (call_id, tenant_id, is_theirs)
            select id, of_tenant, id = any(own) from unnest(touched) id
            on conflict (call_id) do update set is_theirs = e.is_theirs or excluded.is_theirs;
        select coalesce(jsonb_agg(r.path) filter (where r.path is not null), '[]'),
            coalesce(jsonb_agg(r.carrier_sid) filter (where r.carrier_sid is not null), '[]')
            into files, carrier from recordings r
            where r.tenant_id = of_tenant and (r.call_id = any(touched) or r.conversation_id = any(threads));
        carrier := carrier || (select coalesce(jsonb_agg(c.recording_url), '[]') from calls c
            where c.id = any(touched) and c.recording_url is not null);

        -- Through the door, which empties them.
        update calls c set id = c.id where c.id = any(touched) and c.tenant_id = of_tenant;
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('calls', n);
        update turns t set id = t.id where t.call_id = any(touched) and t.tenant_id = of_tenant;
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('turns', n);
        update tool_calls t set id = t.id where t.call_id = any(touched) and t.tenant_id = of_tenant;
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('tool_calls', n);
        update messages m set id = m.id where m.tenant_id = of_tenant and m.call_id = any(touched);
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('messages', n);
        update recordings r set id = r.id where r.call_id = any(touched) and r.tenant_id = of_tenant;
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('recordings', n);
        update voicemails v set id = v.id where v.call_id = any(touched) and v.tenant_id = of_tenant;
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('voicemails', n);

        -- What is theirs without a call.
        update messages m set text = null, unheard_text = null, media = null, tags = null, contact_id = null,
            conversation_id = null, carrier_sid = null, from_number = null, to_number = null
            where m.tenant_id = of_tenant and (m.conversation_id = any(threads)
                or m.from_number = any(numbers) or m.to_number = any(numbers)
                or looks_in_words and m.call_id is null and tells_of(m.text, numbers, emails));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('texts', n);
        update recordings r set transcript = null, conversation_id = null, deleted_at = coalesce(r.deleted_at, now())
            where r.tenant_id = of_tenant and r.conversation_id = any(threads);
        update voicemails v set transcript = null, conversation_id = null, from_number = null
            where v.tenant_id = of_tenant and (v.conversation_id = any(threads) or v.from_number = any(numbers));
        update appointments a set name = null, phone = null, notes = null, contact_id = null
            where a.tenant_id = of_tenant and (a.contact_id = any(persons) or a.phone = any(numbers));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('appointments', n);
        update leads l set interest = null, details = '{}', contact_id = null, conversation_id = null
            where l.tenant_id = of_tenant and (l.contact_id = any(persons) or l.call_id = any(touched));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('leads', n);
        update tasks t set title = 'erased', details = null, phone = null, result = null, contact_id = null,
            conversation_id = null, status = case when t.status = 'open' then 'cancelled' else t.status end
            where t.tenant_id = of_tenant and (t.contact_id = any(persons) or t.phone = any(numbers) or t.call_id = any(touched));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('tasks', n);
        delete from notes t where t.tenant_id = of_tenant and (t.contact_id = any(persons) or t.call_id = any(touched));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('notes', n);
        update outbox o set body = null, details = '{}', to_number = erased_mark(of_tenant, o.to_number),
            conversation_id = null, carrier_sid = null,
            status = case when o.status = 'queued' then 'cancelled' else o.status end,
            why = case when o.status = 'queued' then 'erased' else o.why end
            where o.tenant_id = of_tenant and (o.to_number = any(numbers) or o.conversation_id = any(threads));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('outbox', n);
        insert into opt_outs (tenant_id, phone, since)
            select o.tenant_id, erased_mark(of_tenant, o.phone), o.since from opt_outs o
            where o.tenant_id = of_tenant and o.phone = any(numbers) on conflict do nothing;
        delete from opt_outs o where o.tenant_id = of_tenant and o.phone = any(numbers);
        update consents c set phone = erased_mark(of_tenant, c.phone), said = null, contact_id = null
            where c.tenant_id = of_tenant and (c.phone = any(numbers) or c.contact_id = any(persons));
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('consents', n);
        delete from kv k where k.tenant_id = of_tenant
            and tells_of(concat_ws(' ', k.key, k.value), numbers, emails || persons::text[]);
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('kv', n);
        update audit a set subject = null, details = '{}'
            where a.tenant_id = of_tenant and tells_of(concat_ws(' ', a.subject, a.details), numbers, emails || persons::text[]);
        delete from contacts c where c.tenant_id = of_tenant and c.id = any(persons);
        get diagnostics n = row_count; rows_gone := rows_gone || jsonb_build_object('contacts', n);
        insert into audit (tenant_id, actor, action, details) values (of_tenant, by_whom, 'erase_contact', rows_gone);
        if is_dry then
            raise exception using errcode = 'MLDRY';
        end if;
    exception
        when sqlstate 'MLDRY' then
            null;                               -- all of it is taken back; what was counted is not
    end;
    return jsonb_build_object('people', cardinality(persons), 'rows', rows_gone, 'files', files, 'carrier', carrier);
end
$$;
revoke execute on function erase_person from public;

-- Where the tenant's rows still tell of a number or word (in lower case): every column that can, of every table there is.
create function scan_for(of_tenant text, numbers text[], words text[])
    returns table (in_table text, in_column text, row_count bigint, example text)
    language plpgsql stable set search_path = public, pg_temp
as $$
begin
    for in_table, in_column in
        select t.relname, a.attname from pg_class t join pg_attribute a on a.attrelid = t.oid
        where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
          and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'text[]'::regtype, 'jsonb'::regtype, 'json'::regtype)
          and exists (select from pg_attribute o where o.attrelid = t.oid and o.attname = 'tenant_id' and not o.attisdropped)
        order by 1, 2
    loop
        execute format('select count(*), left(min(%1$I::text), 80) from %2$I where tenant_id = $1 and tells_of(%1$I::text, $2, $3)',
            in_column, in_table) into row_count, example using of_tenant, numbers, words;
        if row_count > 0 then
            return next;
        end if;
    end loop;
end
$$;
revoke execute on function scan_for from public;

-- ---- kept no longer than wished ----

create index messages_with_words on messages (tenant_id, created_at)
    where text is not null or unheard_text is not null or media is not null;
create index turns_with_words on turns (tenant_id, started_at)
    where caller_text is not null or heard_text is not null or unheard_text is not null;
create index tool_calls_with_words on tool_calls (tenant_id, created_at) where arguments is not null or result is not null;
create index calls_with_words on calls (tenant_id, started_at) where state is not null;

-- One step of what tenant_settings asks for: at most so many rows of a table and ten people of one tenant, and further tenants
-- only while less than so many are changed in all; by one node at a time. How many rows it changed: 0, all is done; null: another
-- node is at it.
create function keep_house(at_most int, by_whom text) returns bigint
    language plpgsql set search_path = public, pg_temp
as $$
declare
    wish tenant_settings;
    before timestamptz;
    person uuid;
    gone jsonb;
    changed bigint := 0;
    n bigint;
begin
    if not pg_try_advisory_xact_lock(4, 0) then
        return null;
    end if;
    for wish in select * from tenant_settings s
        where coalesce(s.keep_words_days, s.keep_sound_days, s.keep_people_days) is not null order by s.tenant_id
    loop
        gone := '{}';
        before := now() - wish.keep_words_days * interval '1 day'; -- null: for good; nothing is before that
        with old as (select m.id from messages m where m.tenant_id = wish.tenant_id and m.created_at < before
            and (m.text is not null or m.unheard_text is not null or m.media is not null) limit at_most)
            update messages m set text = null, unheard_text = null, media = null from old where m.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('messages', n);
        with old as (select t.id from turns t where t.tenant_id = wish.tenant_id and t.started_at < before
            and (t.caller_text is not null or t.heard_text is not null or t.unheard_text is not null) limit at_most)
            update turns t set caller_text = null, heard_text = null, unheard_text = null from old where t.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('turns', n);
        with old as (select t.id from tool_calls t where t.tenant_id = wish.tenant_id and t.created_at < before
            and (t.arguments is not null or t.result is not null) limit at_most)
            update tool_calls t set arguments = null, result = null from old where t.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('tool_calls', n);
        with old as (select c.id from calls c where c.tenant_id = wish.tenant_id and c.started_at < before
            and coalesce(c.ended_at, c.started_at) < before and c.state is not null limit at_most)
            update calls c set state = null from old where c.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('calls', n);
        with old as (select o.id from outbox o where o.tenant_id = wish.tenant_id and o.created_at < before
            and o.body is not null and o.status not in ('queued', 'sending') limit at_most)
            update outbox o set body = null from old where o.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('outbox', n);
        with old as (select v.id from voicemails v where v.tenant_id = wish.tenant_id and v.created_at < before
            and v.transcript is not null limit at_most)
            update voicemails v set transcript = null from old where v.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('voicemails', n);
        with old as (select r.id from recordings r where r.tenant_id = wish.tenant_id and r.created_at < before
            and r.transcript is not null limit at_most)
            update recordings r set transcript = null from old where r.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('transcripts', n);

        before := now() - wish.keep_sound_days * interval '1 day';
        with old as (select r.id from recordings r where r.tenant_id = wish.tenant_id and r.created_at < before
            and r.deleted_at is null limit at_most)
            update recordings r set deleted_at = now() from old where r.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('recordings', n);
        with old as (select c.id from calls c where c.tenant_id = wish.tenant_id and c.started_at < before
            and c.recording_url is not null limit at_most)
            update calls c set recording_url = null from old where c.id = old.id;
        get diagnostics n = row_count; gone := gone || jsonb_build_object('call_recordings', n);

        before := now() - wish.keep_people_days * interval '1 day';
        n := 0;
        for person in select c.id from contacts c
            where c.tenant_id = wish.tenant_id and c.updated_at < before
              and not exists (select from conversations t where t.tenant_id = c.tenant_id and t.contact_id = c.id
                  and (t.last_message_at >= before
                      or exists (select from calls l where l.conversation_id = t.id and l.started_at >= before)))
              and not exists (select from appointments a where a.tenant_id = c.tenant_id and a.contact_id = c.id
                  and a.ends_at >= before)
              and not exists (select from tasks t where t.tenant_id = c.tenant_id and t.contact_id = c.id and t.status = 'open')
            limit 10
        loop
            perform erase_person(wish.tenant_id, person::text, by_whom, false, false);
            n := n + 1;
        end loop;
        gone := gone || jsonb_build_object('people', n);

        select coalesce(sum(value::bigint), 0), coalesce(jsonb_object_agg(key, value) filter (where value::bigint > 0), '{}')
            into n, gone from jsonb_each_text(gone);
        if n > 0 then
            insert into audit (tenant_id, actor, action, details) values (wish.tenant_id, by_whom, 'retention', gone);
        end if;
        changed := changed + n;
        exit when changed >= at_most;
    end loop;
    return changed;
end
$$;
revoke execute on function keep_house from public;

-- ---- whose rows ----

alter table erasure_salt enable row level security; -- no policies: the owner's alone
alter table erased_people enable row level security;
alter table erased_calls enable row level security;
