/* The recording of a call at the carrier, as its business and its scripts want it (docs/outbound.md). One request is under way
   at a time; what is wanted meanwhile is asked for behind its answer:

     always: the call begins ──┐                ┌─ pause ─► PAUSED ─ resume ─┐
     call:record{ consent } ───┴─► OFF ─► ON ◄──┴────────────────────────────┘      stop, refused: OFF
     the line broke before ──────► UNKNOWN: the carrier says whether one goes on (it outlives streams and processes)

   What the carrier refuses is logged, counted and in the records, and the call goes on. A pause that fails becomes a stop:
   what is said then must not be recorded. */
#pragma once

#include <stdbool.h>

#include "bindings/call_ops.h"
#include "telephony/recording_fetch.h"
#include "telephony/rest.h"

enum recorder_state {
    RECORDER_OFF, /* none, or it was stopped */
    RECORDER_ON,
    RECORDER_PAUSED,
    RECORDER_UNKNOWN, /* as wanted: as it is found */
};

struct recorder {
    enum recorder_state is;        /* as the carrier said last */
    enum recorder_state wanted;    /* the same: nothing is left to do */
    enum recorder_state asked_for; /* by */
    struct rest_call *asked;       /* NULL: nothing is under way */
    char sid[RECORDING_SID_SIZE];  /* while ON and PAUSED */
    bool may_start;                /* where it is found that there is none */
    bool is_doubtful;              /* a start was not answered: it may have been done */
    bool owes_notice;              /* the caller was not told yet */
};

struct call;
/* What holds for calls of a tenant whose script says `by_agent`; any thread. */
enum agent_recording recorder_rule(const char *tenant_id, enum agent_recording by_agent);
void recorder_open(struct call *call);  /* before the first words */
void recorder_greet(struct call *call); /* the notice, as the first of a reply that was begun */
void recorder_tell(
    struct call *call); /* behind the first words' beginning, where no greeting had it */
void recorder_obey(struct call *call, enum call_recording what, struct slice said);
void recorder_drop(struct call *call); /* before the call goes */
