#include "callflow/turn.h"

const char *turn_state_name(enum turn_state state)
{
    static const char *const names[] = {
        "listening", "thinking", "speaking", "interrupted", "paused", "ending"};
    return names[state];
}

const char *turn_event_name(enum turn_event_kind kind)
{
    static const char *const names[] = {"started", "listen", "speech_started", "speech_ended",
        "committed", "partial", "final", "stt_failed", "rules", "end_of_turn", "silence_answered",
        "key_typed", "key_taken", "prompt_ready", "prompt_failed", "script_passed",
        "script_answered", "piece", "model_done", "model_restarted", "model_failed", "tools_done",
        "audio", "tts_failed", "no_words", "protected", "played", "say_asked", "hangup_asked",
        "stream_ended", "time"};
    return names[kind];
}

const char *turn_action_name(enum turn_action_kind kind)
{
    static const char *const names[] = {"commit_speech", "discard_speech", "ask_end_of_turn",
        "ask_silence", "draft_turn", "commit_turn", "reopen_turn", "greet", "nudge", "farewell",
        "say", "start_model", "speak", "end_text", "end_model", "finish_segment", "run_tools",
        "fail_open", "duck", "pause", "resume", "clear", "cancel_reply", "close_reply", "fill",
        "hush", "apologise", "end_call"};
    return names[kind];
}

const char *turn_end_reason_name(enum turn_end_reason reason)
{
    static const char *const names[] = {
        "caller_hangup", "agent_hangup", "caller_silent", "provider_failure"};
    return names[reason];
}
