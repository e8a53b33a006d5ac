/* Twilio's REST API: /2010-04-01/Accounts/{A}/Messages.json, Messages/{SM}.json, Calls/{CA}.json. */
#pragma once

#include "world.h"

void twilio_rest(
    struct world *world, struct exchange *exchange, const struct http_request *request);
