/* An engine with one thing changed in it, held against a captured call: 0 if the check sees that. */
#include <stdio.h>

#include "replay/report.h"

int main(int argc, char **argv)
{
    char why[REPLAY_WHY_SIZE];
    struct replay_file file;
    struct check_report report;
    if (argc != 2 || replay_file_open(&file, argv[1], NULL, why) != ERR_OK)
        return 2;
    check_file(&report, &file);
    replay_file_close(&file);
    report_line(stdout, argv[1], &report);
    return check_verdict(&report) == CHECK_DIFFERS ? 0 : 1;
}
