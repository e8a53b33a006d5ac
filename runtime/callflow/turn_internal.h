/* What the parts of the turn engine call of each other. Private to callflow. */
#pragma once

#include "callflow/turn.h"

#define NEVER UINT64_MAX

/* turn.c: states and the ways into them */
void turn_act(struct turn *turn, struct turn_actions *out, enum turn_action_kind kind);
void turn_enter_listening(struct turn *turn, uint64_t now_ms);
void turn_decide(struct turn *turn, uint64_t now_ms, struct turn_actions *out); /* in LISTENING */
void turn_fail(struct turn *turn, uint64_t now_ms, bool is_final, struct turn_actions *out);
void turn_end_call(struct turn *turn, enum turn_end_reason reason, struct turn_actions *out);

/* turn_caller.c: what was heard since the last turn */
void turn_caller_note(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out);
void turn_caller_forget(struct turn *turn);
bool turn_caller_has_words(const struct turn *turn);
bool turn_caller_insists(const struct turn *turn, uint64_t now_ms); /* before a reply was heard */
bool turn_caller_is_over(const struct turn *turn); /* a voice that began after the turn goes on */
uint64_t turn_caller_insist_ms(const struct turn *turn); /* when speech that goes on does */
bool turn_caller_interrupts(const struct turn *turn);    /* a reply that is heard, by words */
/* When speech over a reply stops it, ends it; when silence after it says that it was nothing. */
uint64_t turn_caller_pause_ms(const struct turn *turn);
uint64_t turn_caller_cut_ms(const struct turn *turn);
uint64_t turn_caller_verdict_ms(const struct turn *turn);
uint64_t turn_caller_decision_ms(const struct turn *turn);  /* NEVER: nothing to decide */
uint64_t turn_caller_candidate_ms(const struct turn *turn); /* when a draft may begin */
uint64_t turn_caller_confirm_ms(const struct turn *turn);   /* when a draft is the turn */
uint64_t turn_caller_idle_ms(const struct turn *turn);      /* when the silence is too long */
uint64_t turn_caller_waits_ms(const struct turn *turn);     /* since when for an answer */
bool turn_caller_is_too_short(const struct turn *turn);
bool turn_caller_is_noise(const struct turn *turn);

/* turn_ask.c: what a script says about the end of a turn, and about a silence */
uint64_t turn_ask_due_ms(const struct turn *turn); /* when to ask; NEVER: not, or not again */
void turn_ask(struct turn *turn, uint64_t now_ms, struct turn_actions *out);
void turn_ask_answered(struct turn *turn, struct turn_event event, uint64_t now_ms);
void turn_ask_silence(struct turn *turn, uint64_t now_ms, struct turn_actions *out);
uint64_t turn_ask_decision_ms(const struct turn *turn, uint64_t by_rules_ms);

/* turn_reply.c: the reply that is alive */
bool turn_reply_owns(enum turn_event_kind kind);
void turn_reply_begin(struct turn *turn, enum reply_phase phase, uint64_t now_ms);
void turn_reply_expect(struct turn *turn, uint64_t now_ms); /* the caller waits from now on */
void turn_reply_hush(struct turn *turn, struct turn_actions *out);
void turn_reply_cancel(struct turn *turn, struct turn_actions *out);
void turn_reply_event(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out);
void turn_reply_interrupt(struct turn *turn, uint64_t now_ms, struct turn_actions *out);
void turn_reply_withdraw(struct turn *turn, uint64_t now_ms, struct turn_actions *out);
void turn_reply_confirm(struct turn *turn, uint64_t now_ms, struct turn_actions *out);
void turn_reply_meet_voice(struct turn *turn, struct turn_actions *out);
void turn_reply_release(struct turn *turn, struct turn_actions *out);
void turn_reply_wait(struct turn *turn, uint64_t now_ms, struct turn_actions *out);
uint64_t turn_reply_deadline_ms(const struct turn *turn);
