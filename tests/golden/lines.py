"""What the caller of the golden call says, in order: file, words as they are transcribed, words as they are spoken."""

LINES = [
    ("01-hours", "What are your hours on Saturday?", None),
    ("02-book", "I'd like to book a checkup.", None),
    ("03-interrupts", "Sorry, I'd like a cleaning.", None),
    ("04-day", "On Tuesday at ten thirty.", None),
    ("05-name", "My name is Maria Lopez.", None),
    ("06-number", "My number is 555 012 3479.", "My number is five five five, oh one two, three four seven nine."),
    ("07-changes", "Actually, on Thursday at eleven.", None),
    ("08-yes", "Yes, that's right.", None),
    ("09-email", "My email is maria at example dot com.", None),
    ("10-address", "And what is your address?", None),
]
