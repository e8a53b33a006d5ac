#include "callflow/keypad.h"

#include <string.h>

static enum keypad_verdict count(struct keypad *keypad, uint64_t now_ms)
{
    if (!keypad->count_second || now_ms >= keypad->second_began_ms + 1000) {
        keypad->second_began_ms = now_ms;
        keypad->count_second = 0;
    }
    if (keypad->count >= KEYPAD_A_CALL || keypad->count_second >= KEYPAD_A_SECOND)
        return KEYPAD_TOO_MANY;
    keypad->count++;
    keypad->count_second++;
    return KEYPAD_COUNTS;
}

static void forget_first(struct keypad *keypad, unsigned count)
{
    keypad->heard_count -= count;
    memmove(keypad->heard, keypad->heard + count, keypad->heard_count * sizeof keypad->heard[0]);
}

static void forget_old(struct keypad *keypad, uint64_t now_ms)
{
    unsigned old = 0;
    while (old < keypad->heard_count && now_ms > keypad->heard[old].at_ms + KEYPAD_SAME_MS)
        old++;
    forget_first(keypad, old);
}

/* Messages come in the order of the keys: tones before the one that fits were missed by the carrier. */
static bool was_heard(struct keypad *keypad, char key)
{
    for (unsigned i = 0; i < keypad->heard_count; i++) {
        if (keypad->heard[i].key != key)
            continue;
        forget_first(keypad, i + 1);
        return true;
    }
    return false;
}

enum keypad_verdict keypad_told(struct keypad *keypad, char key, uint64_t now_ms)
{
    keypad->has_messages = true;
    forget_old(keypad, now_ms);
    return was_heard(keypad, key) ? KEYPAD_KNOWN : count(keypad, now_ms);
}

enum keypad_verdict keypad_heard(struct keypad *keypad, char key, uint64_t now_ms)
{
    if (keypad->has_messages)
        return KEYPAD_KNOWN;
    forget_old(keypad, now_ms);
    enum keypad_verdict verdict = count(keypad, now_ms);
    if (verdict != KEYPAD_COUNTS)
        return verdict;
    if (keypad->heard_count == KEYPAD_HEARD_MAX)
        forget_first(keypad, 1);
    keypad->heard[keypad->heard_count].key = key;
    keypad->heard[keypad->heard_count++].at_ms = now_ms;
    return KEYPAD_COUNTS;
}
