/* What a run asked of its call.

   a tool, on_user_turn ─► the reply it runs for; dropped when the caller went on and that reply is gone
   another hook ─────────► beside the replies, in a silence or behind one (hooks.c)
   of the recording ─────► at once: what callers said about it holds whatever becomes of the reply */
#include <stdlib.h>

#include "live/call.h"
#include "live/worker.h"
#include "observe/log.h"

static bool is_reply_alive(const struct call *call, const struct call_command *command)
{
    return call->turn.phase != REPLY_NONE && call->turn.epoch == command->from.epoch;
}

static void say(struct call *call, const struct call_command *command)
{
    struct slice text = slice_from(command->text);
    if (call_asker_has_reply(&command->from))
        reply_interject(call, text, command->is_protected);
    else
        hooks_say(call, text, command->is_protected);
}

static void play(struct call *call, struct call_command *command)
{
    struct call_sound *sound = command->sound;
    command->sound = NULL;
    if (call_asker_has_reply(&command->from))
        reply_play_take(call, sound, command->is_protected);
    else
        hooks_play_take(call, sound, command->is_protected);
}

static void hang_up(struct call *call, const struct call_command *command)
{
    if (call_asker_has_reply(&command->from))
        call_event(call, (struct turn_event){.kind = TURN_EVENT_HANGUP_ASKED});
    else
        hooks_hang_up(call);
}

static void leave_to_recorder(struct call *call, struct call_command *command)
{
    free(call->voicemail);
    call->voicemail = command->text;
    command->text = NULL;
    hang_up(call, command);
}

static void transfer(struct call *call, struct call_command *command)
{
    bool is_hooks = !call_asker_has_reply(&command->from);
    handover_take(call, command->plan, is_hooks);
    command->plan = NULL;
    hooks_pump(call);
}

static bool comes_too_late(const struct call *call, const struct call_command *command)
{
    return command->kind != CALL_RECORD && call_asker_has_reply(&command->from) &&
           !is_reply_alive(call, command);
}

void commands_do(struct call *call, struct call_command *command)
{
    if (comes_too_late(call, command)) {
        log_info("command.dropped", "call=%s reason=%s", call->facts.call_id, "its reply is gone");
        return;
    }
    switch (command->kind) {
    case CALL_SAY:
        say(call, command);
        break;
    case CALL_PLAY:
        play(call, command);
        break;
    case CALL_HANG_UP:
        hang_up(call, command);
        break;
    case CALL_VOICEMAIL:
        leave_to_recorder(call, command);
        break;
    case CALL_TRANSFER:
        transfer(call, command);
        break;
    case CALL_RECORD:
        recorder_obey(call, command->recording, slice_from(command->text));
        break;
    }
}
