-- What the sender of the outbox needs (outreach/outbox.h), and what nobody else may decide: who has opted out, what may be
-- sent at night, how much one call may send. The owner's functions: tenants call none of them but send_text, for `sms.send`.

alter table outbox
    add column asked_at timestamptz,            -- when it was last taken for the carrier to be asked
    add column looks int not null default 0;    -- how often it was looked for there, after no answer
create index outbox_unknown on outbox (updated_at) where status = 'unknown';
create index outbox_by_call on outbox (call_id) where call_id is not null;

-- Its row in messages says what it says.
create function tell_message_of_outbox() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    update messages m set status = new.status, error_code = coalesce(new.error_code, m.error_code),
            carrier_sid = coalesce(new.carrier_sid, m.carrier_sid), segments = coalesce(new.segments, m.segments)
        where m.id = new.message_id and m.tenant_id = new.tenant_id;
    return null;
end
$$;
create trigger tell_message after update of status, error_code, carrier_sid, segments on outbox
    for each row when (new.message_id is not null) execute function tell_message_of_outbox();

-- Takes no time: from its commit on nothing is taken for the number, and what is queued is cancelled; what a node has taken by
-- then may be asked for within 900 ms. For records, which must not wait for each other.
-- Told twice of the same words it does nothing the second time, so that an old STOP does not undo a later START. Returns how
-- many texts it cancelled. Of somebody who was erased since (`said_at`: when it was said, where no call tells) it holds by the
-- number's mark, without the words.
create function note_opt_out(of_tenant text, number text, is_out boolean, of_channel text, words text, of_call uuid,
        of_message uuid, said_at timestamptz default null)
    returns int
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    cancelled int := 0;
    held text := number;
begin
    if of_tenant is null or of_tenant is distinct from coalesce(current_tenant(), of_tenant) then
        raise exception 'not this tenant''s' using errcode = '42501';
    end if;
    if not is_phone_number(number) then
        return 0;
    end if;
    perform pg_advisory_xact_lock(3, hashtext(of_tenant || '/' || number));
    if was_erased(of_tenant, number, said_at)
            or exists (select from erased_calls e where e.call_id = of_call and e.is_theirs) then
        held := erased_mark(of_tenant, number);
        words := null;
    end if;
    if exists (select from consents c where c.tenant_id = of_tenant and c.phone = held and c.about = 'sms'
            and c.is_given = not is_out and coalesce(of_call, of_message) is not null
            and c.call_id is not distinct from of_call and c.message_id is not distinct from of_message
            and c.said is not distinct from words) then
        return 0;
    end if;
    insert into consents (tenant_id, phone, contact_id, about, is_given, channel, said, call_id, message_id)
        values (of_tenant, held, case when held = number then contact_with(of_tenant, number) end, 'sms', not is_out,
            of_channel, words, of_call, of_message);
    if not is_out then
        delete from opt_outs o where o.tenant_id = of_tenant and o.phone = held;
        return 0;
    end if;
    insert into opt_outs (tenant_id, phone) values (of_tenant, held) on conflict do nothing;
    perform from outbox o where o.tenant_id = of_tenant and o.to_number = number and o.kind = 'sms' and o.status = 'queued'
        order by o.id for no key update;        -- as merge_contacts
    update outbox o set status = 'cancelled', why = 'opted out', updated_at = now()
        where o.tenant_id = of_tenant and o.to_number = number and o.kind = 'sms' and o.status = 'queued';
    get diagnostics cancelled = row_count;
    return cancelled;
end
$$;

-- The same for whoever says so to the person: when it returns and has committed, nothing goes out to the number any more. What
-- a node has taken is either over or will not be asked for (outreach/outbox_send.c asks within 900 ms of taking or not at all).
create function opt_out(of_tenant text, number text, is_out boolean, of_channel text, words text, of_call uuid,
        of_message uuid)
    returns int
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    cancelled int := note_opt_out(of_tenant, number, is_out, of_channel, words, of_call, of_message);
begin
    while is_out and exists (select from outbox o where o.tenant_id = of_tenant and o.to_number = number and o.kind = 'sms'
            and o.status = 'sending' and o.asked_at > clock_timestamp() - interval '950 ms') loop
        perform pg_sleep(0.01);
    end loop;
    return cancelled;
end
$$;

-- `at`, or the end of the quiet hours it falls into, by the tenant's clock: its settings, else its script's profile, else
-- from nine in the evening to eight. An end that the clock skips is the moment it goes on; one it has twice is the second.
create function after_quiet_hours(of_tenant text, at timestamptz) returns timestamptz
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    zone text;
    quiet_from time;
    quiet_until time;
    wall timestamp;
    is_next_day boolean;
begin
    select coalesce(nullif(t.time_zone, ''), 'UTC'),
            coalesce(s.quiet_from, substring(t.profile #>> '{quiet,from}' from '^[0-2]?[0-9]:[0-5][0-9]$')::time, '21:00'),
            coalesce(s.quiet_until, substring(t.profile #>> '{quiet,to}' from '^[0-2]?[0-9]:[0-5][0-9]$')::time, '08:00')
        into zone, quiet_from, quiet_until
        from (select of_tenant as id) wanted left join tenants t on t.id = wanted.id
            left join tenant_settings s on s.tenant_id = wanted.id;
    begin
        wall := at at time zone zone;
    exception when invalid_parameter_value then
        zone := 'UTC';
        wall := at at time zone zone;
    end;
    if quiet_from < quiet_until and (wall::time < quiet_from or wall::time >= quiet_until)
            or quiet_from > quiet_until and wall::time < quiet_from and wall::time >= quiet_until
            or quiet_from = quiet_until then
        return at;
    end if;
    is_next_day := quiet_from > quiet_until and wall::time >= quiet_from;
    return greatest(at, (wall::date + is_next_day::int + quiet_until) at time zone zone);
end
$$;

-- How many went, or will go, to that number in a day.
create function texts_of_day(of_tenant text, recipient text) returns bigint
    language sql stable set search_path = public, pg_temp
    as $$ select count(*) from outbox o where o.tenant_id = of_tenant and o.to_number = recipient and o.kind = 'sms'
          and o.created_at > now() - interval '1 day' $$;
revoke execute on function texts_of_day from public;

-- A text that a script asked for, within bounds that no script can widen: to a number that the host knows to be meant
-- (`is_known`: the caller's own, or one of the script's file) or that is one of the tenant's contacts'; so many of one call,
-- and to one number in a day. What is asked for now goes out now; what is for later does not wake anybody. Asked twice
-- for the same fact it answers with the row there is.
create function send_text(of_tenant text, fact text, sender text, recipient text, words text, cause uuid, earliest timestamptz,
        is_known boolean, call_max int, day_max int)
    returns table (text_id uuid, text_status text, refusal text)
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    row outbox;
begin
    if of_tenant is null or of_tenant is distinct from coalesce(current_tenant(), of_tenant) then
        raise exception 'not this tenant''s' using errcode = '42501';
    end if;
    perform pg_advisory_xact_lock(3, hashtext(of_tenant || '/' || coalesce(cause::text, '')));
    perform pg_advisory_xact_lock(3, hashtext(of_tenant || '/' || recipient));
    select * into row from outbox o where o.tenant_id = of_tenant and o.key = fact;
    if found then
        return query select row.id, row.status, null::text;
        return;
    end if;
    refusal := case
        when not is_known and contact_with(of_tenant, recipient) is null then 'recipient'
        when (select count(*) from outbox o where o.call_id = cause and o.kind = 'sms') >= call_max then 'call'
        when texts_of_day(of_tenant, recipient) >= day_max then 'day'
    end;
    if refusal is not null then
        return next;
        return;
    end if;
    row := queue_text(of_tenant, fact, sender, recipient, words, cause, 'script',
        case when earliest > now() then after_quiet_hours(of_tenant, earliest) end, null);
    return query select row.id, row.status, null::text;
end
$$;

-- The carrier's word about a text, which may come twice, out of order, and before its answer to our request: a row goes
-- forward only. It proves that the text went out, whatever we thought.
create function text_status(of_outbox uuid, of_tenant text, sid text, said text, code text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    next_status text := case
        when said in ('accepted', 'scheduled', 'queued', 'sending', 'sent') then 'sent'
        when said in ('delivered', 'read') then 'delivered'
        when said in ('failed', 'canceled') then 'failed'
        when said = 'undelivered' then 'undelivered' end;
    number text;
begin
    if of_tenant is null or of_tenant is distinct from coalesce(current_tenant(), of_tenant) then
        raise exception 'not this tenant''s' using errcode = '42501';
    end if;
    update outbox o set status = next_status, carrier_sid = coalesce(o.carrier_sid, nullif(sid, '')),
            error_code = coalesce(nullif(code, ''), o.error_code), sent_at = coalesce(o.sent_at, now()), node = null,
            lease_until = null, updated_at = now(),
            why = case when next_status in ('failed', 'undelivered') then 'the carrier could not deliver it' end
        where o.id = of_outbox and o.tenant_id = of_tenant and o.kind = 'sms' and next_status is not null
            and (o.carrier_sid is null or o.carrier_sid = sid)
            and (o.status in ('queued', 'sending', 'unknown', 'cancelled') or o.status = 'sent' and next_status <> 'sent')
        returning o.to_number into number;
    if number is not null and code = '21610' then
        perform note_opt_out(of_tenant, number, true, 'sms', 'the carrier said 21610', null, null);
    end if;
end
$$;

-- They believe who asks, or tell of another's hours.
revoke execute on function opt_out, after_quiet_hours, text_status from public;
