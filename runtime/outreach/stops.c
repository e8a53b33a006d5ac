#include "outreach/stops.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define STOPS_MAX 1024
#define KEPT_MS 30000 /* when Postgres takes longer, nothing is taken at all (outbox.c) */
#define WHO_SIZE 96

static struct {
    pthread_mutex_t lock;
    unsigned next;
    struct stop {
        char who[WHO_SIZE]; /* "tenant number"; "": nobody */
        uint64_t until_ms;
    } list[STOPS_MAX];
} stops = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void name(char out[WHO_SIZE], struct slice tenant_id, struct slice number)
{
    snprintf(out, WHO_SIZE, "%.*s %.*s", (int)tenant_id.len, tenant_id.data, (int)number.len,
        number.data);
}

static struct stop *find(const char *who)
{
    for (unsigned i = 0; i < STOPS_MAX; i++)
        if (strcmp(stops.list[i].who, who) == 0)
            return &stops.list[i];
    return NULL;
}

void stops_note(struct slice tenant_id, struct slice number)
{
    char who[WHO_SIZE];
    name(who, tenant_id, number);
    pthread_mutex_lock(&stops.lock);
    struct stop *stop = find(who);
    if (!stop)
        stop = &stops.list[stops.next++ % STOPS_MAX];
    memcpy(stop->who, who, sizeof who);
    stop->until_ms = clock_ms() + KEPT_MS;
    pthread_mutex_unlock(&stops.lock);
}

void stops_forget(struct slice tenant_id, struct slice number)
{
    char who[WHO_SIZE];
    name(who, tenant_id, number);
    pthread_mutex_lock(&stops.lock);
    struct stop *stop = find(who);
    if (stop)
        stop->who[0] = '\0';
    pthread_mutex_unlock(&stops.lock);
}

bool stops_has(struct slice tenant_id, struct slice number)
{
    char who[WHO_SIZE];
    name(who, tenant_id, number);
    pthread_mutex_lock(&stops.lock);
    const struct stop *stop = find(who);
    bool is_there = stop && clock_ms() < stop->until_ms;
    pthread_mutex_unlock(&stops.lock);
    return is_there;
}
