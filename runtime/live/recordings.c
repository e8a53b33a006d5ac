#include "live/recordings.h"

/* The files stand beside this one; CMake passes the folder as ASSETS. */
#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n.global " #name "_begin\n.global " #name "_end\n" #name             \
            "_begin:\n.incbin \"" ASSETS "/" file "\"\n" #name "_end:\n.byte 0\n.previous\n");     \
    extern const uint8_t name##_begin[];                                                           \
    extern const uint8_t name##_end[]

EMBED(recording_apology_data, "apology.ulaw");
EMBED(recording_moment_data, "moment.ulaw");
EMBED(recording_typing_data, "typing.ulaw");

struct recording recording_apology(void)
{
    return (struct recording){recording_apology_data_begin,
        (size_t)(recording_apology_data_end - recording_apology_data_begin),
        "I'm sorry, I'm having trouble right now. Please bear with me, or call again in a few "
        "minutes."};
}

struct recording recording_moment(void)
{
    return (struct recording){recording_moment_data_begin,
        (size_t)(recording_moment_data_end - recording_moment_data_begin), "One moment, please."};
}

struct recording recording_typing(void)
{
    return (struct recording){recording_typing_data_begin,
        (size_t)(recording_typing_data_end - recording_typing_data_begin), ""};
}
