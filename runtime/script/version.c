#include "script/version.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "script/answer.h"
#include "script/arguments.h"
#include "script/build.h"
#include "script/json.h"

enum err version_create(
    struct version **out, struct version_list *list, struct sources *sources_take)
{
    struct version *version = calloc(1, sizeof *version);
    if (!version) {
        sources_release(sources_take);
        return ERR_NOMEM;
    }
    version->references = 1;
    version->sources = sources_take;
    version->list = list;
    if (list)
        DL_PREPEND(list->first, version);
    *out = version;
    return ERR_OK;
}

struct version *version_hold(struct version *version)
{
    version->references++;
    return version;
}

void version_release(struct version *version)
{
    if (!version)
        return;
    assert(version->references > 0);
    if (--version->references > 0)
        return;
    build_cancel(version);
    program_release(version->program);
    if (version->list)
        DL_DELETE(version->list->first, version);
    agent_release(version->agent);
    json_decref(version->schemas);
    sources_release(version->sources);
    free(version);
}

struct version *version_pin(struct version *version)
{
    version->pins++;
    return version_hold(version);
}

void version_unpin(struct version *version)
{
    if (!version)
        return;
    assert(version->pins > 0);
    version->pins--;
    version_rest(version);
    version_release(version);
}

void version_rest(struct version *version)
{
    bool is_building = version->program && version->program->build; /* runs may wait for it */
    if (!version->pins && !is_building)
        version_discard_program(version);
}

void version_discard_program(struct version *version)
{
    program_release(version->program);
    version->program = NULL;
}

enum err version_program(struct program **out, struct version *version,
    const struct script_library *library, char why[512])
{
    version->used_ms = clock_ms();
    if (version->program && !version->program->build) {
        struct vm *vm = version->program->vm;
        vm_tidy(vm);
        if (vm->used_bytes > vm->limit_bytes / 4 * 3)
            version_discard_program(version);
    }
    enum err err = version->program ? ERR_OK : build_again(version, library, why);
    *out = version->program;
    return err;
}

struct version *version_find(const struct version_list *list, const char *id)
{
    struct version *version;
    DL_FOREACH(list->first, version)
    {
        if (version->agent && strcmp(version->agent->version, id) == 0)
            return version;
    }
    return NULL;
}

enum err version_tool_values(json_t **out, char **refusal, const struct version *version,
    const char *tool_name, struct slice text)
{
    char why[ARGUMENTS_WHY_SIZE] = "no memory";
    json_t *arguments = NULL;
    const json_t *schema = tool_name ? json_object_get(version->schemas, tool_name) : NULL;
    if (!schema) {
        *refusal = answer_error_text("unknown_tool", NULL);
        return ERR_NOT_FOUND;
    }
    char unreadable[160];
    enum err err = script_json_parse(&arguments, text.len ? text : SLICE("{}"), unreadable);
    if (err)
        snprintf(why, sizeof why, "arguments must be a JSON object: %s", unreadable);
    else
        err = arguments_check(arguments, schema, why);
    json_t *values = err ? NULL : json_pack("[O]", arguments);
    json_decref(arguments);
    if (values) {
        *out = values;
        return ERR_OK;
    }
    *refusal = answer_error_text("bad_arguments", why);
    if (!*refusal) /* the reason was cut inside of a character */
        *refusal = answer_error_text("bad_arguments", NULL);
    return ERR_BAD;
}
