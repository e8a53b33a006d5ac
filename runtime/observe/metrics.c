#include "observe/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define BUCKET_COUNT 14

struct metric_row {
    const char *name;
    const char *type;
    const char *help;
    const char *label; /* what tells rows of one name apart, which stand together; NULL: one row */
    unsigned divisor;  /* what is shown is the value divided; 0: as it is */
};

static const struct metric_row metric_rows[METRIC_COUNT] = {
    [METRIC_CALLS_STARTED] = {"moonline_calls_started_total", "counter",
        "Streams that became calls."},
    [METRIC_CALLS_ACTIVE] = {"moonline_calls_active", "gauge", "Calls with an open stream."},
    [METRIC_CALLS_REFUSED_UNKNOWN_NUMBER] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"unknown_number\""},
    [METRIC_CALLS_REFUSED_FULL] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"full\""},
    [METRIC_CALLS_REFUSED_LATE] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"late\""},
    [METRIC_CALLS_REFUSED_DRAINING] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"draining\""},
    [METRIC_CALLS_REFUSED_BUDGET] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"budget\""},
    [METRIC_CALLS_REFUSED_NO_CALL_SID] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"no_call_sid\""},
    [METRIC_CALLS_REFUSED_BAD_ATTEMPT] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"bad_attempt\""},
    [METRIC_CALLS_REFUSED_ATTEMPTS_SPENT] = {"moonline_calls_refused_total", "counter",
        "Voice webhooks answered with a refusal.", "reason=\"attempts_spent\""},
    [METRIC_CALLS_PASSED_ON] = {"moonline_calls_passed_on_total", "counter",
        "Voice webhooks and streams that a draining process left to another node."},
    [METRIC_INCOMING_TAKEN] = {"moonline_incoming_answers_total", "counter",
        "What on_incoming of scripts came to.", "answer=\"taken\""},
    [METRIC_INCOMING_REFUSED] = {"moonline_incoming_answers_total", "counter",
        "What on_incoming of scripts came to.", "answer=\"refused\""},
    [METRIC_INCOMING_UNANSWERED] = {"moonline_incoming_answers_total", "counter",
        "What on_incoming of scripts came to.", "answer=\"none\""},
    [METRIC_OVERFLOW_ROWS_LOST] = {"moonline_overflow_rows_lost_total", "counter",
        "Rows of callers turned away, or of what came of it, that could not be queued."},
    [METRIC_CALL_RECORDINGS_STARTED] = {"moonline_call_recordings_total", "counter",
        "Recordings of calls, as asked of the carrier.", "outcome=\"started\""},
    [METRIC_CALL_RECORDINGS_FAILED] = {"moonline_call_recordings_total", "counter",
        "Recordings of calls, as asked of the carrier.", "outcome=\"failed\""},
    [METRIC_SOUND_FETCHED] = {"moonline_recordings_fetched_total", "counter",
        "Recordings fetched from the carrier."},
    [METRIC_SOUND_FAILURES] = {"moonline_recording_failures_total", "counter",
        "Recordings that could not be fetched or heard now, or not at all."},
    [METRIC_CALLS_REENTERED] = {"moonline_calls_reentered_total", "counter",
        "Webhooks of callers whose stream broke."},
    [METRIC_CALLS_REENTERED_ENDED] = {"moonline_calls_reentered_ended_total", "counter",
        "Of them, hung up because the call's end was planned."},
    [METRIC_CALLS_RESUMED] = {"moonline_calls_resumed_total", "counter",
        "Calls that went on after a break, knowing what was said."},
    [METRIC_TRANSFERS_ASKED] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"asked\""},
    [METRIC_TRANSFERS_BRIDGED] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"bridged\""},
    [METRIC_TRANSFERS_DECLINED] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"declined\""},
    [METRIC_TRANSFERS_NO_ANSWER] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"no_answer\""},
    [METRIC_TRANSFERS_BUSY] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"busy\""},
    [METRIC_TRANSFERS_CANCELED] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"canceled\""},
    [METRIC_TRANSFERS_FAILED] = {"moonline_transfers_total", "counter",
        "Transfers to other telephones, asked of the carrier and by what they came to.",
        "outcome=\"failed\""},
    [METRIC_ENDS_BY_REST] = {"moonline_ends_by_rest_total", "counter",
        "Calls ended through the carrier because Postgres did not acknowledge the end."},
    [METRIC_ENDS_UNCOMMITTED] = {"moonline_ends_uncommitted_total", "counter",
        "Planned ends that neither Postgres nor the carrier took."},
    [METRIC_ERRANDS_FAILED] = {"moonline_errands_failed_total", "counter",
        "Questions of calls that Postgres did not answer in time."},
    [METRIC_FRAMES_IN] = {"moonline_frames_in_total", "counter",
        "20 ms frames received from callers."},
    [METRIC_FRAMES_OUT] = {"moonline_frames_out_total", "counter", "20 ms frames sent to callers."},
    [METRIC_FRAMES_LATE] = {"moonline_frames_late_total", "counter",
        "Frames sent more than 5 ms past their deadline."},
    [METRIC_FRAMES_DROPPED] = {"moonline_frames_dropped_total", "counter",
        "Outbound frames dropped from a full socket queue."},
    [METRIC_FRAMES_CONCEALED] = {"moonline_frames_concealed_total", "counter",
        "Inbound gaps filled by concealment."},
    [METRIC_JITTER_LATE] = {"moonline_jitter_late_total", "counter",
        "Inbound frames that came after their turn."},
    [METRIC_JITTER_DUPLICATE] = {"moonline_jitter_duplicate_total", "counter",
        "Inbound frames that came twice."},
    [METRIC_JITTER_GAPS] = {"moonline_jitter_gaps_total", "counter",
        "Times inbound frames were missing; how many is moonline_frames_concealed_total."},
    [METRIC_JITTER_SKIPPED] = {"moonline_jitter_skipped_total", "counter",
        "Quiet inbound frames left out to shorten the delay: jitter that passed, or a sender's "
        "clock that is fast."},
    [METRIC_JITTER_RESYNCS] = {"moonline_jitter_resyncs_total", "counter",
        "Jumps of a sender's clock."},
    [METRIC_OUTBOUND_UNDERRUNS] = {"moonline_outbound_underruns_total", "counter",
        "Gaps inside an utterance: synthesis came too late."},
    [METRIC_STREAM_MESSAGES_BAD] = {"moonline_stream_messages_bad_total", "counter",
        "Stream messages dropped as malformed or oversized."},
    [METRIC_STREAM_MESSAGES_UNKNOWN] = {"moonline_stream_messages_unknown_total", "counter",
        "Stream messages of an unknown kind."},
    [METRIC_STREAM_REFUSED_NO_START] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"no_start\""},
    [METRIC_STREAM_REFUSED_SECOND_START] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"second_start\""},
    [METRIC_STREAM_REFUSED_BEFORE_START] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"before_start\""},
    [METRIC_STREAM_REFUSED_FOREIGN] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"foreign\""},
    [METRIC_STREAM_REFUSED_FORMAT] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"format\""},
    [METRIC_STREAM_REFUSED_TOKEN_WRONG] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"token_wrong\""},
    [METRIC_STREAM_REFUSED_TOKEN_EXPIRED] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"token_expired\""},
    [METRIC_STREAM_REFUSED_TOKEN_USED] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"token_used\""},
    [METRIC_STREAM_REFUSED_TENANT_GONE] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"tenant_gone\""},
    [METRIC_STREAM_REFUSED_FULL] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"full\""},
    [METRIC_STREAM_REFUSED_FLOOD] = {"moonline_stream_refused_total", "counter",
        "Streams closed for what they sent.", "reason=\"flood\""},
    [METRIC_WEBHOOK_SIGNATURE_BAD] = {"moonline_webhook_signature_bad_total", "counter",
        "Requests refused for their signature."},
    [METRIC_TURNS] = {"moonline_turns_total", "counter", "Turns of callers committed."},
    [METRIC_DUCKS] = {"moonline_ducks_total", "counter",
        "Replies lowered because a voice was over them."},
    [METRIC_PAUSES] = {"moonline_pauses_total", "counter",
        "Replies that stood still because the voice lasted."},
    [METRIC_FALSE_ALARMS] = {"moonline_false_alarms_total", "counter",
        "Ducks and pauses taken back: the voice stopped without words."},
    [METRIC_CARRIER_LAGS] = {"moonline_carrier_lags_total", "counter",
        "Times the carrier's marks said that its play-out had stood still."},
    [METRIC_BARGE_INS] = {"moonline_barge_ins_total", "counter", "Replies the caller interrupted."},
    [METRIC_REPLIES_CANCELLED] = {"moonline_replies_cancelled_total", "counter",
        "Replies cancelled before their end."},
    [METRIC_APOLOGIES] = {"moonline_apologies_total", "counter", "Recorded apologies played."},
    [METRIC_FILLERS] = {"moonline_fillers_total", "counter", "Waits of callers that were filled."},
    [METRIC_FAILED_OPEN] = {"moonline_failed_open_total", "counter",
        "Replies that ended in the tenant's words for late tools."},
    [METRIC_STT_FAILURES] = {"moonline_stt_failures_total", "counter",
        "Speech-to-text sessions that failed."},
    [METRIC_LLM_FAILURES] = {"moonline_llm_failures_total", "counter",
        "Chat model requests that failed."},
    [METRIC_TTS_FAILURES] = {"moonline_tts_failures_total", "counter",
        "Text-to-speech sessions that failed."},
    [METRIC_PROVIDER_FAILURES_HEAR] = {"moonline_provider_failures_total", "counter",
        "Failures of providers, whatever came of them.", "slot=\"hear\""},
    [METRIC_PROVIDER_FAILURES_THINK] = {"moonline_provider_failures_total", "counter",
        "Failures of providers, whatever came of them.", "slot=\"think\""},
    [METRIC_PROVIDER_FAILURES_SPEAK] = {"moonline_provider_failures_total", "counter",
        "Failures of providers, whatever came of them.", "slot=\"speak\""},
    [METRIC_PROVIDER_RETRIES_HEAR] = {"moonline_provider_retries_total", "counter",
        "Times a provider was asked again after it failed.", "slot=\"hear\""},
    [METRIC_PROVIDER_RETRIES_THINK] = {"moonline_provider_retries_total", "counter",
        "Times a provider was asked again after it failed.", "slot=\"think\""},
    [METRIC_PROVIDER_RETRIES_SPEAK] = {"moonline_provider_retries_total", "counter",
        "Times a provider was asked again after it failed.", "slot=\"speak\""},
    [METRIC_PROVIDER_FALLBACKS_HEAR] = {"moonline_provider_fallbacks_total", "counter",
        "Times the next provider was asked instead.", "slot=\"hear\""},
    [METRIC_PROVIDER_FALLBACKS_THINK] = {"moonline_provider_fallbacks_total", "counter",
        "Times the next provider was asked instead.", "slot=\"think\""},
    [METRIC_PROVIDER_FALLBACKS_SPEAK] = {"moonline_provider_fallbacks_total", "counter",
        "Times the next provider was asked instead.", "slot=\"speak\""},
    [METRIC_CIRCUITS_OPENED_HEAR] = {"moonline_provider_circuits_opened_total", "counter",
        "Times a provider was left alone for a while.", "slot=\"hear\""},
    [METRIC_CIRCUITS_OPENED_THINK] = {"moonline_provider_circuits_opened_total", "counter",
        "Times a provider was left alone for a while.", "slot=\"think\""},
    [METRIC_CIRCUITS_OPENED_SPEAK] = {"moonline_provider_circuits_opened_total", "counter",
        "Times a provider was left alone for a while.", "slot=\"speak\""},
    [METRIC_PERMIT_WAITS_HEAR] = {"moonline_provider_permit_waits_total", "counter",
        "Requests that waited because a key had as many under way as it may.", "slot=\"hear\""},
    [METRIC_PERMIT_WAITS_THINK] = {"moonline_provider_permit_waits_total", "counter",
        "Requests that waited because a key had as many under way as it may.", "slot=\"think\""},
    [METRIC_PERMIT_WAITS_SPEAK] = {"moonline_provider_permit_waits_total", "counter",
        "Requests that waited because a key had as many under way as it may.", "slot=\"speak\""},
    [METRIC_HEDGES_STARTED] = {"moonline_provider_hedges_total", "counter",
        "Second providers asked because a first token was late, and those that were first.",
        "outcome=\"started\""},
    [METRIC_HEDGES_WON] = {"moonline_provider_hedges_total", "counter",
        "Second providers asked because a first token was late, and those that were first.",
        "outcome=\"won\""},
    [METRIC_USAGE_HEAR_MS] = {"moonline_usage_seconds_total", "counter",
        "Audio of callers sent to providers.", "slot=\"hear\"", 1000},
    [METRIC_USAGE_CHARACTERS] = {"moonline_usage_characters_total", "counter",
        "Text sent to providers to be spoken.", "slot=\"speak\""},
    [METRIC_USAGE_TOKENS_INPUT] = {"moonline_usage_tokens_total", "counter",
        "Tokens of chat models, as told or estimated.", "slot=\"think\",kind=\"input\""},
    [METRIC_USAGE_TOKENS_CACHED] = {"moonline_usage_tokens_total", "counter",
        "Tokens of chat models, as told or estimated.", "slot=\"think\",kind=\"cached\""},
    [METRIC_USAGE_TOKENS_OUTPUT] = {"moonline_usage_tokens_total", "counter",
        "Tokens of chat models, as told or estimated.", "slot=\"think\",kind=\"output\""},
    [METRIC_COST_HEAR] = {"moonline_cost_usd_total", "counter",
        "What providers cost, where their prices are known.", "slot=\"hear\"", 1000000},
    [METRIC_COST_THINK] = {"moonline_cost_usd_total", "counter",
        "What providers cost, where their prices are known.", "slot=\"think\"", 1000000},
    [METRIC_COST_SPEAK] = {"moonline_cost_usd_total", "counter",
        "What providers cost, where their prices are known.", "slot=\"speak\"", 1000000},
    [METRIC_BUDGETS_NEARLY] = {"moonline_budgets", "gauge",
        "Budgets of tenants, by how much of them is spent.", "state=\"nearly\""},
    [METRIC_BUDGETS_SPENT] = {"moonline_budgets", "gauge",
        "Budgets of tenants, by how much of them is spent.", "state=\"spent\""},
    [METRIC_CALLS_CUT_BUDGET] = {"moonline_calls_over_budget_total", "counter",
        "Calls ended at the end of a turn because the tenant's budget was spent."},
    [METRIC_TEXTS_RECEIVED] = {"moonline_texts_received_total", "counter",
        "Texts of people that the carrier told of, each time it did."},
    [METRIC_TEXTS_ANSWERED] = {"moonline_text_turns_total", "counter", "Turns of agents in texts.",
        "ending=\"answered\""},
    [METRIC_TEXTS_LEFT] = {"moonline_text_turns_total", "counter", "Turns of agents in texts.",
        "ending=\"left\""},
    [METRIC_TOOL_CALLS] = {"moonline_tool_calls_total", "counter", "Tools run."},
    [METRIC_TOOL_FAILURES] = {"moonline_tool_failures_total", "counter",
        "Tools that failed or took too long."},
    [METRIC_HOOK_FAILURES_ON_INCOMING] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_incoming\""},
    [METRIC_HOOK_FAILURES_ON_CALL_START] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_call_start\""},
    [METRIC_HOOK_FAILURES_ON_CALL_END] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_call_end\""},
    [METRIC_HOOK_FAILURES_END_OF_TURN] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"end_of_turn\""},
    [METRIC_HOOK_FAILURES_ON_USER_TURN] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_user_turn\""},
    [METRIC_HOOK_FAILURES_ON_PARTIAL] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_partial\""},
    [METRIC_HOOK_FAILURES_ON_SILENCE] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_silence\""},
    [METRIC_HOOK_FAILURES_BEFORE_SAY] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"before_say\""},
    [METRIC_HOOK_FAILURES_ON_TOOL_ERROR] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_tool_error\""},
    [METRIC_HOOK_FAILURES_ON_DTMF] = {"moonline_hook_failures_total", "counter",
        "Runs of hooks that failed.", "hook=\"on_dtmf\""},
    [METRIC_TURNS_BY_SCRIPT] = {"moonline_turns_by_script_total", "counter",
        "Turns that a script answered, without the model."},
    [METRIC_END_OF_TURN_END] = {"moonline_end_of_turn_answers_total", "counter",
        "What scripts said about the end of a turn.", "answer=\"end\""},
    [METRIC_END_OF_TURN_MORE] = {"moonline_end_of_turn_answers_total", "counter",
        "What scripts said about the end of a turn.", "answer=\"more\""},
    [METRIC_END_OF_TURN_DEFAULT] = {"moonline_end_of_turn_answers_total", "counter",
        "What scripts said about the end of a turn.", "answer=\"default\""},
    [METRIC_END_OF_TURN_LATE] = {"moonline_end_of_turn_answers_total", "counter",
        "What scripts said about the end of a turn.", "answer=\"late\""},
    [METRIC_KEYS] = {"moonline_keys_total", "counter", "Keys pressed by callers."},
    [METRIC_KEYS_REFUSED] = {"moonline_keys_refused_total", "counter",
        "Keys beyond what fingers press."},
    [METRIC_KNOWLEDGE_FOUND] = {"moonline_knowledge_searches_total", "counter",
        "Searches of what a tenant knows, for prompts.", "result=\"found\""},
    [METRIC_KNOWLEDGE_NOTHING] = {"moonline_knowledge_searches_total", "counter",
        "Searches of what a tenant knows, for prompts.", "result=\"nothing\""},
    [METRIC_KNOWLEDGE_LATE] = {"moonline_knowledge_searches_total", "counter",
        "Searches of what a tenant knows, for prompts.", "result=\"late\""},
    [METRIC_KNOWLEDGE_FAILED] = {"moonline_knowledge_searches_total", "counter",
        "Searches of what a tenant knows, for prompts.", "result=\"failed\""},
    [METRIC_SCRIPT_RELOADS] = {"moonline_script_reloads_total", "counter",
        "What became of changed scripts.", "outcome=\"applied\""},
    [METRIC_SCRIPT_RELOADS_REFUSED] = {"moonline_script_reloads_total", "counter",
        "What became of changed scripts.", "outcome=\"refused\""},
    [METRIC_SCRIPT_RELOADS_CANARY] = {"moonline_script_reloads_total", "counter",
        "What became of changed scripts.", "outcome=\"canary\""},
    [METRIC_SCRIPT_RELOADS_PROMOTED] = {"moonline_script_reloads_total", "counter",
        "What became of changed scripts.", "outcome=\"promoted\""},
    [METRIC_SCRIPT_RELOADS_ROLLED_BACK] = {"moonline_script_reloads_total", "counter",
        "What became of changed scripts.", "outcome=\"rolled_back\""},
    [METRIC_SCRIPT_RELOADS_MIGRATE_FAILED] = {"moonline_script_reloads_total", "counter",
        "What became of changed scripts.", "outcome=\"migrate_failed\""},
    [METRIC_SCRIPT_VMS] = {"moonline_script_vms", "gauge", "Lua VMs alive."},
    [METRIC_SCRIPT_VM_BYTES] = {"moonline_script_vm_bytes", "gauge", "Memory of Lua VMs."},
    [METRIC_SCRIPT_RUNS] = {"moonline_script_runs_total", "counter", "Script runs started."},
    [METRIC_SCRIPT_STOPPED] = {"moonline_script_stopped_total", "counter",
        "Script runs stopped for time or memory."},
    [METRIC_SCRIPT_LIMITED] = {"moonline_script_limited_total", "counter",
        "Requests and answers of scripts refused because a tenant or a run had its share."},
    [METRIC_QUEUE_SCRIPT_JOBS] = {"moonline_queue_refused_total", "counter",
        "Letters between threads refused by a full queue.", "queue=\"script_jobs\""},
    [METRIC_QUEUE_SCRIPT_RESULTS] = {"moonline_queue_refused_total", "counter",
        "Letters between threads refused by a full queue.", "queue=\"script_results\""},
    [METRIC_QUEUE_COMMANDS] = {"moonline_queue_refused_total", "counter",
        "Letters between threads refused by a full queue.", "queue=\"commands\""},
    [METRIC_QUEUE_ERRANDS] = {"moonline_queue_refused_total", "counter",
        "Letters between threads refused by a full queue.", "queue=\"errands\""},
    [METRIC_QUEUE_ERRAND_ANSWERS] = {"moonline_queue_refused_total", "counter",
        "Letters between threads refused by a full queue.", "queue=\"errand_answers\""},
    [METRIC_QUEUE_NOTES] = {"moonline_queue_refused_total", "counter",
        "Letters between threads refused by a full queue.", "queue=\"notes\""},
    [METRIC_RECORDS_WRITTEN] = {"moonline_records_written_total", "counter",
        "Records acknowledged by Postgres."},
    [METRIC_RECORDS_WAITING] = {"moonline_records_waiting", "gauge",
        "Records not yet in Postgres."},
    [METRIC_RECORDS_DROPPED] = {"moonline_records_dropped_total", "counter",
        "Records lost: neither the journal nor memory had room, or Postgres refused one that no "
        "journal "
        "could set aside."},
    [METRIC_JOURNAL_ROWS] = {"moonline_journal_rows", "gauge",
        "Records in the journal, not yet in Postgres."},
    [METRIC_JOURNAL_OLDEST_S] = {"moonline_journal_oldest_seconds", "gauge",
        "How long the oldest record that is not in Postgres has waited."},
    [METRIC_JOURNAL_BYTES] = {"moonline_journal_bytes", "gauge", "Of the journal's files, in use."},
    [METRIC_JOURNAL_WRITING] = {"moonline_journal_writing", "gauge",
        "1 while the journal takes records; 0: they go through memory, and a kill loses them."},
    [METRIC_JOURNAL_REFUSED] = {"moonline_journal_refused_rows", "gauge",
        "Records set aside: Postgres does not take them as they are."},
    [METRIC_JOURNAL_BATCHES] = {"moonline_journal_batches_total", "counter",
        "Transactions of the journal that were committed."},
    [METRIC_JOURNAL_FAILURES] = {"moonline_journal_failures_total", "counter",
        "Times the journal's disk or one of its files failed."},
    [METRIC_JOURNAL_ADOPTED] = {"moonline_journal_adopted_total", "counter",
        "Journals of dead processes taken over."},
    [METRIC_OUTBOX_QUEUED] = {"moonline_outbox_queued", "gauge",
        "Texts and calls that wait to go out, on every node."},
    [METRIC_OUTBOX_OLDEST_S] = {"moonline_outbox_oldest_seconds", "gauge",
        "How long the one of them has waited that is due longest."},
    [METRIC_OUTBOX_UNKNOWN_NOW] = {"moonline_outbox_unknown", "gauge",
        "Texts and calls of which nobody knows whether they went out."},
    [METRIC_OUTBOX_SENT] = {"moonline_outbox_total", "counter",
        "Texts and calls of the outbox, by what became of them.", "became=\"sent\""},
    [METRIC_OUTBOX_FAILED] = {"moonline_outbox_total", "counter",
        "Texts and calls of the outbox, by what became of them.", "became=\"failed\""},
    [METRIC_OUTBOX_UNKNOWN] = {"moonline_outbox_total", "counter",
        "Texts and calls of the outbox, by what became of them.", "became=\"unknown\""},
    [METRIC_OUTBOX_CANCELLED] = {"moonline_outbox_total", "counter",
        "Texts and calls of the outbox, by what became of them.", "became=\"cancelled\""},
    [METRIC_OUTBOX_LATER] = {"moonline_outbox_total", "counter",
        "Texts and calls of the outbox, by what became of them.", "became=\"later\""},
    [METRIC_OPT_OUTS] = {"moonline_opt_outs_total", "counter",
        "Callers and texters who wanted no more texts."},
    [METRIC_DATABASE_UP] = {"moonline_database_up", "gauge", "1 while Postgres is connected."},
    [METRIC_SOCKETS_REJECTED] = {"moonline_sockets_rejected_total", "counter",
        "Accepted WebSockets closed for breaking the protocol or flooding."},
    [METRIC_REQUESTS_REFUSED] = {"moonline_requests_refused_total", "counter",
        "HTTP requests refused unread: malformed, too large, too slow, or not upgradable."},
    [METRIC_ACCEPTS_POSTPONED] = {"moonline_accepts_postponed_total", "counter",
        "Times no connection could be accepted for want of descriptors or memory."},
    [METRIC_CAPTURES_COMPLETE] = {"moonline_captures_total", "counter",
        "Captured calls that ended, by what became of the file.", "outcome=\"complete\""},
    [METRIC_CAPTURES_INCOMPLETE] = {"moonline_captures_total", "counter",
        "Captured calls that ended, by what became of the file.", "outcome=\"incomplete\""},
    [METRIC_CAPTURES_DISCARDED] = {"moonline_captures_total", "counter",
        "Captured calls that ended, by what became of the file.", "outcome=\"discarded\""},
    [METRIC_CAPTURES_FAILED] = {"moonline_captures_total", "counter",
        "Captured calls that ended, by what became of the file.", "outcome=\"failed\""},
    [METRIC_CAPTURE_BYTES] = {"moonline_capture_bytes_total", "counter",
        "Bytes of captured calls written."},
    [METRIC_CAPTURE_DISK_BYTES] = {"moonline_capture_disk_bytes", "gauge",
        "Of all files of captured calls, as of the last look at them."},
    [METRIC_LOG_LINES_DROPPED] = {"moonline_log_lines_dropped_total", "counter",
        "Log lines dropped from a full queue."},
    [METRIC_LOG_LINES_LIMITED] = {"moonline_log_lines_limited_total", "counter",
        "Log lines not written because their event was logged too often in a second."},
    [METRIC_TLS_REFUSED] = {"moonline_tls_refused_total", "counter",
        "Connections given up for the other side's certificate."},
};

/* One row a thread; what is shown is the value divided. */
static const struct {
    struct metric_row row;
    unsigned divisor;
} thread_rows[THREAD_GAUGE_COUNT] = {
    [THREAD_CALLS] = {{"moonline_thread_calls", "gauge", "Calls on a media thread."}, 1},
    [THREAD_LOOP_LAG_MS] =
        {{"moonline_loop_lag_seconds", "gauge",
             "How late a media thread's loop came by at worst, in five seconds."},
            1000},
    [THREAD_FRAME_LATENESS_MS] = {{"moonline_frame_lateness_worst_seconds", "gauge",
                                      "How late a media thread sent a frame at worst, in five "
                                      "seconds."},
        1000},
    [THREAD_LATE_PERMILLE] = {{"moonline_thread_late_ratio", "gauge",
                                  "Share of 20 ms steps, of loop or frames, that a media thread "
                                  "was late for."},
        1000},
    [THREAD_IS_LATE] = {{"moonline_thread_late", "gauge",
                            "1 while a media thread is too late for new calls to be let in."},
        1},
};

static const struct metric_row histogram_rows[HISTOGRAM_COUNT] = {
    [HISTOGRAM_FRAME_LATENESS] = {"moonline_frame_lateness_seconds", "histogram",
        "How far past its deadline a frame was sent."},
    [HISTOGRAM_TURN_RESPONSE] = {"moonline_turn_response_seconds", "histogram",
        "End of the caller's speech to the first audio of the reply."},
    [HISTOGRAM_OWN_DELAY] = {"moonline_turn_own_delay_seconds", "histogram",
        "Commit of the turn to the model asked, and first audio received to first audio sent."},
    [HISTOGRAM_STT_FINAL] = {"moonline_stt_final_seconds", "histogram",
        "Commit of speech to its final transcript."},
    [HISTOGRAM_STT_PARTIAL] = {"moonline_stt_partial_seconds", "histogram",
        "Start of speech to its first partial."},
    [HISTOGRAM_PROMPT] = {"moonline_prompt_seconds", "histogram",
        "Prompt asked of the script to prompt built."},
    [HISTOGRAM_LLM_FIRST_TOKEN] = {"moonline_llm_first_token_seconds", "histogram",
        "Chat request to its first token."},
    [HISTOGRAM_LLM_TOTAL] = {"moonline_llm_total_seconds", "histogram",
        "Chat request to the end of its answer."},
    [HISTOGRAM_TOOL] = {"moonline_tool_seconds", "histogram", "Tool asked to tool answered."},
    [HISTOGRAM_TTS_FIRST_AUDIO] = {"moonline_tts_first_audio_seconds", "histogram",
        "First text sent to first audio received."},
    [HISTOGRAM_WEBHOOK] = {"moonline_webhook_seconds", "histogram",
        "Voice webhook read to answered."},
};

static const double bounds_ms[BUCKET_COUNT] = {
    0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

struct histogram_slot {
    atomic_ullong buckets[BUCKET_COUNT + 1];
    atomic_ullong sum_us;
};

static atomic_llong values[METRIC_COUNT];
static struct histogram_slot histograms[HISTOGRAM_COUNT];
static atomic_llong thread_values[THREAD_GAUGE_COUNT][METRIC_THREADS_MAX];
static atomic_uint thread_count;

void metric_add(enum metric metric, int64_t delta)
{
    if (delta) /* often not: what a frame may count, it seldom does */
        atomic_fetch_add_explicit(&values[metric], delta, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
    return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

void metrics_set_threads(unsigned count)
{
    atomic_store(&thread_count, count < METRIC_THREADS_MAX ? count : METRIC_THREADS_MAX);
}

void metric_set_thread(enum thread_gauge gauge, unsigned thread, int64_t value)
{
    assert(thread < METRIC_THREADS_MAX);
    atomic_store_explicit(&thread_values[gauge][thread], value, memory_order_relaxed);
}

void metric_observe_ms(enum histogram histogram, double ms)
{
    int bucket = 0;
    while (bucket < BUCKET_COUNT && ms > bounds_ms[bucket])
        bucket++;
    struct histogram_slot *slot = &histograms[histogram];
    atomic_fetch_add_explicit(&slot->buckets[bucket], 1, memory_order_relaxed);
    double us = ms > 0 ? ms * 1000 : 0;
    atomic_fetch_add_explicit(&slot->sum_us, (unsigned long long)us, memory_order_relaxed);
}

static void add_head(struct strbuf *out, const struct metric_row *row)
{
    strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, row->type);
}

static void add_histogram(
    struct strbuf *out, const struct metric_row *row, struct histogram_slot *slot)
{
    unsigned long long count = 0;
    for (int i = 0; i <= BUCKET_COUNT; i++) {
        count += atomic_load_explicit(&slot->buckets[i], memory_order_relaxed);
        if (i < BUCKET_COUNT)
            strbuf_printf(
                out, "%s_bucket{le=\"%g\"} %llu\n", row->name, bounds_ms[i] / 1000, count);
        else
            strbuf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", row->name, count);
    }
    unsigned long long sum_us = atomic_load_explicit(&slot->sum_us, memory_order_relaxed);
    strbuf_printf(
        out, "%s_sum %.6f\n%s_count %llu\n", row->name, (double)sum_us / 1e6, row->name, count);
}

static void add_threads(struct strbuf *out, enum thread_gauge gauge)
{
    const struct metric_row *row = &thread_rows[gauge].row;
    unsigned count = atomic_load(&thread_count);
    if (count)
        add_head(out, row);
    for (unsigned i = 0; i < count; i++) {
        long long value = atomic_load_explicit(&thread_values[gauge][i], memory_order_relaxed);
        strbuf_printf(out, "%s{thread=\"%u\"} %g\n", row->name, i,
            (double)value / thread_rows[gauge].divisor);
    }
}

void metrics_text(struct strbuf *out)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &metric_rows[i];
        if (i == 0 || strcmp(row->name, metric_rows[i - 1].name) != 0)
            add_head(out, row);
        strbuf_add_text(out, row->name);
        if (row->label)
            strbuf_printf(out, "{%s}", row->label);
        if (row->divisor)
            strbuf_printf(out, " %.6f\n", (double)metric_get((enum metric)i) / row->divisor);
        else
            strbuf_printf(out, " %lld\n", (long long)metric_get((enum metric)i));
    }
    for (int i = 0; i < THREAD_GAUGE_COUNT; i++)
        add_threads(out, (enum thread_gauge)i);
    for (int i = 0; i < HISTOGRAM_COUNT; i++) {
        add_head(out, &histogram_rows[i]);
        add_histogram(out, &histogram_rows[i], &histograms[i]);
    }
}
