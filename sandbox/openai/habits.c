#include "openai/habits.h"

#include <string.h>

#define MOST_SESSION_S 86400
#define MOST_LATE_MS 60000

static bool read_number(unsigned *out, const json_t *value, json_int_t least, json_int_t most)
{
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most)
        return false;
    *out = (unsigned)json_integer_value(value);
    return true;
}

static bool read_bool(bool *out, const json_t *value)
{
    *out = json_is_true(value);
    return json_is_boolean(value);
}

enum err stt_habits_set(struct stt_habits *habits, const json_t *wish)
{
    struct stt_habits draft = *habits;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)wish, key, value)
    {
        bool is_good = false;
        if (!strcmp(key, "session_seconds"))
            is_good = read_number(&draft.session_s, value, 1, MOST_SESSION_S);
        else if (!strcmp(key, "late_ms"))
            is_good = read_number(&draft.late_ms, value, 0, MOST_LATE_MS);
        else if (!strcmp(key, "detection_fixed"))
            is_good = read_bool(&draft.is_detection_fixed, value);
        if (!is_good)
            return ERR_BAD;
    }
    *habits = draft;
    return ERR_OK;
}
