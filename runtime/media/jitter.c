#include "media/jitter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"

#define MISSES_MAX 10
#define DELAY_MAX_MS 400        /* of JITTER_SLOTS · 20 = 640 */
#define JUMP_FRAMES 10          /* a gap wider than this is a new clock, not loss */
#define LATE_IN_A_ROW_MAX 5     /* so many late ones in a row, too */
#define BACK_FRAMES 50          /* so far back at once, too */
#define STALL_MS (FRAME_MS / 2) /* later than this is a stall of the caller */
#define SETTLING_FRAMES 50      /* of a sender's clock, until drift is counted */
#define STALL_MAX_MS 1000       /* nothing at all for so long: the sender is silent */
#define MISSING_MAX 64          /* frames that may come yet, late: more than BACK_FRAMES */
#define STEADY_FRAMES 25        /* between two shortenings of the delay */
#define SLACK_MS 5              /* below the depth, for one frame less */
#define QUIET_LEVEL 200         /* mean |sample| of a frame nobody misses: −44 dBov */

/* Jitter is believed quickly and forgotten slowly. */
#define ATTACK (1.0 / 8)
#define RELEASE (1.0 / 128)
#define DEPTH_FACTOR 2.0 /* depth over the deviation */

/* Fast frames tell what the network can do, slow ones what it does. */
#define TRANSIT_FALL (1.0 / 8)
#define TRANSIT_RISE (1.0 / 64)

static unsigned clamp(unsigned value, unsigned low, unsigned high)
{
    return value < low ? low : value > high ? high : value;
}

void jitter_init(struct jitter *jitter, unsigned min_ms, unsigned max_ms)
{
    *jitter = (struct jitter){.min_ms = clamp(min_ms, FRAME_MS, DELAY_MAX_MS)};
    jitter->max_ms = clamp(max_ms, jitter->min_ms, DELAY_MAX_MS);
    jitter->depth_ms = jitter->min_ms;
    jitter->last_index = -1;
    for (unsigned i = 0; i < JITTER_SLOTS; i++)
        jitter->slot_index[i] = -1;
    plc_init(&jitter->plc);
}

static unsigned slot_of(int64_t index)
{
    return (unsigned)(index % JITTER_SLOTS);
}

static bool has_frame(const struct jitter *jitter, int64_t index)
{
    return jitter->slot_index[slot_of(index)] == index;
}

static double sender_ms(const struct jitter *jitter, int64_t index)
{
    return jitter->base_ms + (double)(index * FRAME_MS);
}

/* How long the next frame will have waited, had it arrived as frames do on average. */
static double delay_ms(const struct jitter *jitter)
{
    return (double)jitter->next_due_ms - sender_ms(jitter, jitter->next_index) - jitter->transit_ms;
}

/* ---- arrivals ---- */

static void measure(struct jitter *jitter, double transit_ms)
{
    double deviation = fmin(fabs(transit_ms - jitter->transit_ms), jitter->max_ms);
    double weight = deviation > jitter->jitter_ms ? ATTACK : RELEASE;
    jitter->jitter_ms += (deviation - jitter->jitter_ms) * weight;
    double step_ms = transit_ms - jitter->transit_ms;
    jitter->transit_ms += step_ms * (step_ms < 0 ? TRANSIT_FALL : TRANSIT_RISE);
    if (jitter->settling) {
        jitter->settling--;
        jitter->origin_ms = jitter->transit_ms;
    }
    unsigned frames = (unsigned)ceil(DEPTH_FACTOR * jitter->jitter_ms / FRAME_MS - 0.5);
    jitter->depth_ms = clamp(frames * FRAME_MS, jitter->min_ms, jitter->max_ms);
}

/* The frame of `timestamp_ms` gets number `index`, and time is measured from it. */
static void rebase(struct jitter *jitter, int64_t index, double timestamp_ms, uint64_t now_ms)
{
    jitter->base_ms = timestamp_ms - (double)(index * FRAME_MS);
    jitter->transit_ms = jitter->origin_ms = (double)now_ms - timestamp_ms;
    jitter->settling = SETTLING_FRAMES;
    jitter->late_in_a_row = 0;
}

/* The first frame, or the first after silence. */
static void start(struct jitter *jitter, double timestamp_ms, uint64_t now_ms)
{
    jitter->next_index = jitter->first_index = jitter->last_index + 1;
    rebase(jitter, jitter->next_index, timestamp_ms, now_ms);
    jitter->next_due_ms = now_ms + jitter->depth_ms;
    jitter->is_started = true;
    jitter->misses = jitter->kept = 0;
    jitter->steady = 0;
    jitter->stall_ms = 0;
}

static int64_t index_of(const struct jitter *jitter, double timestamp_ms)
{
    return llround((timestamp_ms - jitter->base_ms) / FRAME_MS);
}

static bool is_jump(const struct jitter *jitter, int64_t index)
{
    bool is_back = index < jitter->next_index && (jitter->late_in_a_row >= LATE_IN_A_ROW_MAX ||
                                                     jitter->next_index - index > BACK_FRAMES);
    return index - jitter->last_index > JUMP_FRAMES || is_back;
}

/* The place of the next frame is over. */
static void pass(struct jitter *jitter, bool is_missing)
{
    jitter->stats.count_lost += jitter->missing >> (MISSING_MAX - 1);
    jitter->missing = jitter->missing << 1 | is_missing;
    jitter->next_index++;
}

/* Its place is over. It may have come before, and not been missing then. */
static void take_late(struct jitter *jitter, int64_t index)
{
    uint64_t ago = (uint64_t)(jitter->next_index - 1 - index);
    uint64_t bit = ago < MISSING_MAX ? 1ull << ago : 0;
    bool is_late = index < jitter->first_index || jitter->missing & bit;
    jitter->stats.count_late += is_late;
    jitter->stats.count_duplicate += !is_late;
    jitter->missing &= ~bit;
    jitter->late_in_a_row++;
}

/* The caller has not fetched for longer than the buffer holds: the oldest goes. */
static void make_room(struct jitter *jitter, int64_t index)
{
    while (index - jitter->next_index >= JITTER_SLOTS) {
        unsigned slot = slot_of(jitter->next_index);
        bool is_there = jitter->slot_index[slot] == jitter->next_index;
        jitter->stats.count_skipped += is_there;
        jitter->slot_index[slot] = -1;
        pass(jitter, !is_there);
        jitter->next_due_ms += FRAME_MS;
    }
}

void jitter_put(
    struct jitter *jitter, const struct frame *frame, uint64_t timestamp_ms, uint64_t now_ms)
{
    double sent_ms = (double)timestamp_ms;
    jitter->stats.count_in++;
    if (!jitter->is_started)
        start(jitter, sent_ms, now_ms);
    /* When our own deadline has passed, the arrival time says more about us than about the network. */
    bool is_stalled = now_ms > jitter->next_due_ms + FRAME_MS || jitter->stall_ms;
    int64_t index = index_of(jitter, sent_ms);
    if (is_jump(jitter, index)) {
        index = (jitter->last_index >= jitter->next_index ? jitter->last_index
                                                          : jitter->next_index - 1) +
                1;
        rebase(jitter, index, sent_ms, now_ms);
        jitter->stats.count_resyncs++;
    } else if (!is_stalled) {
        measure(jitter, (double)now_ms - sent_ms);
    }
    if (index < jitter->next_index) {
        take_late(jitter, index);
        return;
    }
    jitter->late_in_a_row = 0;
    if (has_frame(jitter, index)) {
        jitter->stats.count_duplicate++;
        return;
    }
    jitter->next_due_ms -= jitter->stall_ms;
    jitter->stall_ms = 0;
    make_room(jitter, index);
    memcpy(jitter->slots[slot_of(index)], frame->ulaw, FRAME_BYTES);
    jitter->slot_index[slot_of(index)] = index;
    jitter->stats.count_reordered += index < jitter->last_index;
    if (index > jitter->last_index)
        jitter->last_index = index;
}

void jitter_end(struct jitter *jitter)
{
    jitter->stats.count_lost += (uint64_t)__builtin_popcountll(jitter->missing);
    jitter->missing = 0;
}

double jitter_drift_ms(const struct jitter *jitter)
{
    return jitter->transit_ms - jitter->origin_ms;
}

/* ---- departures ---- */

uint64_t jitter_deadline(const struct jitter *jitter)
{
    return jitter->is_started ? jitter->next_due_ms : 0;
}

static bool is_quiet(const uint8_t ulaw[FRAME_BYTES])
{
    int16_t pcm[FRAME_SAMPLES];
    long sum = 0;
    g711_to_pcm(pcm, ulaw, FRAME_SAMPLES);
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        sum += labs(pcm[i]);
    return sum < (long)QUIET_LEVEL * FRAME_SAMPLES;
}

static void drop_next(struct jitter *jitter)
{
    jitter->slot_index[slot_of(jitter->next_index)] = -1;
    pass(jitter, false);
}

/* Brings a delay that is longer than it need be back towards `depth_ms`. */
static void shorten(struct jitter *jitter)
{
    double excess_ms = delay_ms(jitter) - jitter->depth_ms;
    if (delay_ms(jitter) >= jitter->max_ms + FRAME_MS) {
        uint64_t earlier_ms = (uint64_t)(excess_ms / FRAME_MS) * FRAME_MS;
        jitter->next_due_ms -= earlier_ms < jitter->next_due_ms ? earlier_ms : 0;
        return;
    }
    bool may_skip = excess_ms + SLACK_MS >= FRAME_MS && jitter->steady >= STEADY_FRAMES &&
                    has_frame(jitter, jitter->next_index) &&
                    has_frame(jitter, jitter->next_index + 1);
    if (!may_skip || !is_quiet(jitter->slots[slot_of(jitter->next_index)]))
        return;
    drop_next(jitter);
    jitter->stats.count_skipped++;
    jitter->steady = 0;
}

static enum jitter_result give(struct jitter *jitter, struct frame *out)
{
    memcpy(out->ulaw, jitter->slots[slot_of(jitter->next_index)], FRAME_BYTES);
    g711_to_pcm(out->pcm, out->ulaw, FRAME_SAMPLES);
    drop_next(jitter);
    bool is_blended = jitter->plc.missing_samples > 0;
    plc_rx(&jitter->plc, out->pcm, FRAME_SAMPLES);
    if (is_blended)
        g711_to_ulaw(out->ulaw, out->pcm, FRAME_SAMPLES);
    jitter->misses = jitter->kept = 0;
    jitter->steady++;
    return JITTER_FRAME;
}

/* While nothing at all is there the stream is late, not broken; while later frames are, waiting may cost
   no more than the depth. */
static bool may_keep_place(const struct jitter *jitter, bool is_dry)
{
    return is_dry || delay_ms(jitter) + FRAME_MS <= jitter->depth_ms;
}

/* plc_fillin would turn its ring of history by a memcpy that overlaps; a ring that begins at 0 it leaves
   alone. */
static void turn_history(plc_state_t *plc)
{
    int16_t oldest[PLC_HISTORY_LEN];
    size_t split = (size_t)plc->buf_ptr, rest = PLC_HISTORY_LEN - split;
    memcpy(oldest, plc->history, split * sizeof *oldest);
    memmove(plc->history, plc->history + split, rest * sizeof *oldest);
    memcpy(plc->history + rest, oldest, split * sizeof *oldest);
    plc->buf_ptr = 0;
}

static enum jitter_result conceal(struct jitter *jitter, struct frame *out, bool is_dry)
{
    if (jitter->misses >= MISSES_MAX) {
        jitter->is_started = false;
        return JITTER_EMPTY;
    }
    turn_history(&jitter->plc);
    plc_fillin(&jitter->plc, out->pcm, FRAME_SAMPLES);
    g711_to_ulaw(out->ulaw, out->pcm, FRAME_SAMPLES);
    jitter->stats.count_gaps += jitter->misses == 0;
    jitter->misses++;
    jitter->steady = 0;
    if (may_keep_place(jitter, is_dry))
        jitter->kept++;
    else
        pass(jitter, true);
    jitter->stats.count_concealed++;
    return JITTER_CONCEALED;
}

/* Places kept for frames that are lost after all are given up when later ones are there; all missing
   ones are, when enough was made up. */
static void give_up_places(struct jitter *jitter)
{
    while (
        !has_frame(jitter, jitter->next_index) && (jitter->kept || jitter->misses >= MISSES_MAX)) {
        jitter->kept -= jitter->kept > 0;
        pass(jitter, true);
    }
}

/* The caller was away, and with it perhaps the arrivals: look again at the next deadline. */
static void pass_over(struct jitter *jitter, uint64_t now_ms)
{
    uint64_t passed_ms = ((now_ms - jitter->next_due_ms) / FRAME_MS + 1) * FRAME_MS;
    jitter->stall_ms += passed_ms;
    jitter->next_due_ms += passed_ms;
    if (jitter->stall_ms > STALL_MAX_MS)
        jitter->is_started = false;
}

enum jitter_result jitter_get(struct jitter *jitter, struct frame *out, uint64_t now_ms)
{
    if (!jitter->is_started || now_ms < jitter->next_due_ms)
        return JITTER_EMPTY;
    bool is_dry = jitter->last_index < jitter->next_index;
    if (is_dry && now_ms - jitter->next_due_ms >= STALL_MS) {
        pass_over(jitter, now_ms);
        return JITTER_EMPTY;
    }
    jitter->stall_ms = 0;
    if (!is_dry) {
        shorten(jitter);
        give_up_places(jitter);
    }
    jitter->next_due_ms += FRAME_MS;
    enum jitter_result result =
        has_frame(jitter, jitter->next_index) ? give(jitter, out) : conceal(jitter, out, is_dry);
    jitter->stats.count_out += result != JITTER_EMPTY;
    return result;
}
