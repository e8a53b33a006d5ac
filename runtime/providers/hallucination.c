#include "providers/hallucination.h"

#include "text/words.h"

#define VOICED_LEAST_PERCENT 25
#define WORD_LEAST_MS 100 /* nobody speaks faster */

/* Each alone is a whole transcript of silence, as users of these models report them. */
static const char *const phrases[] = {"thank you", "thank you very much", "thank you for watching",
    "thanks for watching", "thanks for watching and see you next time", "thank you so much",
    "please subscribe", "like and subscribe", "please subscribe to my channel", "bye", "bye bye",
    "you", "see you next time", "see you in the next video", "i'll see you next time",
    "subtitles by the amara org community", "subtitles by", "transcribed by", "captions by",
    "music", "applause", "silence", "blank_audio", "foreign"};

bool hallucination_is_likely(struct slice text, unsigned voiced_ms, unsigned length_ms)
{
    bool is_quiet = voiced_ms * 100 < length_ms * VOICED_LEAST_PERCENT ||
                    voiced_ms < words_count(text) * WORD_LEAST_MS;
    for (size_t i = 0; is_quiet && i < sizeof phrases / sizeof *phrases; i++)
        if (words_are(text, slice_from(phrases[i])))
            return true;
    return false;
}
