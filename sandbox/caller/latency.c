#include "caller/latency.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"

static const struct {
    const char *field;
    const char *title;
} hop_names[LATENCY_HOPS] = {
    {"response_ms", "response"},
    {"stt_ms", "stt"},
    {"prompt_ms", "prompt"},
    {"llm_first_ms", "llm first"},
    {"tts_first_ms", "tts first"},
};

static struct latency_turn *latest(struct latency *latency)
{
    return latency->turn_count ? &latency->turns[latency->turn_count - 1] : NULL;
}

/* As much of the text as fits, cut between characters. */
static void copy_beginning(char *out, size_t size, const char *text)
{
    size_t len = 0;
    size_t all = strlen(text);
    size_t room = size - 1 - strlen("…");
    while (len < all) {
        size_t step = utf8_length(text + len, all - len);
        if (step == 0 || len + step > room)
            break;
        len += step;
    }
    memcpy(out, text, len);
    strcpy(out + len, len < all ? "…" : "");
}

void latency_line_start(struct latency *latency, uint64_t at_ms, const char *text)
{
    if (latency->turn_count == LATENCY_TURNS_MAX)
        return;
    struct latency_turn *turn = &latency->turns[latency->turn_count++];
    memset(turn, 0, sizeof *turn);
    copy_beginning(turn->text, sizeof turn->text, text);
    turn->line_start_ms = at_ms;
}

void latency_line_end(struct latency *latency, uint64_t at_ms)
{
    struct latency_turn *turn = latest(latency);
    if (turn && turn->line_end_ms == 0)
        turn->line_end_ms = at_ms;
}

void latency_first(struct latency *latency, uint64_t at_ms)
{
    struct latency_turn *turn = latest(latency);
    if (turn && turn->line_end_ms && turn->first_ms == 0)
        turn->first_ms = at_ms;
}

void latency_audible(struct latency *latency, uint64_t at_ms)
{
    struct latency_turn *turn = latest(latency);
    if (turn && turn->first_ms && turn->audible_ms == 0)
        turn->audible_ms = at_ms;
}

void latency_server(struct latency *latency, unsigned turn, const json_t *hops)
{
    if (latency->hop_count == LATENCY_TURNS_MAX || !json_is_object(hops))
        return;
    struct latency_hops *row = &latency->hops[latency->hop_count++];
    row->turn = turn;
    for (size_t i = 0; i < LATENCY_HOPS; i++) {
        json_t *value = json_object_get(hops, hop_names[i].field);
        row->ms[i] = json_is_number(value) ? json_number_value(value) : -1;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Below 0: no value. Sorts `values`. */
static double median(double *values, size_t count)
{
    if (count == 0)
        return -1;
    qsort(values, count, sizeof *values, compare_numbers);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print_number(FILE *file, double ms)
{
    if (ms < 0)
        fprintf(file, "  %9s", "-");
    else
        fprintf(file, "  %9.0f", ms);
}

static double waited(const struct latency_turn *turn, uint64_t until_ms)
{
    return until_ms > turn->line_end_ms ? (double)(until_ms - turn->line_end_ms)
           : until_ms                   ? 0
                                        : -1;
}

static void print_turns(const struct latency *latency, FILE *file)
{
    double first[LATENCY_TURNS_MAX];
    double audible[LATENCY_TURNS_MAX];
    size_t first_count = 0;
    size_t audible_count = 0;
    fprintf(file, "\nWhat the caller measured (ms from the end of its speech)\n");
    fprintf(file, "  %4s  %9s  %9s  %s\n", "turn", "1st audio", "audible", "line");
    for (size_t i = 0; i < latency->turn_count; i++) {
        const struct latency_turn *turn = &latency->turns[i];
        double first_ms = waited(turn, turn->first_ms);
        double audible_ms = waited(turn, turn->audible_ms);
        if (first_ms >= 0)
            first[first_count++] = first_ms;
        if (audible_ms >= 0)
            audible[audible_count++] = audible_ms;
        fprintf(file, "  %4zu", i + 1);
        print_number(file, first_ms);
        print_number(file, audible_ms);
        fprintf(file, "  %s\n", turn->text);
    }
    fprintf(file, "  %4s", "p50");
    print_number(file, median(first, first_count));
    print_number(file, median(audible, audible_count));
    fputc('\n', file);
}

static void print_hops(const struct latency *latency, FILE *file)
{
    fprintf(file, "\nWhat the server measured (ms)\n  %4s", "turn");
    for (size_t i = 0; i < LATENCY_HOPS; i++)
        fprintf(file, "  %9s", hop_names[i].title);
    fputc('\n', file);
    for (size_t row = 0; row < latency->hop_count; row++) {
        fprintf(file, "  %4u", latency->hops[row].turn);
        for (size_t i = 0; i < LATENCY_HOPS; i++)
            print_number(file, latency->hops[row].ms[i]);
        fputc('\n', file);
    }
    fprintf(file, "  %4s", "p50");
    for (size_t i = 0; i < LATENCY_HOPS; i++) {
        double values[LATENCY_TURNS_MAX];
        size_t count = 0;
        for (size_t row = 0; row < latency->hop_count; row++)
            if (latency->hops[row].ms[i] >= 0)
                values[count++] = latency->hops[row].ms[i];
        print_number(file, median(values, count));
    }
    fputc('\n', file);
}

void latency_print(const struct latency *latency, FILE *file)
{
    if (latency->turn_count)
        print_turns(latency, file);
    if (latency->hop_count)
        print_hops(latency, file);
}

static json_t *number_or_null(double ms)
{
    return ms < 0 ? json_null() : json_real(ms);
}

static json_t *turn_json(const struct latency_turn *turn)
{
    return json_pack("{s:s, s:I, s:I, s:o, s:o}", "text", turn->text, "line_start_ms",
        (json_int_t)turn->line_start_ms, "line_end_ms", (json_int_t)turn->line_end_ms,
        "first_audio_ms", number_or_null(waited(turn, turn->first_ms)), "audible_ms",
        number_or_null(waited(turn, turn->audible_ms)));
}

static json_t *hops_json(const struct latency_hops *row)
{
    json_t *object = json_pack("{s:i}", "turn", (int)row->turn);
    for (size_t i = 0; i < LATENCY_HOPS; i++)
        json_object_set_new(object, hop_names[i].field, number_or_null(row->ms[i]));
    return object;
}

json_t *latency_json(const struct latency *latency)
{
    json_t *turns = json_array();
    json_t *server = json_array();
    for (size_t i = 0; i < latency->turn_count; i++)
        json_array_append_new(turns, turn_json(&latency->turns[i]));
    for (size_t i = 0; i < latency->hop_count; i++)
        json_array_append_new(server, hops_json(&latency->hops[i]));
    return json_pack("{s:o, s:o}", "turns", turns, "server", server);
}
