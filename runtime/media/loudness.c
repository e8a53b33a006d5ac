#include "media/loudness.h"

#include <math.h>

#include "media/level.h"

#define STEP_FRAMES 25 /* 8 of them: the window of 4 s */
#define FLOOR_MIN_DBOV (-65.0)
#define FLOOR_START_DBOV (-50.0) /* at most, in the first window: a caller may speak at once */
#define VOICE_DBOV (-22.0)
#define VOICE_SHARE 0.02 /* of each voiced frame: a second's worth is remembered */
#define NOISE_MAX_DBOV (-50.0)
#define GAIN_MIN_DB (-24.0)
#define GAIN_MAX_DB 16.0
#define GAIN_STEP_DB 0.5

void loudness_init(struct loudness *loudness)
{
    *loudness = (struct loudness){.floor_dbov = FLOOR_MIN_DBOV, .voice_dbov = VOICE_DBOV};
    for (unsigned i = 0; i < LOUDNESS_HELD_FRAMES; i++)
        loudness->held[i] = LEVEL_SILENCE_DBOV;
    lowest_init(&loudness->quietest, STEP_FRAMES, FLOOR_START_DBOV);
}

static double limited(double value, double least, double most)
{
    return fmin(fmax(value, least), most);
}

void loudness_frame(struct loudness *loudness, double level_dbov)
{
    loudness->held[loudness->held_next] = level_dbov;
    loudness->held_next = (loudness->held_next + 1) % LOUDNESS_HELD_FRAMES;
    double loudest = LEVEL_SILENCE_DBOV;
    for (unsigned i = 0; i < LOUDNESS_HELD_FRAMES; i++)
        loudest = fmax(loudest, loudness->held[i]);
    lowest_add(&loudness->quietest, loudest);
    loudness->floor_dbov = fmax(loudness->quietest.value, FLOOR_MIN_DBOV);
    double wanted_db =
        fmin(VOICE_DBOV - loudness->voice_dbov, NOISE_MAX_DBOV - loudness->floor_dbov);
    double step_db = limited(wanted_db, GAIN_MIN_DB, GAIN_MAX_DB) - loudness->gain_db;
    loudness->gain_db += limited(step_db, -GAIN_STEP_DB, GAIN_STEP_DB);
}

void loudness_voice(struct loudness *loudness, double level_dbov)
{
    loudness->voice_dbov += VOICE_SHARE * (level_dbov - loudness->voice_dbov);
}
