/* What our URLs carry of a transfer, so that any node, whatever became of the process that asked for it, can tell what the
   person hears who picks up, and where the caller goes when nobody does:

     /twilio/whisper?tenant=…&call=…&sid=…&to=…&attempt=…&kind=warm&then=back&was=answered&prompt=…&say=…&mac=…
     /twilio/dial-done?tenant=…&call=…&sid=…&to=…&attempt=…&kind=warm&then=back&was=answered&mac=…

   and of a call that we made, what its own URLs carry besides (call_back_link.h): row=…&task=…&title=…&details=…
   The carrier's signature covers the URL; the mac is for where that is not checked. Pure. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "telephony/call_back_link.h"

#define TRANSFER_WHISPER_SIZE 301
#define TRANSFER_PROMPT_SIZE 128

enum transfer_then { /* when nobody picks up */
    TRANSFER_BACK,
    TRANSFER_VOICEMAIL,
    TRANSFER_HANGUP,
    TRANSFER_THENS
};

struct transfer_link {
    char tenant_id[64];
    char call_id[40];
    char call_sid[40]; /* of the caller's leg */
    char to[32];
    unsigned attempt; /* of the stream that asked for it */
    bool is_warm;
    enum transfer_then then;
    char was[24]; /* the call's outcome so far */
    /* Of a whisper alone; empty: the link has none. */
    char prompt[TRANSFER_PROMPT_SIZE];
    char whisper[TRANSFER_WHISPER_SIZE];
};

const char *transfer_then_name(enum transfer_then then); /* "back", "voicemail", "hangup" */
bool transfer_then_read(enum transfer_then *out, struct slice name);
/* Appends the query. `call_back` NULL: the caller called us; else call_back_link_read finds it in the query, too. */
void transfer_link_add(struct strbuf *out, const struct transfer_link *link,
    const struct call_back_link *call_back, struct slice key);
/* ERR_NOT_FOUND: no link, it says nothing of a transfer. ERR_BAD: cut, altered, or made with another key; an empty key checks none. */
must_use enum err transfer_link_read(
    struct transfer_link *out, struct slice query, struct slice key);
