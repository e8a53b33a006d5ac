/* How the public port answers, and the URLs it is known by. Private to api. */
#pragma once

#include "base/strbuf.h"
#include "net/server.h"

#define STREAM_PATH "/twilio-voice-stream"
#define VOICE_PATH "/twilio/voice"
#define URL_MAX_BYTES 2048
#define TWIML_MAX_BYTES 8192

void answer_status(struct exchange *exchange, int status);
void answer_twiml_take(struct exchange *exchange, struct strbuf *twiml); /* frees it */
void answer_end(struct exchange *exchange, const char *words); /* the call's; NULL: without words */
/* Our origin as Twilio sees it; for a WebSocket with the scheme's twin (https → wss). */
void answer_add_origin(struct strbuf *out, const char *public_url, bool is_websocket);
