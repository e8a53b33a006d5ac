-- call.tags of the script as of the last turn, and at the end what it says the call was about.
alter table calls add column tags text[];
create index calls_by_tag on calls using gin (tags);
