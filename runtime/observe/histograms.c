/* Histograms: how long things took, and how fast they went. */
#include <string.h>

#include "observe/metrics_internal.h"

/* Close together where budgets lie: a quantile is known to its bucket. */
const struct histogram_scale histogram_ms = {
    {0.5, 1, 2, 5, 10, 20, 50, 100, 150, 200, 250, 300, 350, 400, 500, 700, 1000, 1500, 2000, 3000,
        5000, 10000},
    1000};

static const struct histogram_scale per_second = {
    {5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 175, 200, 250, 300, 400, 500, 700, 1000,
        2000},
    1};

#define PART "moonline_turn_part_seconds"
#define PART_HELP                                                                                  \
    "What moonline_turn_response_seconds is made of: the parts of a turn add up to it."

static const struct histogram_row {
    const char *name;
    const char *help;
    const char *label; /* what tells rows of one name apart, which stand together; NULL: one row */
    const struct histogram_scale *scale; /* NULL: milliseconds */
} rows[HISTOGRAM_COUNT] = {
    [HISTOGRAM_FRAME_LATENESS] = {"moonline_frame_lateness_seconds",
        "How far past its deadline a frame was sent."},
    [HISTOGRAM_TURN_RESPONSE] = {"moonline_turn_response_seconds",
        "End of the caller's speech to the first audio of the reply."},
    [HISTOGRAM_PART_SILENCE_WAIT] = {PART, PART_HELP, "part=\"silence_wait\""},
    [HISTOGRAM_PART_HEARING] = {PART, PART_HELP, "part=\"hearing\""},
    [HISTOGRAM_PART_SCRIPT] = {PART, PART_HELP, "part=\"script\""},
    [HISTOGRAM_PART_MODEL] = {PART, PART_HELP, "part=\"model\""},
    [HISTOGRAM_PART_TOOLS] = {PART, PART_HELP, "part=\"tools\""},
    [HISTOGRAM_PART_SYNTHESIS] = {PART, PART_HELP, "part=\"synthesis\""},
    [HISTOGRAM_PART_PLAYOUT] = {PART, PART_HELP, "part=\"playout\""},
    [HISTOGRAM_PART_OWN] = {PART, PART_HELP, "part=\"own\""},
    [HISTOGRAM_OWN_DELAY] = {"moonline_turn_own_delay_seconds",
        "Commit of the turn to the model asked, and first audio received to first audio sent."},
    [HISTOGRAM_STT_FINAL] = {"moonline_stt_final_seconds",
        "Commit of speech to its final transcript."},
    [HISTOGRAM_STT_LAG] = {"moonline_stt_lag_seconds",
        "End of the caller's speech to its final transcript."},
    [HISTOGRAM_STT_PARTIAL] = {"moonline_stt_partial_seconds",
        "Start of speech to its first partial."},
    [HISTOGRAM_PROMPT] = {"moonline_prompt_seconds", "Prompt asked of the script to prompt built."},
    [HISTOGRAM_LLM_FIRST_TOKEN] = {"moonline_llm_first_token_seconds",
        "Chat request to its first token."},
    [HISTOGRAM_LLM_TOTAL] = {"moonline_llm_total_seconds",
        "Chat request to the end of its answer."},
    [HISTOGRAM_LLM_TOKENS_PER_SECOND] = {"moonline_llm_tokens_per_second",
        "How fast an answer came, from its first token to its end.", NULL, &per_second},
    [HISTOGRAM_TOOL] = {"moonline_tool_seconds", "Tool asked to tool answered."},
    [HISTOGRAM_TTS_FIRST_AUDIO] = {"moonline_tts_first_audio_seconds",
        "First text sent to first audio received."},
    [HISTOGRAM_BARGE_IN] = {"moonline_barge_in_seconds",
        "Onset of the caller's voice over a reply to the reply lowered."},
    [HISTOGRAM_WEBHOOK] = {"moonline_webhook_seconds", "Voice webhook read to answered."},
};

static struct histogram_counts histograms[HISTOGRAM_COUNT];

static const struct histogram_scale *scale_of(enum histogram histogram)
{
    return rows[histogram].scale ? rows[histogram].scale : &histogram_ms;
}

void histogram_count(
    struct histogram_counts *counts, const struct histogram_scale *scale, double value)
{
    int bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS && value > scale->bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&counts->buckets[bucket], 1, memory_order_relaxed);
    double thousandths = value > 0 ? value * 1000 : 0;
    atomic_fetch_add_explicit(
        &counts->sum_thousandths, (unsigned long long)thousandths, memory_order_relaxed);
}

void metric_observe_ms(enum histogram histogram, double ms)
{
    histogram_count(&histograms[histogram], scale_of(histogram), ms);
}

void metric_observe_rate(enum histogram histogram, double rate)
{
    histogram_count(&histograms[histogram], scale_of(histogram), rate);
}

uint64_t metric_histogram_count(enum histogram histogram)
{
    uint64_t count = 0;
    for (int i = 0; i <= HISTOGRAM_BUCKETS; i++)
        count += atomic_load_explicit(&histograms[histogram].buckets[i], memory_order_relaxed);
    return count;
}

double metric_histogram_sum(enum histogram histogram)
{
    return (double)atomic_load_explicit(
               &histograms[histogram].sum_thousandths, memory_order_relaxed) /
           1000;
}

void histogram_text(struct strbuf *out, const char *name, const char *labels,
    const struct histogram_scale *scale, struct histogram_counts *counts)
{
    unsigned long long count = 0;
    const char *comma = *labels ? "," : "";
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += atomic_load_explicit(&counts->buckets[i], memory_order_relaxed);
        strbuf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma,
            scale->bounds[i] / scale->divisor, count);
    }
    count += atomic_load_explicit(&counts->buckets[HISTOGRAM_BUCKETS], memory_order_relaxed);
    strbuf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, count);
    double sum = (double)atomic_load_explicit(&counts->sum_thousandths, memory_order_relaxed);
    const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    strbuf_printf(
        out, "%s_sum%s%s%s %.6f\n", name, open, labels, close, sum / 1000 / scale->divisor);
    strbuf_printf(out, "%s_count%s%s%s %llu\n", name, open, labels, close, count);
}

void histograms_text(struct strbuf *out)
{
    for (int i = 0; i < HISTOGRAM_COUNT; i++) {
        const struct histogram_row *row = &rows[i];
        if (i == 0 || strcmp(row->name, rows[i - 1].name) != 0)
            metrics_add_head(out, row->name, "histogram", row->help);
        histogram_text(out, row->name, row->label ? row->label : "", scale_of((enum histogram)i),
            &histograms[i]);
    }
}
