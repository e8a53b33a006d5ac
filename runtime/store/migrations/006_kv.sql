-- Small values that a tenant's scripts keep, shared by all nodes (kv of the script API). Only the runtime's own
-- statements reach it: the limits on size and number are theirs, so tenants' SQL has no right to it.
create table kv (
    tenant_id text not null check (tenant_id <> ''),
    key text not null,
    value jsonb not null,
    expires_at timestamptz,         -- null: never; past: as good as gone, pruned later
    primary key (tenant_id, key)
);
create index kv_by_expiry on kv (expires_at) where expires_at is not null;

alter table kv enable row level security;
create policy own_rows on kv using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
