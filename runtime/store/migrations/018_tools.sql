-- What tools do in one statement: a fact, whose it is, and the text that follows from it, so that a crash leaves all or none.

alter table appointments add column version int not null default 1; -- one more with each move: a text for each, once
alter table tasks add column is_urgent boolean not null default false;

-- A model that tells of the same wish twice in one call has one lead.
create unique index leads_once_a_call on leads (tenant_id, call_id, md5(lower(interest))) where call_id is not null;
create index tasks_by_call on tasks (call_id) where call_id is not null;

-- The owner's functions, since tenants may not write conversations and the outbox.

-- What somebody wants, at the pipeline's first stage. Said again in the same call it is the same row, with what was said last.
create function save_lead(said_name text, said_phone text, said_interest text, said_value_cents bigint, said_currency text,
        said_details jsonb, of_call uuid, caller text default null)
    returns leads
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    tenant text := acting_tenant();
    person uuid;
    kept leads;
begin
    select id into person from save_contact(said_name, said_phone, null, null, caller);
    insert into leads (tenant_id, contact_id, conversation_id, call_id, stage_id, interest, value_cents, currency, source,
            details)
        values (tenant, person, conversation_of(tenant, said_phone, 'call'), of_call,
            (select id from pipeline_stages where tenant_id = tenant and not is_won and not is_lost order by place, name limit 1),
            said_interest, said_value_cents, said_currency, 'call', coalesce(said_details, '{}'))
        on conflict (tenant_id, call_id, md5(lower(interest))) where call_id is not null
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
        of_assignee text, of_call uuid, notified text, sender text, words text, caller text default null)
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
    if said_phone is null then
        person := speaker_of(caller, said_name, null, null);
    else
        select id into person from save_contact(said_name, said_phone, null, null, caller);
    end if;
    insert into tasks (tenant_id, kind, title, details, contact_id, conversation_id, call_id, phone, is_urgent, assigned_to)
        values (tenant, of_kind, of_title, of_details, person, conversation_of(tenant, coalesce(said_phone, caller), 'call'),
            of_call, said_phone, urgent, of_assignee)
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

-- ---- whose rights ----

-- Everybody may call a new function. Tenants may call these: what their statements and its policies need, and no other.
do $$
declare
    entry record;
begin
    for entry in select p.oid::regprocedure as name, p.proname = any(array['current_tenant', 'acting_tenant', 'knowledge_search',
            'words_of', 'is_phone_number', 'save_contact', 'speaker_of', 'take_contacts', 'merge_contacts', 'save_lead', 'save_task',
            'confirm_by_text']) as is_theirs
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
          and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
    loop
        execute format('revoke execute on function %s from public', entry.name);
        if entry.is_theirs then
            execute format('grant execute on function %s to moonline_tenant', entry.name);
        end if;
    end loop;
end
$$;
