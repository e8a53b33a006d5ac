/* secret.get(name): an opaque value for headers of http. Files lie in MOONLINE_SECRETS/<tenant>/<name>. */
#include "bindings/secret.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/secret_file.h"
#include "bindings/modules.h"
#include "script/wait.h"

#define SECRET_METATABLE "moonline.secret"

/* --- what a script does --- */

const struct secret *secret_at(lua_State *lua, int index)
{
    const struct secret *secret = lua_touserdata(lua, index);
    if (lua_type(lua, index) != LUA_TUSERDATA || !lua_getmetatable(lua, index))
        return NULL;
    luaL_getmetatable(lua, SECRET_METATABLE);
    bool is_ours = lua_rawequal(lua, -1, -2);
    lua_pop(lua, 2);
    return is_ours ? secret : NULL;
}

static const struct secret *check_secret(lua_State *lua)
{
    const struct secret *secret = secret_at(lua, 1);
    if (!secret)
        luaL_argerror(lua, 1, "secret expected: use secret:method()");
    return secret;
}

static struct secret *push_secret(lua_State *lua, struct slice name, enum secret_form form)
{
    struct secret *secret = lua_newuserdata(lua, sizeof *secret);
    *secret = (struct secret){.form = form};
    slice_copy(name, secret->name, sizeof secret->name);
    luaL_getmetatable(lua, SECRET_METATABLE);
    lua_setmetatable(lua, -2);
    return secret;
}

static int secret_get(lua_State *lua)
{
    struct slice name = module_text(lua, 1, SECRET_NAME_SIZE - 1, 1);
    if (!name.len || strspn(name.data, "abcdefghijklmnopqrstuvwxyz0123456789_") != name.len)
        return luaL_argerror(lua, 1, "a secret's name is made of a-z, 0-9 and _");
    if (slice_starts(name, PROVIDER_KEY_PREFIX))
        return luaL_argerror(lua, 1,
            "names that begin with " PROVIDER_KEY_PREFIX
            " are the keys of providers, which scripts never hold");
    push_secret(lua, name, SECRET_PLAIN);
    return 1;
}

static int secret_bearer(lua_State *lua)
{
    push_secret(lua, slice_from(check_secret(lua)->name), SECRET_BEARER);
    return 1;
}

static int secret_basic(lua_State *lua)
{
    const struct secret *plain = check_secret(lua);
    struct slice user = module_text(lua, 2, SECRET_USER_SIZE - 1, 1);
    if (memchr(user.data, ':', user.len))
        return luaL_argerror(lua, 2, "a user's name holds no colon");
    struct secret *secret = push_secret(lua, slice_from(plain->name), SECRET_BASIC);
    slice_copy(user, secret->user, sizeof secret->user);
    return 1;
}

static int secret_text(lua_State *lua)
{
    lua_pushfstring(lua, "secret %s", check_secret(lua)->name);
    return 1;
}

/* --- what a request does --- */

static void write_header(const struct secret *secret, const char *value, char *out)
{
    char pair[SECRET_USER_SIZE + SECRET_VALUE_MAX_BYTES + 2];
    switch (secret->form) {
    case SECRET_PLAIN:
        snprintf(out, SECRET_HEADER_SIZE, "%s", value);
        break;
    case SECRET_BEARER:
        snprintf(out, SECRET_HEADER_SIZE, "Bearer %s", value);
        break;
    case SECRET_BASIC:
        snprintf(pair, sizeof pair, "%s:%s", secret->user, value);
        static_assert(BASE64_SIZE(sizeof pair) + 6 <= SECRET_HEADER_SIZE, "the longest fits");
        memcpy(out, "Basic ", 6);
        base64_encode(pair, strlen(pair), out + 6);
        explicit_bzero(pair, sizeof pair);
        break;
    }
}

enum err secret_header(const struct secret *secret, const char *folder, const char *tenant,
    char out[SECRET_HEADER_SIZE], char why[160])
{
    char path[PATH_MAX], value[SECRET_VALUE_MAX_BYTES + 1];
    const char *fault = "is not there";
    out[0] = 0;
    bool has_folder = folder && folder[0];
    int len =
        snprintf(path, sizeof path, "%s/%s/%s", has_folder ? folder : "", tenant, secret->name);
    bool fits = has_folder && len > 0 && (size_t)len < sizeof path;
    enum err err = fits ? secret_file_read(path, value, &fault) : ERR_NOT_FOUND;
    if (!err)
        write_header(secret, value, out);
    explicit_bzero(value, sizeof value);
    if (err)
        snprintf(why, 160, "secret %s %s", secret->name, fault);
    return err;
}

void secret_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"get", secret_get}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"bearer", secret_bearer}, {"basic", secret_basic}, {NULL, NULL}};
    luaL_newmetatable(lua, SECRET_METATABLE);
    lua_newtable(lua);
    luaL_setfuncs(lua, methods, 0);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, secret_text);
    lua_setfield(lua, -2, "__tostring");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
    module_give(lua, "secret", functions, bindings);
}
