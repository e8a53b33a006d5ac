/* Two bytes are one step: what happens, and to which context. However they come: a message never names a
   context that is not open, never more than five are, and none ends twice. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/elevenlabs_contexts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The service's side of it. */
struct wire {
    char open[64][24]; /* ids in use */
    size_t open_count;
    bool is_ended[256];
};

static size_t place_of(const struct wire *wire, const char *id)
{
    size_t at = 0;
    while (at < wire->open_count && strcmp(wire->open[at], id))
        at++;
    return at;
}

static void take_out(struct wire *wire, size_t at)
{
    wire->open_count--;
    memmove(wire->open[at], wire->open[at + 1], (wire->open_count - at) * sizeof(wire->open[0]));
}

static void receive(struct wire *wire, const char *message)
{
    const char *at = strstr(message, "\"context_id\":\"") + 14;
    char id[24];
    snprintf(id, sizeof(id), "%.*s", (int)strcspn(at, "\""), at);
    size_t place = place_of(wire, id);
    if (strstr(message, "generation_config")) {
        if (place < wire->open_count || wire->open_count == 64)
            abort();
        strcpy(wire->open[wire->open_count++], id);
        return;
    }
    if (place == wire->open_count)
        abort(); /* would open a phantom */
    if (strstr(message, "close_context"))
        take_out(wire, place);
}

static void pump(struct contexts *contexts, struct wire *wire, uint64_t now_ms)
{
    struct tts_settings settings = {.stability = 0.5};
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    while (contexts_next_message(contexts, &settings, now_ms, &out)) {
        if (out.failed)
            abort();
        receive(wire, out.data);
        strbuf_clear(&out);
    }
    strbuf_free(&out);
    size_t on_wire = 0;
    for (size_t i = 0; i < contexts->count; i++)
        on_wire += contexts->list[i].state != CONTEXT_WAITING;
    if (on_wire > CONTEXTS_ON_WIRE)
        abort();
}

static void end_once(struct wire *wire, uint32_t number)
{
    if (wire->is_ended[number % 256])
        abort();
    wire->is_ended[number % 256] = true;
}

static void step(
    struct contexts *contexts, struct wire *wire, uint8_t what, uint32_t number, uint64_t *now_ms)
{
    struct elevenlabs_id id = {number, what >> 6};
    struct context *context;
    char wire_id[24];
    switch (what & 7) {
    case 0:
    case 1:
        if (!wire->is_ended[number])
            (void)!contexts_text(contexts, number, SLICE("Hello there."), what & 8);
        break;
    case 2:
        if (!wire->is_ended[number])
            (void)!contexts_end(contexts, number);
        break;
    case 3:
        contexts_cancel(contexts, number);
        wire->is_ended[number] = true;
        break;
    case 4:
        context = contexts_hear(contexts, id, *now_ms);
        if (context)
            contexts_count_audio(context, what >> 3);
        break;
    case 5:
        snprintf(wire_id, sizeof(wire_id), id.generation ? "t%u.%u" : "t%u", number, id.generation);
        if (place_of(wire, wire_id) < wire->open_count)
            take_out(wire, place_of(wire, wire_id));
        if (contexts_final(contexts, id))
            end_once(wire, number);
        break;
    case 6:
        *now_ms += (uint64_t)number * 100;
        contexts_expire(contexts, *now_ms);
        (void)contexts_are_stalled(contexts, *now_ms);
        break;
    case 7:
        if (contexts_disconnect(contexts) == CONTEXTS_BROKEN)
            contexts_free(contexts);
        wire->open_count = 0;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct contexts contexts;
    struct wire wire = {0};
    uint64_t now_ms = 1000;
    uint32_t ended;
    contexts_init(&contexts, 9000);
    for (size_t i = 0; i + 1 < size && i < 400; i += 2) {
        step(&contexts, &wire, data[i], 1 + data[i + 1] % 32, &now_ms);
        while ((ended = contexts_take_ended(&contexts)))
            end_once(&wire, ended);
        pump(&contexts, &wire, now_ms);
        (void)contexts_deadline(&contexts);
    }
    contexts_free(&contexts);
    return 0;
}
