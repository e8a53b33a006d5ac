-- Texts that people send, and how a tenant's agent answers them: the texts of one conversation at a time, by whichever node
-- takes them. What a person wrote is a row before the carrier is told that it came; these functions are all that changes it.

alter table conversations
    add column text_call_id uuid,               -- the row in calls, of channel sms, that its newest texts belong to
    add column answering uuid,                  -- the turn that answers its texts now
    add column answering_node text,             -- whose it is
    add column answering_until timestamptz,     -- then whoever looks takes them up again
    add column answering_attempts int not null default 0; -- turns begun since one came to its end
create index conversations_answering on conversations (tenant_id) where answering is not null;
create index messages_unanswered on messages (conversation_id, created_at)
    where channel = 'sms' and direction = 'in' and status = 'received';

-- ---- as they come ----

-- "Yes" brings back those who opted out, and is an answer to a question from everybody else.
create function read_text_status() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if new.status = 'start' and new.text !~* '^\W*(start|unstop)\W*$'
            and not is_opted_out(new.tenant_id, new.from_number) then
        new.status := 'received';
    end if;
    return new;
end
$$;
create trigger read_text_status before insert on messages
    for each row when (new.channel = 'sms' and new.direction = 'in') execute function read_text_status();

-- The carrier told of it again: what became of it stays.
create function keep_text_status() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if new.status in ('received', 'stop', 'start', 'help') then
        new.status := old.status;
    end if;
    return new;
end
$$;
create trigger keep_text_status before update of status on messages
    for each row when (old.channel = 'sms' and old.direction = 'in' and old.status is not null)
    execute function keep_text_status();

-- An opt-out takes effect with the row that says it. Its name comes before note_message's, as its lock (that of queue_text)
-- comes before the conversation's.
create function heed_text() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if new.status in ('stop', 'start') and is_phone_number(new.from_number) then
        perform note_opt_out(new.tenant_id, new.from_number, new.status = 'stop', 'sms', new.text, null, new.id);
    elsif new.status = 'received' then
        perform pg_notify('moonline_texts', '');
    end if;
    return null;
end
$$;
create trigger heed_text after insert on messages
    for each row when (new.channel = 'sms' and new.direction = 'in') execute function heed_text();

-- ---- answering ----

-- Nobody answers these texts: they stay in the thread as such, and the staff has one task about it at a time.
create function leave_texts(thread conversations, texts uuid[], why text) returns void
    language plpgsql set search_path = public, pg_temp
as $$
begin
    update messages set status = 'unanswered' where id = any(texts) and status = 'received';
    if why <> 'silent' and not exists (select from tasks t where t.tenant_id = thread.tenant_id
            and t.conversation_id = thread.id and t.kind = 'message' and t.status = 'open' and t.title = 'Answer a text') then
        insert into tasks (tenant_id, kind, title, details, contact_id, conversation_id, phone)
            select thread.tenant_id, 'message', 'Answer a text', 'The agent did not: ' || why || '.', thread.contact_id,
                thread.id, (select m.from_number from messages m where m.id = texts[1]);
    end if;
end
$$;

-- What was said with this person before, oldest first: `at` by the tenant's clock.
create function lines_before(thread conversations, texts uuid[], zone text) returns jsonb
    language sql stable set search_path = public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object('channel', l.channel, 'direction', l.direction, 'text', l.text, 'call', l.call_id,
            'at', to_char(l.created_at at time zone zone, 'FMDay, FMDD FMMonth, HH24:MI')) order by l.created_at, l.id), '[]')
        from (select m.* from messages m
            where m.conversation_id = thread.id and m.id <> all(texts) and coalesce(m.text, '') <> ''
                and coalesce(m.status, '') not in ('cancelled', 'received') and m.created_at > now() - interval '60 days'
            order by m.created_at desc, m.id desc limit 60) l
$$;

-- The call that texts of this conversation belong to: one a conversation, until nothing was written for half a day.
create function call_of_texts(thread conversations, sender text, recipient text) returns uuid
    language plpgsql set search_path = public, pg_temp
as $$
declare
    kept uuid;
begin
    select c.id into kept from calls c where c.id = thread.text_call_id and c.ended_at > now() - interval '12 hours';
    if kept is null then
        insert into calls (id, tenant_id, channel, direction, from_number, to_number, started_at, answered_at, ended_at,
                contact_id, conversation_id)
            values (gen_random_uuid(), thread.tenant_id, 'sms', 'inbound', sender, recipient, now(), now(), now(),
                thread.contact_id, thread.id)
            returning id into kept;
    end if;
    return kept;
end
$$;

-- The next conversation whose texts wait, for `of_node` until its lease ends: an object with all that an answer needs. Null:
-- none waits. {"wait_ms"}: one may go on writing. {"left"}: one was left to the staff, and why; ask again.
create function claim_texts(of_node text, settle_ms int, lease_ms int, useless_ms bigint, turns_a_tenant int, attempts int)
    returns jsonb
    language plpgsql set search_path = public, pg_temp
as $$
declare
    thread conversations;
    settle interval := settle_ms * interval '1 ms';
    texts uuid[];
    newest messages;
    words jsonb;
    call calls;
    why text;
    number int;
    turn uuid := gen_random_uuid();
begin
    select c.* into thread from conversations c
        cross join lateral (select min(m.created_at) as first_at, max(m.created_at) as last_at from messages m
            where m.conversation_id = c.id and m.channel = 'sms' and m.direction = 'in' and m.status = 'received') w
        where c.id in (select m.conversation_id from messages m
                where m.channel = 'sms' and m.direction = 'in' and m.status = 'received')
            and w.first_at is not null
            and (c.answering_until is null or c.answering_until <= clock_timestamp())
            and (w.last_at <= now() - settle or w.first_at <= now() - 4 * settle)
            and (select count(*) from conversations o where o.tenant_id = c.tenant_id and o.answering is not null
                and o.answering_until > now()) < turns_a_tenant
        order by w.first_at limit 1
        for no key update of c skip locked;
    if not found then
        return (select case when min(m.created_at) is not null then jsonb_build_object('wait_ms', settle_ms) end
            from messages m join conversations c on c.id = m.conversation_id
            where m.channel = 'sms' and m.direction = 'in' and m.status = 'received' and m.created_at > now() - settle
                and (c.answering_until is null or c.answering_until <= now()));
    end if;
    select array_agg(m.id order by m.created_at, m.id),
            jsonb_agg(jsonb_build_object('text', coalesce(m.text, ''), 'media', coalesce(jsonb_array_length(m.media), 0))
                order by m.created_at, m.id)
        into texts, words from messages m
        where m.conversation_id = thread.id and m.channel = 'sms' and m.direction = 'in' and m.status = 'received';
    select m.* into newest from messages m where m.id = texts[cardinality(texts)];
    why := case
        when thread.is_agent_silent then 'silent'
        when is_opted_out(thread.tenant_id, newest.from_number) then 'this number wants no texts'
        when newest.created_at < now() - useless_ms * interval '1 ms' then 'it came too long ago'
        when thread.answering_attempts >= attempts then 'it was begun ' || attempts || ' times and never finished' end;
    if why is not null then
        perform leave_texts(thread, texts, why);
        update conversations set answering = null, answering_node = null, answering_until = null, answering_attempts = 0
            where id = thread.id;
        return jsonb_build_object('left', why, 'conversation', thread.id, 'tenant', thread.tenant_id);
    end if;
    call.id := call_of_texts(thread, newest.from_number, newest.to_number);
    select c.* into call from calls c where c.id = call.id;
    select coalesce(max(t.turn_index), 0) + 1 into number from turns t where t.call_id = call.id;
    update messages set call_id = call.id, turn_index = number where id = any(texts);
    update conversations set answering = turn, answering_node = of_node, text_call_id = call.id,
        answering_until = clock_timestamp() + lease_ms * interval '1 ms', answering_attempts = answering_attempts + 1
        where id = thread.id;
    return jsonb_build_object('turn', turn, 'conversation', thread.id, 'tenant', thread.tenant_id, 'call', call.id,
        'number', number, 'from', newest.from_number, 'to', newest.to_number, 'sid', coalesce(newest.carrier_sid, newest.id::text),
        'ids', to_jsonb(texts), 'texts', words, 'state', call.state, 'phase', call.phase, 'outcome', call.outcome,
        'tags', to_jsonb(call.tags), 'version', call.script_version,
        'lines', lines_before(thread, texts, coalesce((select zone_or_utc(t.time_zone) from tenants t where t.id = thread.tenant_id), 'UTC')),
        'done', (select coalesce(jsonb_agg(jsonb_build_object('name', d.name, 'arguments', d.arguments, 'result', d.result)
                order by d.created_at), '[]')
            from tool_calls d where d.call_id = call.id and d.turn_index = number),
        'answers_today', (select count(*) from messages m where m.conversation_id = thread.id and m.channel = 'sms'
            and m.direction = 'out' and m.author = 'agent' and m.created_at > now() - interval '1 day'));
end
$$;

-- A turn's end, once: what is to be sent, what became of the texts and of the conversation's state. False: its lease ended, and
-- somebody else has them. `answer` (empty: none) is queued in the same transaction; `why` says that the texts are left to
-- the staff all the same.
create function end_texts(done jsonb) returns boolean
    language plpgsql set search_path = public, pg_temp
as $$
declare
    thread conversations;
    texts uuid[] := array(select jsonb_array_elements_text(done -> 'ids')::uuid);
    answer text := coalesce(done ->> 'answer', '');
begin
    -- The order of queue_text, which takes the conversation's row last, and of merge_contacts. A text on its way holds the key of
    -- the conversation while its opt-out waits for the first of these locks: hence `no key`.
    perform pg_advisory_xact_lock(3, hashtext((done ->> 'tenant') || '/' || (done ->> 'from')));
    perform from contacts p where p.id = (select c.contact_id from conversations c where c.id = (done ->> 'conversation')::uuid)
        for key share;
    select c.* into thread from conversations c
        where c.id = (done ->> 'conversation')::uuid and c.answering = (done ->> 'turn')::uuid for no key update;
    if not found then
        return false;
    end if;
    if answer <> '' and is_phone_number(done ->> 'from') then
        perform queue_text(thread.tenant_id, 'reply:' || (done ->> 'sid'), done ->> 'to', done ->> 'from', answer,
            (done ->> 'call')::uuid, 'agent', null, now() + interval '1 day');
    end if;
    if done ->> 'why' is not null then
        perform leave_texts(thread, texts, done ->> 'why');
    end if;
    update messages set status = 'answered' where id = any(texts) and status = 'received';
    insert into turns (id, tenant_id, call_id, turn_index, script_version, reason, caller_text, heard_text, started_at,
            response_ms, provider, model)
        select (done ->> 'turn')::uuid, thread.tenant_id, (done ->> 'call')::uuid, (done ->> 'number')::int, done ->> 'version',
            'text', done ->> 'said', answer, max(m.created_at), round(extract(epoch from now() - max(m.created_at)) * 1000),
            done ->> 'provider', done ->> 'model'
        from messages m where m.id = any(texts);
    update calls set ended_at = now(), script_version = coalesce(done ->> 'version', script_version),
        state = coalesce(done -> 'state', state), phase = coalesce(done ->> 'phase', phase),
        outcome = coalesce(nullif(done ->> 'outcome', ''), outcome, case when answer <> '' then 'answered' end),
        tags = case when jsonb_typeof(done -> 'tags') = 'array'
            then array(select jsonb_array_elements_text(done -> 'tags')) else tags end
        where id = (done ->> 'call')::uuid;
    update conversations set answering = null, answering_node = null, answering_until = null, answering_attempts = 0
        where id = thread.id;
    perform pg_notify('moonline_texts', ''); -- more may have come meanwhile
    return true;
end
$$;

-- A node that lives keeps what it has.
create function keep_texts(of_node text, lease_ms int) returns void
    language sql set search_path = public, pg_temp
    as $$
        update conversations set answering_until = clock_timestamp() + lease_ms * interval '1 ms'
            where answering is not null and answering_node = of_node
    $$;

-- Not by this node, not now: nobody looks at them for so long.
create function put_back_texts(turn uuid, pause_ms int) returns void
    language sql set search_path = public, pg_temp
    as $$
        update conversations set answering = null, answering_node = null,
            answering_until = clock_timestamp() + pause_ms * interval '1 ms', answering_attempts = greatest(answering_attempts - 1, 0)
            where answering = turn
    $$;

-- Tenants have no part in it.
revoke execute on function claim_texts(text, int, int, bigint, int, int), end_texts(jsonb),
    keep_texts(text, int), put_back_texts(uuid, int),
    leave_texts(conversations, uuid[], text), lines_before(conversations, uuid[], text),
    call_of_texts(conversations, text, text) from public;
