/* URLs and addresses of sockets: what is taken has a host and a port, and no room for a second meaning. */
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *text, const char *plain)
{
    struct url url;
    if (url_parse(&url, text, plain))
        return;
    if (!url.host[0] || url.port < 0 || url.port > 65535 || url.path < text ||
        url.path > text + strlen(text) || (*url.path && !strchr("/?#", *url.path)))
        abort();
    if (strpbrk(url.authority, "/?#@ \t\r\n") || strpbrk(url.host, "/?#@ \t\r\n"))
        abort();
}

static void check_address(const char *text)
{
    char host[HOST_SIZE];
    int port = -1;
    struct sockaddr_storage address;
    if (address_split(text, host, &port))
        return;
    if (!host[0] || port < 0 || port > 65535)
        abort();
    bool is_numeric = address_is_numeric(host);
    if (is_numeric != (address_parse(&address, host, port) == ERR_OK))
        abort();
    char again[ADDRESS_SIZE];
    if (!is_numeric)
        return;
    address_text((struct sockaddr *)&address, again);
    if (address_is_private(again) != address_is_private(host))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = slice_dup((struct slice){(const char *)data, size});
    check_url(text, "http");
    check_url(text, "ws");
    check_address(text);
    free(text);
    return 0;
}
