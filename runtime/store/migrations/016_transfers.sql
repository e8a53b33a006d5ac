-- How long a caller talked with whom the agent transferred them to.
alter table calls add column transfer_ms integer;
comment on column calls.transfer_status is 'dialing, bridged, declined, busy, no-answer, failed, canceled';
