/* Keeps live/budgets.h to what Postgres says: what every node's calls cost, all 15 s. On the control thread. Postgres away:
   the last that was read holds, and this process's own calls go on counting. */
#pragma once

#include "net/loop.h"
#include "store/database.h"

struct budget_watch;
must_use enum err budget_watch_start(
    struct budget_watch **out, struct net_loop *loop, const char *database_url);
/* Its connection, for questions of people about usage. */
struct database *budget_watch_database(struct budget_watch *watch);
void budget_watch_stop(struct budget_watch *watch); /* NULL is fine */
