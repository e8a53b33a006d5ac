#include "store/knowledge.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
    const char *code, *config;
} languages[] = {{"en", "english"}, {"es", "spanish"}, {"fr", "french"}, {"de", "german"},
    {"it", "italian"}, {"pt", "portuguese"}, {"nl", "dutch"}, {"da", "danish"}, {"sv", "swedish"},
    {"no", "norwegian"}, {"nb", "norwegian"}, {"fi", "finnish"}, {"ru", "russian"},
    {"tr", "turkish"}, {"hu", "hungarian"}, {"ro", "romanian"}, {"el", "greek"}, {"ar", "arabic"},
    {"ca", "catalan"}, {"ga", "irish"}, {"hi", "hindi"}, {"id", "indonesian"}};

static const char *config_of(const char *code)
{
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        if (strcmp(languages[i].code, code) == 0)
            return languages[i].config;
    return "simple";
}

/* Whole characters, at most so many bytes. */
static struct slice cut(struct slice words)
{
    if (words.len <= KNOWLEDGE_WORDS_MAX_BYTES)
        return words;
    words.len = KNOWLEDGE_WORDS_MAX_BYTES;
    while (words.len && !utf8_is_valid(words.data, words.len))
        words.len--;
    return words;
}

enum err knowledge_search(struct query **out, struct database *database,
    const struct knowledge_question *question, query_fn *fn, void *owner)
{
    char limit[16];
    snprintf(limit, sizeof limit, "%u", question->limit);
    const struct slice params[] = {cut(question->words), slice_from(config_of(question->language)),
        slice_from(question->script_json), slice_from(limit)};
    return database_tenant_query(out, database, question->tenant_id,
        "select title, body, score from knowledge_search($1, $2, $3, $4)", params, 4,
        question->timeout_ms, fn, owner);
}
