#include "script/bundle.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/strbuf.h"
#include "base/utf8.h"

/* ---- writing ---- */

static void add_base64(struct strbuf *out, const struct source *file)
{
    char *text = malloc(BASE64_SIZE(file->len));
    if (!text) {
        out->failed = true;
        return;
    }
    base64_encode(file->text, file->len, text);
    strbuf_printf(out, "{\"base64\":\"%s\"}", text);
    free(text);
}

/* Postgres has no zero byte in its JSON. */
static bool is_text(const struct source *file)
{
    return utf8_is_valid(file->text, file->len) && !memchr(file->text, 0, file->len);
}

static void add_file(struct strbuf *out, const struct source *file)
{
    strbuf_add_json(out, slice_from(file->name));
    strbuf_add_char(out, ':');
    if (is_text(file))
        strbuf_add_json(out, (struct slice){file->text, file->len});
    else
        add_base64(out, file);
}

enum err sources_to_bundle(char **out, const struct sources *sources)
{
    const struct source *order[SOURCES_MAX];
    char version[VERSION_SIZE];
    struct strbuf text;
    strbuf_init(&text, BUNDLE_MAX_BYTES);
    sources_version(sources, version);
    strbuf_printf(
        &text, "{\"tenant\":\"%s\",\"version\":\"%s\",\"files\":{", sources->tenant_id, version);
    sources_in_order(sources, order);
    for (size_t i = 0; i < sources->count; i++) {
        if (i)
            strbuf_add_char(&text, ',');
        add_file(&text, order[i]);
    }
    strbuf_add_text(&text, "}}");
    *out = strbuf_take(&text);
    return *out ? ERR_OK : ERR_FULL;
}

/* ---- reading ---- */

static enum err from_base64(char **out, size_t *len, const json_t *value)
{
    const json_t *member = json_object_get(value, "base64");
    struct slice text = {json_string_value(member), json_string_length(member)};
    *out = text.data ? malloc(text.len + 1) : NULL;
    if (*out && base64_decode(len, (uint8_t *)*out, text.len, text) == ERR_OK) {
        (*out)[*len] = 0;
        return ERR_OK;
    }
    free(*out);
    return ERR_BAD;
}

static enum err take_file(
    struct sources *sources, const char *name, const json_t *value, char why[256])
{
    char *text = NULL;
    size_t len = json_string_length(value);
    if (json_is_string(value))
        text = slice_dup((struct slice){json_string_value(value), len});
    else if (from_base64(&text, &len, value) != ERR_OK) {
        snprintf(why, 256, "%.100s is neither a text nor base64", name);
        return ERR_BAD;
    }
    return sources_put_take(sources, name, text, len, why);
}

static enum err take_files(struct sources *sources, json_t *files, char why[256])
{
    const char *name;
    json_t *value;
    enum err err = ERR_OK;
    json_object_foreach(files, name, value)
    {
        err = take_file(sources, name, value, why);
        if (err)
            return err;
    }
    if (!sources_find(sources, "agent.lua")) {
        snprintf(why, 256, "agent.lua is missing");
        err = ERR_BAD;
    }
    return err;
}

static enum err check_version(const struct sources *sources, const char *claimed, char why[256])
{
    char version[VERSION_SIZE];
    sources_version(sources, version);
    if (strcmp(version, claimed) == 0)
        return ERR_OK;
    snprintf(why, 256, "its files are version %s, but it says %.40s", version, claimed);
    return ERR_BAD;
}

static enum err take_members(
    struct sources **out, const json_t *root, const char *scripts_path, char why[256])
{
    const char *tenant = json_string_value(json_object_get(root, "tenant"));
    const char *version = json_string_value(json_object_get(root, "version"));
    json_t *files = json_object_get(root, "files");
    snprintf(why, 256, "it must hold a tenant, a version and files");
    if (!tenant || !source_is_tenant(tenant) || !version || !json_is_object(files))
        return ERR_BAD;
    enum err err = sources_create(out, scripts_path, tenant);
    if (err)
        return err;
    err = take_files(*out, files, why);
    if (!err)
        err = check_version(*out, version, why);
    if (err)
        sources_release(*out);
    else
        (*out)->is_sealed = true;
    return err;
}

enum err sources_from_bundle(
    struct sources **out, struct slice bundle, const char *scripts_path, char why[256])
{
    json_error_t error;
    if (bundle.len > BUNDLE_MAX_BYTES) {
        snprintf(why, 256, "longer than %u MiB", BUNDLE_MAX_BYTES >> 20);
        return ERR_BAD;
    }
    json_t *root = json_loadb(bundle.data, bundle.len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(why, 256, "no JSON: %.160s", error.text);
        return ERR_BAD;
    }
    enum err err = take_members(out, root, scripts_path, why);
    json_decref(root);
    return err;
}
