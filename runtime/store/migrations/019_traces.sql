-- The spans of a call, turn by turn (docs/tracing.md): when what was waited for, and for how long. They hold no words of callers;
-- what a provider says of its failures was redacted.
create table call_traces (
    id uuid primary key,
    tenant_id text not null check (tenant_id <> ''),
    call_id uuid not null,
    part int not null default 0 check (part >= 0),
    spans jsonb,                                -- as OTLP writes them; null: erased, or kept for long enough
    created_at timestamptz not null default now()
);
create index call_traces_by_call on call_traces (call_id, part);
create index call_traces_with_spans on call_traces (tenant_id, created_at) where spans is not null;

grant select on call_traces to moonline_tenant;
alter table call_traces enable row level security;
create policy own_rows on call_traces using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());

-- Of erased people nothing comes in late, and what is there goes with them.
create function erase_trace_at_door() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if exists (select from erased_calls e where e.call_id = new.call_id and e.tenant_id = new.tenant_id) then
        new.spans := null;
    end if;
    return new;
end
$$;
create trigger door before insert or update on call_traces for each row execute function erase_trace_at_door();

create function erase_traces_of_call() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    update call_traces t set spans = null where t.call_id = new.call_id and t.tenant_id = new.tenant_id and t.spans is not null;
    return null;
end
$$;
create trigger erase_traces after insert or update on erased_calls for each row execute function erase_traces_of_call();

-- The hour's round, and traces as long as words.
alter function keep_house(int, text) rename to keep_house_of_words;

create function keep_house(at_most int, by_whom text) returns bigint
    language plpgsql set search_path = public, pg_temp
as $$
declare
    wish tenant_settings;
    changed bigint := keep_house_of_words(at_most, by_whom);
    n bigint;
begin
    for wish in select * from tenant_settings s where s.keep_words_days is not null order by s.tenant_id
    loop
        exit when changed is null or changed >= at_most; -- null: another node is at it
        with old as (select t.id from call_traces t where t.tenant_id = wish.tenant_id and t.spans is not null
            and t.created_at < now() - wish.keep_words_days * interval '1 day' limit at_most - changed)
            update call_traces t set spans = null from old where t.id = old.id;
        get diagnostics n = row_count;
        if n > 0 then
            insert into audit (tenant_id, actor, action, details)
                values (wish.tenant_id, by_whom, 'retention', jsonb_build_object('call_traces', n));
        end if;
        changed := changed + n;
    end loop;
    return changed;
end
$$;
revoke execute on function keep_house from public;
