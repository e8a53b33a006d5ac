-- The processes on this database: a call whose process is not heard of any more is closed by another one.

create table nodes (
    node text primary key,          -- as in calls.node: a name for one process, new at each start
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);
alter table nodes enable row level security;    -- no policy: the owner's alone
