#include "generator/machine.h"

#include <ctype.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* The process clock of any pid, as clock_getcpuclockid makes it: nanoseconds of all threads. */
static double cpu_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t resident_bytes(pid_t pid)
{
    char path[64];
    unsigned long size = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    int found = fscanf(file, "%lu %lu", &size, &resident);
    fclose(file);
    return found == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* First line of /proc/stat: user nice system idle iowait irq softirq steal. */
static void read_steal(struct machine *machine)
{
    unsigned long long ticks[8] = {0};
    FILE *file = fopen("/proc/stat", "r");
    if (!file)
        return;
    int found = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", ticks, ticks + 1,
        ticks + 2, ticks + 3, ticks + 4, ticks + 5, ticks + 6, ticks + 7);
    fclose(file);
    double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
    for (int i = 0; i < found; i++)
        machine->total_s += (double)ticks[i] * tick_s;
    machine->steal_s = (double)ticks[7] * tick_s;
}

enum owner { OWNER_IDLE, OWNER_US, OWNER_HELPER, OWNER_OTHER };

/* A helper's children are helpers: Postgres and nginx are many processes. */
static enum owner owner_of(const struct options *options, pid_t pid, pid_t parent)
{
    if (sched_getscheduler(pid) == SCHED_IDLE)
        return OWNER_IDLE;
    if (pid == getpid() || pid == options->server)
        return OWNER_US;
    for (unsigned i = 0; i < options->helper_count; i++)
        if (pid == options->helpers[i] || parent == options->helpers[i])
            return OWNER_HELPER;
    return OWNER_OTHER;
}

/* Own time and that of reaped children, so that the sum over all processes loses no short-lived one. */
static void add_process(struct machine *machine, pid_t pid, const struct options *options)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[len] = 0;
    char *rest = strrchr(text, ')');
    int parent;
    unsigned long user, system;
    long child_user, child_system;
    if (!rest || sscanf(rest, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
                     &parent, &user, &system, &child_user, &child_system) != 5)
        return;
    enum owner owner = owner_of(options, pid, parent);
    unsigned long ticks = user + system + (unsigned long)(child_user + child_system);
    if (owner == OWNER_HELPER)
        machine->helpers_s += (double)ticks / (double)sysconf(_SC_CLK_TCK);
    else if (owner == OWNER_OTHER)
        machine->others_s += (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void read_processes(struct machine *machine, const struct options *options)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]))
            add_process(machine, (pid_t)atoi(entry->d_name), options);
    if (dir)
        closedir(dir);
}

void machine_read(struct machine *machine, const struct options *options)
{
    *machine = (struct machine){.at_us = clock_us(), .own_s = cpu_seconds(getpid())};
    if (options->server) {
        machine->server_s = cpu_seconds(options->server);
        machine->server_rss_bytes = resident_bytes(options->server);
    }
    read_processes(machine, options);
    read_steal(machine);
}

struct machine_use machine_between(const struct machine *from, const struct machine *to)
{
    struct machine_use use = {.seconds = (double)(to->at_us - from->at_us) / 1e6};
    double total_s = to->total_s - from->total_s;
    use.server_s = to->server_s - from->server_s;
    use.own_share = (to->own_s - from->own_s) / use.seconds;
    use.helpers_share = (to->helpers_s - from->helpers_s) / use.seconds;
    use.others_share = (to->others_s - from->others_s) / use.seconds;
    use.steal_share = total_s > 0 ? (to->steal_s - from->steal_s) / total_s : 0;
    return use;
}
