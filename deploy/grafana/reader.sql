-- The role that Grafana reads calls as, for the dashboard `one call`: run it as a superuser on Moonline's database, then
-- `alter role moonline_reader password '…'` (or let Grafana come in by a certificate). It reads what calls left behind, of all tenants, and changes nothing.
do $$
begin
    if not exists (select from pg_roles where rolname = 'moonline_reader') then
        create role moonline_reader login;
    end if;
end
$$;
alter role moonline_reader bypassrls;               -- tenants are kept apart by row; this one sees all
alter role moonline_reader set default_transaction_read_only = on;
alter role moonline_reader set statement_timeout = '10s';
grant usage on schema public to moonline_reader;
grant select on calls, turns, tool_calls, usage, call_traces to moonline_reader;
