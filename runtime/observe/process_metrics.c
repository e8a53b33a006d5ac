/* Of the process, as other exporters name them: read when somebody asks. */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/build_commit.h"
#include "observe/metrics_internal.h"

static uint64_t started_wall_ms;

/* Before main: when the process began, as near as it can be told. */
__attribute__((constructor)) static void note_start(void)
{
    started_wall_ms = clock_wall_ms();
}

static double cpu_seconds(void)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used))
        return 0;
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static unsigned long resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* its own */
}

static unsigned long most_descriptors(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) ? 0 : (unsigned long)limit.rlim_cur;
}

void metrics_process(struct process_figures *out)
{
    *out = (struct process_figures){.started_wall_ms = started_wall_ms,
        .cpu_seconds = cpu_seconds(),
        .resident_bytes = resident_bytes()};
}

static void add(
    struct strbuf *out, const char *name, const char *type, const char *help, double value)
{
    metrics_add_head(out, name, type, help);
    strbuf_printf(out, "%s %.15g\n", name, value);
}

const char *metrics_build(void)
{
    return BUILD_VERSION "+" BUILD_COMMIT;
}

void process_metrics_text(struct strbuf *out)
{
    metrics_add_head(out, "moonline_build_info", "gauge", "1; the labels say which build this is.");
    strbuf_printf(
        out, "moonline_build_info{version=\"%s\",commit=\"%s\"} 1\n", BUILD_VERSION, BUILD_COMMIT);
    add(out, "moonline_start_time_seconds", "gauge", "When the process began, since 1970.",
        (double)started_wall_ms / 1000);
    add(out, "process_cpu_seconds_total", "counter", "CPU time of the process.", cpu_seconds());
    add(out, "process_resident_memory_bytes", "gauge", "Memory of the process that is resident.",
        (double)resident_bytes());
    add(out, "process_open_fds", "gauge", "Open file descriptors.", open_descriptors());
    add(out, "process_max_fds", "gauge", "File descriptors that may be open.",
        (double)most_descriptors());
}
