#include "script/findings.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "script/sources.h"

void findings_enter(struct findings *findings, const char *tenant_id)
{
    if (tenant_id)
        snprintf(findings->folder, sizeof findings->folder, "tenants/%s/", tenant_id);
    else
        findings->folder[0] = 0;
}

static bool is_kept(const struct findings *findings, const struct finding *finding)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *other = &findings->items[i];
        if (other->line == finding->line && strcmp(other->file, finding->file) == 0 &&
            strcmp(other->text, finding->text) == 0)
            return true;
    }
    return false;
}

static void keep(struct findings *findings, const struct finding *finding)
{
    if (is_kept(findings, finding))
        return;
    if (!findings->items)
        findings->items = calloc(FINDINGS_MAX, sizeof *findings->items);
    if (!findings->items || findings->count == FINDINGS_MAX)
        findings->lost++;
    else
        findings->items[findings->count++] = *finding;
}

void findings_add(struct findings *findings, enum finding_level level, const char *file,
    unsigned line, const char *format, ...)
{
    struct finding finding = {.level = level, .line = line};
    va_list args;
    snprintf(finding.file, sizeof finding.file, "%s%s",
        source_is_shared(file) ? "" : findings->folder, file);
    va_start(args, format);
    vsnprintf(finding.text, sizeof finding.text, format, args);
    va_end(args);
    keep(findings, &finding);
}

void findings_add_place(struct findings *findings, const char *why)
{
    char file[SOURCE_NAME_SIZE] = "agent.lua";
    unsigned long line = 1;
    const char *colon = strchr(why, ':');
    char *end = NULL;
    if (colon && isdigit((unsigned char)colon[1]))
        line = strtoul(colon + 1, &end, 10);
    if (end && *end == ':') {
        slice_copy((struct slice){why, (size_t)(colon - why)}, file, sizeof file);
        why = end + 1 + strspn(end + 1, " ");
    }
    findings_add(findings, FINDING_ERROR, file, (unsigned)line, "%s", why);
}

size_t findings_count(const struct findings *findings, enum finding_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].level == level;
    return count;
}

static int by_place(const void *a, const void *b)
{
    const struct finding *left = a, *right = b;
    int order = strcmp(left->file, right->file);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

void findings_sort(struct findings *findings)
{
    if (findings->count)
        qsort(findings->items, findings->count, sizeof *findings->items, by_place);
}

void findings_free(struct findings *findings)
{
    free(findings->items);
    *findings = (struct findings){0};
}
