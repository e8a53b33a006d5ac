/* Where a script host's answers come to, on the loop that it runs on. Every wait has an end. */
#pragma once

#include "base/mailbox.h"
#include "net/loop.h"
#include "script/port.h"

struct answers {
    struct net_loop *loop;
    struct net_timer *timer; /* stops the loop */
    struct mailbox box;      /* stops it too; a job's `reply` */
    struct letter *unread;   /* taken out of it, and not yet given */
};

void answers_open(struct answers *answers, struct net_loop *loop);
/* After the host, before the loop. What was not asked for is dropped. */
void answers_close(struct answers *answers);
/* The next one, in the order they came, within 20 s; the caller frees it. */
struct script_result *answers_next(struct answers *answers);
bool answers_are_all_read(struct answers *answers); /* now */
void answers_run_for(struct answers *answers, unsigned ms);
