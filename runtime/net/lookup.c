#include "net/lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREAD_STACK_BYTES (512u * 1024u)
#define TRY_SECONDS 2 /* a name server has this long for an answer, */
#define TRIES 2       /* this often */

struct lookup {
    struct lookup *next, **link; /* of all lookups, oldest first */
    bool is_running;
    struct lookup_wait *waiting;
    char host[HOST_SIZE];
};

struct lookups {
    uv_async_t arrived;
    struct net_loop *loop;
    struct lookup_wait *answers;
    void (*answered)(struct net_loop *loop, struct lookup_wait *wait);
};

/* Guards everything below, the lists of those who wait and the loops' answers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lookup *oldest;
static struct lookup **end = &oldest;
static unsigned lookup_count;
static unsigned thread_count;
static struct sockaddr_in name_server;

/* ---- lists ---- */

static void put_wait(struct lookup_wait **list, struct lookup_wait *wait)
{
    wait->next = *list;
    wait->link = list;
    if (wait->next)
        wait->next->link = &wait->next;
    *list = wait;
}

static void take_wait(struct lookup_wait *wait)
{
    *wait->link = wait->next;
    if (wait->next)
        wait->next->link = wait->link;
    wait->link = NULL;
}

static void append(struct lookup *lookup)
{
    lookup->link = end;
    *end = lookup;
    end = &lookup->next;
    lookup_count++;
}

static void remove_lookup(struct lookup *lookup)
{
    *lookup->link = lookup->next;
    if (lookup->next)
        lookup->next->link = lookup->link;
    else
        end = lookup->link;
    lookup_count--;
}

static struct lookup *find(const char *host)
{
    struct lookup *lookup = oldest;
    while (lookup && strcasecmp(lookup->host, host) != 0)
        lookup = lookup->next;
    return lookup;
}

static struct lookup *next_to_run(void)
{
    struct lookup *lookup = oldest;
    while (lookup && lookup->is_running)
        lookup = lookup->next;
    return lookup;
}

/* ---- the threads ---- */

static void add_family(struct addresses *out, const struct addrinfo *found, int family)
{
    for (; found && out->count < LOOKUP_ADDRESSES; found = found->ai_next) {
        if (found->ai_family == family)
            address_text(found->ai_addr, out->text[out->count++]);
    }
}

static void look_up(const char *host, struct addresses *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    *out = (struct addresses){0};
    if (getaddrinfo(host, NULL, &hints, &found))
        return;
    add_family(out, found, AF_INET);
    add_family(out, found, AF_INET6);
    freeaddrinfo(found);
}

/* The resolver's settings are each thread's own. */
static void set_resolver(const struct sockaddr_in *server)
{
    if (res_init())
        return; /* the system's settings then: slower, not wrong */
    if (_res.retrans > TRY_SECONDS)
        _res.retrans = TRY_SECONDS;
    if (_res.retry > TRIES)
        _res.retry = TRIES;
    if (server->sin_port) {
        _res.nscount = 1;
        _res.nsaddr_list[0] = *server;
    }
}

static void tell(struct lookup *lookup, const struct addresses *answer)
{
    while (lookup->waiting) {
        struct lookup_wait *wait = lookup->waiting;
        take_wait(wait);
        wait->answer = *answer;
        put_wait(&wait->lookups->answers, wait);
        uv_async_send(&wait->lookups->arrived);
    }
}

/* A thread takes names as long as some wait, then ends. */
static void *run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    struct sockaddr_in server = name_server;
    pthread_mutex_unlock(&lock);
    set_resolver(&server);
    pthread_mutex_lock(&lock);
    struct lookup *lookup;
    while ((lookup = next_to_run())) {
        struct addresses answer;
        lookup->is_running = true;
        pthread_mutex_unlock(&lock);
        look_up(lookup->host, &answer);
        pthread_mutex_lock(&lock);
        tell(lookup, &answer);
        remove_lookup(lookup);
        free(lookup);
    }
    thread_count--;
    pthread_mutex_unlock(&lock);
    res_nclose(&_res);
    return NULL;
}

/* Signals are for the other threads. */
static bool start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes))
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool has_started = !pthread_create(&thread, &attributes, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    thread_count += has_started;
    return has_started;
}

/* ---- who waits ---- */

static struct lookup *add(const char *host)
{
    if (lookup_count >= LOOKUP_THREADS + LOOKUPS_WAITING)
        return NULL;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    append(lookup);
    if (thread_count < LOOKUP_THREADS && !start_thread() && !thread_count) {
        remove_lookup(lookup);
        free(lookup);
        return NULL;
    }
    return lookup;
}

enum err lookup_start(struct lookup_wait *wait, struct lookups *lookups, const char *host)
{
    pthread_mutex_lock(&lock);
    struct lookup *lookup = find(host);
    if (!lookup)
        lookup = add(host);
    if (lookup) {
        wait->lookups = lookups;
        put_wait(&lookup->waiting, wait);
    }
    pthread_mutex_unlock(&lock);
    return lookup ? ERR_OK : ERR_FULL;
}

void lookup_forget(struct lookup_wait *wait)
{
    pthread_mutex_lock(&lock);
    if (wait->lookups)
        take_wait(wait);
    wait->lookups = NULL;
    pthread_mutex_unlock(&lock);
}

static struct lookup_wait *next_answer(struct lookups *lookups)
{
    pthread_mutex_lock(&lock);
    struct lookup_wait *wait = lookups->answers;
    if (wait) {
        take_wait(wait);
        wait->lookups = NULL;
    }
    pthread_mutex_unlock(&lock);
    return wait;
}

static void arrived(uv_async_t *async)
{
    struct lookups *lookups = async->data;
    struct lookup_wait *wait;
    while ((wait = next_answer(lookups)))
        lookups->answered(lookups->loop, wait);
}

/* ---- a loop's ---- */

enum err lookups_create(struct lookups **out, struct net_loop *loop,
    void (*answered)(struct net_loop *loop, struct lookup_wait *wait))
{
    struct lookups *lookups = calloc(1, sizeof *lookups);
    if (!lookups)
        return ERR_NOMEM;
    if (uv_async_init(&loop->uv, &lookups->arrived, arrived)) {
        free(lookups);
        return ERR_SYSTEM;
    }
    uv_unref((uv_handle_t *)&lookups->arrived);
    lookups->arrived.data = lookups;
    lookups->loop = loop;
    lookups->answered = answered;
    *out = lookups;
    return ERR_OK;
}

static void free_lookups(uv_handle_t *handle)
{
    free(handle->data);
}

void lookups_destroy(struct lookups *lookups)
{
    if (lookups)
        uv_close((uv_handle_t *)&lookups->arrived, free_lookups);
}

unsigned lookups_under_way(void)
{
    pthread_mutex_lock(&lock);
    unsigned count = lookup_count;
    pthread_mutex_unlock(&lock);
    return count;
}

void lookup_ask_server(uint32_t address, uint16_t port)
{
    pthread_mutex_lock(&lock);
    name_server = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(address)}};
    pthread_mutex_unlock(&lock);
}
