/* shaper PORT_OF_TARGET [SEED]: relays from a free port, printed first, to the target; commands by standard input,
   one a line, each answered with a line:

       set up|down NAME VALUE     a habit (shaper.h): delay_ms, jitter_ms, piece_bytes, bytes_per_second,
                                  lose_per_mille, double_per_mille, swap_per_mille, match
       stall MS                   nothing moves for so long
       refuse on|off              new connections are reset
       cut                        every open connection is reset, both sides
       half up|down               nothing more goes that way: its end is sent to the receiver
       deaf on|off                nothing is read from the target
       stats                      connections up_messages up_lost up_doubled up_swapped down_…

   Ends with its standard input. */
#include "shaper.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

#define LINKS_MAX 512
#define READ_BYTES 16384
#define QUEUE_MAX_BYTES (1 << 20) /* then it reads no more: the sender feels it */

struct piece {
    struct piece *next;
    uint64_t due_us;
    size_t len, sent;
    unsigned char data[];
};

/* One direction of one connection. */
struct flow {
    int from, to;
    struct piece *first, *last;
    size_t queued_bytes;
    uint64_t last_due_us;   /* order is kept */
    unsigned char *partial; /* a unit that is not whole yet (messages) */
    size_t partial_len;
    enum { HEAD, FRAMES, PLAIN } inside; /* PLAIN: no WebSocket, bytes pass as they come */
    bool has_ended;                      /* its sender is done */
    bool is_shut;                        /* its receiver was told */
    struct piece *held;                  /* swapped with the next one */
};

struct link {
    int client, target;
    bool is_connecting;
    struct flow flow[2];
};

struct tally {
    unsigned messages, lost, doubled, swapped;
};

static struct habits habits[2];
static struct tally tally[2];
static struct link *links[LINKS_MAX];
static size_t link_count, connections;
static uint64_t stalled_until_us, seed = 1;
static bool refuses, is_deaf;
static struct sockaddr_in target_address = {.sin_family = AF_INET};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- pieces ---- */

static struct piece *piece_make(const unsigned char *data, size_t len)
{
    struct piece *piece = malloc(sizeof *piece + len);
    if (!piece)
        abort();
    *piece = (struct piece){.len = len};
    memcpy(piece->data, data, len);
    return piece;
}

/* When the next `len` bytes of this direction are to leave. */
static uint64_t due(struct flow *flow, const struct habits *habit, size_t len)
{
    uint64_t at = now_us() + habit->delay_ms * 1000ull;
    if (habit->jitter_ms)
        at += shaper_random(&seed) % (habit->jitter_ms * 1000 + 1);
    if (at < flow->last_due_us)
        at = flow->last_due_us;
    if (habit->bytes_per_second)
        at += len * 1000000ull / habit->bytes_per_second;
    return flow->last_due_us = at;
}

static void enqueue(struct flow *flow, const struct habits *habit, struct piece *piece)
{
    piece->due_us = due(flow, habit, piece->len);
    piece->next = NULL;
    if (flow->last)
        flow->last->next = piece;
    else
        flow->first = piece;
    flow->last = piece;
    flow->queued_bytes += piece->len;
}

/* Cut to pieces of odd sizes where that is asked for. */
static void pass(
    struct flow *flow, const struct habits *habit, const unsigned char *data, size_t len)
{
    while (len) {
        size_t part = len;
        if (habit->piece_bytes)
            part = 1 + shaper_random(&seed) % habit->piece_bytes;
        part = part < len ? part : len;
        enqueue(flow, habit, piece_make(data, part));
        data += part;
        len -= part;
    }
}

static bool happens(unsigned per_mille)
{
    return per_mille && shaper_random(&seed) % 1000 < per_mille;
}

static void pass_held(struct flow *flow, const struct habits *habit)
{
    struct piece *held = flow->held;
    flow->held = NULL;
    if (held)
        pass(flow, habit, held->data, held->len);
    free(held);
}

/* A whole message, lost, kept back until the next or sent twice. */
static void message(struct flow *flow, enum direction way, const unsigned char *data, size_t len)
{
    const struct habits *habit = &habits[way];
    struct tally *count = &tally[way];
    bool is_ours = frames_match(data, len, habit->match);
    count->messages += is_ours;
    if (is_ours && happens(habit->lose_per_mille)) {
        count->lost++;
        return;
    }
    if (is_ours && !flow->held && happens(habit->swap_per_mille)) {
        count->swapped++;
        flow->held = piece_make(data, len);
        return;
    }
    pass(flow, habit, data, len);
    if (is_ours && happens(habit->double_per_mille)) {
        count->doubled++;
        pass(flow, habit, data, len);
    }
    pass_held(flow, habit);
}

/* What begins like the head of an upgrade may be a WebSocket; its whole head says whether it is. */
static bool may_be_upgrade(const unsigned char *data, size_t len)
{
    size_t most = len < 4 ? len : 4;
    return (memcmp(data, "GET ", most) == 0 || memcmp(data, "HTTP", most) == 0) && len < READ_BYTES;
}

static bool is_upgrade(const unsigned char *head, size_t len)
{
    static const char name[] = "upgrade: websocket";
    for (size_t at = 0; at + sizeof name - 1 <= len; at++) {
        if (strncasecmp((const char *)head + at, name, sizeof name - 1) == 0)
            return true;
    }
    return false;
}

static void take_units(struct flow *flow, enum direction way)
{
    size_t used = 0, len;
    while (flow->inside != PLAIN && (len = frames_unit(flow->partial + used,
                                         flow->partial_len - used, flow->inside == HEAD))) {
        if (flow->inside == FRAMES) {
            message(flow, way, flow->partial + used, len);
        } else {
            pass(flow, &habits[way], flow->partial + used, len);
            flow->inside = is_upgrade(flow->partial + used, len) ? FRAMES : PLAIN;
        }
        used += len;
    }
    flow->partial_len -= used;
    memmove(flow->partial, flow->partial + used, flow->partial_len);
}

static void received(struct flow *flow, enum direction way, const unsigned char *data, size_t len)
{
    flow->partial = realloc(flow->partial, flow->partial_len + len);
    if (!flow->partial)
        abort();
    memcpy(flow->partial + flow->partial_len, data, len);
    flow->partial_len += len;
    if (flow->inside == HEAD && !may_be_upgrade(flow->partial, flow->partial_len))
        flow->inside = PLAIN;
    take_units(flow, way);
    if (flow->inside == PLAIN) {
        pass(flow, &habits[way], flow->partial, flow->partial_len);
        flow->partial_len = 0;
    }
}

/* ---- connections ---- */

static void flow_free(struct flow *flow)
{
    for (struct piece *piece = flow->first, *next; piece; piece = next) {
        next = piece->next;
        free(piece);
    }
    free(flow->held);
    free(flow->partial);
}

static void reset(int fd)
{
    struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void link_end(size_t at, bool is_reset)
{
    struct link *link = links[at];
    if (is_reset) {
        reset(link->client);
        reset(link->target);
    } else {
        close(link->client);
        close(link->target);
    }
    flow_free(&link->flow[UP]);
    flow_free(&link->flow[DOWN]);
    free(link);
    links[at] = links[--link_count];
}

static void at_once(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void accept_one(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
        return;
    if (refuses || link_count == LINKS_MAX) {
        reset(client);
        return;
    }
    int target = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct link *link = calloc(1, sizeof *link);
    if (target < 0 || !link)
        abort();
    at_once(client);
    at_once(target);
    if (connect(target, (struct sockaddr *)&target_address, sizeof target_address) &&
        errno != EINPROGRESS) {
        reset(client);
        close(target);
        free(link);
        return;
    }
    *link = (struct link){.client = client, .target = target, .is_connecting = true};
    link->flow[UP] = (struct flow){.from = client, .to = target};
    link->flow[DOWN] = (struct flow){.from = target, .to = client};
    links[link_count++] = link;
    connections++;
}

/* False: the connection broke. */
static bool flow_read(struct flow *flow, enum direction way)
{
    unsigned char data[READ_BYTES];
    ssize_t len = recv(flow->from, data, sizeof data, 0);
    if (len < 0)
        return errno == EAGAIN || errno == EINTR;
    if (len == 0) {
        flow->has_ended = true;
        pass_held(flow, &habits[way]);
    } else {
        received(flow, way, data, (size_t)len);
    }
    return true;
}

static bool flow_write(struct flow *flow, uint64_t now)
{
    while (flow->first && flow->first->due_us <= now) {
        struct piece *piece = flow->first;
        ssize_t len =
            send(flow->to, piece->data + piece->sent, piece->len - piece->sent, MSG_NOSIGNAL);
        if (len < 0)
            return errno == EAGAIN || errno == EINTR;
        piece->sent += (size_t)len;
        flow->queued_bytes -= (size_t)len;
        if (piece->sent < piece->len)
            return true;
        flow->first = piece->next;
        if (!flow->first)
            flow->last = NULL;
        free(piece);
    }
    if (!flow->first && flow->has_ended && !flow->is_shut) {
        flow->is_shut = true;
        shutdown(flow->to, SHUT_WR);
    }
    return true;
}

/* ---- commands ---- */

static enum direction direction_of(const char *word)
{
    return strcmp(word, "down") == 0 ? DOWN : UP;
}

static bool set(enum direction way, const char *name, const char *value)
{
    struct habits *habit = &habits[way];
    const struct {
        const char *name;
        unsigned *number;
    } rows[] = {{"delay_ms", &habit->delay_ms}, {"jitter_ms", &habit->jitter_ms},
        {"piece_bytes", &habit->piece_bytes}, {"bytes_per_second", &habit->bytes_per_second},
        {"lose_per_mille", &habit->lose_per_mille}, {"double_per_mille", &habit->double_per_mille},
        {"swap_per_mille", &habit->swap_per_mille}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *rows[i].number = (unsigned)strtoul(value, NULL, 10);
            return true;
        }
    }
    if (strcmp(name, "match") != 0)
        return false;
    snprintf(habit->match, sizeof habit->match, "%s", value);
    return true;
}

static void half_close(enum direction way)
{
    for (size_t i = 0; i < link_count; i++) {
        struct flow *flow = &links[i]->flow[way];
        flow->has_ended = true; /* what waits still goes */
    }
}

static void cut_all(void)
{
    while (link_count)
        link_end(0, true);
}

static void print_stats(void)
{
    printf("%zu", connections);
    for (int way = UP; way <= DOWN; way++)
        printf(" %u %u %u %u", tally[way].messages, tally[way].lost, tally[way].doubled,
            tally[way].swapped);
    printf("\n");
}

static bool command(char *line)
{
    char word[4][40] = {"", "", "", ""};
    int count = sscanf(line, "%39s %39s %39s %39s", word[0], word[1], word[2], word[3]);
    bool is_on = strcmp(word[1], "on") == 0;
    if (count == 4 && strcmp(word[0], "set") == 0)
        return set(direction_of(word[1]), word[2], word[3]);
    if (count == 2 && strcmp(word[0], "stall") == 0)
        stalled_until_us = now_us() + strtoul(word[1], NULL, 10) * 1000;
    else if (count == 2 && strcmp(word[0], "refuse") == 0)
        refuses = is_on;
    else if (count == 2 && strcmp(word[0], "deaf") == 0)
        is_deaf = is_on;
    else if (count == 2 && strcmp(word[0], "half") == 0)
        half_close(direction_of(word[1]));
    else if (count == 1 && strcmp(word[0], "cut") == 0)
        cut_all();
    else
        return false;
    return true;
}

/* False: standard input has ended. */
static bool take_commands(void)
{
    static char text[4096];
    static size_t len;
    ssize_t got = read(0, text + len, sizeof text - 1 - len);
    if (got <= 0)
        return false;
    len += (size_t)got;
    text[len] = 0;
    for (char *end; (end = strchr(text, '\n'));) {
        *end = 0;
        if (strcmp(text, "stats") == 0)
            print_stats();
        else
            puts(command(text) ? "ok" : "what?");
        fflush(stdout);
        len -= (size_t)(end + 1 - text);
        memmove(text, end + 1, len + 1);
    }
    return len < sizeof text - 1;
}

/* ---- the loop ---- */

static short wanted(const struct link *link, enum direction from_side)
{
    /* The client's socket is read for UP and written for DOWN; the target's the other way round. */
    const struct flow *in = &link->flow[from_side], *out = &link->flow[!from_side];
    bool may_read =
        !in->has_ended && in->queued_bytes < QUEUE_MAX_BYTES && !(from_side == DOWN && is_deaf);
    bool must_write = out->first && out->first->due_us <= now_us();
    return (short)((may_read ? POLLIN : 0) | (must_write ? POLLOUT : 0));
}

static int wait_ms(uint64_t now)
{
    uint64_t next = now + 1000000;
    for (size_t i = 0; i < link_count; i++) {
        for (int way = UP; way <= DOWN; way++) {
            const struct piece *first = links[i]->flow[way].first;
            if (first && first->due_us > now && first->due_us < next)
                next = first->due_us;
        }
    }
    if (stalled_until_us > now && stalled_until_us < next)
        next = stalled_until_us;
    return (int)((next - now + 999) / 1000);
}

/* False: the connection is over. */
static bool serve_link(struct link *link, const struct pollfd *client, const struct pollfd *target)
{
    if (link->is_connecting && target->revents & POLLOUT)
        link->is_connecting = false;
    if ((client->revents | target->revents) & (POLLERR | POLLNVAL))
        return false;
    bool is_good = true;
    if (client->revents & (POLLIN | POLLHUP) && !link->flow[UP].has_ended)
        is_good = is_good && flow_read(&link->flow[UP], UP);
    if (target->revents & (POLLIN | POLLHUP) && !link->flow[DOWN].has_ended && !is_deaf)
        is_good = is_good && flow_read(&link->flow[DOWN], DOWN);
    uint64_t now = now_us();
    if (!link->is_connecting)
        is_good = is_good && flow_write(&link->flow[UP], now);
    is_good = is_good && flow_write(&link->flow[DOWN], now);
    return is_good && !(link->flow[UP].is_shut && link->flow[DOWN].is_shut);
}

static void turn(int listener)
{
    static struct pollfd fds[2 + 2 * LINKS_MAX];
    uint64_t now = now_us();
    bool is_stalled = stalled_until_us > now;
    size_t count = link_count;
    fds[0] = (struct pollfd){0, POLLIN, 0};
    fds[1] = (struct pollfd){is_stalled ? -1 : listener, POLLIN, 0};
    for (size_t i = 0; i < count; i++) {
        struct link *link = links[i];
        fds[2 + 2 * i] = (struct pollfd){is_stalled ? -1 : link->client, wanted(link, UP), 0};
        short target = link->is_connecting ? POLLOUT : wanted(link, DOWN);
        fds[3 + 2 * i] = (struct pollfd){is_stalled ? -1 : link->target, target, 0};
    }
    poll(fds, 2 + 2 * count, wait_ms(now));
    for (size_t i = count; !is_stalled && i-- > 0;) {
        bool broke = (fds[2 + 2 * i].revents | fds[3 + 2 * i].revents) & POLLERR;
        if (!serve_link(links[i], &fds[2 + 2 * i], &fds[3 + 2 * i]))
            link_end(i, broke);
    }
    if (fds[1].revents)
        accept_one(listener);
    if (fds[0].revents && !take_commands()) {
        cut_all();
        exit(0);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "shaper PORT_OF_TARGET [SEED]\n");
        return 2;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    target_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target_address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&address, &len)) {
        perror("shaper");
        return 1;
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;)
        turn(listener);
}
