#include "api/answer.h"

#include "telephony/twiml.h"

void answer_status(struct exchange *exchange, int status)
{
    exchange_answer(exchange, status, NULL, SLICE(""));
}

void answer_twiml_take(struct exchange *exchange, struct strbuf *twiml)
{
    if (twiml->failed)
        answer_status(exchange, 500);
    else
        exchange_answer(exchange, 200, "text/xml", strbuf_slice(twiml));
    strbuf_free(twiml);
}

void answer_end(struct exchange *exchange, const char *words)
{
    struct strbuf twiml;
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    if (words)
        twiml_say_and_hangup(&twiml, words);
    else
        twiml_hangup(&twiml);
    answer_twiml_take(exchange, &twiml);
}

void answer_add_origin(struct strbuf *out, const char *public_url, bool is_websocket)
{
    struct slice origin = slice_from(public_url);
    if (is_websocket && slice_starts(origin, "http")) {
        strbuf_add_text(out, "ws");
        origin.data += 4;
        origin.len -= 4;
    }
    strbuf_add_slice(out, origin);
}
