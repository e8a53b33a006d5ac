/* What a replay came to, for people and for programs. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "replay/check.h"

/* Who, when, what was said, and what the checks say; with what lies around the first difference. */
void report_print(FILE *to, const char *path, const struct replay_file *file,
    const struct check_report *report, const json_t *timeline);
/* One line: the file and its verdict. */
void report_line(FILE *to, const char *path, const struct check_report *report);
json_t *report_json(const struct check_report *report); /* NULL: no memory */
