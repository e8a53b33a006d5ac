"""What is done to a vendor, by name. A fault is what the sandbox's control port takes (sandbox/README.md), one for all slots
or one a slot; what is not the sandbox's to do is done to the way there."""


class Fault:
    """`wishes`: slot → what the sandbox is asked. `steps`: such a wish for every 200 ms, in turn. `way`: "refused", "unknown
    name", "silent names" or "tls". `replies`: what the vendor's model says instead. `habits`: of its transcription sessions."""

    def __init__(self, name, wish=None, slots=("hear", "think", "speak"), way="", replies=(), steps=(), habits=None, **wishes):
        self.name, self.way, self.replies, self.steps, self.habits = name, way, replies, steps, habits
        self.slots = slots
        self.wishes = {slot: wishes.get(slot, wish or {}) for slot in slots}

    def has_middle(self):
        """Whether it can begin in the middle of calls."""
        return self.way in ("", "refused") and not self.replies and not self.habits


def every_tenth(slot):
    """A stream over HTTP is cut by its length, a socket's by its messages."""
    field, step = ("cut_at_percent", 10) if slot == "think" else ("cut_after_events", 1)
    return [{field: step * tenth} for tenth in range(1, 11)]


BROKEN_ARGUMENTS = [{"repeat": True, "tool_calls": [{"name": "note", "arguments_text": '{"what": "a check'}]}]

FAULTS = (
    Fault("none"),
    Fault("connect refused", way="refused"),
    Fault("name unknown", way="unknown name"),
    Fault("name server silent", way="silent names"),
    Fault("TLS not trusted", way="tls"),
    Fault("401", {"status": 401}),
    Fault("404", hear={"status": 404, "code": "model_not_found"}, think={"status": 404, "code": "model_not_found"},
          speak={"status": 404, "code": "voice_not_found"}),
    Fault("429", {"status": 429}),
    Fault("429, retry after 2 s", {"status": 429, "retry_after_ms": 2000}),
    Fault("quota", hear={"status": 429, "code": "insufficient_quota", "in_band": True},
          think={"status": 429, "code": "insufficient_quota"},
          speak={"status": 401, "code": "quota_exceeded", "in_band": True}),
    Fault("500", {"status": 500}),
    Fault("503", {"status": 503}),
    Fault("first byte after 5 s", {"delay_ms": 5000}),
    Fault("says nothing", {"hang": True}),
    Fault("cut at every tenth", steps=every_tenth),
    Fault("garbage", {"garbage": True}),
    Fault("garbage in the middle", {"garbage": True, "cut_after_events": 3}),
    Fault("web page", {"web_page": True}),
    Fault("100 MB", {"flood_bytes": 100_000_000, "cut_after_events": 3}),
    Fault("endless", {"flood_bytes": 4_000_000_000, "cut_after_events": 3}),
    Fault("slow drip", hear={"drip_bytes_per_s": 100}, think={"drip_bytes_per_s": 150}, speak={"drip_bytes_per_s": 2000}),
    Fault("session expires", slots=("hear",), habits={"session_seconds": 4}),
    Fault("finals out of order", slots=("hear",), habits={"late_ms": 600}),
    Fault("speech of nobody", {"stray_audio": True}, slots=("speak",)),
    Fault("arguments no JSON", slots=("think",), replies=BROKEN_ARGUMENTS),
)

# What befalls any vendor of a mixed run, one after the other by chance.
MIXED = (
    {"status": 429}, {"status": 429, "retry_after_ms": 1000}, {"status": 500}, {"status": 503}, {"status": 401},
    {"delay_ms": 5000}, {"delay_ms": 400, "jitter_ms": 300}, {"hang": True}, {"garbage": True}, {"web_page": True},
    {"cut_after_events": 1}, {"cut_after_events": 4}, {"cut_after_bytes": 700}, {"flood_bytes": 20_000_000},
    {"drip_bytes_per_s": 300}, {"drop_percent": 10}, {},
)
