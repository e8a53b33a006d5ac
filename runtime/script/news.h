/* What became of changed scripts of late, for people who watch: the newest few, any thread. */
#pragma once

#include "base/strbuf.h"

#define NEWS_MAX 16

/* `version` may be "": what was refused before it had one. */
void news_note(const char *tenant_id, const char *version, const char *outcome);
/* [{"ago_seconds","tenant","version","outcome"}], newest first; outcomes as in moonline_script_reloads_total. */
void news_json(struct strbuf *out);
