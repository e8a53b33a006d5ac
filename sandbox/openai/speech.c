#include "openai/speech.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strbuf.h"
#include "elevenlabs/speech_render.h"
#include "openai/speech_request.h"
#include "outgoing.h"

#define SPEED_LEAST 0.7 /* of our voice */
#define SPEED_MOST 1.2
#define WAV_HEAD_BYTES 44

struct feed {
    struct outgoing *outgoing;
    const struct speech_wish *wish;
    uint64_t begin_ms, due_ms;
    unsigned speedup;
};

static void put_number(char *at, uint32_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (char)(number >> 8 * i);
}

/* Of a length that is not known when it is sent, as the service does it. */
static void put_wav_head(struct feed *feed)
{
    char head[WAV_HEAD_BYTES] = "RIFF....WAVEfmt ....";
    put_number(head + 4, UINT32_MAX, 4);
    put_number(head + 16, 16, 4);
    put_number(head + 20, 1, 2); /* PCM */
    put_number(head + 22, 1, 2); /* channel */
    put_number(head + 24, OPENAI_SPEECH_HZ, 4);
    put_number(head + 28, 2 * OPENAI_SPEECH_HZ, 4);
    put_number(head + 32, 2, 2);
    put_number(head + 34, 16, 2);
    memcpy(head + 36, "data", 4);
    put_number(head + 40, UINT32_MAX, 4);
    outgoing_put(feed->outgoing, feed->begin_ms, (struct slice){head, sizeof head});
}

/* Takes the event. */
static void put_event(struct feed *feed, json_t *event)
{
    struct strbuf line;
    char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
    strbuf_init(&line, 1 << 20);
    strbuf_printf(&line, "data: %s\n\n", text ? text : "{}");
    outgoing_put(feed->outgoing, feed->due_ms, strbuf_slice(&line));
    strbuf_free(&line);
    free(text);
    json_decref(event);
}

static void on_piece(void *owner, const struct speech_piece *piece)
{
    struct feed *feed = owner;
    feed->due_ms = feed->begin_ms + piece->start_ms / feed->speedup;
    if (!feed->wish->is_sse) {
        outgoing_put(feed->outgoing, feed->due_ms, piece->audio);
        return;
    }
    char *base64 = malloc(BASE64_SIZE(piece->audio.len));
    if (!base64)
        return;
    base64_encode(piece->audio.data, piece->audio.len, base64);
    put_event(feed, json_pack("{s:s s:s}", "type", "speech.audio.delta", "audio", base64));
    free(base64);
}

static void end_events(struct feed *feed)
{
    int count = (int)feed->wish->input.len / 4 + 1;
    put_event(
        feed, json_pack("{s:s s:{s:i s:i s:i}}", "type", "speech.audio.done", "usage",
                  "input_tokens", count, "output_tokens", 5 * count, "total_tokens", 6 * count));
}

static const char *type_of(const struct speech_wish *wish)
{
    if (wish->is_sse)
        return "text/event-stream; charset=utf-8";
    return wish->is_wav ? "audio/wav" : "audio/pcm";
}

static double our_speed(double speed)
{
    if (speed < SPEED_LEAST)
        return SPEED_LEAST;
    return speed > SPEED_MOST ? SPEED_MOST : speed;
}

static void speak(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct speech_wish *wish)
{
    const struct pace *pace = &world->options->pace;
    const struct speech_options options = {.voice = wish->voice, .rate_hz = OPENAI_SPEECH_HZ};
    uint64_t begin_ms = clock_ms() + pace->first_audio_ms;
    struct feed feed = {.wish = wish,
        .begin_ms = begin_ms,
        .due_ms = begin_ms,
        .speedup = pace->speedup ? pace->speedup : 1};
    feed.outgoing = outgoing_open(world, exchange,
        &(struct outgoing_start){.service = SERVICE_TTS,
            .fault = fault,
            .status = 200,
            .content_type = type_of(wish),
            .is_stream = true});
    if (!feed.outgoing)
        return;
    if (wish->is_wav && !wish->is_sse)
        put_wav_head(&feed);
    uint32_t audio_ms = 0;
    bool is_spoken = !speech_render(&options, world->options->voice, &world->known_speech,
        wish->input, our_speed(wish->speed), on_piece, &feed, &audio_ms);
    if (wish->is_sse)
        end_events(&feed);
    ledger_count(&world->ledger, TALLY_TTS_CHARACTERS, (int)wish->input.len);
    ledger_note_take(&world->ledger, LEDGER_SPOKEN,
        json_pack("{s:n s:s% s:i s:b}", "context_id", "text", wish->input.data, wish->input.len,
            "audio_ms", (int)audio_ms, "complete", is_spoken));
    outgoing_finish(feed.outgoing);
}

/* Its faults are those of speech, whoever speaks; its errors are written as everywhere in this service. */
void openai_speak(
    struct world *world, struct exchange *exchange, const struct http_request *request)
{
    struct fault fault = world_fault(world, SERVICE_TTS);
    if (outgoing_faulty(world, exchange, SERVICE_LLM, &fault))
        return;
    struct speech_wish wish;
    struct api_error error;
    json_t *body = json_loadb(request->body.data, request->body.len, 0, NULL);
    if (speech_wish_read(&wish, body, &error)) {
        ledger_count(&world->ledger, TALLY_TTS_ERRORS, 1);
        outgoing_error(world, exchange, SERVICE_LLM, &fault, &error);
    } else {
        speak(world, exchange, &fault, &wish);
    }
    json_decref(body);
}
