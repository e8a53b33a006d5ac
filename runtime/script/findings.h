/* What is wrong with scripts, as a compiler says it: file, line, and what to do. Bounded; what is found twice (in a file
   that two tenants share) is kept once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FINDINGS_MAX 1000
#define FINDING_FILE_SIZE 256
#define FINDING_TEXT_SIZE 512

enum finding_level { FINDING_ERROR, FINDING_WARNING };

struct finding {
    enum finding_level level;
    char file
        [FINDING_FILE_SIZE]; /* below the scripts' folder: "tools/book.lua", "tenants/acme/agent.lua" */
    unsigned line;
    char text[FINDING_TEXT_SIZE];
};

struct findings {
    struct finding *items;
    size_t count;
    size_t lost;                    /* past FINDINGS_MAX, or for want of memory */
    char folder[FINDING_FILE_SIZE]; /* of the tenant at hand: what stands before its files' names */
};

/* Of the tenant whose files are looked at next; NULL: shared ones only. */
void findings_enter(struct findings *findings, const char *tenant_id);
/* `file` as scripts name it: "agent.lua", "tools/book.lua". */
void findings_add(struct findings *findings, enum finding_level level, const char *file,
    unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* From "file:12: text", as loading says it. */
void findings_add_place(struct findings *findings, const char *why);
size_t findings_count(const struct findings *findings, enum finding_level level);
void findings_sort(struct findings *findings); /* by file and line */
void findings_free(struct findings *findings);
