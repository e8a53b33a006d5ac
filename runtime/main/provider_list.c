#include "main/provider_list.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret_file.h"
#include "main/usual_providers.h"
#include "observe/log.h"
#include "script/sources.h"

#define TENANT_KEYS_MAX 10000
#define CONTENT_MAX_BYTES (64u << 20)

/* ---- what was read ---- */

/* A copy that the list owns; NULL: no memory. */
static const char *keep(struct provider_list *list, const char *text)
{
    char **texts = realloc(list->texts, (list->text_count + 1) * sizeof *texts);
    if (!texts)
        return NULL;
    list->texts = texts;
    texts[list->text_count] = strdup(text);
    return texts[list->text_count] ? texts[list->text_count++] : NULL;
}

static void note(struct provider_list *list, const char *text)
{
    strbuf_add(&list->content, text, strlen(text) + 1);
}

static void note_key(struct provider_list *list, const char *key)
{
    uint8_t digest[SHA256_BYTES];
    crypto_sha256(slice_from(key), digest);
    strbuf_add(&list->content, digest, sizeof digest);
}

static const char *keep_file(struct provider_list *list, const char *path)
{
    char *copy = strdup(path);
    if (copy)
        list->files[list->file_count++] = copy;
    return copy;
}

/* ---- the operator's keys ---- */

/* Key files are named as seen from the folder of the file that names them. */
static const char *beside(const char *path, const char *name, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int folder = slash && name[0] != '/' ? (int)(slash - path + 1) : 0;
    snprintf(out, PATH_MAX, "%.*s%s", folder, path, name);
    return out;
}

static enum err take_key(
    struct provider_list *list, struct provider *provider, const char *key, const char *source)
{
    note(list, provider->name);
    note_key(list, key);
    *provider_api_key(provider) = keep(list, key);
    provider->key_source = keep(list, source);
    return *provider_api_key(provider) && provider->key_source ? ERR_OK : ERR_NOMEM;
}

/* It becomes a header, or a part of one. */
static bool is_one_line(const char *key)
{
    for (; *key; key++)
        if ((unsigned char)*key < ' ' || *key == 127)
            return false;
    return true;
}

static enum err key_from_environment(struct provider_list *list, struct provider *provider,
    const char *path, const char *name, char why[CATALOG_WHY_SIZE])
{
    char source[128];
    const char *key = getenv(name);
    if (!key || !key[0]) {
        snprintf(why, CATALOG_WHY_SIZE,
            "%.200s: %s %s: key_env names %s, which is not set: set it, or write key_file", path,
            slot_name(provider->driver->slot), provider->name, name);
        return ERR_NOT_FOUND;
    }
    if (!is_one_line(key)) {
        snprintf(why, CATALOG_WHY_SIZE,
            "%.200s: %s %s: what %s holds must be one line, without a line's end", path,
            slot_name(provider->driver->slot), provider->name, name);
        return ERR_BAD;
    }
    snprintf(source, sizeof source, "environment %s", name);
    return take_key(list, provider, key, source);
}

static enum err key_from_file(struct provider_list *list, struct provider *provider,
    const char *path, const char *file, char why[CATALOG_WHY_SIZE])
{
    char key[SECRET_VALUE_MAX_BYTES + 1], source[PATH_MAX + 8];
    const char *fault;
    enum err err = secret_file_read(file, key, &fault);
    snprintf(source, sizeof source, "file %s", file);
    if (err)
        snprintf(why, CATALOG_WHY_SIZE, "%.150s: %s %s: key_file %.200s %s", path,
            slot_name(provider->driver->slot), provider->name, file, fault);
    else
        err = take_key(list, provider, key, source);
    explicit_bzero(key, sizeof key);
    return err;
}

static enum err read_keys(struct provider_list *list, const char *path, char why[CATALOG_WHY_SIZE])
{
    const char *files[PROVIDERS_MAX] = {0};
    char file[PATH_MAX];
    for (size_t i = 0; i < list->count; i++) { /* all, so that all are watched */
        const char *name = list->file.entries[i].key_file;
        if (name && !(files[i] = keep_file(list, beside(path, name, file))))
            return ERR_NOMEM;
    }
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < list->count; i++) {
        const char *variable = list->file.entries[i].key_env;
        if (variable)
            err = key_from_environment(list, &list->providers[i], path, variable, why);
        else if (files[i])
            err = key_from_file(list, &list->providers[i], path, files[i], why);
    }
    return err;
}

/* ---- the file ---- */

static enum err read_text(struct provider_list *list, const char *path, char why[CATALOG_WHY_SIZE])
{
    char part[4096];
    FILE *file = fopen(path, "re");
    snprintf(why, CATALOG_WHY_SIZE, "MOONLINE_PROVIDERS is %.200s, which cannot be read: %m", path);
    if (!file)
        return ERR_NOT_FOUND;
    for (size_t len; list->content.len <= CATALOG_FILE_MAX_BYTES &&
                     (len = fread(part, 1, sizeof part, file)) > 0;)
        strbuf_add(&list->content, part, len);
    bool is_read = !ferror(file); /* a folder opens, and does not read */
    if (!is_read)
        snprintf(
            why, CATALOG_WHY_SIZE, "MOONLINE_PROVIDERS is %.200s, which cannot be read: %m", path);
    fclose(file);
    return is_read ? ERR_OK : ERR_SYSTEM;
}

static enum err read_list(struct provider_list *list, const char *path, char why[CATALOG_WHY_SIZE])
{
    if (!keep_file(list, path))
        return ERR_NOMEM;
    enum err err = read_text(list, path, why);
    if (!err)
        err = catalog_file_read(&list->file, path, strbuf_slice(&list->content), why);
    if (err)
        return err;
    list->count = list->file.count;
    for (size_t i = 0; i < list->count; i++)
        list->providers[i] = list->file.entries[i].provider;
    snprintf(why, CATALOG_WHY_SIZE, "out of memory");
    return read_keys(list, path, why);
}

/* ---- the tenants' keys ---- */

static enum err add_key(struct provider_list *list, const struct provider_key *key)
{
    struct provider_key *keys = realloc(list->keys, (list->key_count + 1) * sizeof *keys);
    if (!keys)
        return ERR_NOMEM;
    list->keys = keys;
    keys[list->key_count++] = *key;
    note(list, key->source);
    note_key(list, key->key);
    return ERR_OK;
}

static enum err read_tenant_key(
    struct provider_list *list, const char *tenant_id, const char *provider, const char *path)
{
    struct provider_key key = {0};
    char value[SECRET_VALUE_MAX_BYTES + 1], source[PATH_MAX + 8];
    const char *fault;
    if (list->key_count == TENANT_KEYS_MAX ||
        !slice_copy(slice_from(tenant_id), key.tenant_id, sizeof key.tenant_id) ||
        !slice_copy(slice_from(provider), key.provider, sizeof key.provider))
        return ERR_OK;
    enum err err = secret_file_read(path, value, &fault);
    if (err) {
        log_warn("providers.key_bad", "tenant=%s provider=%s file=%s why=%s", tenant_id, provider,
            path, fault);
        note(list, path);
        return ERR_OK;
    }
    snprintf(source, sizeof source, "file %s", path);
    key.key = keep(list, value);
    key.source = keep(list, source);
    explicit_bzero(value, sizeof value);
    return key.key && key.source ? add_key(list, &key) : ERR_NOMEM;
}

static enum err read_tenant(struct provider_list *list, const char *secrets, const char *tenant_id)
{
    char path[PATH_MAX];
    enum err err = ERR_OK;
    size_t prefix = strlen(PROVIDER_KEY_PREFIX);
    snprintf(path, sizeof path, "%s/%s", secrets, tenant_id);
    DIR *dir = source_is_tenant(tenant_id) ? opendir(path) : NULL;
    for (struct dirent *entry; dir && !err && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, PROVIDER_KEY_PREFIX, prefix) != 0 ||
            snprintf(path, sizeof path, "%s/%s/%s", secrets, tenant_id, entry->d_name) >=
                (int)sizeof path)
            continue;
        err = read_tenant_key(list, tenant_id, entry->d_name + prefix, path);
    }
    if (dir)
        closedir(dir);
    return err;
}

static enum err read_tenants(struct provider_list *list, const char *secrets)
{
    struct dirent **names = NULL;
    int count = secrets[0] ? scandir(secrets, &names, NULL, alphasort) : 0;
    enum err err = ERR_OK;
    for (int i = 0; i < count; i++) {
        if (!err)
            err = read_tenant(list, secrets, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return err;
}

/* ---- all of it ---- */

enum err provider_list_read(
    struct provider_list *out, const struct settings *settings, char why[CATALOG_WHY_SIZE])
{
    enum err err = ERR_OK;
    *out = (struct provider_list){0};
    strbuf_init(&out->content, CONTENT_MAX_BYTES);
    snprintf(why, CATALOG_WHY_SIZE, "out of memory");
    if (settings->providers[0])
        err = read_list(out, settings->providers, why);
    else
        out->count = usual_providers(settings, out->providers);
    if (!err)
        err = read_tenants(out, settings->secrets);
    if (!err && out->content.failed)
        err = ERR_NOMEM;
    if (!err)
        crypto_sha256(strbuf_slice(&out->content), out->stamp);
    return err;
}

void provider_list_free(struct provider_list *list)
{
    for (size_t i = 0; i < list->text_count; i++) {
        explicit_bzero(list->texts[i], strlen(list->texts[i]));
        free(list->texts[i]);
    }
    for (size_t i = 0; i < list->file_count; i++)
        free(list->files[i]);
    strbuf_free(&list->content);
    catalog_file_free(&list->file);
    free(list->texts);
    free(list->keys);
    *list = (struct provider_list){0};
}
