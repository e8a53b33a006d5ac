-- The part of the fence around tenants' SQL that only a superuser can build: functions of Postgres
-- itself that every role may call by default, and that a tenant's statement must not reach. Once per
-- database; running it again changes nothing. `moonline migrate` runs it when its user may.
--
-- set_config would let a statement change whose rows it sees; the *_to_xml functions run SQL given as
-- text; the others reach what all tenants share (sleeping sessions, locks, channels, large objects).
-- The owner of the database keeps all of them.
do $fence$
declare
    owner text := (select pg_get_userbyid(datdba) from pg_database where datname = current_database());
    entry regprocedure;
begin
    for entry in
        select p.oid::regprocedure
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
          and (p.proname in ('set_config', 'pg_notify', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until',
                             'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'loread', 'lowrite',
                             'lo_put', 'lo_get', 'lo_unlink', 'ts_stat', 'ts_rewrite')
               or p.proname ~ '^pg_(try_)?advisory_'
               or p.proname ~ '_to_xml(schema|_and_xmlschema)?$')
    loop
        execute format('revoke execute on function %s from public', entry);
        execute format('grant execute on function %s to %I', entry, owner);
    end loop;
    -- Updating this view calls set_config.
    revoke update on pg_catalog.pg_settings from public;
end
$fence$;
