#define HASH_NONFATAL_OOM 1

#include "routing/desk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "routing/desk_internal.h"
#include "routing/incident.h"

#define SAMPLES_MIN 20 /* fewer say nothing of what is usual */
#define USUAL_PERMILLE 950

/* ---- life ---- */

enum err desk_create(struct desk **out, struct net_loop *loop)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ERR_NOMEM;
    desk->loop = loop;
    enum err err = net_timer_create(&desk->timer, loop, desk_wait_look, desk);
    if (err) {
        free(desk);
        return err;
    }
    *out = desk;
    return ERR_OK;
}

/* ---- for people ---- */

static void tell_open(struct account *account, bool is_open)
{
    if (account->is_told_open == is_open)
        return;
    account->is_told_open = is_open;
    provider_metrics_circuit(account->metrics, is_open ? 1 : -1);
    if (!account->standing)
        return;
    if (is_open)
        atomic_fetch_add(&account->standing->circuits_open, 1);
    else
        atomic_fetch_sub(&account->standing->circuits_open, 1);
}

static void tell_usual(struct account *account)
{
    if (account->standing && account->speed.count >= SAMPLES_MIN)
        atomic_store(&account->standing->usual_ms, speed_at(&account->speed, USUAL_PERMILLE));
}

/* ---- under way ---- */

static void begin(struct account *account)
{
    account->under_way++;
    if (account->standing)
        atomic_fetch_add(&account->standing->under_way, 1);
}

static void end(struct account *account)
{
    account->under_way--;
    permits_give(account->permits);
    if (account->standing)
        atomic_fetch_sub(&account->standing->under_way, 1);
}

static void forget(struct desk *desk, struct account *account)
{
    HASH_DEL(desk->accounts, account);
    tell_open(account, false);
    while (account->under_way)
        end(account);
    permits_release(account->permits);
    free(account);
}

void desk_destroy(struct desk *desk)
{
    if (!desk)
        return;
    assert(desk->waiting_count == 0);
    while (desk->accounts)
        forget(desk, desk->accounts);
    net_timer_destroy(desk->timer);
    free(desk);
}

/* ---- accounts ---- */

/* The key itself is not kept. */
static void name_of(const struct route *route, size_t index, uint8_t name[PERMITS_NAME_BYTES])
{
    const struct provider *provider = route->list[index].provider;
    const char *key = catalog_key(route->catalog, provider, route->tenant_id);
    char text[PROVIDER_NAME_SIZE + 16];
    static_assert(PERMITS_NAME_BYTES == SHA256_BYTES, "a digest is a name");
    snprintf(text, sizeof text, "%s %s", slot_name(provider->driver->slot), provider->name);
    crypto_hmac_sha256(slice_from(key), slice_from(text), name);
}

static bool make_room(struct desk *desk)
{
    struct account *account, *next;
    if (HASH_COUNT(desk->accounts) < DESK_ACCOUNTS_MAX)
        return true;
    HASH_ITER(hh, desk->accounts, account, next)
    {
        if (account->under_way || account->waiting)
            continue;
        forget(desk, account);
        return true;
    }
    return false;
}

static struct account *add(
    struct desk *desk, const struct provider *provider, const uint8_t name[PERMITS_NAME_BYTES])
{
    struct account *account = make_room(desk) ? calloc(1, sizeof *account) : NULL;
    if (!account)
        return NULL;
    memcpy(account->name, name, PERMITS_NAME_BYTES);
    account->permits = permits_hold(name);
    account->standing = standing_of(provider->driver->slot, provider->name);
    account->metrics = provider_metrics_of(provider->driver->slot, provider->name);
    if (account->permits)
        HASH_ADD(hh, desk->accounts, name, PERMITS_NAME_BYTES, account);
    if (account->hh.tbl)
        return account;
    permits_release(account->permits);
    free(account);
    return NULL;
}

static struct account *find(struct desk *desk, const struct route *route, size_t index)
{
    struct account *account = NULL;
    uint8_t name[PERMITS_NAME_BYTES];
    if (!desk)
        return NULL;
    name_of(route, index, name);
    HASH_FIND(hh, desk->accounts, name, PERMITS_NAME_BYTES, account);
    return account;
}

struct account *desk_account(struct desk *desk, const struct route *route, size_t index)
{
    struct account *account = NULL;
    uint8_t name[PERMITS_NAME_BYTES];
    if (!desk)
        return NULL;
    name_of(route, index, name);
    HASH_FIND(hh, desk->accounts, name, PERMITS_NAME_BYTES, account);
    if (!account)
        account = add(desk, route->list[index].provider, name);
    if (account)
        account->most = route->list[index].provider->most_at_once;
    return account;
}

/* ---- entering ---- */

enum desk_verdict desk_admit(struct desk *desk, struct account *account, bool insists)
{
    uint64_t now_ms = net_loop_now_ms(desk->loop);
    if (!insists && !breaker_lets(&account->breaker, now_ms))
        return DESK_OPEN;
    if (!permits_take(account->permits, account->most))
        return DESK_FULL;
    breaker_ask(&account->breaker, now_ms);
    begin(account);
    return DESK_ENTERED;
}

bool desk_is_open(struct desk *desk, const struct route *route, size_t index)
{
    struct account *account = find(desk, route, index);
    return account && !breaker_lets(&account->breaker, net_loop_now_ms(desk->loop));
}

static enum desk_verdict enter(
    struct desk *desk, const struct route *route, size_t index, bool insists)
{
    struct account *account = desk_account(desk, route, index);
    if (!account)
        return DESK_ENTERED;
    bool is_open = !insists && !breaker_lets(&account->breaker, net_loop_now_ms(desk->loop));
    if (account->waiting && !is_open)
        return DESK_FULL;
    return desk_admit(desk, account, insists);
}

enum desk_verdict desk_enter(struct desk *desk, const struct route *route, size_t index)
{
    return enter(desk, route, index, false);
}

enum desk_verdict desk_insist(struct desk *desk, const struct route *route, size_t index)
{
    return enter(desk, route, index, true);
}

/* ---- what became of it ---- */

static void note_failure(struct desk *desk, struct account *account, const struct route *route,
    size_t index, const struct failure *failure)
{
    uint64_t now_ms = net_loop_now_ms(desk->loop);
    if (breaker_failed(&account->breaker, failure, now_ms))
        incident_circuit_open(route, index, (unsigned)(account->breaker.until_ms - now_ms));
    tell_open(account, account->breaker.state != BREAKER_CLOSED);
}

static void note_success(struct desk *desk, struct account *account, unsigned first_ms)
{
    breaker_succeeded(&account->breaker, net_loop_now_ms(desk->loop));
    speed_add(&account->speed, first_ms);
    tell_open(account, account->breaker.state != BREAKER_CLOSED);
    tell_usual(account);
}

void desk_leave(struct desk *desk, const struct route *route, size_t index,
    const struct failure *failure, unsigned first_ms)
{
    struct account *account = find(desk, route, index);
    if (!account || !account->under_way)
        return; /* there was no room for it when it entered */
    end(account);
    if (failure)
        note_failure(desk, account, route, index, failure);
    else if (first_ms)
        note_success(desk, account, first_ms);
    else
        breaker_gave_up(&account->breaker, net_loop_now_ms(desk->loop));
    if (account->waiting)
        desk_wait_hurry(desk);
}

void desk_answered(struct desk *desk, const struct route *route, size_t index, unsigned first_ms)
{
    struct account *account = find(desk, route, index);
    if (account)
        note_success(desk, account, first_ms);
}

bool desk_reminds(struct desk *desk, const char *subject, unsigned *untold)
{
    *untold = 0;
    return !desk || reminders_due(&desk->reminders, subject, net_loop_now_ms(desk->loop), untold);
}

void desk_note_unheard(struct desk *desk, uint64_t ms)
{
    if (desk)
        worst_note(&desk->unheard_ms, (uint32_t)ms, net_loop_now_ms(desk->loop));
}

unsigned desk_unheard_ms(struct desk *desk)
{
    return desk ? worst_now(&desk->unheard_ms, net_loop_now_ms(desk->loop)) : 0;
}

/* ---- speed ---- */

unsigned desk_usual_ms(struct desk *desk, const struct route *route, size_t index)
{
    struct account *account = find(desk, route, index);
    bool is_known = account && account->speed.count >= SAMPLES_MIN;
    return is_known ? speed_at(&account->speed, USUAL_PERMILLE) : 0;
}

void desk_lagged(struct desk *desk, const struct route *route, size_t index, unsigned waited_ms)
{
    struct account *account = find(desk, route, index);
    if (account && waited_ms > speed_at(&account->speed, USUAL_PERMILLE))
        speed_add(&account->speed, waited_ms);
}
