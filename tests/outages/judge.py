"""What became of a call, from what its caller heard."""

from words import MISHEARD, words_of

LIMIT_S = 3.0
SLACK_S = 0.12  # frames, the jitter buffer of the far end, and the callers' own lateness
APOLOGY = "<apology>"
GOODBYE = ("farewell",)
UNKNOWN_MAX_BYTES = 3200  # 0.4 s of sound that is none of our words: ends of what was cut off, a recording's first moments

ANSWERED, APOLOGISED, LEFT, BAD = "answered", "apology", "other", "bad"


class Verdict:
    def __init__(self, kind, silence_s, why=""):
        self.kind, self.silence_s, self.why = kind, silence_s, why


def heard_between(caller, begin, end):
    """What was being spoken at any moment of it."""
    return [each for each in caller.ear.begun_words() if each[0] < end and (each[1] or end) > begin]


def end_of_answer(words, answer):
    """When the answer's last word had been heard, all being whole and in order; None: it was not. One word in the middle may have
    broken off when another voice went on behind it: it counts as heard, and is not said again (docs/providers.md)."""
    at = None
    rest = list(answer)
    may_break = True
    for _, ended, word, is_whole in words:
        if not rest or word != rest[0] or not (is_whole or may_break):
            continue
        may_break &= is_whole
        rest.pop(0)
        at = ended if is_whole else None
    return None if rest else at


def longest_silence(caller, begin, end):
    worst, quiet_from = 0.0, begin
    for since, until in caller.ear.sounds:
        if until <= begin or since >= end:
            continue
        worst = max(worst, since - quiet_from)
        quiet_from = max(quiet_from, until)
    return max(worst, end - quiet_from)


def judge_question(caller, asked, answers):
    """`answers`: of every question so far: one that was not answered may be answered with the next; to words that were cut the
    agent may ask back."""
    begin, end = asked.ended, asked.settled
    if begin is None:
        return judge_early_end(caller, asked.began)
    words = heard_between(caller, begin, end)
    ends = [at for at in (end_of_answer(words, answer) for answer in answers) if at]
    apology = next((max(begun, begin) for begun, _, word, _ in words if word == APOLOGY), None)
    is_left = caller.ended == end and not caller.is_hung_up
    if ends:
        kind, until = ANSWERED, ends[-1]
    elif apology is not None:
        kind, until = APOLOGISED, apology
    elif is_left and (has_way_out(caller) or any(word in GOODBYE for _, _, word, _ in words)):
        kind, until = LEFT, end
    elif is_left:
        return Verdict(BAD, longest_silence(caller, begin, end), "left without a word: " + said(words))
    else:
        return Verdict(BAD, longest_silence(caller, begin, end), "no answer, no apology: " + said(words))
    silence_s = longest_silence(caller, begin, until)
    if silence_s > LIMIT_S + SLACK_S:
        return Verdict(BAD, silence_s, f"{kind} after a silence of {silence_s:.1f} s")
    if kind == APOLOGISED and apology - answered_until(words, answers, apology, begin) > LIMIT_S + SLACK_S:
        return Verdict(BAD, silence_s, f"apology {apology - begin:.1f} s after the caller's words")
    return Verdict(kind, silence_s)


def answered_until(words, answers, apology, begin):
    """When the last word of an answer ended that broke off before the apology; `begin`: there was none."""
    known = {word for answer in answers for word in answer}
    return max((ended for _, ended, word, _ in words if word in known and ended and ended <= apology), default=begin)


def judge_early_end(caller, since):
    """The agent ended the call before the caller had said what it wanted."""
    words = heard_between(caller, since, caller.ended)
    silence_s = longest_silence(caller, since, caller.ended)
    if silence_s > LIMIT_S + SLACK_S:
        return Verdict(BAD, silence_s, f"a silence of {silence_s:.1f} s, then the end")
    if any(word == APOLOGY for _, _, word, _ in words):
        return Verdict(APOLOGISED, silence_s)
    return Verdict(LEFT, silence_s) if has_way_out(caller) else Verdict(BAD, silence_s, "left without a word: " + said(words))


def has_way_out(caller):
    return any(verb in ("Dial", "Record", "Say") for verb in caller.way_out)


def said(words):
    return " ".join(word if is_whole else word + "-" for _, _, word, is_whole in words)[:80] or "nothing was heard"


def spoken_twice(caller, answers):
    """Words of answers that were heard whole more than once. No two answers share a word."""
    whole = [word for _, _, word, is_whole in caller.ear.words if is_whole]
    return sorted({word for answer in answers for word in answer if whole.count(word) > 1})


def claimed_unheard(caller, heard_text):
    """Words of answers which the rows say were heard, and were not. What a clear took back on its way, 0.2 s, may be claimed."""
    answers = {word for asked in caller.asked for word in asked.question.answer}
    heard = {word for _, _, word, is_whole in caller.ear.words if is_whole}
    unheard = sorted({word for word in words_of(heard_text) if word in answers and word not in heard})
    return unheard if len(unheard) > 2 else []


def judge_call(caller):
    """A verdict for every question, and what is wrong with the call as a whole ('' when nothing is)."""
    verdicts, answers = [], []
    for asked in caller.asked:
        answers.append(asked.question.answer)
        verdicts.append(judge_question(caller, asked, [words_of(MISHEARD), *answers]))
    if not caller.asked and caller.began and not caller.is_hung_up:
        verdicts.append(judge_early_end(caller, caller.began))
    twice = spoken_twice(caller, answers)
    if twice:
        return verdicts, "spoken twice: " + " ".join(twice)[:60]
    unknown_bytes = caller.ear.unknown_bytes()
    if unknown_bytes > UNKNOWN_MAX_BYTES:
        return verdicts, f"{unknown_bytes / 8000:.1f} s of sound that is nobody's words"
    if caller.asked and not any(since < caller.asked[0].began for since, _ in caller.ear.sounds):
        return verdicts, "nothing was said before the caller spoke"
    if not verdicts:
        return verdicts, caller.why or "nothing was asked"
    if caller.ended is None or caller.why == "it did not end":
        return verdicts, "it did not end"
    if "Connect" in caller.way_out:
        return verdicts, "the agent left without a word: the carrier connects anew"
    return verdicts, ""


def story(caller):
    """What happened, for people who look for the reason."""
    began = caller.began or 0
    lines = [f"{begun - began:6.2f} {word}{'' if is_whole else '-'}" for begun, _, word, is_whole in caller.ear.begun_words()]
    lines += [f"{asked.began - began:6.2f} [asks: {asked.question.text}]" for asked in caller.asked]
    lines += [f"{asked.ended - began:6.2f} [has asked]" for asked in caller.asked if asked.ended]
    lines.append(f"{(caller.ended or 0) - began:6.2f} [{caller.why} {caller.way_out}]")
    return "\n".join(sorted(lines, key=lambda each: float(each[:6])))
