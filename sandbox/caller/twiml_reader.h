/* TwiML as Twilio reads it: the verbs of a document in order, checked against what Twilio allows for
   them. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define TWIML_VERBS_MAX 32
#define TWIML_PARAMETERS_MAX 32
#define TWIML_WHY_SIZE 300

enum twiml_kind {
    TWIML_SAY,
    TWIML_PAUSE,
    TWIML_CONNECT, /* with a <Stream> in it */
    TWIML_REDIRECT,
    TWIML_DIAL,
    TWIML_RECORD,
    TWIML_HANGUP,
    TWIML_REJECT,
    TWIML_GATHER,
};

#define TWIML_SAID_MAX 8

/* Texts live as long as the document. */
struct twiml_verb {
    enum twiml_kind kind;
    const char *text;                 /* Say: words; Redirect: URL; Dial: number; Reject: reason */
    const char *action;               /* Connect, Dial, Record, Gather: NULL when there is none */
    bool is_get;                      /* method of `text` (Redirect) or of `action` */
    unsigned length_s;                /* Pause; Dial, Gather: timeout */
    const char *number_url;           /* Dial: the whisper's; NULL: there is none */
    bool is_number_get;               /* its method */
    const char *caller_id;            /* Dial: NULL: the caller's */
    const char *said[TWIML_SAID_MAX]; /* Gather: words while it waits for a key */
    size_t said_count;
    const char *recording_url; /* Record: told when the recording is there; NULL: nobody is */
    struct {
        const char *url;
        const char *name;       /* NULL: the StreamSid */
        const char *status_url; /* NULL: none */
        struct {
            const char *name;
            const char *value;
        } parameters[TWIML_PARAMETERS_MAX];
        size_t parameter_count;
    } stream;
};

struct twiml_document {
    struct twiml_verb verbs[TWIML_VERBS_MAX];
    size_t count;
    struct xml_node *root; /* owns the texts */
};

/* ERR_BAD: `why` is Twilio's error number and the reason. `allows_plain`: ws:// is let through (a
   public URL that is http is on this machine, where Twilio never is). */
must_use enum err twiml_read(
    struct twiml_document *out, struct slice text, bool allows_plain, char why[TWIML_WHY_SIZE]);
void twiml_document_free(struct twiml_document *document);
