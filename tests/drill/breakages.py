"""What is broken in a drill, which alerts must fire, and which pages may: what callers suffer of it is not wrong to page."""

import signal

APOLOGIES, FAILS, SLOW = "MoonlineApologies", "MoonlineCallsFail", "MoonlineTurnsSlow"
SERVICES = {"hear": "stt", "think": "llm", "speak": "tts"}
FAILED = {"hear": "STT_FAILED", "think": "LLM_FAILED", "speak": "TTS_FAILED"}
PARTS = {"hear": "hearing", "think": "model", "speak": "synthesis"}
TEXTS = 4  # asked for while the carrier is down


class Breakage:
    """`begin(drill)` breaks it in the middle of calls, `end(drill)` mends it. `must`: alerts, those about a provider by the slot as
    well. `may`: pages beside them."""

    culprit = None  # (slot, provider) that alerts about providers must name
    failed = None   # the event of failed spans that traces must name, and no other
    waited = None   # or the part of turns that must be the longest of those that are waited for

    def __init__(self, name, must, may=(), begin=lambda drill: None, end=lambda drill: None, loss=0.0, is_alone=True):
        self.name, self.must, self.may = name, set(must), set(may)
        self.begin, self.end, self.loss, self.is_alone = begin, end, loss, is_alone


def provider(slot, name, wish, must, may=(), is_alone=True):
    """The slot's provider fails; alone, or with one behind it that is well."""
    is_socket = slot != "think"

    def begin(drill):
        if is_socket and "status" in wish:  # which concerns only those who connect
            drill.stage.failing.fail(SERVICES[slot], {"cut_after_events": 0}, now=True)
        drill.stage.failing.fail(SERVICES[slot], wish, now=is_socket)

    made = Breakage(f"{slot}: {name}", must, may, begin, is_alone=is_alone)
    made.culprit = (slot, "failing")
    if "delay_ms" in wish or "hang" in wish:
        made.waited = PARTS[slot]
    elif is_alone:
        made.failed = FAILED[slot]
    return made


def postgres_stops(drill):
    drill.stage.postgres("stop")


def postgres_starts(drill):
    drill.stage.postgres("start", "--fast")


def carrier_fails(drill):
    drill.stage.failing.fail("twilio", {"status": 503})
    for index in range(TEXTS):
        drill.stage.rows(f"select queue_text('line', 'drill-{index}', '{drill.number}', '+1555010010{index}', 'See you', null, 'test', null, null)")


def server_is_killed(drill):
    drill.server.process.child.send_signal(signal.SIGKILL)


HARM = (APOLOGIES, FAILS, SLOW)
FAILING = ("MoonlineProviderFailing",)
BREAKAGES = (
    Breakage("nothing", ()),
    provider("hear", "503", {"status": 503}, (*FAILING, APOLOGIES), HARM),
    provider("think", "503", {"status": 503}, (*FAILING, APOLOGIES), HARM),
    provider("speak", "503", {"status": 503}, (*FAILING, APOLOGIES), HARM),
    provider("hear", "503, a second one is well", {"status": 503}, FAILING, (), is_alone=False),
    provider("think", "503, a second one is well", {"status": 503}, FAILING, (), is_alone=False),
    provider("speak", "503, a second one is well", {"status": 503}, FAILING, (), is_alone=False),
    provider("think", "says nothing", {"hang": True}, (*FAILING, APOLOGIES), HARM),
    provider("hear", "slow", {"delay_ms": 1500}, ("MoonlineTranscriptsSlow",), (SLOW,)),
    provider("think", "slow", {"delay_ms": 1800}, ("MoonlineFirstTokenSlow", SLOW), (APOLOGIES,)),
    provider("speak", "slow", {"delay_ms": 1200}, ("MoonlineFirstAudioSlow",), (SLOW,)),
    Breakage("Postgres stops", ("MoonlinePostgresDown",), begin=postgres_stops, end=postgres_starts),
    Breakage("the carrier's REST fails", ("MoonlineCarrierFailing",), begin=carrier_fails),
    Breakage("the line loses frames", ("MoonlineInboundLoss",), loss=0.03),
    Breakage("the server is killed", ("MoonlineDown",), begin=server_is_killed),
)
