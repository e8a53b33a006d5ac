"""The ear of check_sound.py: nothing in clean speech, and everything that is put into it."""

import pathlib
import sys
import unittest

import check_sound
import sound

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
SPEECH = {path.stem: sound.decode(path.read_bytes()) for path in sorted(GOLDEN.glob("*.ulaw"))}
FRAME = 160


def loudest(samples):
    """Where the loudest whole frame begins."""
    return max(range(2 * FRAME, len(samples) - 3 * FRAME, FRAME), key=lambda at: check_sound.level(samples[at:at + FRAME]))


def ordinary(samples):
    """Where a frame of middling loudness begins, among those with voice."""
    level = lambda at: check_sound.level(samples[at:at + FRAME])  # noqa: E731
    voiced = sorted((at for at in range(2 * FRAME, len(samples) - 3 * FRAME, FRAME) if level(at) > check_sound.EDGE), key=level)
    return voiced[len(voiced) // 2]


class CheckSoundTest(unittest.TestCase):
    def expect(self, change, word, where=loudest):
        for name, clean in SPEECH.items():
            with self.subTest(recording=name):
                samples = list(clean)
                at = where(samples)
                change(samples, at)
                found = [what for place, what in check_sound.faults(samples) if abs(place - at) <= 2 * FRAME]
                self.assertTrue(any(word in what for what in found), found)

    def test_clean_speech_has_none(self):
        for name, samples in SPEECH.items():
            self.assertEqual(check_sound.faults(samples), [], name)

    def test_speech_at_a_lower_level_has_none(self):
        for name in SPEECH:
            low = sound.decode(sound.at_level((GOLDEN / f"{name}.ulaw").read_bytes(), sound.DUCK_DB))
            self.assertEqual(check_sound.faults(low), [], name)

    def test_a_frame_that_is_missing_is_found(self):
        def silence(samples, at):
            samples[at:at + FRAME] = [0] * FRAME
        self.expect(silence, "gap")

    def test_a_hole_of_several_frames_is_found(self):
        def silence(samples, at):
            samples[at:at] = [0] * (4 * FRAME)
        self.expect(silence, "gap")

    def test_a_click_is_found(self):
        def click(samples, at):
            samples[at + 80] = 30000 if samples[at + 80] < 0 else -30000
        self.expect(click, "click", ordinary)

    def test_a_frame_that_is_played_twice_is_found(self):
        def double(samples, at):
            samples[at:at] = samples[at:at + FRAME]
        self.expect(double, "twice")

    def test_what_ends_an_utterance_is_not_looked_at(self):
        samples = SPEECH["01-hours"]
        at = loudest(samples)
        self.assertEqual(check_sound.faults(samples[:at + FRAME] + [0] * 8000), [])


if __name__ == "__main__":
    unittest.main()
