-- What calls used of their providers, and what tenants may spend.

-- Sums so far of one call with one provider and model: written at each turn's end and at the call's, so that a process that
-- is killed loses at most the running turn.
create table usage (
    id uuid primary key,            -- follows from call, slot, provider and model
    tenant_id text not null default current_tenant(),
    call_id uuid not null,
    slot text,                      -- hear, think, speak
    provider text,                  -- as the operator called it
    model text,
    seconds numeric(12, 3),         -- hear: of audio sent
    characters bigint,              -- speak: sent
    input_tokens bigint,            -- think, those of the cache included
    cached_tokens bigint,
    output_tokens bigint,
    is_estimated boolean,           -- the provider did not tell all of it
    cost_micro_usd bigint,          -- at the prices that held then; null: none was known
    first_at timestamptz,
    last_at timestamptz,
    created_at timestamptz not null default now()
);
create index usage_by_tenant on usage (tenant_id, first_at);
create index usage_by_call on usage (call_id);

create table budgets (
    tenant_id text not null check (tenant_id <> ''),
    period text not null check (period in ('day', 'month')),
    limit_micro_usd bigint check (limit_micro_usd > 0),
    limit_seconds bigint check (limit_seconds > 0), -- of calls
    updated_at timestamptz not null default now(),
    primary key (tenant_id, period),
    check (limit_micro_usd is not null or limit_seconds is not null)
);

alter table tenants add column time_zone text;  -- of the script's profile; empty or null: it says none
alter table turns add column heard_by text;     -- the provider whose words the turn is made of
alter table turns add column spoken_by text;    -- and whose voice answered

-- Scripts may name a zone that this server does not know: that must not stop the budgets of all others.
create function zone_or_utc(zone text) returns text
    language plpgsql stable
as $$
begin
    perform now() at time zone zone;
    return coalesce(zone, 'UTC');
exception
    when invalid_parameter_value then
        return 'UTC';
end
$$;

-- When the day or month began that `at` is in, by a clock of that zone.
create function period_start(period text, zone text, at timestamptz) returns timestamptz
    language sql stable
    as $$ select date_trunc(period, at at time zone zone) at time zone zone $$;

grant select on usage, budgets to moonline_tenant;
do $$
declare
    name text;
begin
    foreach name in array array['usage', 'budgets']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy own_rows on %I using (tenant_id = current_tenant()) '
            'with check (tenant_id = current_tenant())', name);
    end loop;
end
$$;
