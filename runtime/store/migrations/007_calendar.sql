-- When a business works, who works there and what it offers, as edited in the console; and what appointments and
-- contacts need beside it. Where a tenant has rows of business_hours, services or staff they win over the `profile` of
-- its script, table by table; holidays do so date by date.

create table staff (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    name text not null check (name not in ('', 'any') and length(name) < 64),
    place int not null default 0,   -- who is asked first
    unique (tenant_id, name)
);

create table business_hours (       -- several rows a day: a break between them
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    staff text,                     -- null: the business; else this person's own, instead of those
    weekday int not null check (weekday between 1 and 7), -- 1 is Monday
    opens time not null,            -- the wall clock of the profile's time zone
    closes time not null,           -- not after `opens`: on the next day
    foreign key (tenant_id, staff) references staff (tenant_id, name) on update cascade on delete cascade
);
create index business_hours_by_tenant on business_hours (tenant_id);

create table holidays (             -- days unlike others: closed, or with hours of their own
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    staff text,                     -- null: everybody
    day date not null,
    opens time,                     -- null: closed
    closes time,
    name text,                      -- "Christmas"
    check ((opens is null) = (closes is null)),
    foreign key (tenant_id, staff) references staff (tenant_id, name) on update cascade on delete cascade
);
create index holidays_by_day on holidays (tenant_id, day);

create table services (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    name text not null check (name <> '' and length(name) < 64),
    minutes int not null check (minutes between 1 and 1440),
    buffer_minutes int not null default 0 check (buffer_minutes between 0 and 1440), -- busy after it
    price_text text,                -- as it is said: "from 80 dollars"
    staff text[],                   -- who does it; null: everybody
    place int not null default 0
);
create unique index services_by_name on services (tenant_id, lower(name));

alter table appointments            -- status: booked, cancelled, completed, no_show
    add column busy_until timestamptz, -- the buffer's end; null: as ends_at
    add column notes text,
    add column updated_at timestamptz not null default now();
create index appointments_by_time on appointments (tenant_id, starts_at);
create index appointments_by_phone on appointments (tenant_id, phone, starts_at);

-- As before, and the buffer keeps others away too.
alter table appointments drop constraint appointments_do_not_overlap;
alter table appointments add constraint appointments_do_not_overlap exclude using gist (
    tenant_id with =, staff with =, tstzrange(starts_at, greatest(ends_at, busy_until)) with &&
) where (status = 'booked');
drop trigger take_calendar on appointments;
create trigger take_calendar
    before insert or update of tenant_id, staff, starts_at, ends_at, busy_until, status on appointments
    for each row execute function take_calendar();

alter table contacts
    add column details jsonb not null default '{}' check (octet_length(details::text) <= 16384),
    add column updated_at timestamptz not null default now();
create index contacts_by_email on contacts (tenant_id, lower(email));

create table notes (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    contact_id uuid not null,
    call_id uuid,
    text text not null,
    created_at timestamptz not null default now(),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index notes_by_contact on notes (tenant_id, contact_id, created_at);

create function touch_updated_at() returns trigger
    language plpgsql set search_path = pg_catalog
as $$
begin
    if new is distinct from old then
        new.updated_at := now();
    end if;
    return new;
end
$$;
create trigger touch_updated_at before update on appointments
    for each row execute function touch_updated_at();
create trigger touch_updated_at before update on contacts
    for each row execute function touch_updated_at();

-- One after another within a tenant, or two calls would each keep a contact of the same address. The owner's function, as
-- take_calendar is.
create function take_contacts() returns void
    language sql security definer set search_path = pg_catalog
    as $$ select pg_advisory_xact_lock(2, hashtext(current_setting('moonline.tenant', true))) $$;

-- Keeps what a caller said of themselves in one row, and answers with it. The row of the phone number is theirs; rows
-- that have only the same e-mail address become part of it, with their appointments and notes. A row with another number
-- of its own is somebody else at the same address (a family's mailbox) and stays. Without a number, or with a new one, the
-- oldest row of the address that is not somebody else's is theirs. What was said now wins, then the row kept, then the
-- older of the others.
create function save_contact(said_name text, said_phone text, said_email text, said_details jsonb)
    returns setof contacts
    language plpgsql set search_path = public, pg_temp
as $$
declare
    kept contacts;
    other contacts;
begin
    perform take_contacts();
    select * into kept from contacts c
        where c.tenant_id = current_tenant() and c.phone = said_phone;
    for other in
        select * from contacts c
        where c.tenant_id = current_tenant() and lower(c.email) = said_email and c.id is distinct from kept.id
          and (said_phone is null or c.phone is null)
        order by c.created_at, c.id
        for update
    loop
        if kept.id is null then
            kept := other;
        elsif other.phone is null then
            kept.name := coalesce(kept.name, other.name);
            kept.email := coalesce(kept.email, other.email);
            kept.details := other.details || kept.details;
            update appointments set contact_id = kept.id
                where tenant_id = current_tenant() and contact_id = other.id;
            update notes set contact_id = kept.id
                where tenant_id = current_tenant() and contact_id = other.id;
            delete from contacts where tenant_id = current_tenant() and id = other.id;
        end if;
    end loop;
    if kept.id is null then
        return query insert into contacts (name, phone, email, details)
            values (said_name, said_phone, said_email, coalesce(said_details, '{}'))
            returning *;
    else
        return query update contacts c
            set name = coalesce(said_name, kept.name), phone = coalesce(said_phone, kept.phone),
                email = coalesce(said_email, kept.email),
                details = kept.details || coalesce(said_details, '{}')
            where c.tenant_id = current_tenant() and c.id = kept.id
            returning c.*;
    end if;
end
$$;

grant select on staff, business_hours, holidays, services to moonline_tenant;
grant select, insert, update, delete on notes to moonline_tenant;
do $$
declare
    name text;
begin
    foreach name in array array['staff', 'business_hours', 'holidays', 'services', 'notes']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy own_rows on %I using (tenant_id = current_tenant()) '
            'with check (tenant_id = current_tenant())', name);
    end loop;
end
$$;
