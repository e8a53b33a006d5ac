/* GET /api/logging: what is logged. PUT changes it, for this process and without a restart:

       {"levels": "turn=debug,stt=warn"}                    as MOONLINE_LOG_LEVEL
       {"watch": {"number": "+1…", "minutes": 10}}          or "tenant", or "call" (a CallSid); "ws": true: messages too
       {"flags": "audio,ws,stt"}                            as MOONLINE_DEBUG; "": none
       {"rate": 200}                                        lines a second of one event; 0: no limit
       {"off": true}                                        as the process was started, nothing watched

   All of it or, with a 400 that says why, nothing. The answer is what GET says. */
#pragma once

#include "net/server.h"

/* False: that path is somebody else's. The two are the settings that "off" goes back to. */
bool admin_logging_answer(const char *levels, const char *flags, struct exchange *exchange,
    const struct http_request *request);
