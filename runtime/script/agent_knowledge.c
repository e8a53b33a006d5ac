/* What the tenant's script knows by itself: `faqs`, and the texts that `knowledge.files` names. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "script/agent_reading.h"
#include "script/json.h"

#define LIMIT_DEFAULT 3
#define LIMIT_MAX 8
#define FILES_MAX 8
#define PIECES_MAX 128
#define QUESTION_MAX_BYTES 500
#define ANSWER_MAX_BYTES 2000
#define KNOWLEDGE_MAX_BYTES (32u << 10)

static const char *const knowledge_names[] = {"limit", "files", NULL};

static void add_piece(
    struct agent_reading *reading, struct slice title, struct slice tags, struct slice text)
{
    json_t *piece = json_pack("{s:s%, s:s%, s:s%}", "title", title.data, title.len, "tags",
        tags.data, tags.len, "text", text.data, text.len);
    if (!piece || json_array_append_new(reading->json, piece) != 0)
        reader_fault(&reading->reader, "faqs", "no memory");
}

/* ---- faqs = { { "question", "answer", tags = "other words" }, … } ---- */

/* The text at `key` (or at `index`) of the table on top of the stack; it stays valid as that table holds it. */
static struct slice text_in(lua_State *lua, int index, const char *key)
{
    size_t len = 0;
    if (key) {
        lua_pushstring(lua, key);
        lua_rawget(lua, -2);
    } else {
        lua_rawgeti(lua, -1, index);
    }
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &len) : "";
    lua_pop(lua, 1);
    return (struct slice){text, len};
}

static bool is_text(struct slice text, size_t max_bytes)
{
    return text.len <= max_bytes && !memchr(text.data, 0, text.len) &&
           utf8_is_valid(text.data, text.len);
}

static void read_faq(struct agent_reading *reading, const char *path)
{
    struct reader *reader = &reading->reader;
    if (!lua_istable(reader->lua, -1)) {
        reader_wrong(reader, path, "must be { \"a question\", \"its answer\" }");
        return;
    }
    struct slice question = text_in(reader->lua, 1, NULL), answer = text_in(reader->lua, 2, NULL);
    struct slice tags = text_in(reader->lua, 0, "tags");
    if (!question.len || !answer.len)
        reader_fault(reader, path, "must be { \"a question\", \"its answer\" }");
    else if (!is_text(question, QUESTION_MAX_BYTES) || !is_text(tags, QUESTION_MAX_BYTES))
        reader_fault(reader, path, "has a question or tags of more than %d bytes, or not in UTF-8",
            QUESTION_MAX_BYTES);
    else if (!is_text(answer, ANSWER_MAX_BYTES))
        reader_fault(
            reader, path, "has an answer of more than %d bytes, or not in UTF-8", ANSWER_MAX_BYTES);
    else
        add_piece(reading, question, tags, answer);
}

static bool read_faqs(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    if (!reader_enter(reader, "", "faqs", LUA_TTABLE))
        return false;
    size_t count = lua_objlen(reader->lua, -1);
    if (count > PIECES_MAX)
        reader_fault(reader, "faqs", "holds %zu: at most %d fit; more belong into the database",
            count, PIECES_MAX);
    for (size_t i = 0; i < count && i < PIECES_MAX; i++) {
        char path[32];
        snprintf(path, sizeof path, "faqs[%zu]", i + 1);
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        read_faq(reading, path);
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
    return true;
}

/* ---- knowledge.files: Markdown, a piece at each heading ---- */

static void add_section(
    struct agent_reading *reading, const char *path, struct slice title, struct slice text)
{
    struct reader *reader = &reading->reader;
    text = slice_trim(text);
    title = slice_trim(title);
    if (!text.len)
        return;
    if (json_array_size(reading->json) == PIECES_MAX)
        reader_fault(reader, path, "has too many headings: at most %d pieces fit", PIECES_MAX);
    else if (!is_text(text, ANSWER_MAX_BYTES) || !is_text(title, QUESTION_MAX_BYTES))
        reader_fault(reader, path,
            "has a part of more than %d bytes, or not in UTF-8, below \"%.*s\": give it headings",
            ANSWER_MAX_BYTES, (int)(title.len > 60 ? 60 : title.len), title.data);
    else
        add_piece(reading, title, SLICE(""), text);
}

static void read_sections(
    struct agent_reading *reading, const char *path, struct slice title, struct slice file)
{
    const char *start = file.data, *end = file.data + file.len;
    while (file.len) {
        struct slice line = slice_split(&file, '\n');
        if (line.len == 0 || line.data[0] != '#')
            continue;
        add_section(reading, path, title, (struct slice){start, (size_t)(line.data - start)});
        title = (struct slice){line.data, line.len};
        while (title.len && title.data[0] == '#')
            title = (struct slice){title.data + 1, title.len - 1};
        start = file.len ? file.data : end;
    }
    add_section(reading, path, title, (struct slice){start, (size_t)(end - start)});
}

static void read_file(struct agent_reading *reading, const char *path)
{
    struct reader *reader = &reading->reader;
    char why[256];
    const char *name =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
    struct slice file, title = slice_from(name);
    if (!source_is_own(name, ".md")) {
        reader_wrong(reader, path, "must be a .md file in the tenant's folder");
    } else if (sources_get(reading->program->sources, name, &file, why)) {
        reader_fault(reader, path, "cannot be read: %s", why);
    } else {
        const char *slash = strrchr(name, '/');
        title = slice_from(slash ? slash + 1 : name);
        title.len -= strlen(".md");
        read_sections(reading, path, title, file);
    }
}

static void read_files(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    if (!reader_enter(reader, "knowledge", "files", LUA_TTABLE))
        return;
    size_t count = lua_objlen(reader->lua, -1);
    if (count > FILES_MAX)
        reader_fault(reader, "knowledge.files", "holds %zu: at most %d fit", count, FILES_MAX);
    for (size_t i = 0; i < count && i < FILES_MAX; i++) {
        char path[40];
        snprintf(path, sizeof path, "knowledge.files[%zu]", i + 1);
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        read_file(reading, path);
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

void agent_read_knowledge(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    struct agent_knowledge *knowledge = &reading->agent->knowledge;
    reading->json = json_array();
    bool is_wanted = read_faqs(reading);
    if (reader_enter(reader, "", "knowledge", LUA_TTABLE)) {
        is_wanted = true;
        knowledge->limit = LIMIT_DEFAULT;
        reader_only(reader, "knowledge", knowledge_names);
        reader_unsigned(reader, "knowledge", "limit", &knowledge->limit, 0, LIMIT_MAX);
        read_files(reading);
        lua_pop(reader->lua, 1);
    } else if (is_wanted) {
        knowledge->limit = LIMIT_DEFAULT;
    }
    knowledge->count = json_array_size(reading->json);
    if (script_json_print(&knowledge->pieces_json, reading->json, KNOWLEDGE_MAX_BYTES))
        reader_fault(reader, "faqs",
            "and knowledge.files are more than 32 KiB together: more belongs into the database");
    json_decref(reading->json);
    reading->json = NULL;
}
