#include "store/migrations.h"

/* The build gives MIGRATIONS_PATH and builds this again when a file changes. */
#define EMBED(symbol, file)                                                                        \
    __asm__(".section .rodata\n.global " #symbol "\n" #symbol ":\n.incbin \"" MIGRATIONS_PATH      \
            "/" file "\"\n.byte 0\n.previous\n")

EMBED(MIGRATION_FENCE, "fence.sql");
EMBED(MIGRATION_001, "001_first.sql");
EMBED(MIGRATION_002, "002_reentry.sql");
EMBED(MIGRATION_003, "003_overflow.sql");
EMBED(MIGRATION_004, "004_phase.sql");
EMBED(MIGRATION_005, "005_publishing.sql");
EMBED(MIGRATION_006, "006_kv.sql");
EMBED(MIGRATION_007, "007_calendar.sql");
EMBED(MIGRATION_008, "008_knowledge.sql");
EMBED(MIGRATION_009, "009_tags.sql");
EMBED(MIGRATION_010, "010_usage.sql");
EMBED(MIGRATION_011, "011_record.sql");
EMBED(MIGRATION_012, "012_nodes.sql");
EMBED(MIGRATION_013, "013_people.sql");
EMBED(MIGRATION_014, "014_outbox.sql");
EMBED(MIGRATION_015, "015_texts.sql");
EMBED(MIGRATION_016, "016_transfers.sql");
EMBED(MIGRATION_017, "017_outbound.sql");
EMBED(MIGRATION_018, "018_tools.sql");
EMBED(MIGRATION_019, "019_traces.sql");
extern const char MIGRATION_001[];
extern const char MIGRATION_002[];
extern const char MIGRATION_003[];
extern const char MIGRATION_004[];
extern const char MIGRATION_005[];
extern const char MIGRATION_006[];
extern const char MIGRATION_007[];
extern const char MIGRATION_008[];
extern const char MIGRATION_009[];
extern const char MIGRATION_010[];
extern const char MIGRATION_011[];
extern const char MIGRATION_012[];
extern const char MIGRATION_013[];
extern const char MIGRATION_014[];
extern const char MIGRATION_015[];
extern const char MIGRATION_016[];
extern const char MIGRATION_017[];
extern const char MIGRATION_018[];
extern const char MIGRATION_019[];

const struct migration MIGRATIONS[] = {
    {1, "first", MIGRATION_001},
    {2, "reentry", MIGRATION_002},
    {3, "overflow", MIGRATION_003},
    {4, "phase", MIGRATION_004},
    {5, "publishing", MIGRATION_005},
    {6, "kv", MIGRATION_006},
    {7, "calendar", MIGRATION_007},
    {8, "knowledge", MIGRATION_008},
    {9, "tags", MIGRATION_009},
    {10, "usage", MIGRATION_010},
    {11, "record", MIGRATION_011},
    {12, "nodes", MIGRATION_012},
    {13, "people", MIGRATION_013},
    {14, "outbox", MIGRATION_014},
    {15, "texts", MIGRATION_015},
    {16, "transfers", MIGRATION_016},
    {17, "outbound", MIGRATION_017},
    {18, "tools", MIGRATION_018},
    {19, "traces", MIGRATION_019},
};
const size_t MIGRATION_COUNT = sizeof MIGRATIONS / sizeof MIGRATIONS[0];
