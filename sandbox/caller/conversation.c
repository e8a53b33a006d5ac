#include "caller/conversation.h"

#include <stdio.h>
#include <string.h>

#include "caller/tone.h"

#define TONE_FRAMES 5    /* 100 ms */
#define AGENT_OFF_MS 200 /* shorter holes do not end a stretch of its audio */

void conversation_init(struct conversation *conversation, const struct scenario *scenario,
    const struct speeches *speeches, struct report *report)
{
    memset(conversation, 0, sizeof *conversation);
    conversation->scenario = scenario;
    conversation->speeches = speeches;
    conversation->report = report;
    director_init(&conversation->director, scenario);
}

static void agent_starts(struct conversation *conversation, uint64_t at_ms)
{
    conversation->is_agent_on = true;
    conversation->audio_start_ms = at_ms;
    report_event(conversation->report, at_ms, "agent_starts", NULL);
    if (conversation->report->shows_agent_audio)
        report_show(at_ms, "agent", "(speaks)");
}

static void agent_stops(struct conversation *conversation)
{
    conversation->is_agent_on = false;
    report_event(conversation->report, conversation->audio_end_ms, "agent_stops", NULL);
    if (!conversation->report->shows_agent_audio)
        return;
    char text[60];
    snprintf(text, sizeof text, "(silent, after %.1f s)",
        (double)(conversation->audio_end_ms - conversation->audio_start_ms) / 1000);
    report_show(conversation->audio_end_ms, "agent", text);
}

static void follow_agent(struct conversation *conversation, uint64_t at_ms, bool has_audio)
{
    if (has_audio && !conversation->is_agent_on)
        agent_starts(conversation, at_ms);
    if (has_audio)
        conversation->audio_end_ms = at_ms + FRAME_MS;
    else if (conversation->is_agent_on && at_ms >= conversation->audio_end_ms + AGENT_OFF_MS)
        agent_stops(conversation);
}

static void begin_line(struct conversation *conversation, size_t index, uint64_t at_ms)
{
    const struct scenario_step *step = &conversation->scenario->steps[index];
    char text[SCENARIO_LINE_MAX_BYTES + 40];
    if (step->kind == SCENARIO_PLAY)
        snprintf(text, sizeof text, "(plays %s)", step->text);
    else
        snprintf(text, sizeof text, "%s%s", step->text,
            step->kind == SCENARIO_INTERRUPT ? "  (over the agent)" : "");
    report_say(conversation->report, at_ms, "caller", text);
    latency_line_start(&conversation->report->latency, at_ms, text);
    conversation->speaking = &conversation->speeches->of_step[index];
    conversation->spoken = 0;
}

static void press_key(struct conversation *conversation, char key, uint64_t at_ms)
{
    char text[20];
    snprintf(text, sizeof text, "(presses %c)", key);
    report_say(conversation->report, at_ms, "caller", text);
}

static void speak_frame(
    struct conversation *conversation, uint64_t at_ms, uint8_t caller[FRAME_BYTES])
{
    const struct speech *speech = conversation->speaking;
    if (!speech)
        return;
    if (conversation->spoken < speech->len)
        memcpy(caller, speech->ulaw + conversation->spoken, FRAME_BYTES);
    conversation->spoken += FRAME_BYTES;
    if (conversation->spoken < speech->len)
        return;
    conversation->speaking = NULL;
    latency_line_end(&conversation->report->latency, at_ms);
    report_event(conversation->report, at_ms, "line_end", NULL);
}

static void sound_key(struct conversation *conversation, uint8_t caller[FRAME_BYTES])
{
    if (!conversation->tone)
        return;
    tone_frame(caller, conversation->tone, conversation->tone_frames);
    if (++conversation->tone_frames == TONE_FRAMES)
        conversation->tone = 0;
}

static enum conversation_result follow_director(
    struct conversation *conversation, struct director_action action, uint64_t at_ms, char *key)
{
    switch (action.act) {
    case DIRECTOR_NOTHING:
        return CONVERSATION_GOES_ON;
    case DIRECTOR_SPEAK:
        begin_line(conversation, action.step, at_ms);
        return CONVERSATION_GOES_ON;
    case DIRECTOR_KEY:
        if (conversation->scenario->steps[action.step].kind == SCENARIO_TONES) {
            conversation->tone = action.key;
            conversation->tone_frames = 0;
        } else {
            *key = action.key;
        }
        press_key(conversation, action.key, at_ms);
        return CONVERSATION_GOES_ON;
    case DIRECTOR_HANG_UP:
        return CONVERSATION_HANGS_UP;
    case DIRECTOR_FAIL:
        return CONVERSATION_FAILED;
    }
    return CONVERSATION_FAILED;
}

enum conversation_result conversation_tick(struct conversation *conversation, uint64_t at_ms,
    const uint8_t agent[FRAME_BYTES], bool has_audio, uint8_t caller[FRAME_BYTES], char *key)
{
    *key = 0;
    bool is_audible = has_audio && speech_rms(agent, FRAME_BYTES) >= SPEECH_AUDIBLE_RMS;
    follow_agent(conversation, at_ms, has_audio);
    if (is_audible)
        latency_audible(&conversation->report->latency, at_ms);
    struct director_action action =
        director_tick(&conversation->director, at_ms, is_audible, conversation->speaking != NULL);
    enum conversation_result result = follow_director(conversation, action, at_ms, key);
    speak_frame(conversation, at_ms, caller);
    sound_key(conversation, caller);
    recording_frame(&conversation->report->recording, at_ms, caller, agent);
    return result;
}

void conversation_audio_starts(struct conversation *conversation, uint64_t at_ms)
{
    latency_first(&conversation->report->latency, at_ms);
}
