#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/agent_reading.h"
#include "script/json.h"
#include "script/strict.h"

#define TOOL_TIMEOUT_MS 2000

static const char *const tool_names[] = {
    "name", "description", "when", "parameters", "timeout_ms", "failure_text", "run", NULL};

static bool is_tool_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return len > 0;
}

/* A tool's faults are quoted in the file that returned it; remembers the reader's own file. */
static const char *enter_tool_file(struct reader *reader)
{
    const char *file = reader->file, *name = program_file_of(reader->lua);
    const struct source *source = name ? sources_find(reader->sources, name) : NULL;
    if (source)
        reader->file = source->name;
    reader->at[0] = 0; /* paths begin anew in each tool */
    return file;
}

static void add_tool_json(struct agent_reading *reading, const char *name, const char *description)
{
    json_t *strict = strict_schema(reading->json);
    json_t *tool = json_pack("{s:s, s:{s:s, s:s, s:b, s:o}}", "type", "function", "function",
        "name", name, "description", description, "strict", 1, "parameters", strict);
    if (!tool || json_array_append_new(reading->tools, tool) != 0 ||
        json_object_set(reading->schemas, name, reading->json) != 0)
        reader_fault(&reading->reader, "", "no memory");
}

static void read_parameters(struct agent_reading *reading, struct program_tool *tool)
{
    struct reader *reader = &reading->reader;
    char why[160], description[1024 + 512] = "", when[480] = "";
    reader_text(reader, "", "description", description, 1024);
    reader_text(reader, "", "when", when, sizeof when);
    if (!description[0])
        reader_fault(reader, "description", "is missing");
    if (when[0]) { /* a model chooses by the description */
        size_t len = strlen(description);
        snprintf(description + len, sizeof description - len, " When: %s", when);
    }
    if (!reader_enter(reader, "", "parameters", LUA_TTABLE)) {
        reader_fault(reader, "parameters", "is missing");
        return;
    }
    if (script_json_read(&reading->json, reader->lua, -1, why))
        reader_fault(reader, "parameters", "must be plain data: %s", why);
    else if (!json_is_object(json_object_get(reading->json, "properties")))
        reader_fault(reader, "parameters", "must be a JSON schema of type object with properties");
    else
        add_tool_json(reading, tool->name, description);
    json_decref(reading->json);
    reading->json = NULL;
    lua_pop(reader->lua, 1);
}

static void read_tool(struct agent_reading *reading, struct program_tool *tool)
{
    struct reader *reader = &reading->reader;
    reader_only(reader, "", tool_names);
    reader_text(reader, "", "name", tool->name, sizeof tool->name);
    if (!is_tool_name(tool->name))
        reader_fault(
            reader, "name", "is \"%s\": it must be made of letters, digits, _ and -", tool->name);
    if (program_find_tool(reading->program, tool->name) != tool)
        reader_fault(reader, "name", "is taken by another tool");
    tool->timeout_ms = TOOL_TIMEOUT_MS;
    reader_unsigned(reader, "", "timeout_ms", &tool->timeout_ms, 100, 10000);
    reader_text(reader, "", "failure_text", tool->failure_text, sizeof tool->failure_text);
    read_parameters(reading, tool);
    if (reader_enter(reader, "", "run", LUA_TFUNCTION))
        tool->run_ref = luaL_ref(reader->lua, LUA_REGISTRYINDEX);
    else
        reader_fault(reader, "run", "is missing");
}

void agent_read_tools(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    struct program *program = reading->program;
    if (!reader_enter(reader, "", "tools", LUA_TTABLE))
        return;
    size_t count = lua_objlen(reader->lua, -1);
    if (count > PROGRAM_TOOLS_MAX)
        reader_fault(reader, "tools", "must hold at most %d", PROGRAM_TOOLS_MAX);
    for (size_t i = 0; i < count && i < PROGRAM_TOOLS_MAX; i++) {
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        if (lua_istable(reader->lua, -1)) {
            const char *file = enter_tool_file(reader);
            program->tool_count++;
            read_tool(reading, &program->tools[i]);
            reader->file = file;
        } else {
            reader_fault(reader, "tools", "must hold tools, but [%zu] is a %s", i + 1,
                luaL_typename(reader->lua, -1));
        }
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}
