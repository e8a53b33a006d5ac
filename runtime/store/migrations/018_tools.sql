-- What tools do in one statement: a fact, whose it is, and the text that follows from it, so that a crash leaves all or none.

alter table appointments add column version int not null default 1; -- one more with each move: a text for each, once
alter table tasks add column is_urgent boolean not null default false;

-- A model that tells of the same wish twice in one call has one lead.
create unique index leads_once_a_call on leads (tenant_id, call_id, lower(interest)) where call_id is not null;
create index tasks_by_call on tasks (call_id) where call_id is not null;

-- The owner's functions, since tenants may not write conversations and the outbox; they know the tenant from the session
-- alone, as row-level security does.
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

-- What somebody wants, at the pipeline's first stage. Said again in the same call it is the same row, with what was said last.
create function save_lead(said_name text, said_phone text, said_interest text, said_value_cents bigint, said_currency text,
        said_details jsonb, of_call uuid)
    returns leads
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    tenant text := acting_tenant();
    person uuid;
    kept leads;
begin
    select id into person from save_contact(said_name, said_phone, null, null);
    insert into leads (tenant_id, contact_id, conversation_id, call_id, stage_id, interest, value_cents, currency, source,
            details)
        values (tenant, person, conversation_of(tenant, said_phone, 'call'), of_call,
            (select id from pipeline_stages where tenant_id = tenant and not is_won and not is_lost order by place, name limit 1),
            said_interest, said_value_cents, said_currency, 'call', coalesce(said_details, '{}'))
        on conflict (tenant_id, call_id, lower(interest)) where call_id is not null
        do update set contact_id = excluded.contact_id, conversation_id = excluded.conversation_id,
            value_cents = coalesce(excluded.value_cents, leads.value_cents),
            currency = coalesce(excluded.currency, leads.currency), details = leads.details || excluded.details
        returning * into kept;
    return kept;
end
$$;

-- Something for a person of the business to do, and a text to one of them (`notified`; null: none). The same words again in
-- the same call are the same task.
create function save_task(of_kind text, of_title text, of_details text, said_name text, said_phone text, urgent boolean,
        of_assignee text, of_call uuid, notified text, sender text, words text)
    returns tasks
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    tenant text := acting_tenant();
    person uuid;
    kept tasks;
begin
    perform take_contacts();
    select * into kept from tasks t
        where t.tenant_id = tenant and t.call_id = of_call and t.kind = of_kind and t.title = of_title
          and t.details is not distinct from of_details;
    if found then
        return kept;
    end if;
    if said_phone is not null then
        select id into person from save_contact(said_name, said_phone, null, null);
    end if;
    insert into tasks (tenant_id, kind, title, details, contact_id, conversation_id, call_id, phone, is_urgent, assigned_to)
        values (tenant, of_kind, of_title, of_details, person, conversation_of(tenant, said_phone, 'call'), of_call, said_phone,
            urgent, of_assignee)
        returning * into kept;
    if notified is not null then
        perform queue_text(tenant, 'task:' || kept.id, sender, notified, words, of_call, 'agent', null, now() + interval '1 day');
    end if;
    return kept;
end
$$;

-- A text about an appointment to the number that it was booked with, which a caller named: one number gets so many a day,
-- whoever asks. Null: no more today.
create function confirm_by_text(fact text, sender text, recipient text, words text, of_call uuid, useless_at timestamptz,
        day_max int)
    returns text
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    tenant text := acting_tenant();
begin
    perform pg_advisory_xact_lock(3, hashtext(tenant || '/' || recipient));
    if not exists (select from outbox o where o.tenant_id = tenant and o.key = fact) and texts_of_day(tenant, recipient) >= day_max then
        return null;
    end if;
    return (queue_text(tenant, fact, sender, recipient, words, of_call, 'agent', null, useless_at)).status;
end
$$;
