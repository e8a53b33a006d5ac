/* A real model's answers for talks that are held again (replay/today.h): whoever asks waits for the whole of it. */
#pragma once

#include <jansson.h>

#include "providers/llm.h"
#include "rehearsal/again.h"

struct ask_model;
/* With a loop of its own; the settings are the caller's for as long. */
must_use enum err ask_model_create(struct ask_model **out, const struct llm_ops *ops,
    const struct llm_settings *settings, const char *ca_file);
/* As today_options.ask_model wants it; NULL: it failed, and stderr says why. */
json_t *ask_model_answer(void *model, const struct again_question *question);
void ask_model_destroy(struct ask_model *model); /* NULL is fine */
