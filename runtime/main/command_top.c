/* moonline top: how the server that runs here does, drawn anew each second; one page for a file. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "main/admin_client.h"
#include "main/commands.h"
#include "main/top_page.h"
#include "main/top_screen.h"
#include "observe/log.h"

#define PATH "/api/top"
#define USE "takes --admin HOST:PORT, --every SECONDS, --once, --json"
#define PAGE_MAX_BYTES (1024 * 1024)
#define ANSWER_WITHIN_MS 3000
#define EVERY_MAX_S 3600

struct top {
    struct settings settings; /* with the port that is asked */
    unsigned every_ms;
    bool is_once;
    bool is_json;
    json_t *state; /* the newest answer; NULL: none came yet */
    struct top_view view;
    char tenant[TOP_TENANT_SIZE];
    char why[600]; /* the newest question was not answered; "": it was */
    bool is_over;
};

/* ---- one page ---- */

static void print_page(struct top *top)
{
    struct strbuf page;
    unsigned rows;
    strbuf_init(&page, PAGE_MAX_BYTES);
    top->view.columns = 80;
    if (screen_is_there())
        screen_size(&top->view.columns, &rows);
    top_page_write(top->state, &top->view, &page);
    fwrite(page.data, 1, page.len, stdout);
    strbuf_free(&page);
}

static int run_once(struct top *top)
{
    enum err err = admin_ask(&top->settings, PATH, NULL, &top->state, top->why);
    if (err != ERR_OK) {
        fprintf(stderr, "moonline: top: %s\n", top->why);
        return 1;
    }
    if (top->is_json && json_dumpf(top->state, stdout, JSON_INDENT(2)) == 0)
        putchar('\n');
    if (!top->is_json)
        print_page(top);
    return 0;
}

/* ---- a terminal ---- */

static void draw(struct top *top)
{
    struct strbuf page;
    strbuf_init(&page, PAGE_MAX_BYTES);
    screen_size(&top->view.columns, &top->view.rows);
    top->view.trouble = top->why;
    top->view.tenant = top->tenant;
    top_page_write(top->state, &top->view, &page);
    screen_show(strbuf_slice(&page));
    strbuf_free(&page);
}

static void press(struct top *top, char key)
{
    struct top_view *view = &top->view;
    if (key == 'q')
        top->is_over = true;
    if (key == 's')
        view->sort = (view->sort + 1) % TOP_SORT_COUNT;
    if (key == 'p')
        view->is_paused = !view->is_paused;
    if (key == 't') {
        char next[TOP_TENANT_SIZE];
        top_page_next_tenant(top->state, top->tenant, next);
        memcpy(top->tenant, next, sizeof next);
    }
    draw(top);
}

/* Keys and signals until the time is over, and once at least. */
static void attend(struct top *top, uint64_t until_ms)
{
    uint64_t now_ms;
    char key;
    do {
        now_ms = clock_ms();
        switch (screen_wait(now_ms < until_ms ? (unsigned)(until_ms - now_ms) : 0, &key)) {
        case SCREEN_NOTHING:
            break;
        case SCREEN_KEY:
            press(top, key);
            break;
        case SCREEN_CHANGED:
            draw(top);
            break;
        case SCREEN_OVER:
            top->is_over = true;
            break;
        }
        now_ms = clock_ms();
    } while (!top->is_over && now_ms < until_ms);
}

static bool goes_on(void *owner)
{
    attend(owner, 0);
    return !((struct top *)owner)->is_over;
}

static void ask(struct top *top)
{
    const struct admin_patience patience = {ANSWER_WITHIN_MS, goes_on, top};
    char why[600] = "";
    json_t *state = NULL;
    enum err err = admin_ask_patiently(&top->settings, PATH, &patience, &state, why);
    if (err == ERR_OK) {
        json_decref(top->state);
        top->state = state;
    }
    snprintf(top->why, sizeof top->why, "%s%s", err ? "asking again: " : "", err ? why : "");
}

static int run_screen(struct top *top)
{
    if (!screen_open())
        return run_once(top);
    snprintf(top->why, sizeof top->why, "asking %.200s ...", top->settings.admin_listen);
    top->view.is_styled = true;
    draw(top);
    while (!top->is_over) {
        uint64_t next_ms = clock_ms() + top->every_ms;
        if (!top->view.is_paused) {
            ask(top);
            draw(top);
        }
        attend(top, next_ms);
    }
    screen_close();
    return 0;
}

/* ---- the command ---- */

/* False: not used so. */
static bool read_options(struct top *top, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--once") == 0) {
            top->is_once = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            top->is_json = true;
        } else if (strcmp(argv[i], "--admin") == 0 && value) {
            top->settings.admin_listen = argv[++i];
        } else if (strcmp(argv[i], "--every") == 0 && value) {
            char *end;
            double seconds = strtod(argv[++i], &end);
            if (*end || !(seconds >= 0.2 && seconds <= EVERY_MAX_S))
                return false;
            top->every_ms = (unsigned)(seconds * 1000);
        } else {
            return false;
        }
    }
    return true;
}

int command_top(const struct settings *settings, int argc, char **argv)
{
    struct top top = {
        .settings = *settings, .every_ms = 1000, .view = {.trouble = "", .tenant = ""}};
    setlocale(LC_CTYPE, ""); /* what the terminal can show */
    if (!read_options(&top, argc, argv))
        return command_misused(argv[0], USE);
    log_set_level(LOG_ERROR);
    bool is_page = top.is_once || top.is_json || !screen_is_there();
    int status = is_page ? run_once(&top) : run_screen(&top);
    json_decref(top.state);
    return status;
}
