/* The command line and environment of `moonline call`, and of `moonline text`. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct options {
    const char *to;
    const char *from;
    const char *via;        /* host:port that gets the bytes */
    bool is_via_tls;        /* in TLS, as the public URL's host; else in the clear */
    const char *ca;         /* PEM file to trust besides the system's, or NULL */
    const char *admin;      /* host:port of the admin listener, NULL: not asked */
    const char *control;    /* host:port of the sandbox's control port, NULL: not asked */
    const char *out;        /* folder, NULL: var/calls/<CallSid> */
    const char *public_url; /* what URLs and signatures are made of, without a / at its end */
    const char *token;      /* "": requests are not signed */
    const char *account;
    unsigned patience_s; /* for a redirect's document that is not there */
    const char *
        answer_url; /* of a call that the server placed: the scenario is who is called; NULL: calls */
    const char *status_url; /* where its end is told; NULL: as for other calls */
    const char *call_sid;   /* NULL: made up */
    const char *scenario;   /* path; of `text`: the words */
    char url_text[300];     /* holds public_url */
};

/* ERR_BAD: the reason has been printed. `*wants_help`: the usage has been printed. */
must_use enum err options_read(struct options *out, int argc, char **argv, bool *wants_help);
