/* moonline log: what the server that runs here logs; with words after it, changes that without a restart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/admin_client.h"
#include "main/commands.h"

#define PATH "/api/logging"
#define USE                                                                                        \
    "takes level SPEC, call NUMBER|CALLSID, tenant TENANT, debug audio,ws,stt|off, rate N, or off"

static void print_list(const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) printf("%s%s", i ? ", " : "", json_string_value(item));
}

static void print_rule(json_t *rule)
{
    const char *name;
    json_t *value;
    long long seconds = json_integer_value(json_object_get(rule, "seconds_left"));
    json_object_foreach(rule, name, value)
    {
        if (json_is_string(value))
            printf("watched    %s %s, for %lld:%02lld more; debug lines, ", name,
                json_string_value(value), seconds / 60, seconds % 60);
    }
    print_list(json_object_get(rule, "flags"));
    printf("\n");
}

static void print_state(json_t *state)
{
    const char *name;
    size_t i;
    json_t *value;
    printf("level      %s\n", json_string_value(json_object_get(state, "default")));
    json_object_foreach(json_object_get(state, "levels"), name, value)
        printf("           %s=%s\n", name, json_string_value(value));
    json_array_foreach(json_object_get(state, "rules"), i, value) print_rule(value);
    if (json_array_size(json_object_get(state, "flags"))) {
        printf("debug      ");
        print_list(json_object_get(state, "flags"));
        printf(", of all calls\n");
    }
    printf("rate       %lld lines a second of one event\nsubsystems ",
        (long long)json_integer_value(json_object_get(state, "rate")));
    print_list(json_object_get(state, "subsystems"));
    printf("\n");
}

/* Behind a call or tenant. False: not used so. */
static bool take_options(json_t *watch, int argc, char **argv)
{
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--ws") == 0) {
            json_object_set_new(watch, "ws", json_true());
        } else if (strcmp(argv[i], "--minutes") == 0 && argv[i + 1]) {
            json_object_set_new(watch, "minutes", json_integer(atoll(argv[++i])));
        } else {
            return false;
        }
    }
    return true;
}

/* A CallSid is "CA" and letters; numbers begin otherwise. */
static const char *kind_of(const char *verb, const char *value)
{
    if (strcmp(verb, "tenant") == 0)
        return "tenant";
    return strncmp(value, "CA", 2) == 0 ? "call" : "number";
}

/* NULL: not used so. */
static json_t *read_change(int argc, char **argv)
{
    const char *verb = argv[1], *value = argc > 2 ? argv[2] : NULL;
    if (argc == 2 && strcmp(verb, "off") == 0)
        return json_pack("{s:b}", "off", 1);
    if (!value)
        return NULL;
    if (argc == 3 && strcmp(verb, "level") == 0)
        return json_pack("{s:s}", "levels", value);
    if (argc == 3 && strcmp(verb, "debug") == 0)
        return json_pack("{s:s}", "flags", value);
    if (argc == 3 && strcmp(verb, "rate") == 0 && value[strspn(value, "0123456789")] == 0)
        return json_pack("{s:I}", "rate", (json_int_t)atoll(value));
    if (strcmp(verb, "call") != 0 && strcmp(verb, "tenant") != 0)
        return NULL;
    json_t *watch = json_pack("{s:s}", kind_of(verb, value), value);
    if (take_options(watch, argc, argv))
        return json_pack("{s:o}", "watch", watch);
    json_decref(watch);
    return NULL;
}

int command_log(const struct settings *settings, int argc, char **argv)
{
    char why[600];
    json_t *state, *change = argc > 1 ? read_change(argc, argv) : NULL;
    if (argc > 1 && !change)
        return command_misused(argv[0], USE);
    char *body = change ? json_dumps(change, JSON_COMPACT) : NULL;
    json_decref(change);
    enum err err = body ? admin_put(settings, PATH, body, &state, why)
                        : admin_ask(settings, PATH, NULL, &state, why);
    free(body);
    if (err != ERR_OK) {
        fprintf(stderr, "moonline: log: %s\n", why);
        return 1;
    }
    print_state(state);
    json_decref(state);
    return 0;
}
