/* A private Postgres for a test program, made by deploy/private-postgres.sh in BINARY_DIR.

       static int set_up(void **state)    { *state = postgres_start("store_records"); return 0; }
       static int tear_down(void **state) { postgres_stop(*state); return 0; }
       …
       char url[POSTGRES_URL_SIZE];
       postgres_new_database(postgres, url);   // empty; store_migrate(url, …) fills it
       postgres_run(url, "insert into …");     // blocking, for arranging and looking
       long count = postgres_number(url, "select count(*) from calls");

   Name each program's server differently (the ctest name is a good one). Nothing to install, no fixed
   port, works as root too; about 2 s to start. A helper process removes the server when the test
   program ends, however it ends. Header only: link libpq, which moonline_store brings. Failures end the
   test by cmocka's fail_msg. */
#pragma once

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POSTGRES_URL_SIZE 400
#define POSTGRES_SCRIPT SOURCE_DIR "/deploy/private-postgres.sh"

struct postgres {
    char dir[300];
    char url[POSTGRES_URL_SIZE];       /* the application's login, by unix socket */
    char superuser[POSTGRES_URL_SIZE]; /* for arranging */
    pid_t keeper;                      /* removes the server when `alive` closes */
    int alive;
    unsigned databases;
    unsigned
        migrated; /* the one of them that others are copied from (unit/store/loop.h); 0: none yet */
};

/* Runs the script; its last line of output without the line end goes to `out`. */
static inline void postgres_script(const char *arguments, const char *dir, char *out)
{
    char command[1200], line[POSTGRES_URL_SIZE] = "";
    snprintf(command, sizeof command, "MOONLINE_POSTGRES_TEMPLATE='%s' bash %s %s '%s'",
        BINARY_DIR "/postgres-template", POSTGRES_SCRIPT, arguments, dir);
    FILE *pipe = popen(command, "r");
    while (pipe && fgets(line, sizeof line, pipe))
        line[strcspn(line, "\n")] = '\0';
    if (!pipe || pclose(pipe) != 0)
        fail_msg("%s failed", command);
    if (out)
        snprintf(out, POSTGRES_URL_SIZE, "%s", line);
}

static inline void postgres_keep(struct postgres *postgres)
{
    int ends[2];
    /* Not for the server to inherit, which would keep its own keeper waiting. */
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    postgres->keeper = fork();
    if (postgres->keeper == 0) {
        setsid(); /* a terminal's interrupt ends the test, then us through the pipe */
        dup2(ends[0], 0);
        execlp("sh", "sh", "-c", "read -r nothing; exec bash \"$1\" remove \"$2\" >&2", "keeper",
            POSTGRES_SCRIPT, postgres->dir, (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    postgres->alive = ends[1];
}

static inline struct postgres *postgres_start(const char *name)
{
    struct postgres *postgres = calloc(1, sizeof *postgres);
    assert_non_null(postgres);
    snprintf(postgres->dir, sizeof postgres->dir, "%s/postgres-%s", BINARY_DIR, name);
    postgres_script("remove", postgres->dir, NULL);
    postgres_keep(postgres);
    postgres_script("start --fast", postgres->dir, postgres->url);
    postgres_script("url --superuser", postgres->dir, postgres->superuser);
    return postgres;
}

static inline void postgres_stop(struct postgres *postgres)
{
    int status = 0;
    close(postgres->alive);
    waitpid(postgres->keeper, &status, 0);
    free(postgres);
    assert_int_equal(status, 0);
}

/* Killed without a goodbye, and back on the same port and socket. */
static inline void postgres_crash(struct postgres *postgres)
{
    postgres_script("crash", postgres->dir, NULL);
}

static inline void postgres_restart(struct postgres *postgres)
{
    postgres_script("start --fast", postgres->dir, postgres->url);
}

static inline PGresult *postgres_result(PGconn *pg, const char *url, const char *sql)
{
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s (%s)", sql, PQerrorMessage(pg), url);
    return result;
}

static inline void postgres_run(const char *url, const char *sql)
{
    PGconn *pg = PQconnectdb(url);
    PQclear(postgres_result(pg, url, sql));
    PQfinish(pg);
}

/* The first column of the first row; "" for no row or null. */
static inline void postgres_text(const char *url, const char *sql, char *out, size_t size)
{
    PGconn *pg = PQconnectdb(url);
    PGresult *result = postgres_result(pg, url, sql);
    snprintf(out, size, "%s", PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(pg);
}

static inline long postgres_number(const char *url, const char *sql)
{
    char text[64];
    postgres_text(url, sql, text, sizeof text);
    return strtol(text, NULL, 10);
}

/* The same over a connection that is kept for the next time: for what is looked at every few milliseconds by the thread that
   also runs what it looks at. */
static inline long postgres_watch(const char *url, const char *sql)
{
    static PGconn *pg;
    static char of[POSTGRES_URL_SIZE];
    if (!pg || strcmp(of, url) != 0 || PQstatus(pg) != CONNECTION_OK) {
        PQfinish(pg);
        pg = PQconnectdb(url);
        snprintf(of, sizeof of, "%s", url);
    }
    PGresult *result = postgres_result(pg, url, sql);
    long number = PQntuples(result) ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return number;
}

/* A new database of the application's login, as `template` is; `url` may be NULL's size or by TCP with a name. */
static inline void postgres_new_database_like(
    struct postgres *postgres, const char *template, char url[POSTGRES_URL_SIZE])
{
    char sql[120], from[] = "/moonline?";
    snprintf(sql, sizeof sql, "create database test_%u template %s owner moonline",
        ++postgres->databases, template);
    /* The template may have no guests: connect to another database. */
    char maintenance[POSTGRES_URL_SIZE];
    const char *at = strstr(postgres->superuser, from);
    assert_non_null(at);
    snprintf(maintenance, sizeof maintenance, "%.*s/postgres?%s", (int)(at - postgres->superuser),
        postgres->superuser, at + strlen(from));
    postgres_run(maintenance, sql);
    at = strstr(postgres->url, from);
    snprintf(url, POSTGRES_URL_SIZE, "%.*s/test_%u?%s", (int)(at - postgres->url), postgres->url,
        postgres->databases, at + strlen(from));
}

/* Empty. */
static inline void postgres_new_database(struct postgres *postgres, char url[POSTGRES_URL_SIZE])
{
    postgres_new_database_like(postgres, "moonline", url);
}
