#include "script/news.h"

#include <pthread.h>

#include "base/clock.h"
#include "script/agent.h"

struct item {
    uint64_t at_ms;
    char tenant_id[TENANT_ID_SIZE];
    char version[VERSION_SIZE];
    char outcome[16];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct item items[NEWS_MAX];
static size_t noted; /* since the process began */

void news_note(const char *tenant_id, const char *version, const char *outcome)
{
    struct item item = {.at_ms = clock_ms()};
    slice_copy(slice_from(tenant_id), item.tenant_id, sizeof item.tenant_id);
    slice_copy(slice_from(version), item.version, sizeof item.version);
    slice_copy(slice_from(outcome), item.outcome, sizeof item.outcome);
    pthread_mutex_lock(&lock);
    items[noted++ % NEWS_MAX] = item;
    pthread_mutex_unlock(&lock);
}

void news_json(struct strbuf *out)
{
    strbuf_add_char(out, '[');
    pthread_mutex_lock(&lock);
    for (size_t back = 1; back <= NEWS_MAX && back <= noted; back++) {
        const struct item *item = &items[(noted - back) % NEWS_MAX];
        strbuf_printf(out, "%s{\"ago_seconds\":%llu,\"tenant\":", back > 1 ? "," : "",
            (unsigned long long)(clock_ms() - item->at_ms) / 1000);
        strbuf_add_json(out, slice_from(item->tenant_id));
        strbuf_printf(out, ",\"version\":\"%s\",\"outcome\":\"%s\"}", item->version, item->outcome);
    }
    pthread_mutex_unlock(&lock);
    strbuf_add_char(out, ']');
}
