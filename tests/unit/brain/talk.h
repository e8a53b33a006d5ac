/* A conversation with the brain: keeps the messages as a call would, and answers its tool calls. */
#pragma once

#include "unit/sandbox/cmocka_head.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "brain.h"

#define TALK_ERROR "{\"error\":\"not_saved\",\"message\":\"x\"}"

struct talk {
    struct brain *brain;
    json_t *messages, *tools;
    char log[8192];         /* what was said so far, for failures */
    char said[1024];        /* the last reply */
    const char *results[4]; /* of book_appointment, in order; NULL: ok */
    size_t booking_count;   /* book_appointment calls so far */
    json_t *contact;        /* arguments of the last create_contact, NULL before */
    json_t *booking;        /* of the last book_appointment */
};

int talk_begin(void **state); /* setup: a talk under the dental prompt, Tuesday 2026-11-24 10:05 */
int talk_end(void **state);
/* Back to the beginning of a call. */
void talk_reset(struct talk *talk);
/* Changes the prompt: `from` becomes `to`, which must differ. */
void talk_edit_prompt(struct talk *talk, const char *from, const char *to);
void talk_add_prompt(struct talk *talk, const char *line);
/* The caller speaks; tools are answered until the brain has said something. */
void talk_say(struct talk *talk, const char *caller);
/* Only `heard` of the last reply reached the caller ("": nothing). */
void talk_cut(struct talk *talk, const char *heard);
void talk_expect(struct talk *talk, const char *part);
/* Fails unless the last booking was (name, phone, service, start). */
void talk_expect_booking(
    struct talk *talk, const char *name, const char *phone, const char *service, const char *start);
