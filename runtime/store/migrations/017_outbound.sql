-- Sound on its way to us: what is left to do for each recording, and a voicemail as the staff and the thread see it.
-- completed ─ fetched (a voicemail is then heard: transcript) · failed: `why` says what could not be had

alter table recordings
    add column attempts int not null default 0, -- at the step it waits for; past the last one it waits no more
    add column not_before timestamptz not null default now(),
    add column lease_until timestamptz,         -- until when nobody else looks at it
    add column why text,                        -- of what could not be done, for people
    add column filed_at timestamptz;            -- a voicemail: its task was made
create index recordings_to_do on recordings (not_before)
    where status = 'completed' or (status = 'fetched' and kind = 'voicemail' and transcript is null);

-- The carrier tells twice, and out of order: what we did with a recording stays done.
create function keep_what_was_done() returns trigger
    language plpgsql
as $$
begin
    if old.status in ('fetched', 'failed', 'deleted') and new.status in ('in-progress', 'paused', 'stopped', 'completed', 'absent')
        or old.status in ('completed', 'absent') and new.status in ('in-progress', 'paused', 'stopped') then
        new.status := old.status;
    end if;
    return new;
end
$$;
create trigger keep_what_was_done before update of status on recordings
    for each row execute function keep_what_was_done();

-- What the staff has to do about a voicemail, once: the task has the recording's id.
create function file_voicemail(recording uuid) returns void
    language sql set search_path = public, pg_temp
as $$
    insert into tasks (id, tenant_id, kind, title, contact_id, conversation_id, call_id, phone)
        select r.id, r.tenant_id, 'message',
            left('Voicemail from ' || coalesce(p.name, c.from_number, 'an unknown number'), 200),
            p.id, coalesce(r.conversation_id, c.conversation_id), r.call_id,
            case when is_phone_number(c.from_number) then c.from_number end
        from recordings r
            left join calls c on c.id = r.call_id and c.tenant_id = r.tenant_id
            left join contacts p on p.id = c.contact_id and p.tenant_id = r.tenant_id
        where r.id = recording and r.kind = 'voicemail' and r.filed_at is null
        on conflict (id) do nothing;
    update recordings set filed_at = now() where id = recording and filed_at is null;
$$;

-- What a voicemail says ('' and a reason: nobody could hear it), wherever it is read; and a text to the staff, once, where they want one.
create function note_transcript(recording uuid, words text, heard_by text, reason text, notify_to text, notify_from text)
    returns void
    language plpgsql set search_path = public, pg_temp
as $$
declare
    kept recordings;
    caller text;
begin
    update recordings set transcript = words, transcribed_by = nullif(heard_by, ''), why = nullif(reason, ''),
            lease_until = null, attempts = 0
        where id = recording returning * into kept;
    if not found then
        return;
    end if;
    update voicemails set transcript = words where recording_id = recording;
    update messages set text = words where recording_id = recording and tenant_id = kept.tenant_id;
    update tasks set details = left(words, 4000) where id = recording and details is null and words <> '';
    select from_number into caller from voicemails where recording_id = recording;
    if coalesce(notify_to, '') <> '' then
        perform queue_text(kept.tenant_id, 'voicemail:' || kept.carrier_sid, notify_from, notify_to,
            left('Voicemail from ' || coalesce(nullif(caller, ''), 'an unknown number')
                || coalesce(': ' || nullif(words, ''), '.'), 600),
            kept.call_id, 'agent', null, now() + interval '1 day');
    end if;
end
$$;

-- ---- calls that a task asked for ----

-- Whether the business may ring people up now: not in its quiet hours (21 to 8 unless it says otherwise), and where it has
-- opening hours within them, by its own clock.
create function may_call_now(of_tenant text) returns boolean
    language plpgsql stable set search_path = public, pg_temp
as $$
declare
    zone text := coalesce((select nullif(time_zone, '') from tenants where id = of_tenant), 'UTC');
    here timestamp := now() at time zone zone;
    wall time := here::time;
    quiet_from time;
    quiet_until time;
    today holidays;
begin
    select coalesce(s.quiet_from, '21:00'), coalesce(s.quiet_until, '08:00') into quiet_from, quiet_until
        from (select 1) one left join tenant_settings s on s.tenant_id = of_tenant;
    if (quiet_from <= quiet_until and wall >= quiet_from and wall < quiet_until)
            or (quiet_from > quiet_until and (wall >= quiet_from or wall < quiet_until)) then
        return false;
    end if;
    select * into today from holidays h where h.tenant_id = of_tenant and h.staff is null and h.day = here::date limit 1;
    if found then
        return today.opens is not null and wall >= today.opens and (today.closes <= today.opens or wall < today.closes);
    end if;
    return not exists (select from business_hours h where h.tenant_id = of_tenant and h.staff is null)
        or exists (select from business_hours h where h.tenant_id = of_tenant and h.staff is null
            and h.weekday = extract(isodow from here) and wall >= h.opens and (h.closes <= h.opens or wall < h.closes));
end
$$;

-- Tasks whose time has come: at most `most`, and no more calls than there is room for, those included that may be ringing (30 s). One
-- whose call is under way is not due; a call that was never heard of again counts for two hours. `skipped`: of those that the
-- asker can do nothing for.
create function call_backs_due(room int, most int, skipped int) returns setof tasks
    language sql stable set search_path = public, pg_temp
as $$
    select t.* from tasks t
        where t.kind = 'call_back' and t.is_for_agent and t.status = 'open' and coalesce(t.due_at, t.created_at) <= now()
            and t.phone is not null and may_call_now(t.tenant_id)
            and not exists (select from outbox o where o.task_id = t.id and o.kind = 'call'
                and (o.status in ('queued', 'sending') or (o.status in ('sent', 'unknown') and o.created_at > now() - interval '2 hours')))
        order by coalesce(t.due_at, t.created_at), t.id offset skipped
        limit greatest(0, least(most, room - (select count(*) from outbox o where o.kind = 'call'
            and (o.status in ('queued', 'sending') or o.status = 'sent' and o.sent_at > now() - interval '40 seconds'))));
$$;

-- The one row of this attempt, whoever asks; null: none is made. A second apart from the one before it: the carrier places one
-- call a second. `refusal`: why the host does not call that number, ever.
create function queue_call_back(task uuid, attempt int, sender text, refusal text) returns uuid
    language plpgsql set search_path = public, pg_temp
as $$
declare
    t tasks;
    made uuid;
    first_at timestamptz;
begin
    perform pg_advisory_xact_lock(17, 0);
    select * into t from tasks where id = task and status = 'open' and is_for_agent and attempts = attempt for update;
    if not found then
        return null;
    end if;
    if refusal is null and exists (select from (select is_given from consents c where c.tenant_id = t.tenant_id
            and c.phone = t.phone and c.about = 'calls' order by at desc limit 1) newest where not is_given) then
        refusal := 'wants no calls';
    end if;
    if refusal is not null then
        update tasks set is_for_agent = false, result = 'failed', details = left(concat_ws(E'\n', details, refusal), 4000) where id = task;
        return null;
    end if;
    select greatest(now(), max(not_before) + interval '1 second') into first_at from outbox
        where kind = 'call' and status in ('queued', 'sending') or (kind = 'call' and created_at > now() - interval '1 minute');
    insert into outbox (tenant_id, kind, key, from_number, to_number, details, conversation_id, task_id, not_before, expires_at)
        values (t.tenant_id, 'call', 'call_back:' || task || ':' || attempt + 1, sender, t.phone,
            jsonb_build_object('title', left(t.title, 100), 'details', left(t.details, 200)),
            coalesce(t.conversation_id, conversation_of(t.tenant_id, t.phone, 'call')), task, first_at, now() + interval '1 hour')
        on conflict (tenant_id, key) do nothing returning id into made;
    if made is not null then
        update tasks set attempts = attempt + 1 where id = task;
        perform pg_notify('moonline_outbox', '');
    end if;
    return made;
end
$$;

-- What the carrier says of such a call: {"row","tenant_id","call_sid"} with "answered_by" and "left_message", or "carrier_status".
-- Twice, out of order: the first final word counts. After three calls that reached nobody the task is a person's.
create function note_call_back(told jsonb) returns void
    language plpgsql set search_path = public, pg_temp
as $$
declare
    o outbox;
    word text := told->>'carrier_status';
    answered text;
    became text;
    is_over boolean;
begin
    select * into o from outbox where id = (told->>'row')::uuid and tenant_id = told->>'tenant_id' and kind = 'call' for update;
    if not found then
        return;
    end if;
    if told ? 'answered_by' then
        update outbox set details = details || jsonb_build_object('answered_by', told->>'answered_by',
            'left_message', coalesce((told->>'left_message')::boolean, false)) where id = o.id;
        update calls set answered_by = told->>'answered_by' where tenant_id = o.tenant_id and call_sid = told->>'call_sid';
        return;
    end if;
    if word is null or word not in ('completed', 'busy', 'no-answer', 'failed', 'canceled')
            or o.status in ('delivered', 'undelivered', 'failed', 'cancelled') then
        return;
    end if;
    answered := o.details->>'answered_by';
    became := case when word in ('busy', 'no-answer') then 'no_answer'
        when word <> 'completed' or answered = 'fax' then 'failed'
        when answered like 'machine%' then case when (o.details->>'left_message')::boolean then 'voicemail' else 'no_answer' end
        else 'reached' end;
    is_over := became in ('reached', 'voicemail');
    update outbox set status = case when is_over then 'delivered' else 'undelivered' end,
        carrier_sid = coalesce(carrier_sid, told->>'call_sid'), why = case when not is_over then word end,
        lease_until = null, updated_at = now() where id = o.id;
    if word <> 'completed' then -- no stream, so nobody else makes its row
        insert into calls (id, tenant_id, call_sid, direction, from_number, to_number, started_at, ended_at, end_reason, outcome,
                carrier_status, task_id)
            values (o.id, o.tenant_id, told->>'call_sid', 'outbound', o.from_number, o.to_number, coalesce(o.sent_at, now()),
                now(), 'not_answered', 'abandoned', word, o.task_id)
            on conflict (id) do nothing;
    else
        update calls set answered_by = coalesce(answered_by, answered), outcome = case when became = 'voicemail' then 'voicemail' else outcome end
            where tenant_id = o.tenant_id and call_sid = told->>'call_sid';
    end if;
    update tasks set result = became,
        status = case when is_over then 'done' else tasks.status end,
        done_at = case when is_over then now() end,
        due_at = case when is_over then due_at else now() + attempts * interval '30 minutes' end,
        is_for_agent = is_over or attempts < 3
        where id = o.task_id and tasks.status = 'open';
end
$$;
