/* What the carrier tells of a recording becomes rows, the same ones however often it tells: its own in `recordings`, and for a
   message left to us one in `voicemails` and one in `messages`, in the caller's thread. Their ids follow from the recording's
   name. What is done with the sound: outreach/sounds.h. */
#pragma once

#include "api/public.h"
#include "telephony/form.h"

struct sound_told {
    const char *tenant_id;
    const char *call_id;
    bool is_voicemail;
    const struct form
        *form; /* RecordingSid or RecordingUrl, RecordingStatus, RecordingDuration, … */
};
/* False: no room for a row; the carrier is to tell again. A recording without a name of its own leaves none. */
must_use bool sound_rows_put(const struct public_settings *settings, const struct sound_told *told);
