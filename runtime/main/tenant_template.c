#include "main/tenant_template.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

/* The build gives TEMPLATES and builds this again when a file changes. */
#define EMBED(symbol, file)                                                                        \
    __asm__(".section .rodata\n.global " #symbol "\n" #symbol ":\n.incbin \"" TEMPLATES "/" file   \
            "\"\n.byte 0\n.previous\n")

EMBED(TENANT_TEMPLATE_AGENT, "agent.lua");
EMBED(TENANT_TEMPLATE_TEST, "agent_test.lua");

/* ---- filling ---- */

static void add_name(struct strbuf *out, const struct tenant_words *words)
{
    for (const char *c = words->name; *c; c++) {
        if (*c == '"' || *c == '\\')
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, *c);
    }
}

static void add_slug(struct strbuf *out, const struct tenant_words *words)
{
    strbuf_add_text(out, words->slug);
}

static void add_numbers(struct strbuf *out, const struct tenant_words *words)
{
    if (words->number[0])
        strbuf_printf(out, "{ \"%s\" }", words->number);
    else
        strbuf_add_text(out, "{}");
}

static const struct place {
    const char *mark;
    void (*add)(struct strbuf *out, const struct tenant_words *words);
} places[] = {
    {"@NAME@", add_name},
    {"@SLUG@", add_slug},
    {"{ \"@NUMBER@\" }", add_numbers},
};

static const struct place *place_at(const char *text)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(text, places[i].mark, strlen(places[i].mark)) == 0)
            return &places[i];
    return NULL;
}

void tenant_template_fill(
    struct strbuf *out, const char *template, const struct tenant_words *words)
{
    while (*template) {
        const struct place *place = place_at(template);
        if (place)
            place->add(out, words);
        else
            strbuf_add_char(out, *template);
        template += place ? strlen(place->mark) : 1;
    }
}

/* ---- names ---- */

void tenant_template_name(char out[TENANT_NAME_SIZE], const char *slug)
{
    size_t len = 0;
    for (bool starts_word = true; *slug && len + 1 < TENANT_NAME_SIZE; slug++) {
        bool is_gap = *slug == '-' || *slug == '_';
        out[len++] = (char)(is_gap ? ' ' : starts_word ? toupper((unsigned char)*slug) : *slug);
        starts_word = is_gap;
    }
    out[len] = 0;
}

bool tenant_template_is_name(const char *name)
{
    size_t len = strlen(name), blanks = 0;
    for (size_t i = 0; i < len; i++) {
        if (iscntrl((unsigned char)name[i]))
            return false;
        blanks += name[i] == ' ';
    }
    return len < TENANT_NAME_SIZE && blanks < len && utf8_is_valid(name, len);
}
