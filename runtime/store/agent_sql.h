/* What a tenant's scripts say now, for people: one agent a tenant, whatever it was called before. Private to store. */
#pragma once

#define KEEP_AGENT                                                                                 \
    "with r as (select * from jsonb_populate_record(null::agents, $1::jsonb)),"                    \
    " renamed as (delete from agents a using r where a.tenant_id = r.tenant_id"                    \
    "  and a.name <> r.name)"                                                                      \
    " insert into agents (tenant_id, name, numbers, greeting, voice, script_version)"              \
    " select tenant_id, name, coalesce(numbers, '{}'), greeting, voice, script_version from r"     \
    " on conflict (tenant_id, name) do update set numbers = excluded.numbers,"                     \
    " greeting = excluded.greeting, voice = excluded.voice,"                                       \
    " script_version = excluded.script_version, updated_at = now()"
