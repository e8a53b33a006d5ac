#include "replay/report.h"

#include <inttypes.h>
#include <string.h>

#include "replay/describe.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static double seconds_of(const json_t *object, const char *name)
{
    return (double)json_integer_value(json_object_get(object, name)) / 1000;
}

/* Anybody's words on a terminal: no control characters. */
static void print_text(FILE *to, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 127 ? ' ' : *text, to);
}

static void print_call(FILE *to, const json_t *call)
{
    fputs("call ", to);
    print_text(to, text_of(call, "call_id"));
    fputs(" of ", to);
    print_text(to, text_of(call, "tenant_id"));
    fputs(", version ", to);
    print_text(to, text_of(call, "agent_version"));
    fputs(text_of(call, "build")[0] ? ", build " : "", to);
    print_text(to, text_of(call, "build"));
    fprintf(to, "\n%s, %.1f s, ", text_of(call, "started"), seconds_of(call, "duration_ms"));
    print_text(to, text_of(call, "direction"));
    fputs(", ", to);
    print_text(to, text_of(call, "caller"));
    fputs(" to ", to);
    print_text(to, text_of(call, "called"));
    if (text_of(call, "reason")[0]) {
        fputs("; ended: ", to);
        print_text(to, text_of(call, "reason"));
    }
    fputs("\n\n", to);
}

static void print_turns(FILE *to, const json_t *turns)
{
    size_t i;
    json_t *turn;
    json_array_foreach(turns, i, turn)
    {
        fprintf(to, "%8.1f  %-7s ", seconds_of(turn, "from_ms"), text_of(turn, "who"));
        print_text(to, text_of(turn, "text"));
        if (text_of(turn, "ending")[0])
            fprintf(to, "  (%s)", text_of(turn, "ending"));
        fputc('\n', to);
    }
    fputc('\n', to);
}

static void print_held(FILE *to, const char *name, const struct held *held)
{
    if (!held->differs) {
        fprintf(to, "%-6s the same, %" PRIu64 " held\n", name, held->count);
        return;
    }
    fprintf(to, "%-6s DIFFERS at %.3f s, record %" PRIu64 ": %s\n", name,
        (double)held->at_ms / 1000, held->record, held->what);
    fputs("         recorded  ", to);
    print_text(to, held->recorded);
    fputs("\n         now       ", to);
    print_text(to, held->now);
    fputc('\n', to);
}

static void print_checks(
    FILE *to, const struct replay_file *file, const struct check_report *report)
{
    print_held(to, "sound", &report->sound);
    print_held(to, "steps", &report->steps);
    print_held(to, "words", &report->words);
    if (report->untold)
        fprintf(to,
            "       %" PRIu64
            " pieces and transcripts are the script's own, or have no text here\n",
            report->untold);
    if (report->has_gap)
        fprintf(to, "records are missing from %.3f s on: nothing behind that was held\n",
            (double)report->gap_at_ms / 1000);
    const struct held *first = check_first(report);
    if (!first)
        return;
    struct strbuf lines;
    strbuf_init(&lines, 65536);
    describe_around(&lines, file, first->record);
    fprintf(to, "\naround it:\n%s", lines.data ? lines.data : "");
    strbuf_free(&lines);
}

void report_print(FILE *to, const char *path, const struct replay_file *file,
    const struct check_report *report, const json_t *timeline)
{
    if (timeline) {
        print_call(to, json_object_get(timeline, "call"));
        print_turns(to, json_object_get(timeline, "turns"));
    }
    if (check_verdict(report) != CHECK_BAD || report->records)
        print_checks(to, file, report);
    report_line(to, path, report);
}

void report_line(FILE *to, const char *path, const struct check_report *report)
{
    const struct held *first = check_first(report);
    fprintf(to, "%s: %s", path, check_verdict_name(check_verdict(report)));
    if (first)
        fprintf(to, " (%s, at %.3f s: %s)", check_name(report, first), (double)first->at_ms / 1000,
            first->what);
    else if (report->has_gap)
        fprintf(to, " (records are missing from %.3f s on)", (double)report->gap_at_ms / 1000);
    else if (report->why[0])
        fprintf(to, " (%s)", report->why);
    fprintf(
        to, ", %.1f s, %" PRIu64 " records\n", (double)report->duration_ms / 1000, report->records);
}

/* ---- for programs ---- */

static json_t *held_json(const struct held *held)
{
    json_t *out =
        json_pack("{s:I, s:b}", "held", (json_int_t)held->count, "differs", held->differs);
    if (!out || !held->differs)
        return out;
    json_object_set_new(out, "at_ms", json_integer((json_int_t)held->at_ms));
    json_object_set_new(out, "record", json_integer((json_int_t)held->record));
    json_object_set_new(out, "what", json_string(held->what));
    json_object_set_new(out, "recorded", json_string(held->recorded));
    json_object_set_new(out, "now", json_string(held->now));
    return out;
}

json_t *report_json(const struct check_report *report)
{
    json_t *out = json_pack("{s:s, s:s, s:I, s:I, s:b, s:o, s:o, s:o, s:I}", "verdict",
        check_verdict_name(check_verdict(report)), "why", report->why, "records",
        (json_int_t)report->records, "duration_ms", (json_int_t)report->duration_ms, "is_complete",
        report->is_complete && report->has_end, "sound", held_json(&report->sound), "steps",
        held_json(&report->steps), "words", held_json(&report->words), "words_untold",
        (json_int_t)report->untold);
    if (out && report->has_gap)
        json_object_set_new(out, "gap_at_ms", json_integer((json_int_t)report->gap_at_ms));
    return out;
}
