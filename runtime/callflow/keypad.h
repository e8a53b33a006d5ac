/* Which pressed keys count. The carrier tells of keys by messages; a carrier that never does leaves their tones in the
   audio. Until the first message of a call the tones count, after it they do not, and a message about a key whose tone
   counted within the last KEYPAD_SAME_MS is that same key. More than KEYPAD_A_SECOND, or KEYPAD_A_CALL in all, are
   nobody's fingers: refused. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KEYPAD_SAME_MS 1500
#define KEYPAD_A_SECOND 20
#define KEYPAD_A_CALL 500
#define KEYPAD_HEARD_MAX 16
/* An entry is the keys up to the last one, or so many of them; as words of the caller it begins so that the model knows it. */
#define KEYPAD_WORD "[keypad] "
#define KEYPAD_LAST '#'
#define KEYPAD_ENTRY_MAX 32

enum keypad_verdict { KEYPAD_COUNTS, KEYPAD_KNOWN, KEYPAD_TOO_MANY };

struct keypad {
    bool has_messages;
    unsigned count; /* of the call, that counted */
    uint64_t second_began_ms;
    unsigned count_second;
    unsigned heard_count; /* tones that counted, oldest first, of which no message was seen */
    struct {
        char key;
        uint64_t at_ms;
    } heard[KEYPAD_HEARD_MAX];
};

enum keypad_verdict keypad_told(struct keypad *keypad, char key, uint64_t now_ms);  /* a message */
enum keypad_verdict keypad_heard(struct keypad *keypad, char key, uint64_t now_ms); /* a tone */
