/* `moonline tenant new`: the folder of a tenant that talks at once, to be edited by people who do not program. It comes into
   being under a name that servers pass over and is renamed when it is whole, so none of them sees half of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/commands.h"
#include "main/tenant_template.h"
#include "text/phone_number.h"

#define USAGE "needs SLUG [--name \"Its Name\"] [--number +15550100077]"
#define PATH_SIZE 1024
#define FILE_MAX_BYTES 65536

struct request {
    const char *slug;
    char name[TENANT_NAME_SIZE];
    char number[PHONE_NUMBER_SIZE]; /* "": none yet */
};

/* ---- what is wanted ---- */

static int take_name(struct request *request, const char *name)
{
    if (!tenant_template_is_name(name)) {
        fprintf(stderr, "moonline: tenant new: a name is one line of at most %d bytes\n",
            TENANT_NAME_SIZE - 1);
        return 1;
    }
    snprintf(request->name, sizeof request->name, "%s", name);
    return 0;
}

static int take_number(struct request *request, const char *number)
{
    if (phone_number_read(request->number, slice_from(number), SLICE("")) ||
        request->number[0] != '+') {
        fprintf(stderr,
            "moonline: tenant new: \"%s\" is no whole telephone number: write +15550100077, with "
            "its country code\n",
            number);
        return 1;
    }
    return 0;
}

static int read_arguments(struct request *request, int argc, char **argv)
{
    *request = (struct request){0};
    int status = 0;
    for (int i = 1; i < argc && !status; i++) {
        bool has_value = i + 1 < argc;
        if (has_value && strcmp(argv[i], "--name") == 0)
            status = take_name(request, argv[++i]);
        else if (has_value && strcmp(argv[i], "--number") == 0)
            status = take_number(request, argv[++i]);
        else if (argv[i][0] == '-' || request->slug)
            return command_misused("tenant new", USAGE);
        else
            request->slug = argv[i];
    }
    if (status)
        return status;
    if (!request->slug)
        return command_misused("tenant new", USAGE);
    if (!command_is_tenant(request->slug))
        return 1;
    if (!request->name[0])
        tenant_template_name(request->name, request->slug);
    return 0;
}

/* ---- writing ---- */

static int failed(const char *path)
{
    fprintf(stderr, "moonline: tenant new: %s: %s\n", path, strerror(errno));
    return 1;
}

static int write_file(
    const char *folder, const char *name, const char *template, const struct tenant_words *words)
{
    char path[PATH_SIZE + 32];
    struct strbuf text;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        return failed(path);
    strbuf_init(&text, FILE_MAX_BYTES);
    tenant_template_fill(&text, template, words);
    bool is_written = !text.failed && fwrite(text.data, 1, text.len, file) == text.len;
    strbuf_free(&text);
    return fclose(file) == 0 && is_written ? 0 : failed(path);
}

static int write_folder(const char *unfinished, const char *folder, const struct request *request)
{
    const struct tenant_words words = {request->slug, request->name, request->number};
    if (mkdir(unfinished, 0777) && errno != EEXIST)
        return failed(unfinished);
    int status = write_file(unfinished, "agent.lua", TENANT_TEMPLATE_AGENT, &words);
    if (!status)
        status = write_file(unfinished, "agent_test.lua", TENANT_TEMPLATE_TEST, &words);
    if (!status && rename(unfinished, folder))
        status = failed(folder);
    return status;
}

static void say_next(const char *folder, const struct request *request)
{
    printf("%s/agent.lua       what it knows, says and may do: edit this\n", folder);
    printf("%s/agent_test.lua  conversations that must hold\n\n", folder);
    if (!request->number[0])
        printf("It has no number yet: write it into agent.lua.\n");
    printf("Next: moonline check %s; moonline test %s; moonline chat %s\n", request->slug,
        request->slug, request->slug);
}

int command_tenant_new(const struct settings *settings, int argc, char **argv)
{
    struct request request;
    struct stat found;
    char folder[PATH_SIZE], unfinished[PATH_SIZE];
    int status = read_arguments(&request, argc, argv);
    if (status)
        return status;
    snprintf(folder, sizeof folder, "%s/tenants/%s", settings->scripts, request.slug);
    snprintf(unfinished, sizeof unfinished, "%s/tenants/.new-%s", settings->scripts, request.slug);
    if (lstat(folder, &found) == 0) {
        fprintf(stderr, "moonline: tenant new: %s is there already; nothing was changed\n", folder);
        return 1;
    }
    status = write_folder(unfinished, folder, &request);
    if (!status)
        say_next(folder, &request);
    return status;
}
