/* What is counted by provider, named as the operator's list does, and slot: at most PROVIDER_METRICS_MAX of them, all
   others as "other" of their slot. Any thread, no lock and no allocation but the first time. Finding one is a comparison for
   each there is: a few times a turn, never a frame. */
#pragma once

#include <stdint.h>

#define PROVIDER_METRICS_MAX 32
#define PROVIDER_METRICS_SLOTS 3 /* in the order of enum provider_slot: hear, think, speak */

enum provider_outcome {
    PROVIDER_OK,
    PROVIDER_FAILED,
    PROVIDER_TIMEOUT, /* it was late */
    PROVIDER_REFUSED, /* the key, the quota, what was asked, or too much at once */
    PROVIDER_OUTCOMES
};

struct provider_metrics;
struct provider_metrics *provider_metrics_of(unsigned slot, const char *provider); /* never NULL */
void provider_metrics_ended(struct provider_metrics *metrics, enum provider_outcome outcome);
/* For what it is asked for: the final transcript, the first token, the first audio. */
void provider_metrics_waited_ms(struct provider_metrics *metrics, double ms);
/* What was waited, as counts of steps that grow. */
#define PROVIDER_WAIT_STEPS 23
struct provider_waits {
    uint64_t counts[PROVIDER_WAIT_STEPS];
};
void provider_metrics_waits(const struct provider_metrics *metrics, struct provider_waits *out);
/* Of what was waited between the two: so large a share (0.95) was no longer than this, as near as steps tell. 0: nothing was. */
double provider_waits_share_ms(
    const struct provider_waits *before, const struct provider_waits *now, double share);
uint64_t provider_metrics_count(
    const struct provider_metrics *metrics, enum provider_outcome outcome);
/* A media thread leaves it alone from now on, 1, or no longer, -1. */
void provider_metrics_circuit(struct provider_metrics *metrics, int change);
int provider_metrics_circuits_open(const struct provider_metrics *metrics);
