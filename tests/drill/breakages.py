"""What is broken in a drill, which alerts must fire, and which pages may: what callers suffer of it is not wrong to page."""

import signal

APOLOGIES, FAILS, SLOW = "MoonlineApologies", "MoonlineCallsFail", "MoonlineTurnsSlow"
SERVICES = {"hear": "stt", "think": "llm", "speak": "tts"}
PARTS = {"hear": "hearing", "think": "model", "speak": "synthesis"}
TEXTS = 4  # asked for while the carrier is down


class Breakage:
    """`begin(drill)` breaks it in the middle of calls, `end(drill)` mends it. `must`: alerts, those about a provider by the slot as
    well. `may`: pages beside them."""

    culprit = None  # (slot, provider) that alerts about providers must name
    is_from_start = False  # broken before the first call
    has_tool = False  # callers have a tool that asks Postgres, and traces name it when that is away
    url = None      # of the vendor that fails, by the drill; None: its own
    is_told = False  # the culprit is in traces as who failed: of spans that have failed, where nobody stands behind it
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
    if "delay_ms" in wish:
        made.waited = PARTS[slot]
    else:
        made.is_told = True
    return made


def way(slot, name, url, begin, must, may=(), is_alone=True):
    """The vendor is well, and the way to it is not. `url(drill)`: by which the server asks it."""
    made = Breakage(f"{slot}: {name}", must, may, begin, lambda drill: drill.stage.way.calm(), is_alone=is_alone)
    made.culprit, made.url, made.is_told, made.is_from_start = (slot, "failing"), url, True, url is unknown_host
    return made


def over_the_way(drill):
    return f"http://localhost:{drill.stage.way.here}"


def database(name, must, begin, end=lambda drill: None, may=()):
    made = Breakage(f"Postgres: {name}", must, may, begin, end)
    made.has_tool = True
    return made


def unknown_host(_):
    return "http://vendor.invalid:9100"


def way_is_silent(drill):
    drill.stage.way.silence()


def way_is_refused(drill):
    drill.stage.way.refuse()


def postgres_is_cut(drill):
    drill.stage.way_to_postgres.cut()


def postgres_is_silent(drill):
    drill.stage.way_to_postgres.silence()


def postgres_is_back(drill):
    drill.stage.way_to_postgres.calm()


def postgres_stops(drill):
    drill.stage.postgres("stop")


def postgres_starts(drill):
    drill.stage.postgres("start", "--fast")


def queue_texts(drill):
    for index in range(TEXTS):
        drill.stage.rows(f"select queue_text('line', 'drill-{index}', '{drill.number}', '+1555010010{index}', 'See you', null, 'test', null, null)")


def carrier_fails(drill):
    drill.stage.failing.fail("twilio", {"status": 503})
    queue_texts(drill)


def carrier_is_refused(drill):
    drill.stage.way_to_carrier.refuse()
    queue_texts(drill)


def carrier_is_back(drill):
    drill.stage.way_to_carrier.calm()


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
    way("hear", "its network is a black hole", over_the_way, way_is_silent, (*FAILING, APOLOGIES), HARM),
    way("think", "its network is a black hole", over_the_way, way_is_silent, (*FAILING, APOLOGIES), HARM),
    way("speak", "its network is a black hole", over_the_way, way_is_silent, (*FAILING, APOLOGIES), HARM),
    way("think", "a black hole, a second one is well", over_the_way, way_is_silent, FAILING, (SLOW,), is_alone=False),
    way("think", "its port is closed", over_the_way, way_is_refused, (*FAILING, APOLOGIES), HARM),
    way("think", "its host is unknown", unknown_host, lambda drill: None, (*FAILING, APOLOGIES), HARM),
    way("speak", "its host is unknown, a second one is well", unknown_host, lambda drill: None, FAILING, (), is_alone=False),
    database("it stops", ("MoonlinePostgresDown",), postgres_stops, postgres_starts),
    database("connections are cut once", (), postgres_is_cut),
    database("its network is a black hole", ("MoonlinePostgresDown",), postgres_is_silent, postgres_is_back, (SLOW,)),
    Breakage("the carrier's REST fails", ("MoonlineCarrierFailing",), begin=carrier_fails),
    Breakage("the carrier's REST is refused", ("MoonlineCarrierFailing",), begin=carrier_is_refused, end=carrier_is_back),
    Breakage("the line loses frames", ("MoonlineInboundLoss",), loss=0.03),
    Breakage("the server is killed", ("MoonlineDown",), begin=server_is_killed),
)
