/* What other settings came to, as a table and as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "replay/what_if.h"

#define CELL 33 /* characters */

/* ---- one call, a line a turn ---- */

static void cell(char out[CELL + 1], const struct seen_turn *turn)
{
    char wait[24] = "no answer";
    if (!turn) {
        snprintf(out, CELL + 1, "-");
        return;
    }
    if (turn->is_answered)
        snprintf(wait, sizeof wait, "wait %.2f", (double)turn->wait_ms / 1000);
    snprintf(out, CELL + 1, "%.2f  %s%s%s", (double)turn->commit_ms / 1000, wait,
        turn->is_cut_off ? "  CUT OFF" : "",
        turn->is_apology      ? "  apology"
        : turn->is_taken_back ? " (back)"
                              : "");
}

static uint32_t last_speech(const struct what_if_runs *runs)
{
    uint32_t last = 0;
    for (unsigned i = 0; i < 3; i++)
        for (size_t n = 0; n < runs->first_call[i].count; n++)
            if (runs->first_call[i].list[n].speech > last)
                last = runs->first_call[i].list[n].speech;
    return last;
}

static void print_turns(struct strbuf *out, const struct what_if_runs *runs)
{
    strbuf_printf(out,
        "turns: when each was taken, in seconds of the call; how long the answer "
        "was waited for\n\n%-8s",
        "speech");
    for (unsigned i = 0; i < 3; i++)
        strbuf_printf(out, "%-*s", i < 2 ? CELL : 0, runs->list[i].label);
    strbuf_add_char(out, '\n');
    for (uint32_t speech = 1; speech <= last_speech(runs); speech++) {
        bool has_any = false;
        char cells[3][CELL + 1];
        for (unsigned i = 0; i < 3; i++) {
            const struct seen_turn *turn = seen_turn_after(&runs->first_call[i], speech);
            has_any |= turn != NULL;
            cell(cells[i], turn);
        }
        if (has_any)
            strbuf_printf(
                out, "%-8u%-*s%-*s%s\n", speech, CELL, cells[0], CELL, cells[1], cells[2]);
    }
    strbuf_add_char(out, '\n');
}

/* ---- sums, a line a run ---- */

static int widest_label(const struct what_if_runs *runs)
{
    int widest = 16;
    for (unsigned i = 0; i < runs->count; i++) {
        int width = (int)slice_from(runs->list[i].label).len;
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void print_sums(struct strbuf *out, const struct what_if_runs *runs)
{
    int widest = widest_label(runs);
    strbuf_printf(out,
        "%-*s  turns  cut off  taken back  words after  wait p50    p90    max  "
        "interrupted  fillers  apologies\n",
        widest, "");
    for (unsigned i = 0; i < runs->count; i++) {
        const struct what_if_run *run = &runs->list[i];
        const struct seen_sums *sums = &run->sums;
        strbuf_printf(out, "%-*s  %5u  %7u  %10u  %11u  %8u %6u %6u  %11u  %7u  %9u\n", widest,
            run->label, sums->turns, sums->cut_offs, sums->taken_back, sums->words_after,
            sums->wait_p50_ms, sums->wait_p90_ms, sums->wait_max_ms, sums->interrupted,
            sums->fillers, sums->apologies);
        if (run->endless)
            strbuf_printf(out, "%-*s  (%u %s to no end)\n", widest, "", run->endless,
                run->endless == 1 ? "call came" : "calls came");
    }
}

static void print_trust(struct strbuf *out, const struct what_if_runs *runs)
{
    strbuf_printf(out, "\nwith nothing changed %u of %u turns are as they were", runs->turns_alike,
        runs->turns_compared);
    if (runs->turns_alike)
        strbuf_printf(out, " (at most %u ms apart)", runs->most_apart_ms);
    if (runs->turns_alike < runs->turns_compared)
        strbuf_add_text(out, ": what is said here of the others is a guess");
    strbuf_add_char(out, '\n');
}

void what_if_print(struct strbuf *out, const struct what_if_runs *runs)
{
    if (runs->calls == 1 && runs->count == 3)
        print_turns(out, runs);
    strbuf_printf(out,
        "%u %s, waits in ms from the end of speech to the first sound of an answer\n\n",
        runs->calls, runs->calls == 1 ? "call" : "calls");
    print_sums(out, runs);
    print_trust(out, runs);
}

/* ---- JSON ---- */

static json_t *json_of_turns(const struct seen_turns *turns)
{
    json_t *list = json_array();
    for (size_t i = 0; i < turns->count; i++) {
        const struct seen_turn *turn = &turns->list[i];
        json_t *one = json_pack("{s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:I}", "speech",
            (json_int_t)turn->speech, "commit_ms", (json_int_t)turn->commit_ms, "silence_ms",
            (json_int_t)turn->silence_ms, "words", (json_int_t)turn->words, "words_after",
            (json_int_t)turn->words_after, "cut_off", turn->is_cut_off, "taken_back",
            turn->is_taken_back, "interrupted", turn->is_interrupted, "apology", turn->is_apology,
            "fillers", (json_int_t)turn->fillers);
        json_object_set_new(
            one, "wait_ms", turn->is_answered ? json_integer(turn->wait_ms) : json_null());
        if (turn->is_cut_off)
            json_object_set_new(one, "went_on_after_ms", json_integer(turn->went_on_ms));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *json_of_run(const struct what_if_run *run)
{
    const struct seen_sums *sums = &run->sums;
    json_t *settings = json_object();
    for (unsigned i = 0; i < run->change.count; i++)
        json_object_set_new(
            settings, run->change.list[i].name, json_integer(run->change.list[i].value));
    return json_pack("{s:s, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:i, s:o}",
        "label", run->label, "settings", settings, "sums", "turns", (int)sums->turns, "cut_offs",
        (int)sums->cut_offs, "taken_back", (int)sums->taken_back, "words_after",
        (int)sums->words_after, "wait_p50_ms", (int)sums->wait_p50_ms, "wait_p90_ms",
        (int)sums->wait_p90_ms, "wait_max_ms", (int)sums->wait_max_ms, "interrupted",
        (int)sums->interrupted, "fillers", (int)sums->fillers, "apologies", (int)sums->apologies,
        "endless", (int)run->endless, "turns", json_of_turns(&run->turns));
}

json_t *what_if_json(const struct what_if_runs *runs)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < runs->count; i++)
        json_array_append_new(list, json_of_run(&runs->list[i]));
    return json_pack("{s:i, s:i, s:i, s:i, s:o}", "calls", (int)runs->calls, "turns_compared",
        (int)runs->turns_compared, "turns_alike", (int)runs->turns_alike, "most_apart_ms",
        (int)runs->most_apart_ms, "runs", list);
}
