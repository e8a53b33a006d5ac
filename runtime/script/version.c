#include "script/version.h"

#include <assert.h>
#include <stdlib.h>

#include "script/build.h"

enum err version_create(struct version **out, const char *scripts_path, const char *tenant_id)
{
    struct version *version = calloc(1, sizeof *version);
    if (!version)
        return ERR_NOMEM;
    version->references = 1;
    enum err err = sources_create(&version->sources, scripts_path, tenant_id);
    if (err)
        free(version);
    else
        *out = version;
    return err;
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
    agent_release(version->agent);
    json_decref(version->schemas);
    sources_release(version->sources);
    free(version);
}

void version_discard_program(struct version *version)
{
    program_release(version->program);
    version->program = NULL;
}

enum err version_program(struct program **out, struct version *version,
    const struct script_library *library, char why[512])
{
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
