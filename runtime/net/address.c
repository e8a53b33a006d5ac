#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

bool address_is_numeric(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

struct block {
    uint32_t network;
    unsigned bits;
};

/* IPv4 that is not somebody's public host: this network, private, shared, loopback, link-local,
   protocol assignments, documentation, benchmarks, multicast and reserved. */
static const struct block special_v4[] = {
    {0x00000000, 8},
    {0x0a000000, 8},
    {0x64400000, 10},
    {0x7f000000, 8},
    {0xa9fe0000, 16},
    {0xac100000, 12},
    {0xc0000000, 24},
    {0xc0000200, 24},
    {0xc0586300, 24},
    {0xc0a80000, 16},
    {0xc6120000, 15},
    {0xc6336400, 24},
    {0xcb007100, 24},
    {0xe0000000, 3},
};

static bool v4_is_private(uint32_t address)
{
    for (size_t i = 0; i < sizeof special_v4 / sizeof special_v4[0]; i++) {
        if ((address ^ special_v4[i].network) >> (32 - special_v4[i].bits) == 0)
            return true;
    }
    return false;
}

static uint32_t read_u32(const unsigned char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return ntohl(value);
}

/* Public IPv6 is 2000::/3; of that, tunnels that carry an IPv4 address are judged by it. */
static bool v6_is_private(const unsigned char b[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (!memcmp(b, mapped, sizeof mapped) || !memcmp(b, nat64, sizeof nat64))
        return v4_is_private(read_u32(b + 12));
    if (b[0] == 0x20 && b[1] == 0x02)
        return v4_is_private(read_u32(b + 2));
    bool is_teredo = read_u32(b) == 0x20010000;
    bool is_documentation = read_u32(b) == 0x20010db8;
    return (b[0] & 0xe0) != 0x20 || is_teredo || is_documentation;
}

bool address_is_private(const char *address)
{
    unsigned char bytes[16];
    if (inet_pton(AF_INET, address, bytes) == 1)
        return v4_is_private(read_u32(bytes));
    if (inet_pton(AF_INET6, address, bytes) == 1)
        return v6_is_private(bytes);
    return true;
}

void address_text(const struct sockaddr *from, char out[ADDRESS_SIZE])
{
    const void *bytes = from->sa_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)from)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr;
    out[0] = '\0';
    inet_ntop(from->sa_family, bytes, out, ADDRESS_SIZE);
}

static enum err parse_port(const char *text, int *port)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return ERR_BAD;
    long value = strtol(text, &end, 10);
    if (*end || value > 65535)
        return ERR_BAD;
    *port = (int)value;
    return ERR_OK;
}

enum err address_split(const char *text, char host[HOST_SIZE], int *port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text)
        return ERR_BAD;
    struct slice name = {text, (size_t)(colon - text)};
    if (name.data[0] == '[') {
        if (name.len < 3 || name.data[name.len - 1] != ']')
            return ERR_BAD;
        name = (struct slice){name.data + 1, name.len - 2};
    } else if (memchr(name.data, ':', name.len)) {
        return ERR_BAD;
    }
    return slice_copy(name, host, HOST_SIZE) ? parse_port(colon + 1, port) : ERR_BAD;
}

enum err address_parse(struct sockaddr_storage *out, const char *numeric, int port)
{
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, numeric, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, numeric, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return ERR_OK;
    }
    return ERR_BAD;
}

static bool is_clean(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static enum err parse_authority(struct url *out, struct slice authority)
{
    bool has_port =
        authority.data[authority.len - 1] != ']' && memrchr(authority.data, ':', authority.len);
    if (memchr(authority.data, '@', authority.len) ||
        !slice_copy(authority, out->authority, sizeof out->authority))
        return ERR_BAD;
    char full[sizeof out->authority + 8];
    snprintf(full, sizeof full, "%s", out->authority);
    if (!has_port)
        snprintf(full, sizeof full, "%s:%d", out->authority, out->port);
    return address_split(full, out->host, &out->port);
}

enum err url_parse(struct url *out, const char *text, const char *plain)
{
    size_t scheme = strlen(plain);
    if (strncasecmp(text, plain, scheme) || !is_clean(text))
        return ERR_BAD;
    const char *rest = text + scheme;
    out->is_secure = *rest == 's' || *rest == 'S';
    rest += out->is_secure;
    if (strncmp(rest, "://", 3))
        return ERR_BAD;
    rest += 3;
    size_t len = strcspn(rest, "/?#");
    if (!len)
        return ERR_BAD;
    out->port = out->is_secure ? 443 : 80;
    out->path = rest + len;
    return parse_authority(out, (struct slice){rest, len});
}
