#include "replay/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/resample.h"
#include "media/wav.h"
#include "replay/steps.h"

#define RATE_HZ 8000
#define WORDS 3      /* of each utterance: no back-channel, and nothing hangs */
#define TAIL_MS 4000 /* of silence behind the sound: its last turn ends in it */
#define LATER_MAX 16
#define STEPS_A_FRAME_MAX 64

/* ---- the file ---- */

static enum err from_pcm(
    const int16_t *pcm, size_t count, unsigned rate_hz, uint8_t **ulaw, size_t *len)
{
    struct resample *resample = NULL;
    size_t room = (size_t)((double)count * RATE_HZ / rate_hz) + 64;
    int16_t *out = malloc(room * sizeof *out);
    *ulaw = malloc(room);
    enum err err = out && *ulaw ? resample_create(&resample, rate_hz, RATE_HZ) : ERR_NOMEM;
    if (!err) {
        *len = resample_run(resample, out, room, pcm, count);
        g711_to_ulaw(*ulaw, out, *len);
        resample_destroy(resample);
    }
    free(out);
    if (err)
        free(*ulaw);
    return err;
}

enum err raw_sound(struct slice file, uint8_t **ulaw, size_t *len, char why[REPLAY_WHY_SIZE])
{
    unsigned rate_hz;
    const int16_t *pcm;
    size_t count;
    enum err err = ERR_OK;
    bool is_wav = slice_starts(file, "RIFF");
    if (is_wav)
        err = wav_read(file, &rate_hz, &pcm, &count);
    size_t rate = is_wav && !err ? rate_hz : RATE_HZ, samples = is_wav && !err ? count : file.len;
    if (err || rate < 4000 || rate > 192000) {
        snprintf(why, REPLAY_WHY_SIZE,
            "it is no 16-bit mono PCM WAV of 4000 to 192000 Hz "
            "(ffmpeg -i FILE -ac 1 -c:a pcm_s16le OUT.wav makes one)");
        return ERR_BAD;
    }
    if (!samples || samples / rate > RAW_MAX_MS / 1000) {
        snprintf(why, REPLAY_WHY_SIZE, samples ? "it is longer than two hours" : "it is empty");
        return ERR_BAD;
    }
    snprintf(why, REPLAY_WHY_SIZE, "no memory");
    if (is_wav)
        return from_pcm(pcm, count, rate_hz, ulaw, len);
    *ulaw = malloc(file.len);
    *len = file.len;
    if (*ulaw)
        memcpy(*ulaw, file.data, file.len);
    return *ulaw ? ERR_OK : ERR_NOMEM;
}

/* ---- a caller alone ---- */

struct later {
    uint64_t at_ms;
    struct turn_event event;
};

struct raw {
    const struct raw_settings *settings;
    json_t *out;
    struct ear ear;
    struct turn turn;
    uint64_t now_ms; /* since the sound began */
    struct later later[LATER_MAX];
    unsigned later_count;
    uint32_t items;
    bool is_voice;
    uint64_t voice_from_ms;
    bool has_voice; /* since the last turn */
    uint64_t turn_from_ms, turn_to_ms, drafted_ms;
};

static void add_later(struct raw *raw, uint64_t after_ms, struct turn_event event)
{
    if (raw->later_count < LATER_MAX)
        raw->later[raw->later_count++] = (struct later){raw->now_ms + after_ms, event};
}

static void add(struct raw *raw, const char *list, json_t *entry_take)
{
    json_array_append_new(json_object_get(raw->out, list), entry_take);
}

static void tell_turn(struct raw *raw)
{
    const char *why = raw->turn.is_forced ? "it lasted for max_utterance_ms" : "silence";
    json_t *turn = json_pack("{s:I, s:I, s:I, s:s}", "at_ms", (json_int_t)raw->now_ms, "from_ms",
        (json_int_t)raw->turn_from_ms, "to_ms", (json_int_t)raw->turn_to_ms, "why", why);
    if (turn && raw->drafted_ms)
        json_object_set_new(turn, "drafted_ms", json_integer((json_int_t)raw->drafted_ms));
    add(raw, "turns", turn);
    raw->has_voice = false;
    raw->drafted_ms = 0;
}

static void act(struct raw *raw, const struct turn_action *action)
{
    uint32_t epoch = action->epoch;
    if (action->kind == TURN_ACTION_COMMIT_SPEECH) {
        uint32_t item = ++raw->items;
        add_later(raw, 0, (struct turn_event){.kind = TURN_EVENT_COMMITTED, .item = item});
        add_later(raw, raw->settings->words_after_ms,
            (struct turn_event){.kind = TURN_EVENT_FINAL, .item = item, .words = {.count = WORDS}});
    } else if (action->kind == TURN_ACTION_DRAFT_TURN) {
        raw->drafted_ms = raw->now_ms;
    } else if (action->kind == TURN_ACTION_REOPEN_TURN) {
        raw->drafted_ms = 0;
    } else if (action->kind == TURN_ACTION_COMMIT_TURN) {
        tell_turn(raw);
        /* The agent says nothing, at once: the caller is listened to again. */
        add_later(raw, 0, (struct turn_event){.kind = TURN_EVENT_SCRIPT_ANSWERED, .epoch = epoch});
        add_later(raw, 0, (struct turn_event){.kind = TURN_EVENT_MODEL_DONE, .epoch = epoch});
        add_later(raw, 0, (struct turn_event){.kind = TURN_EVENT_NO_WORDS, .epoch = epoch});
    }
}

static void step(struct raw *raw, struct turn_event event)
{
    struct turn_actions actions;
    turn_step(&raw->turn, event, REPLAY_BEGAN_MS + raw->now_ms, &actions);
    for (unsigned i = 0; i < actions.count; i++)
        act(raw, &actions.list[i]);
}

static bool take_later(struct raw *raw)
{
    for (unsigned i = 0; i < raw->later_count; i++) {
        if (raw->later[i].at_ms > raw->now_ms)
            continue;
        struct turn_event event = raw->later[i].event;
        memmove(
            &raw->later[i], &raw->later[i + 1], (--raw->later_count - i) * sizeof raw->later[0]);
        step(raw, event);
        return true;
    }
    return false;
}

/* What comes by itself until now: words that stand in, and deadlines. */
static void pass(struct raw *raw, uint64_t until_ms)
{
    for (; raw->now_ms < until_ms; raw->now_ms++) {
        uint64_t deadline;
        for (unsigned i = 0; i < STEPS_A_FRAME_MAX && take_later(raw); i++)
            ;
        for (unsigned i = 0; i < STEPS_A_FRAME_MAX && (deadline = turn_deadline(&raw->turn)) != 0 &&
                             REPLAY_BEGAN_MS + raw->now_ms >= deadline;
             i++)
            step(raw, (struct turn_event){.kind = TURN_EVENT_TIME});
    }
}

static void voice(struct raw *raw, bool starts)
{
    unsigned lag_ms = starts ? raw->ear.vad.settings.onset_ms : raw->ear.vad.settings.hangover_ms;
    uint64_t then_ms = raw->now_ms > lag_ms ? raw->now_ms - lag_ms : 0;
    if (starts)
        raw->voice_from_ms = then_ms;
    else
        add(raw, "voice",
            json_pack("{s:I, s:I}", "from_ms", (json_int_t)raw->voice_from_ms, "to_ms",
                (json_int_t)then_ms));
    if (starts && !raw->has_voice) {
        raw->has_voice = true;
        raw->turn_from_ms = then_ms;
    }
    raw->turn_to_ms = then_ms;
    step(raw,
        (struct turn_event){.kind = starts ? TURN_EVENT_SPEECH_STARTED : TURN_EVENT_SPEECH_ENDED,
            .lag_ms = lag_ms});
}

static void hear(struct raw *raw, const uint8_t frame[FRAME_BYTES])
{
    struct ear_heard heard;
    struct frame out;
    struct ear_message message = ear_message(
        &raw->ear, (struct slice){(const char *)frame, FRAME_BYTES}, raw->now_ms, raw->now_ms);
    while (ear_next(&raw->ear, &message, &heard)) {
        if (heard.key)
            add(raw, "keys",
                json_pack(
                    "{s:I, s:s%}", "at_ms", (json_int_t)raw->now_ms, "key", &heard.key, (size_t)1));
        if (heard.activity != VAD_NONE)
            voice(raw, heard.activity == VAD_SPEECH_START);
    }
    while (ear_take(&raw->ear, &out, raw->now_ms + EAR_DUE_SOON_MS))
        ;
}

static void listen(struct raw *raw, const uint8_t *ulaw, size_t len)
{
    uint8_t frame[FRAME_BYTES];
    size_t whole = len + (size_t)TAIL_MS * FRAME_BYTES / FRAME_MS;
    step(raw, (struct turn_event){.kind = TURN_EVENT_LISTEN});
    for (size_t at = 0; at < whole; at += FRAME_BYTES) {
        memset(frame, ULAW_SILENCE, sizeof frame);
        if (at < len)
            memcpy(frame, ulaw + at, len - at < FRAME_BYTES ? len - at : FRAME_BYTES);
        pass(raw, raw->now_ms + FRAME_MS);
        hear(raw, frame);
    }
}

json_t *raw_listen(const struct raw_settings *settings, const uint8_t *ulaw, size_t len)
{
    struct raw raw = {.settings = settings};
    raw.out = json_pack("{s:I, s:[], s:[], s:[]}", "duration_ms",
        (json_int_t)(len * FRAME_MS / FRAME_BYTES), "voice", "keys", "turns");
    struct turn_settings turn = settings->turn;
    turn.idle_ms = 0; /* nobody asks a recording whether it is still there */
    turn.fill_ms = 0;
    turn.asks_script = turn.script_first = turn.asks_on_silence = false;
    turn_init(&raw.turn, &turn);
    ear_init(&raw.ear, &settings->ear, 0);
    if (raw.out && raw.ear.has_vad)
        listen(&raw, ulaw, len);
    ear_close(&raw.ear);
    return raw.out;
}
