-- call.phase of the script as of the last turn (empty: none), for whoever goes on with the call.
alter table calls add column phase text;
