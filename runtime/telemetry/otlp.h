/* OTLP/HTTP with JSON: spans ⇄ bytes. Pure. Numbers past 32 bits are texts of digits, enums are numbers, ids are hex digits
   (docs/tracing.md). Texts that may tell of people go through redaction here, and nowhere later: what is built is safe to
   send and to store. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "observe/trace.h"

#define OTLP_HEADERS_MAX 16
#define OTLP_WHY_SIZE 160

/* Appends the batch's spans, objects with commas between them. */
void otlp_add_spans(struct strbuf *out, const struct trace_batch *batch);

struct otlp_resource {
    const char *service;
    const char *version;
    const char *node; /* this process among those of the service */
};
/* A whole request: `spans` as otlp_add_spans wrote them, of one batch or several with commas between. */
void otlp_add_request(struct strbuf *out, const struct otlp_resource *resource, struct slice spans);

enum otlp_verdict {
    OTLP_TAKEN,   /* all of it, or all but `rejected`: nothing is sent again */
    OTLP_LATER,   /* the collector asks for another try */
    OTLP_REFUSED, /* it never will take this */
};

struct otlp_answer {
    enum otlp_verdict verdict;
    uint64_t rejected;       /* spans, of TAKEN */
    char why[OTLP_WHY_SIZE]; /* the collector's words, safe to log; "": it had none */
};
/* Any body is fine: one that cannot be read says nothing. */
void otlp_answer_read(struct otlp_answer *out, int status, struct slice body);

struct otlp_header {
    char *name; /* heap, here and below */
    char *value;
};
struct otlp_headers {
    struct otlp_header list[OTLP_HEADERS_MAX];
    size_t count;
};
/* "name=value,name=value", values percent-encoded. ERR_BAD: not of that form, or a name or value that no header may have;
   then there are none. */
must_use enum err otlp_headers_read(struct otlp_headers *out, struct slice text);
void otlp_headers_free(struct otlp_headers *headers); /* the values are wiped */
