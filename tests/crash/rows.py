"""What Postgres has of the calls in the end, against what their callers heard."""

import collections
import json
import subprocess

from survivors import ACKNOWLEDGED
from words import words_of


def letters(text):
    return "".join(words_of(text or ""))


def select_json(scene, sql):
    result = subprocess.run(["psql", "-X", "-q", "-At", scene.database_url, "-c",
                             f"select coalesce(json_agg(row_to_json(x)), '[]') from ({sql}) x"],
                            capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


class Turns:
    """Of each acknowledged turn: how often Postgres has its question and its answer."""

    def __init__(self, scene, callers):
        self.by_part = collections.defaultdict(list)
        for row in select_json(scene, """select c.call_sid, c.attempt, m.direction, m.turn_index, m.text, m.unheard_text
                                         from messages m join calls c on c.id = m.call_id"""):
            self.by_part[row["call_sid"], row["attempt"]].append(row)
        self.expected, self.lost, self.doubled, self.stories = 0, 0, 0, []
        for caller in callers:
            for asked, part, fate in caller.fates:
                if fate == ACKNOWLEDGED:
                    self.look_at(caller, asked, part)

    def look_at(self, caller, asked, part):
        rows = self.by_part[caller.call_sid, part.attempt]
        answer = "".join(asked.question.answer)
        asked_rows = [row for row in rows if row["direction"] == "in" and letters(asked.question.text) in letters(row["text"])]
        answer_rows = [row for row in rows if row["direction"] == "out" and
                       answer in letters(f"{row['text'] or ''} {row['unheard_text'] or ''}")]
        times = sum(each.question is asked.question and before is part for each, before, _ in caller.fates)
        self.expected += 1
        counts = (len(asked_rows), len(answer_rows))
        self.lost += min(counts) < 1
        self.doubled += max(counts) > times
        if not 1 <= min(counts) <= max(counts) <= times:
            self.stories.append(f"{caller.call_sid} attempt {part.attempt}, \"{asked.question.text}\": {counts[0]} questions and "
                                f"{counts[1]} answers in {[(row['direction'], row['text'], row['unheard_text']) for row in rows]}")


DOUBLED = {
    "parts": """select call_sid, attempt from calls where end_reason is distinct from 'claimed_elsewhere'
                group by 1, 2 having count(*) > 1""",
    "questions": "select call_id, turn_index from messages where direction = 'in' group by 1, 2 having count(*) > 1",
    "turns": "select call_id, turn_index from turns where caller_text is not null group by 1, 2 having count(*) > 1",
    # One that took too long has a row that says so, and one of what came of it.
    "tool calls": "select call_id, turn_index, name, ending from tool_calls group by 1, 2, 3, 4 having count(*) > 1",
    "claims": "select call_sid, attempt from stream_claims group by 1, 2 having count(*) > 1",
}


def count(scene, sql):
    return int(scene.rows(f"select count(*) from ({sql}) x")[0][0])


def doubled_rows(scene):
    return {name: found for name, sql in DOUBLED.items() if (found := count(scene, sql))}


def appointments(scene):
    """How many there are, overlap, and are one person's second."""
    booked = "select * from appointments where status = 'booked'"
    return (count(scene, booked),
            count(scene, f"""select 1 from ({booked}) a join ({booked}) b on a.id < b.id and a.staff = b.staff
                             and a.tenant_id = b.tenant_id and a.starts_at < b.ends_at and b.starts_at < a.ends_at"""),
            count(scene, f"select phone from ({booked}) a group by 1 having count(*) > 1"))


def open_calls(scene):
    return count(scene, "select 1 from calls where ended_at is null")
