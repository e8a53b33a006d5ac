#include "store/target.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beside what the URL says. Kerberos is off because asking for its tickets may block. A peer that is
   gone without a word is noticed after 10 s. */
static const char *const DEFAULTS[][2] = {
    {"gssencmode", "disable"},
    {"client_encoding", "UTF8"},
    {"tcp_user_timeout", "10000"},
};

static bool add(struct target *target, const char *keyword, const char *value)
{
    if (target->count >= TARGET_PARAMETERS)
        return false;
    char *name = strdup(keyword);
    char *copy = strdup(value);
    if (!name || !copy) {
        free(name);
        free(copy);
        return false;
    }
    target->keywords[target->count] = name;
    target->values[target->count++] = copy;
    return true;
}

static const char *find(const struct target *target, const char *keyword)
{
    for (size_t i = 0; i < target->count; i++) {
        if (!strcmp(target->keywords[i], keyword))
            return target->values[i];
    }
    return NULL;
}

static bool add_all(struct target *target, const PQconninfoOption *options)
{
    for (const PQconninfoOption *option = options; option->keyword; option++) {
        if (option->val && option->val[0] && !add(target, option->keyword, option->val))
            return false;
    }
    return true;
}

/* The host may come from the environment (PGHOST) or a service file, as for every libpq program. */
static bool add_default_host(struct target *target)
{
    bool is_done = true;
    PQconninfoOption *defaults = PQconndefaults();
    for (PQconninfoOption *option = defaults; option && option->keyword; option++) {
        bool is_host = !strcmp(option->keyword, "host") || !strcmp(option->keyword, "hostaddr");
        if (is_host && option->val && option->val[0] && !find(target, option->keyword))
            is_done = is_done && add(target, option->keyword, option->val);
    }
    PQconninfoFree(defaults);
    return is_done;
}

static bool add_ours(struct target *target, const char *application_name)
{
    bool is_done = add(target, "fallback_application_name", application_name);
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof DEFAULTS[0]; i++) {
        if (!find(target, DEFAULTS[i][0]))
            is_done = is_done && add(target, DEFAULTS[i][0], DEFAULTS[i][1]);
    }
    return is_done;
}

enum err target_parse(
    struct target *target, const char *url, const char *application_name, char why[200])
{
    *target = (struct target){0};
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    if (!options) {
        /* libpq's message may quote the URL, password included. */
        snprintf(why, 200, "the database URL is not understood");
        PQfreemem(message);
        return ERR_BAD;
    }
    bool is_done = add_all(target, options);
    PQconninfoFree(options);
    is_done = is_done && add_default_host(target) && add_ours(target, application_name);
    const char *host = find(target, "host");
    enum err err = is_done ? ERR_OK : ERR_NOMEM;
    if (!err && host && strchr(host, ',')) {
        snprintf(why, 200, "the database URL names several hosts, one is supported");
        err = ERR_BAD;
    } else if (err) {
        snprintf(why, 200, "no memory");
    }
    if (err) {
        target_free(target);
        return err;
    }
    bool is_socket = !host || host[0] == '/' || host[0] == '@';
    target->host = is_socket || find(target, "hostaddr") ? NULL : host;
    return ERR_OK;
}

void target_free(struct target *target)
{
    for (size_t i = 0; i < target->count; i++) {
        free((char *)target->keywords[i]);
        free((char *)target->values[i]);
    }
    *target = (struct target){0};
}
