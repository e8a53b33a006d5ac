#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "media/frame.h"
#include "script/agent_reading.h"

#define SOUND_MIN_BYTES (10 * FRAME_BYTES)
#define SOUND_MAX_BYTES (256u << 10) /* of its file */

static const char *const filler_names[] = {"kind", "after_ms", "phrases", "level_db", "wav", NULL};
static const char *const kind_names[] = {"none", "phrase", "typing"}; /* enum agent_filler_kind */
static const char *const english[] = {"One moment, please.", "Just a second.", "Bear with me."};

static void read_kind(struct reader *reader, struct agent_filler *filler)
{
    char name[16] = "";
    reader_text(reader, "filler", "kind", name, sizeof name);
    if (!name[0])
        return;
    for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            filler->kind = (enum agent_filler_kind)i;
            return;
        }
    }
    reader_fault(
        reader, "filler.kind", "is \"%s\": it must be \"phrase\", \"typing\" or \"none\"", name);
}

static void add_phrase(struct reader *reader, struct agent_filler *filler, size_t number)
{
    char path[32];
    snprintf(path, sizeof path, "filler.phrases[%zu]", number);
    size_t len = 0;
    const char *text =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tolstring(reader->lua, -1, &len) : NULL;
    size_t size = sizeof filler->phrases[0];
    if (!text || !len || strlen(text) != len || len >= size)
        reader_wrong(reader, path, "must be a text of at most %zu bytes", size - 1);
    else
        memcpy(filler->phrases[filler->phrase_count++], text, len + 1);
}

static void read_phrases(struct reader *reader, struct agent_filler *filler)
{
    if (!reader_enter(reader, "filler", "phrases", LUA_TTABLE))
        return;
    size_t count = lua_objlen(reader->lua, -1);
    if (count > AGENT_FILLERS_MAX)
        reader_fault(reader, "filler.phrases", "must hold at most %d", AGENT_FILLERS_MAX);
    for (size_t i = 0; i < count && i < AGENT_FILLERS_MAX; i++) {
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        add_phrase(reader, filler, i + 1);
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

/* ---- the sound ---- */

/* Whole frames, so that its end joins its beginning. */
static void read_sound(struct reader *reader, struct sources *sources, struct agent_filler *filler)
{
    char name[SOURCE_NAME_SIZE] = "";
    size_t len;
    reader_text(reader, "filler", "wav", name, sizeof name);
    if (!name[0])
        return;
    filler->typing_ulaw =
        agent_read_wav(reader, sources, "filler.wav", name, SOUND_MAX_BYTES, &len);
    if (!filler->typing_ulaw)
        return;
    filler->typing_len = len / FRAME_BYTES * FRAME_BYTES;
    if (filler->typing_len < SOUND_MIN_BYTES)
        reader_fault(reader, "filler.wav", "must last at least 200 ms");
}

/* A voice that speaks another language must not fill with English words. */
static void give_defaults(struct agent *agent)
{
    struct agent_filler *filler = &agent->filler;
    if (filler->kind != AGENT_FILLER_PHRASE || filler->phrase_count)
        return;
    if (strcmp(agent->language, "en") != 0) {
        filler->kind = AGENT_FILLER_TYPING;
        return;
    }
    for (size_t i = 0; i < sizeof english / sizeof *english; i++)
        strcpy(filler->phrases[filler->phrase_count++], english[i]);
}

void agent_read_filler(struct agent_reading *reading)
{
    struct reader *reader = &reading->reader;
    struct agent_filler *filler = &reading->agent->filler;
    filler->kind = AGENT_FILLER_PHRASE;
    filler->after_ms = 800;
    filler->level_db = -12;
    if (reader_enter(reader, "", "filler", LUA_TTABLE)) {
        reader_only(reader, "filler", filler_names);
        read_kind(reader, filler);
        reader_unsigned(reader, "filler", "after_ms", &filler->after_ms, 200, 10000);
        reader_number(reader, "filler", "level_db", &filler->level_db, -60, 0);
        read_phrases(reader, filler);
        read_sound(reader, reading->program->sources, filler);
        lua_pop(reader->lua, 1);
    }
    give_defaults(reading->agent);
}
