/* Any records as a captured call: checked, told, described and drawn without harm. A file is its records, as they stand in a
   chunk: the chunks themselves have a fuzzer of their own. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "recorded.h"
#include "replay/describe.h"
#include "replay/page.h"
#include "replay/report.h"
#include "replay/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct replay_file *file, FILE *nowhere)
{
    struct check_report report;
    struct sides sides;
    check_file(&report, file);
    json_t *timeline = story_of(file);
    report_print(nowhere, "fuzz", file, &report, timeline);
    struct strbuf lines;
    strbuf_init(&lines, 65536);
    describe_around(&lines, file, 1);
    strbuf_free(&lines);
    bool is_short = report.duration_ms < 60000; /* hours of silence are slow to write */
    if (timeline && is_short && sides_of(&sides, file) == ERR_OK) {
        sides.len = sides.len < 4096 ? sides.len : 4096;
        (void)!page_write(nowhere, timeline, &sides);
        sides_free(&sides);
    }
    json_decref(timeline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "we");
    struct strbuf bytes;
    strbuf_init(&bytes, 1u << 22);
    recorded_pack(&bytes, (struct slice){(const char *)data, size}, NULL);
    struct replay_file file = {.bytes = bytes.data, .len = bytes.len};
    if (nowhere && !bytes.failed)
        look(&file, nowhere);
    strbuf_free(&bytes);
    return 0;
}
