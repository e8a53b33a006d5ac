#include "main/top_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/strbuf.h"

#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J" /* no cursor, no wrapping */
#define LEAVE "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define END_OF_LINE "\x1b[0m\x1b[K"
#define REST_OF_SCREEN "\x1b[J"
#define PAGE_MAX_BYTES (1024 * 1024)

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
static const int others[] = {SIGWINCH, SIGTSTP, SIGCONT};
#define COUNT(list) (sizeof list / sizeof *list)

static struct termios before;
static sigset_t while_waiting; /* the mask under which signals come in */
static volatile sig_atomic_t is_open, is_over, is_changed, is_stopping;

/* ---- the terminal's state; all of it may be done by a signal's handler ---- */

static void write_all(const char *data, size_t len)
{
    while (len) {
        ssize_t written = write(STDOUT_FILENO, data, len);
        if (written < 0 && errno != EINTR) {
            is_over = 1;
            return;
        }
        data += written > 0 ? written : 0;
        len -= written > 0 ? (size_t)written : 0;
    }
}

static bool enter(void)
{
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_iflag &= ~(tcflag_t)IXON; /* Ctrl-S would keep us from hearing of signals */
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
        return false;
    is_open = 1;
    write_all(ENTER, sizeof ENTER - 1);
    return true;
}

static void leave(void)
{
    if (!is_open)
        return;
    is_open = 0;
    write_all(LEAVE, sizeof LEAVE - 1);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* ---- signals ---- */

static void on_signal(int number)
{
    if (number == SIGTSTP)
        is_stopping = 1;
    else if (number == SIGWINCH || number == SIGCONT)
        is_changed = 1;
    else
        is_over = 1;
}

static void on_crash(int number)
{
    leave();
    raise(number); /* its handler is gone */
}

static void handle(const int *numbers, size_t count, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    for (size_t i = 0; i < count; i++)
        sigaction(numbers[i], &action, NULL);
}

/* They come in while we wait for keys, and at no other time: no call is cut short by one. */
static void take_signals(void)
{
    sigset_t ours;
    sigemptyset(&ours);
    for (size_t i = 0; i < COUNT(ends); i++)
        sigaddset(&ours, ends[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        sigaddset(&ours, others[i]);
    sigprocmask(SIG_BLOCK, &ours, &while_waiting);
    handle(ends, COUNT(ends), on_signal, 0);
    handle(others, COUNT(others), on_signal, 0);
    handle(crashes, COUNT(crashes), on_crash, (int)SA_RESETHAND | SA_NODEFER);
}

static bool is_end_pending(void)
{
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < COUNT(ends); i++)
        if (sigismember(&pending, ends[i]))
            return true;
    return false;
}

/* Ctrl-Z: the shell gets its terminal as it was; we go on where it lets us. Not to take it once more only to end: a
   process in the background would be stopped for that. */
static void stop(void)
{
    is_stopping = 0;
    leave();
    raise(SIGSTOP);
    if (is_end_pending() || !enter())
        is_over = 1;
    is_changed = 1;
}

/* ---- what others use ---- */

bool screen_is_there(void)
{
    const char *kind = getenv("TERM");
    bool can_move = kind && kind[0] && strcmp(kind, "dumb") != 0;
    return can_move && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

bool screen_open(void)
{
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    take_signals();
    atexit(leave);
    return enter();
}

void screen_close(void)
{
    leave();
}

enum screen_event screen_wait(unsigned timeout_ms, char *key)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    int ready = is_over || is_changed ? 0 : ppoll(&input, 1, &timeout, &while_waiting);
    if (is_stopping)
        stop();
    if (is_over)
        return SCREEN_OVER;
    if (is_changed) {
        is_changed = 0;
        return SCREEN_CHANGED;
    }
    if (ready <= 0)
        return SCREEN_NOTHING;
    if (read(STDIN_FILENO, key, 1) == 1)
        return SCREEN_KEY;
    is_over = 1; /* readable, and nothing to read: it hung up */
    return SCREEN_OVER;
}

void screen_size(unsigned *columns, unsigned *rows)
{
    struct winsize size = {0};
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    *columns = is_known && size.ws_col ? size.ws_col : 80;
    *rows = is_known && size.ws_row ? size.ws_row : 24;
}

void screen_show(struct slice page)
{
    struct strbuf out;
    if (!is_open)
        return; /* it is the shell's again */
    strbuf_init(&out, PAGE_MAX_BYTES);
    strbuf_add_text(&out, HOME);
    while (page.len) {
        strbuf_add_slice(&out, slice_split(&page, '\n'));
        strbuf_add_text(&out, page.len ? END_OF_LINE "\r\n" : END_OF_LINE);
    }
    strbuf_add_text(&out, REST_OF_SCREEN);
    write_all(out.data, out.len);
    strbuf_free(&out);
}
