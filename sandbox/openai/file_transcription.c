#include "openai/file_transcription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "media/level.h"
#include "observe/log.h"
#include "openai/file_answer.h"
#include "openai/utterance.h"
#include "outgoing.h"

#define VOICE_DBOV (-45.0)
#define LEAST_VOICE_MS 100
#define END_SILENCE_MS 100 /* behind the voice: the speaker has ended */
#define MAX_ANSWER_BYTES (256u << 10)
#define MADE_UP "Thanks for watching!" /* whisper's favourite in silence */

struct file_transcription { /* one file, until it is answered */
    struct file_transcription *prev, *next;
    struct world *world;
    struct exchange *exchange;
    struct fault fault;
    struct file_request request; /* without its slices once the ears have it */
    struct file_heard heard;
    uint64_t number; /* the ears know it by this */
    struct ears *ears;
    uint64_t begin_ms;
};

static void release(struct file_transcription *file)
{
    if (file->ears) {
        DL_DELETE(file->world->file_transcriptions, file);
        ears_close(file->ears);
    }
    free(file);
}

/* ---- answering ---- */

static void refuse(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct api_error *error, bool is_whisper_cpp)
{
    ledger_count(&world->ledger, TALLY_STT_ERRORS, 1);
    if (is_whisper_cpp) /* as that server does, success in name */
        outgoing_json_take(
            world, exchange, SERVICE_STT, fault, 200, json_pack("{s:s}", "error", error->message));
    else
        outgoing_error(world, exchange, SERVICE_STT, fault, error);
}

struct feed {
    struct outgoing *outgoing;
    uint64_t due_ms;
    unsigned word_ms;
};

static void feed_event(void *owner, struct slice event, bool is_delta)
{
    struct feed *feed = owner;
    outgoing_put(feed->outgoing, feed->due_ms, event);
    feed->due_ms += is_delta ? feed->word_ms : 0;
}

static void say(struct file_transcription *file, struct outgoing *outgoing, uint64_t due_ms)
{
    struct strbuf body;
    struct feed feed = {outgoing, due_ms, file->world->options->pace.token_ms};
    if (file->request.is_stream) {
        file_answer_events(&file->heard, feed_event, &feed);
        return;
    }
    strbuf_init(&body, MAX_ANSWER_BYTES);
    file_answer(&body, &file->request, &file->heard);
    outgoing_put(outgoing, due_ms, strbuf_slice(&body));
    strbuf_free(&body);
}

/* Ends the file; `text` is what was heard. */
static void answer(struct file_transcription *file, const char *text, uint64_t due_ms)
{
    struct world *world = file->world;
    file->heard.text = text;
    ledger_note_take(&world->ledger, LEDGER_HEARD,
        json_pack("{s:n s:s s:b s:i}", "item_id", "text", text, "scripted", file->ears == NULL,
            "audio_ms", (int)file->heard.length_ms));
    struct outgoing *outgoing = outgoing_open(world, file->exchange,
        &(struct outgoing_start){.service = SERVICE_STT,
            .fault = &file->fault,
            .status = 200,
            .content_type = file_answer_type(&file->request),
            .is_stream = file->request.is_stream});
    if (outgoing) {
        say(file, outgoing, due_ms);
        outgoing_finish(outgoing);
    }
    release(file);
}

/* ---- hearing ---- */

/* Where the voice is. Returns its length. */
static unsigned look(struct file_heard *heard, const int16_t *pcm, size_t count)
{
    unsigned voiced_ms = 0;
    heard->length_ms = (uint32_t)(count / (FRAME_SAMPLES / FRAME_MS));
    heard->end_ms = heard->length_ms;
    for (size_t at = 0; at + FRAME_SAMPLES <= count; at += FRAME_SAMPLES) {
        uint32_t at_ms = (uint32_t)(at / FRAME_SAMPLES * FRAME_MS);
        if (level_dbov(pcm + at) < VOICE_DBOV)
            continue;
        if (!voiced_ms)
            heard->start_ms = at_ms;
        voiced_ms += FRAME_MS;
        heard->end_ms = at_ms + FRAME_MS;
    }
    return voiced_ms;
}

/* The next text in line, or the one that this utterance has had; heap, NULL: none. A file that ends in the middle of the voice has
   as many words as there was time for. */
static char *scripted_text(
    struct file_transcription *file, struct utterance *utterance, const int16_t *pcm, size_t count)
{
    struct world *world = file->world;
    const char *said_before = heard_files_find(&world->heard_files, pcm, count);
    utterance->scripted =
        said_before ? strdup(said_before) : scripted_next_transcript(&world->scripted, NULL);
    if (!utterance->scripted)
        return NULL;
    if (!said_before)
        heard_files_note(&world->heard_files, pcm, count, utterance->scripted);
    bool has_ended = file->heard.length_ms - file->heard.end_ms >= END_SILENCE_MS;
    if (has_ended)
        return strdup(utterance->scripted);
    return slice_dup(utterance_script_delta(utterance, world->options->pace.word_ms));
}

/* Heap; NULL: the ears must tell. */
static char *known_text(struct file_transcription *file, const int16_t *pcm, size_t count)
{
    struct world *world = file->world;
    unsigned voiced_ms = look(&file->heard, pcm, count);
    if (voiced_ms < LEAST_VOICE_MS) {
        file->heard.is_made_up = !strcmp(file->request.model, "whisper-1");
        return strdup(file->heard.is_made_up ? MADE_UP : "");
    }
    struct utterance *utterance = utterance_create(0);
    if (!utterance)
        return strdup("");
    utterance_audio(utterance, pcm, count);
    const char *known = known_audio_find(&world->known, &utterance->envelope);
    char *text = known ? strdup(known) : NULL;
    if (!world->known.count) /* what does not sound like any is no reason to use up a text */
        text = scripted_text(file, utterance, pcm, count);
    utterance_destroy(utterance);
    return text || world->ears ? text : strdup("");
}

/* The result comes as a letter. */
static enum err listen(struct file_transcription *file, const int16_t *pcm, size_t count)
{
    struct world *world = file->world;
    enum err err = ears_open(&file->ears, world->ears, &world->heard, file->number);
    if (err)
        return err;
    DL_APPEND(world->file_transcriptions, file);
    err = ears_audio(file->ears, pcm, count);
    return err ? err : ears_commit(file->ears, 1);
}

/* FOLDER/file-NUMBER.pcm, 16-bit at 8 kHz. */
static void keep(const struct file_transcription *file, const int16_t *pcm, size_t count)
{
    char path[1024];
    snprintf(path, sizeof path, "%.900s/file-%llu.pcm", file->world->options->heard,
        (unsigned long long)file->number);
    FILE *kept = fopen(path, "wb");
    if (!kept || fwrite(pcm, sizeof *pcm, count, kept) != count)
        log_warn("sandbox.stt.not_kept", "path=%s", path);
    if (kept)
        fclose(kept);
}

static void hear(struct file_transcription *file, const int16_t *pcm, size_t count)
{
    file->number = ++file->world->last_number;
    if (file->world->options->heard)
        keep(file, pcm, count);
    char *text = known_text(file, pcm, count);
    ledger_count(&file->world->ledger, TALLY_STT_FILES, 1);
    if (text) {
        answer(file, text, file->begin_ms + file->world->options->pace.final_ms);
    } else if (listen(file, pcm, count)) {
        struct api_error error;
        api_error_set(&error, 500, NULL, NULL, "The sandbox's ears take 30 s at once.");
        refuse(file->world, file->exchange, &file->fault, &error, file->request.is_whisper_cpp);
        release(file);
    }
    free(text);
}

bool file_transcription_heard(struct world *world, const struct ears_result *result)
{
    struct file_transcription *file;
    DL_SEARCH_SCALAR(world->file_transcriptions, file, number, result->session);
    if (file && result->is_final)
        answer(file, result->text ? result->text : "", clock_ms());
    return file;
}

/* ---- requests ---- */

void file_transcribe(struct world *world, struct exchange *exchange,
    const struct http_request *http, bool is_whisper_cpp)
{
    int16_t *pcm = NULL;
    size_t count = 0;
    struct api_error error;
    struct fault fault = world_fault(world, SERVICE_STT);
    if (outgoing_faulty(world, exchange, SERVICE_STT, &fault))
        return;
    struct file_transcription *file = calloc(1, sizeof *file);
    if (!file) {
        exchange_answer(exchange, 500, NULL, (struct slice){"", 0});
        return;
    }
    *file = (struct file_transcription){
        .world = world, .exchange = exchange, .fault = fault, .begin_ms = clock_ms()};
    enum err err =
        is_whisper_cpp
            ? file_request_read_whisper_cpp(&file->request, http->content_type, http->body, &error)
            : file_request_read(&file->request, http->content_type, http->body, &error);
    if (!err)
        err = file_request_audio(&file->request, &pcm, &count, &error);
    if (!err) {
        char id[WORLD_ID_SIZE];
        world_id(id, "req_", 24);
        exchange_set_header(exchange, "x-request-id", id);
        hear(file, pcm, count);
    } else {
        refuse(world, exchange, &fault, &error, is_whisper_cpp);
        release(file);
    }
    free(pcm);
}

void file_transcription_cancel(struct world *world, struct exchange *exchange)
{
    struct file_transcription *file;
    DL_SEARCH_SCALAR(world->file_transcriptions, file, exchange, exchange);
    if (file)
        release(file);
}

void file_transcription_cancel_all(struct world *world)
{
    struct file_transcription *file, *next;
    DL_FOREACH_SAFE(world->file_transcriptions, file, next)
    {
        exchange_abort(file->exchange);
        release(file);
    }
}
