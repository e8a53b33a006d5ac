"""The demo's scenario with a caller and a slot of its own for each run, so that thirty runs make thirty appointments.

   demo_scenario.py NUMBER TEMPLATE: prints TEMPLATE with {name} {phone} {phone_spoken} {service} {day} {time_spoken}
   filled in for run NUMBER, and the lines `# about:` and `# expect-appointment:` that say what is expected.
"""

import sys

# Names and numbers that the sandbox's ears tell apart from all others; a number as the tools keep it.
CALLERS = [("Maria Lopez", "5550123"), ("James Miller", "5550118"), ("Linda Garcia", "5550151"),
           ("Robert King", "5550193"), ("Susan Wilson", "5550130")]
SERVICES = ["cleaning", "checkup"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
TIMES = [("ten thirty", "10:30"), ("eleven", "11:00"), ("two thirty", "14:30"), ("nine thirty", "09:30"), ("three", "15:00"),
         ("four", "16:00")]
DIGITS = dict(zip("0123456789", "oh one two three four five six seven eight nine".split()))


def slot_of(number):
    """Every day once before a second time of the day is used."""
    time_spoken, clock = TIMES[number // len(DAYS) % len(TIMES)]
    return {"day": DAYS[number % len(DAYS)], "time_spoken": time_spoken, "clock": clock}


def choose(number):
    name, phone = CALLERS[number % len(CALLERS)]
    digits = [DIGITS[digit] for digit in phone]
    return {"name": name, "phone": phone, "service": SERVICES[number % len(SERVICES)],
            "phone_spoken": " ".join(digits), **slot_of(number)}


def main():
    number, template = int(sys.argv[1]), sys.argv[2]
    chosen = choose(number)
    print(f"# about: {chosen['name']} books a {chosen['service']} for {chosen['day']} at {chosen['time_spoken']}")
    print("# expect-appointment: {name}|{phone}|{service}|{day} {clock}".format(**chosen))
    with open(template, encoding="utf-8") as lines:
        for text in lines:
            text = text.rstrip("\n")
            print(text if text.startswith("#") else text.format(**chosen))


if __name__ == "__main__":
    main()
