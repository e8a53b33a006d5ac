/* What a TLS server shows: a certificate for a name by an authority made for the occasion, as it should be or
   with a flaw, in PEM files of a folder of its own. */
#pragma once

enum flaw {
    FLAW_NONE,
    FLAW_EXPIRED,
    FLAW_NOT_YET,
    FLAW_SELF_SIGNED,
};

struct guise {
    char folder[40];
    char authority_file[60];
    char certificate_file[60];
    char key_file[60];
};

/* `name`: a host name, or a numeric IPv4 address. */
void guise_make(struct guise *guise, const char *name, enum flaw flaw);
void guise_remove(const struct guise *guise);
