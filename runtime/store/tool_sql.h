/* The statements behind the modules leads and tasks of scripts (migrations/018_tools.sql); run by database_tenant_query. */
#pragma once

/* name, phone, interest, value in cents, currency, details as JSON, call, the caller's number. */
#define LEAD_SAVE                                                                                  \
    "select l.id, l.contact_id, l.conversation_id, l.interest, l.value_cents,"                     \
    " (select name from pipeline_stages s where s.id = l.stage_id) as stage"                       \
    " from save_lead($1, $2, $3, $4::bigint, $5, $6::jsonb, $7::uuid, $8) l"

/* kind, title, details, name, phone, urgent, whose it is, call; whom to text of it (null: nobody), from, the text; the
   caller's number. */
#define TASK_SAVE                                                                                  \
    "select t.id, t.contact_id, t.conversation_id, t.kind, t.title, t.phone, t.status"             \
    " from save_task($1, $2, $3, $4, $5, $6::boolean, $7, $8::uuid, $9, $10, $11, $12) t"
