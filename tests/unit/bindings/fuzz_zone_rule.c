/* The rule at the end of a zone file: any text is read or refused, and a rule that was read answers for any
   time with an offset of at most a week. */
#include <stdint.h>
#include <stdlib.h>

#include "base/slice.h"
#include "bindings/zone_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times_s[] = {0, -1, 1700000000, 4102444800, -2208988800, 253402300799};
    struct zone_rule rule;
    char *text = slice_dup((struct slice){(const char *)data, size});
    bool is_read = zone_rule_parse(&rule, text) == ERR_OK;
    for (size_t i = 0; is_read && i < sizeof times_s / sizeof *times_s; i++) {
        struct zone_moment moment;
        zone_rule_at(&rule, times_s[i], &moment);
        if (abs(moment.offset_s) > 7 * 86400 || !moment.abbreviation[0])
            abort();
    }
    free(text);
    return 0;
}
