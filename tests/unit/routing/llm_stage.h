/* Two or three chat models that do what the test says, a route through them, and what its listener was told, a line an event.
   Models are told apart by their base_url: "0", "1", "2". */
#pragma once

#include "unit/net/net_story.h"

#include "base/strbuf.h"
#include "routing/desk.h"
#include "routing/routed.h"

#define STAGE_MODELS 3

struct model {
    unsigned asked;
    unsigned warmed;
    enum err refuses;                                    /* to begin at all */
    unsigned connect_timeout_ms, first_token_timeout_ms; /* of the newest request */
    struct llm *newest;                                  /* request under way; NULL: none */
};

struct stage {
    struct story *story;
    struct desk *desk;
    struct route route;
    struct model models[STAGE_MODELS];
    struct strbuf asked; /* "0 0 1 " */
    struct strbuf heard;
    struct llm *client; /* NULL: over, or cancelled */
    int cancel_after;   /* callbacks until the listener cancels by itself; < 0: never */
    unsigned open;      /* requests to models that were not cancelled */
    bool may_restart;   /* the owner says that nothing was heard */
    unsigned within_ms; /* of the next question; a minute: machines may be slow */
};

/* The first `count` models; `usual` completes each of them: hedge, most_at_once. */
void stage_begin(struct stage *stage, struct story *story, size_t count, struct provider usual);
void stage_end(struct stage *stage); /* nothing may be under way */

void stage_ask(struct stage *stage);
void stage_until_asked(struct stage *stage, const char *asked);
void stage_expect(struct stage *stage, const char *asked, const char *heard);
void stage_leave(struct stage *stage); /* cancels what is under way */

/* What a model's newest request gets. */
void model_says(struct stage *stage, size_t model, const char *text);
void model_calls(struct stage *stage, size_t model, const char *tool);
void model_ends(struct stage *stage, size_t model);
void model_fails(struct stage *stage, size_t model, const struct failure *failure);
