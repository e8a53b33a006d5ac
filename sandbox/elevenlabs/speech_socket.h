/* The speech WebSockets: multi-stream-input (up to five contexts) and stream-input (one). */
#pragma once

#include <stdbool.h>

#include "world.h"

/* Takes the socket over; it is closed when memory runs out. */
void speech_socket_accept(
    struct world *world, struct ws *ws, struct slice voice_id, struct slice query, bool is_multi);
/* A fault that was just set breaks the sockets that are open already. */
void speech_socket_break_all(struct world *world, const struct fault *fault);
void speech_socket_close_all(struct world *world);
