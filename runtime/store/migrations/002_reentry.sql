-- Calls whose stream may break and come back, on any node.

-- The one use of a stream's token, across processes and nodes, and whether that stream's end was
-- planned: a caller whose call ended by plan must not be answered again. Short-lived: pruned by the
-- runtime, so nothing may depend on old rows.
create table stream_claims (
    call_sid text not null,
    attempt int not null,           -- counts from 0
    node text not null,             -- the process that has the stream
    claimed_at timestamptz not null default now(),
    ended_at timestamptz,           -- the planned end; null: it goes on, or it broke
    end_reason text,
    primary key (call_sid, attempt)
);
create index stream_claims_by_age on stream_claims (claimed_at);

-- call.state of the script as of the last turn, for whoever goes on with the call.
alter table calls add column state jsonb;
