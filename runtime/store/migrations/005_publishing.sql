-- Scripts published to all nodes (docs/publishing.md): the versions, which of them a tenant is to run, and what each node
-- made of it. Scripts see none of it: the tenants' role has no right here, and row-level security without a policy
-- shows rows to the owner only.

create table script_versions (
    tenant_id text not null check (tenant_id <> ''),
    version text not null check (version ~ '^[0-9a-f]{16}$'),   -- the hash of its files
    bundle jsonb not null,          -- {"tenant","version","files":{"agent.lua":"…"}}
    author text,                    -- who published it first, with what note
    note text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, version)
);

-- A tenant runs what its newest row says; the older ones are the history.
create table script_bindings (
    id bigint generated always as identity primary key,
    tenant_id text not null,
    version text not null,          -- answers
    canary_version text,            -- answers canary_percent of new calls
    canary_percent int check (canary_percent between 1 and 99),
    reason text not null,           -- publish, canary, promote, rollback, reload
    author text,
    note text,
    created_at timestamptz not null default now(),
    check ((canary_version is null) = (canary_percent is null)),
    foreign key (tenant_id, version) references script_versions,
    foreign key (tenant_id, canary_version) references script_versions
);
create index script_bindings_newest on script_bindings (tenant_id, id desc);

create table script_nodes (
    node text primary key,          -- host and admin address
    seen_at timestamptz not null default now()
);

create table script_applied (
    node text not null references script_nodes on delete cascade,
    tenant_id text not null,
    version text not null,
    state text not null,            -- applied, canary, refused, rolled_back; replaced: by another one
    why text,
    at timestamptz not null default now(),
    primary key (node, tenant_id, version)
);
create index script_applied_by_tenant on script_applied (tenant_id, at);

do $$
declare
    name text;
begin
    foreach name in array array['script_versions', 'script_bindings', 'script_nodes', 'script_applied']
    loop
        execute format('alter table %I enable row level security', name);
    end loop;
end
$$;
