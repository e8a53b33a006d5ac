/* What was heard in a file, in each form it is answered. Pure. */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"
#include "openai/file_request.h"

struct file_heard {
    const char *text;
    uint32_t start_ms, end_ms; /* of the voice */
    uint32_t length_ms;        /* of the file */
    bool is_made_up;           /* there was no voice */
};

const char *file_answer_type(const struct file_request *request); /* a literal: Content-Type */
/* The body, whole. */
void file_answer(
    struct strbuf *out, const struct file_request *request, const struct file_heard *heard);
/* The same as events: one for each word, and the end. */
void file_answer_events(const struct file_heard *heard,
    void (*put)(void *owner, struct slice event, bool is_delta), void *owner);
