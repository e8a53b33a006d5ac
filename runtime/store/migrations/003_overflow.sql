-- Callers whom no agent could take (end_reason 'overflow'), and the message that one of them left.

alter table calls
    add column recording_url text,  -- where the carrier keeps it; fetched with the account's name and token
    add column recording_ms bigint;
