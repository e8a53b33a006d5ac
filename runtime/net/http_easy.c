/* The settings of one request, and curl's callbacks for it. */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_internal.h"

static const char status_line[] = "HTTP/";

static void keep_header(struct http_call *call, struct slice line)
{
    struct slice value = line;
    struct slice name = slice_split(&value, ':');
    value = slice_trim(value);
    if (slice_is_nocase(name, "content-type"))
        slice_copy(value, call->content_type, sizeof call->content_type);
    if (slice_is_nocase(name, "retry-after-ms"))
        call->retry_after_ms = (unsigned)strtoul(value.data, NULL, 10);
    if (slice_is_nocase(name, "retry-after") && !call->retry_after_ms)
        call->retry_after_ms = (unsigned)strtoul(value.data, NULL, 10) * 1000u;
    if (slice_is_nocase(name, "location") && call->listener && call->listener->on_location &&
        !call->is_cancelled)
        call->listener->on_location(call->owner, value);
}

static size_t on_header(char *data, size_t size, size_t count, void *owner)
{
    struct http_call *call = owner;
    size_t len = size * count;
    struct slice line = {data, len};
    http_touch(call);
    if (slice_starts(line, status_line)) {
        long status = 0;
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        call->status = (int)status;
        call->content_type[0] = '\0';
        call->retry_after_ms = 0;
    } else if (slice_trim(line).len) {
        keep_header(call, line);
    } else if (call->status >= 200 && !http_head_done(call)) {
        return 0;
    }
    return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner)
{
    struct http_call *call = owner;
    size_t len = size * count;
    http_touch(call);
    return http_body(call, (struct slice){data, len}) ? len : 0;
}

static int on_connected(void *owner, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    return http_request_sent(owner) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static enum err add_headers(struct http_call *call, const struct http_options *options)
{
    bool fits = append(&call->headers, "Expect:");
    for (size_t i = 0; i < options->header_count && fits; i++) {
        const struct http_header *header = &options->headers[i];
        if (strpbrk(header->name, ": \t\r\n") || strpbrk(header->value, "\r\n"))
            return ERR_BAD;
        size_t size = strlen(header->name) + strlen(header->value) + 4;
        char *line = malloc(size);
        if (!line)
            return ERR_NOMEM;
        const char *between = header->value[0] ? ": " : ";";
        snprintf(line, size, "%s%s%s", header->name, between, header->value);
        fits = append(&call->headers, line);
        free(line);
    }
    return fits ? ERR_OK : ERR_NOMEM;
}

/* What goes in the clear to another place has the same URL with the plain scheme, so that the Host header
   stays what it was. */
static enum err set_url(struct http_call *call, const struct http_options *options)
{
    const char *rest = strstr(options->url, "://");
    size_t size = strlen(rest) + 6;
    char *url = malloc(size);
    if (!url)
        return ERR_NOMEM;
    bool is_secure = !call->is_clear;
    snprintf(url, size, "%s%s", is_secure ? "https" : "http", rest);
    CURLcode failed = curl_easy_setopt(call->easy, CURLOPT_URL, url);
    free(url);
    return failed ? ERR_NOMEM : ERR_OK;
}

static enum err set_request(struct http_call *call, const struct http_options *options)
{
    CURL *easy = call->easy;
    bool has_body = options->body.len > 0 || !strcmp(options->method, "POST") ||
                    !strcmp(options->method, "PUT") || !strcmp(options->method, "PATCH");
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body.len);
        const char *body = options->body.len ? options->body.data : "";
        if (curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body))
            return ERR_NOMEM;
    }
    if (!strcmp(options->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
    if (options->user_password) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERPWD, options->user_password);
    }
    enum err err = set_url(call, options);
    return err ? err : add_headers(call, options);
}

/* The whole check of a server's certificate: chain, dates and name, with the reason when it fails. */
static int verify(X509_STORE_CTX *check, void *owner)
{
    struct http_call *call = owner;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
    const char *host = call->url.host;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool is_set = address_is_numeric(host) ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
                                           : X509_VERIFY_PARAM_set1_host(param, host, 0);
    if (is_set && X509_verify_cert(check) == 1)
        return 1;
    tls_explain(check, host, call->tls_why, sizeof call->tls_why);
    return 0;
}

/* One connection's context. A server that could ask for the certificate's check once more would do so
   when this request is over, and its memory gone: no renegotiation. */
static CURLcode use_trust(CURL *easy, void *context, void *owner)
{
    struct http_call *call = owner;
    (void)easy;
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(call->loop->trust));
    SSL_CTX_set_cert_verify_callback(context, verify, call);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    return CURLE_OK;
}

/* curl loads no authorities of its own: both clients believe the loop's. */
static void set_trust(struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(call->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(call->easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(call->easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(call->easy, CURLOPT_SSL_CTX_FUNCTION, use_trust);
    curl_easy_setopt(call->easy, CURLOPT_SSL_CTX_DATA, call);
    curl_easy_setopt(call->easy, CURLOPT_SHARE, call->loop->curl_share);
}

static void set_behaviour(struct http_call *call)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    set_trust(call);
}

enum err http_easy_prepare(struct http_call *call, const struct http_options *options)
{
    call->easy = curl_easy_init();
    if (!call->easy)
        return ERR_NOMEM;
    set_behaviour(call);
    curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, options->is_once ? 1L : 0L);
    enum err err = set_request(call, options);
    if (!err && curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers))
        err = ERR_NOMEM;
    return err;
}

/* "::address:port": every connection of this request goes there, whatever the URL's host; the name in
   the certificate and the Host header stay the URL's. */
enum err http_easy_connect_to(struct http_call *call, unsigned within_ms)
{
    char entry[ADDRESS_SIZE + 16];
    if (strchr(call->address, ':'))
        snprintf(entry, sizeof entry, "::[%s]:%d", call->address, call->port);
    else
        snprintf(entry, sizeof entry, "::%s:%d", call->address, call->port);
    curl_slist_free_all(call->connect_to);
    call->connect_to = NULL;
    call->error[0] = '\0';
    if (!append(&call->connect_to, entry))
        return ERR_NOMEM;
    curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)within_ms);
    return curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to) ? ERR_NOMEM : ERR_OK;
}
