/* TwiML documents we answer with. Values are escaped; each function appends a whole document. Pure. */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"

struct twiml_parameter {
    const char *name;
    const char *value;
};

/* <Connect><Stream url><Parameter…/></Stream></Connect><Redirect>: where the caller goes when the stream ends, however
   it ends; redirect_url NULL: none. */
void twiml_stream(struct strbuf *out, const char *stream_url, const char *status_url,
    const struct twiml_parameter *parameters, size_t count, const char *redirect_url);
void twiml_say_and_hangup(struct strbuf *out, const char *text);
/* Words (empty: none), then the caller's message is recorded. `action_url` is asked when it ends, and told again when it can be
   fetched; a caller who says nothing has the document end. */
void twiml_voicemail(struct strbuf *out, const char *words, const char *action_url);
/* Words (empty: none), then another telephone rings; `action_url` (NULL: none) is asked when that is over. */
void twiml_dial(struct strbuf *out, const char *words, const char *number, const char *caller_id,
    const char *action_url);
/* A transfer by an agent. */
struct twiml_transfer {
    const char *words; /* before it rings; empty: none */
    const char *number;
    const char *caller_id;
    unsigned timeout_s;
    const char *action_url;  /* asked when that is over */
    const char *whisper_url; /* what whoever picks up hears first; NULL: the two are connected at once */
};
void twiml_transfer(struct strbuf *out, const struct twiml_transfer *transfer);
/* To who picked up: words, `prompt`, both once again, and the end, unless a key is pressed: then `action_url` is asked. */
void twiml_whisper(
    struct strbuf *out, const char *words, const char *prompt, const char *action_url);
void twiml_nothing(struct strbuf *out); /* a whisper that is over: the two are connected */
void twiml_hangup(struct strbuf *out);
/* The call is not answered; `reason` is "busy" or "rejected". */
void twiml_reject(struct strbuf *out, const char *reason);
