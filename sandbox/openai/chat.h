/* POST /v1/chat/completions and GET /v1/models. */
#pragma once

#include "world.h"

void chat_complete(
    struct world *world, struct exchange *exchange, const struct http_request *request);
void chat_models(
    struct world *world, struct exchange *exchange, const struct http_request *request);
