/* The control port's JSON: faults and scripted lines are taken whole or refused with a reason, and what was
   taken can be listed and used. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "openai/habits.h"
#include "scripted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static void use_fault(struct faults *faults, enum service service)
{
    struct gate gate;
    struct fault fault = faults_take(faults, service);
    gate_init(&gate, &fault);
    for (size_t len = 0; len < 2000; len += 100) {
        size_t allowed;
        (void)gate_next(&gate, len, &allowed);
        must(allowed <= len);
    }
}

static void try_fault(const json_t *wish)
{
    struct faults faults;
    enum service service;
    char why[160] = "";
    faults_clear(&faults);
    if (faults_set(&faults, wish, &service, why)) {
        must(why[0] && memchr(why, 0, sizeof why));
        return;
    }
    json_t *list = faults_list(&faults);
    must(json_array_size(list) == 1);
    json_decref(list);
    use_fault(&faults, service);
}

static void try_habits(const json_t *wish)
{
    struct stt_habits habits = {.session_s = HABITS_SESSION_S};
    struct stt_habits before = habits;
    if (stt_habits_set(&habits, wish))
        must(!memcmp(&habits, &before, sizeof habits));
    must(habits.session_s > 0);
}

static void try_scripted(const json_t *wish)
{
    struct scripted scripted;
    char *text;
    must(scripted_init(&scripted) == ERR_OK);
    (void)!scripted_add_transcripts(&scripted, wish);
    (void)!scripted_add_replies(&scripted, wish);
    while (json_array_size(scripted.sessions))
        json_decref(scripted_session(&scripted));
    json_t *session = scripted_session(&scripted);
    while ((text = scripted_next_transcript(&scripted, session)))
        free(text);
    json_decref(session);
    while (json_array_size(scripted.replies))
        json_decref(scripted_reply(&scripted, "Hello"));
    json_decref(scripted_reply(&scripted, "Hello")); /* a rule, or none */
    scripted_free(&scripted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *wish = json_loadb((const char *)data, size, 0, NULL);
    if (json_is_object(wish)) {
        try_fault(wish);
        try_scripted(wish);
        try_habits(wish);
    }
    json_decref(wish);
    return 0;
}
