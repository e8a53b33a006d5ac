"""The demo's scenario with a caller and a slot of its own for each run, so that ten runs make ten appointments.

   demo_scenario.py NUMBER TEMPLATE: prints TEMPLATE with {name} {phone} {phone_spoken} {service} {day} {time_spoken}
   filled in for run NUMBER, and the lines `# about:` and `# expect-appointment:` that say what is expected.
"""

import sys

CALLERS = [("Maria Lopez", "555-0123"), ("James Miller", "555-0142"), ("Linda Garcia", "555-0167"),
           ("Robert Davis", "555-0188"), ("Susan Wilson", "555-0119")]
SERVICES = ["cleaning", "checkup"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
TIMES = [("ten thirty", "10:30"), ("eleven", "11:00"), ("two thirty", "14:30"), ("nine thirty", "09:30"), ("three", "15:00")]
DIGITS = dict(zip("0123456789", "oh one two three four five six seven eight nine".split()))


def choose(number):
    name, phone = CALLERS[number % len(CALLERS)]
    time_spoken, clock = TIMES[number // len(DAYS) % len(TIMES)]
    return {"name": name, "phone": phone, "service": SERVICES[number % 2], "day": DAYS[number % len(DAYS)],
            "time_spoken": time_spoken, "clock": clock,
            "phone_spoken": " ".join(DIGITS[digit] for digit in phone if digit.isdigit())}


def main():
    number, template = int(sys.argv[1]), sys.argv[2]
    chosen = choose(number)
    print(f"# about: {chosen['name']} books a {chosen['service']} for {chosen['day']} at {chosen['time_spoken']}")
    print("# expect-appointment: {name}|{phone}|{service}|{day} {clock}".format(**chosen))
    for text in open(template, encoding="utf-8"):
        print(text.rstrip("\n") if text.startswith("#") else text.rstrip("\n").format(**chosen))


if __name__ == "__main__":
    main()
