/* What of a call goes into its capture (docs/capture.md): everything that crosses the edge of its pure parts, and what
   providers and scripts were asked and answered. One line where it happens, nothing for a call that is not captured. */
#pragma once

#include <stdint.h>

#include "base/slice.h"
#include "observe/capture.h"
#include "observe/span.h"

struct call;
struct ear_heard;
struct ear_settings;
struct failure;
struct llm_usage;
struct script_job;
struct script_result;
struct stt_word;
struct tts_timing;
struct turn_actions;
struct turn_event;

#define CAPTURED_JITTER_NUMBERS 6

struct captured {
    struct capture *file; /* NULL: this call's is not wanted, or there is none */
    uint64_t jitter[CAPTURED_JITTER_NUMBERS]; /* of the buffer, as told last */
};

/* captured.c; times are those that the parts were given */
void captured_begin(struct call *call, const struct ear_settings *ear); /* before its first event */
void captured_consent(
    struct call *call, bool is_given); /* to being recorded: the last word counts */
void captured_end(struct call *call);
void captured_message(struct call *call, uint64_t timestamp_ms, struct slice ulaw, uint64_t now_ms);
void captured_heard(struct call *call, const struct ear_heard *heard, uint64_t now_ms);
void captured_jitter(
    struct call *call, uint64_t now_ms, bool is_due); /* if it changed, or is due */
void captured_frame(struct call *call, const uint8_t *ulaw, uint64_t audible_ms);
void captured_clear(struct call *call, uint64_t now_ms);
void captured_mark(struct call *call, enum capture_kind kind, const char *name);
void captured_key(struct call *call, char key);
void captured_step(struct call *call, const struct turn_event *event,
    const struct turn_actions *actions, uint64_t now_ms);
void captured_span(const struct call *call, enum span span, const char *detail);

/* captured_words.c; a slice without data, and the item and context 0, are left out */
void captured_stt(struct call *call, const char *event, uint32_t item, struct slice text);
void captured_stt_words(struct call *call, uint32_t item, const struct stt_word *words,
    size_t count, bool is_estimated);
void captured_llm(struct call *call, const char *event, struct slice text);
void captured_llm_ask(struct call *call, struct slice messages, struct slice tools);
void captured_llm_tool(
    struct call *call, struct slice id, struct slice name, struct slice arguments);
void captured_llm_done(struct call *call, const struct llm_usage *usage);
void captured_tts(struct call *call, const char *event, uint32_t context, struct slice text);
void captured_tts_audio(struct call *call, uint32_t context, size_t bytes);
void captured_tts_timings(
    struct call *call, uint32_t context, const struct tts_timing *timings, size_t count);
/* Of STT, LLM or TTS. */
void captured_source(struct call *call, enum capture_kind kind, uint32_t context,
    const char *provider, const char *model);
void captured_failed(struct call *call, enum capture_kind kind, const struct failure *failure);
void captured_asked(struct call *call, const struct script_job *job);
void captured_answered(struct call *call, const struct script_result *result);
/* {"event", name: text}; for people. */
void captured_note(struct call *call, const char *event, const char *name, const char *text);
void captured_version(struct call *call, const char *from); /* another one answers from now on */
