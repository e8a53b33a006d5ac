/* The receptionist that stands in for a chat model, as conversations. */
#include "unit/brain/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX 16

struct line {
    const char *caller;
    const char *expect; /* a part of the reply */
};

static void run(struct talk *talk, const struct line *lines)
{
    for (; lines->caller; lines++) {
        talk_say(talk, lines->caller);
        talk_expect(talk, lines->expect);
    }
}

/* ---- questions ---- */

static const struct line questions[] = {
    {"what are your hours on saturday", "On Saturday we're open from nine a.m. to one p.m."},
    {"What are your hours on Saturday?", "from nine a.m. to one p.m."},
    {"are you open on sunday", "closed on Sunday"},
    {"are you open saturday at three", "No, on Saturday we're open from nine"},
    {"are you open on monday at three", "Yes, on Monday"},
    {"when are you open", "Monday to Friday from eight a.m. to five p.m. and Saturday from nine"},
    {"tell me your opening hours", "closed on Sunday"},
    {"what time do you close today", "On Tuesday we're open from eight"},
    {"how late are you open", "from eight a.m. to five p.m."},
    {"when do you open tomorrow", "On Wednesday we're open from eight"},
    {"are you open on weekends", "closed on Sunday"},
    {"is anyone there on the weekend", "On Saturday we're open from nine"},
    {"where are you located", "twelve Harbor Street"},
    {"what's your address", "twelve Harbor Street"},
    {"how do i get there", "twelve Harbor Street"},
    {"what services do you have", "We offer cleaning, which takes about thirty minutes, checkup"},
    {"what kind of appointments do you have", "filling, which takes about sixty minutes"},
    {"what do you do", "We offer cleaning"},
    {"do you offer whitening", "we don't offer whitening"},
    {"do you do cleanings", "Yes, we do."},
    {"how long does a filling take", "A filling takes about sixty minutes."},
    {"how much is a cleaning", "I don't have prices here"},
    {"what are your prices", "I don't have prices here"},
    {"do you take insurance", "I'm not sure about that"},
    {"do you accept credit cards", "I'm not sure about that"},
    {"can i park there", "I'm not sure about that"},
    {"i'm a new patient", "ten minutes early"},
    {"who am i speaking with", "This is Ava at Acme Dental."},
    {"can i speak to the dentist", "I'm Ava, and I can help"},
    {"i have a question", "what is it?"},
    {"are you still there", "I'm here"},
    {"hello", "how can I help"},
    {"wait", "go ahead"},
    {"blah", "didn't catch"},
    {"", "didn't catch"},
    {"thanks", "You're welcome"},
    {"goodbye", "goodbye!"},
    {"no thanks bye", "Thanks for calling Acme Dental, goodbye!"},
    {NULL, NULL},
};

static void answers_come_from_the_facts(void **state)
{
    for (const struct line *line = questions; line->caller; line++) {
        talk_reset(*state);
        run(*state, (const struct line[]){*line, {NULL, NULL}});
    }
}

static void answers_in_one_call(void **state)
{
    run(*state, questions);
}

static void a_day_after_a_day_is_about_hours(void **state)
{
    static const struct line lines[] = {{"what are your hours on saturday", "from nine"},
        {"what about sunday", "closed on Sunday"}, {"and how about monday", "from eight"},
        {NULL, NULL}};
    run(*state, lines);
}

static void an_edited_prompt_is_heard_at_once(void **state)
{
    struct talk *talk = *state;
    talk_say(talk, "what are your hours on saturday");
    talk_expect(talk, "from nine");
    talk_edit_prompt(talk, "Saturday 09:00-13:00", "Saturday 11:00-13:30");
    talk_say(talk, "what are your hours on saturday");
    talk_expect(talk, "from eleven a.m. to one thirty p.m.");
    talk_edit_prompt(talk, "filling (60 min)", "filling (60 min), root canal (90 min)");
    talk_say(talk, "how long does a root canal take");
    talk_expect(talk, "A root canal takes about ninety minutes.");
    talk_add_prompt(talk, "- A cleaning has a price of 90 dollars.");
    talk_say(talk, "how much is a cleaning");
    talk_expect(talk, "A cleaning has a price of ninety dollars.");
    talk_add_prompt(talk, "- Always end replies with: \"Have a sunny day!\"");
    talk_say(talk, "where are you");
    talk_expect(talk, "Springfield. Have a sunny day!");
    talk_add_prompt(talk, "- Say \"Aloha\" first.");
    talk_say(talk, "where are you");
    talk_expect(talk, "Aloha, we're at twelve Harbor Street");
}

/* ---- bookings ---- */

static const struct booking {
    const char *about;
    struct line lines[LINES_MAX];
    const char *name, *phone, *service, *start;
} bookings[] = {
    {"one thing at a time",
        {{"i'd like to book an appointment", "cleaning, checkup or filling?"},
            {"a cleaning", "What day"}, {"on saturday", "What time on Saturday"},
            {"at ten thirty", "your name"},
            {"my name is maria lopez", "Thanks, Maria. And what's the best phone number"},
            {"it's five five five oh one two three",
                "So that's a cleaning on Saturday at ten thirty for Maria Lopez, five five five, "
                "oh one two three. "
                "Is that right?"},
            {"yes that's right", "You're all set for Saturday at ten thirty."},
            {"no thanks", "goodbye!"}, {NULL, NULL}},
        "Maria Lopez", "5550123", "cleaning", "2026-11-28T10:30"},
    {"all at once, as written",
        {{"I'd like to book a checkup on Monday at 2:30 p.m. for James Miller.", "phone number"},
            {"555-555-0142",
                "at two thirty for James Miller, five five five, five five five, oh one four two."},
            {"Yes.", "You're all set"}, {NULL, NULL}},
        "James Miller", "5555550142", "checkup", "2026-11-30T14:30"},
    {"pieces, a pause in the number, only a first name",
        {{"can i get a filling tomorrow", "What time on Wednesday"},
            {"in the afternoon", "What time on Wednesday afternoon"}, {"two o'clock", "name"},
            {"what did you say", "your name"}, {"this is anna", "And your last name"},
            {"it's white", "phone number"}, {"five five five", "the rest"},
            {"oh one nine nine", "five five five, oh one nine nine"}, {"yeah", "You're all set"},
            {NULL, NULL}},
        "Anna White", "5550199", "filling", "2026-11-25T14:00"},
    {"corrections at the read-back",
        {{"book me for a cleaning on friday at nine", "name"}, {"it's robert davis", "number"},
            {"my number is five five five oh one eight eight", "Is that right?"},
            {"no", "What should I change?"}, {"the time", "What time on Friday"},
            {"half past three", "at three thirty"},
            {"no it's not friday but thursday", "on Thursday at three thirty"},
            {"no it's a checkup", "a checkup on Thursday"},
            {"it ends in oh one eight nine", "oh one eight nine"},
            {"no my number is five five five oh one eight nine", "oh one eight nine"},
            {"no my name is robert bailey", "for Robert Bailey"}, {"the name is wrong", "name"},
            {"my name is robert king", "for Robert King"}, {"that is correct", "You're all set"},
            {NULL, NULL}},
        "Robert King", "5550189", "checkup", "2026-11-26T15:30"},
    {"a question in between, a closed day, a time that is too late",
        {{"i need a cleaning", "What day"}, {"on sunday", "closed on Sunday. What other day"},
            {"what are your hours on saturday", "to one p.m. What day"},
            {"saturday at one", "to one p.m. What time"},
            {"could you repeat that", "to one p.m. What time"},
            {"make it a quarter past twelve", "name"}, {"i'm susan wilson", "number"},
            {"you can reach me at five five five oh one one nine", "Is that right?"},
            {"yes please", "Saturday at twelve fifteen"}, {NULL, NULL}},
        "Susan Wilson", "5550119", "cleaning", "2026-11-28T12:15"},
    {"no wishes, an offer is taken",
        {{"i'd like a checkup", "What day"}, {"any day is fine", "How about Wednesday at nine?"},
            {"that works for me", "name"}, {"linda garcia", "number"},
            {"call me at five five five oh one six seven", "Is that right?"},
            {"yes thank you", "You're all set"}, {"bye", "goodbye!"}, {NULL, NULL}},
        "Linda Garcia", "5550167", "checkup", "2026-11-25T09:00"},
    {"a question that is a wish, noise at the read-back",
        {{"do you have anything on friday", "What would you like to come in for"},
            {"a checkup in the afternoon", "What time on Friday afternoon"},
            {"whatever works", "How about Friday at two?"}, {"yes", "name"},
            {"my last name is hall", "first name"}, {"it's frank", "number"},
            {"oh one nine nine five five five zero one two three", "whole number once more"},
            {"zero one two five five five oh one two four", "right?"},
            {"make it a crown", "we don't offer crowns"}, {"good morning", "Shall I book it?"},
            {"bye", "Before you go"}, {"yes thanks bye", "all set for Friday at two"},
            {NULL, NULL}},
        "Frank Hall", "0125550124", "checkup", "2026-11-27T14:00"},
    {"today, only if it is still ahead",
        {{"can i book a cleaning today at nine", "already over today. What other time"},
            {"at eleven", "name"}, {"i'm john king", "number"},
            {"zero one two five five five oh one two three", "Is that right?"},
            {"exactly", "all set for Tuesday at eleven"}, {NULL, NULL}},
        "John King", "0125550123", "cleaning", "2026-11-24T11:00"},
    {"a weekday that is today but over means next week",
        {{"a cleaning on tuesday at nine", "name"}, {"john king", "number"},
            {"five five five oh one two three", "right?"},
            {"right", "all set for Tuesday the first at nine"}, {NULL, NULL}},
        "John King", "5550123", "cleaning", "2026-12-01T09:00"},
    {"what is not offered",
        {{"i'd like a whitening", "we don't offer whitening. We do cleaning, checkup and filling."},
            {"a checkup then", "What day"}, {"monday or tuesday", "What time on Monday"},
            {"ten or eleven", "name"}, {"it's for emily young", "number"}, {"um", "didn't catch"},
            {"five five five oh one four four", "Emily Young"}, {"sounds good", "all set"},
            {NULL, NULL}},
        "Emily Young", "5550144", "checkup", "2026-11-30T10:00"},
};

static void bookings_end_in_the_right_call(void **state)
{
    struct talk *talk = *state;
    for (size_t i = 0; i < sizeof bookings / sizeof *bookings; i++) {
        const struct booking *booking = &bookings[i];
        talk_reset(talk);
        snprintf(talk->log, sizeof talk->log, "(%s)\n", booking->about);
        run(talk, booking->lines);
        talk_expect_booking(talk, booking->name, booking->phone, booking->service, booking->start);
        assert_int_equal(talk->booking_count, 1);
    }
}

/* A cleaning on Saturday at ten thirty for Maria Lopez, up to the read-back. */
static void say_all(struct talk *talk)
{
    talk_say(talk, "i'd like to book a cleaning on saturday at ten thirty");
    talk_say(talk, "my name is maria lopez");
    talk_say(talk, "five five five oh one two three");
    talk_expect(talk, "Is that right?");
}

static void a_taken_time_brings_others(void **state)
{
    struct talk *talk = *state;
    talk->results[0] = "{\"ok\":false,\"reason\":\"taken\",\"next\":[{\"start\":\"2026-11-28T11:"
                       "00\",\"spoken\":\"x\"},"
                       "{\"start\":\"2026-11-30T08:00\",\"spoken\":\"x\"}]}";
    say_all(talk);
    talk_say(talk, "yes");
    talk_expect(
        talk, "that time is taken. I could do Saturday at eleven or Monday at eight, which");
    talk_say(talk, "the second one");
    talk_expect(talk, "So that's a cleaning on Monday at eight for Maria Lopez");
    talk_say(talk, "yes");
    talk_expect_booking(talk, "Maria Lopez", "5550123", "cleaning", "2026-11-30T08:00");
    talk_expect(talk, "all set for Monday at eight");
}

static void an_offer_is_taken_by_its_time(void **state)
{
    struct talk *talk = *state;
    talk->results[0] = "{\"ok\":false,\"reason\":\"taken\",\"next\":[{\"start\":\"2026-11-28T11:"
                       "00\",\"spoken\":\"x\"},"
                       "{\"start\":\"2026-11-30T08:00\",\"spoken\":\"x\"}]}";
    say_all(talk);
    talk_say(talk, "yes");
    talk_say(talk, "eight works");
    talk_expect(talk, "on Monday at eight");
    talk_say(talk, "no make it wednesday at eleven");
    talk_expect(talk, "on Wednesday at eleven");
    talk_say(talk, "yes");
    talk_expect_booking(talk, "Maria Lopez", "5550123", "cleaning", "2026-11-25T11:00");
}

static void what_could_not_be_saved_is_tried_again(void **state)
{
    struct talk *talk = *state;
    talk->results[0] = TALK_ERROR;
    say_all(talk);
    talk_say(talk, "yes");
    talk_expect(talk, "couldn't save that just now. Shall I try again?");
    assert_null(strstr(talk->said, "all set"));
    talk_say(talk, "yes please");
    talk_expect(talk, "You're all set");
    assert_int_equal(talk->booking_count, 2);
}

static void a_second_booking_knows_the_caller(void **state)
{
    struct talk *talk = *state;
    say_all(talk);
    talk_say(talk, "yes");
    talk_say(talk, "i'd like to book a checkup on monday at nine");
    talk_expect(talk,
        "So that's a checkup on Monday at nine for Maria Lopez, five five five, oh one two three.");
    talk_say(talk, "yes");
    talk_expect_booking(talk, "Maria Lopez", "5550123", "checkup", "2026-11-30T09:00");
}

static void an_email_address_goes_to_the_contact(void **state)
{
    static const struct {
        const char *caller, *email;
    } rows[] = {
        {"My email is maria at example dot com.", "maria@example.com"},
        {"my email address is m a r i a at mail dot example dot com please",
            "maria@mail.example.com"},
        {"it's Maria.Lopez@example.com", "maria.lopez@example.com"},
    };
    struct talk *talk = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        talk_reset(talk);
        say_all(talk);
        talk_say(talk, "yes");
        talk_say(talk, rows[i].caller);
        talk_expect(talk, "I have that");
        assert_string_equal(
            json_string_value(json_object_get(talk->contact, "email")), rows[i].email);
        assert_string_equal(json_string_value(json_object_get(talk->contact, "phone")), "5550123");
        assert_int_equal(talk->booking_count, 1);
    }
}

/* ---- interruptions ---- */

static void a_cut_reply_counts_as_heard(void **state)
{
    struct talk *talk = *state;
    talk_say(talk, "what services do you have");
    talk_cut(talk, "We offer a cleaning, which");
    talk_say(talk, "sorry i'd like to book a cleaning");
    talk_expect(talk, "What day");
    talk_cut(talk, "");
    talk_say(talk, "actually make it a checkup on monday");
    talk_expect(talk, "What time on Monday");
}

static void a_yes_to_what_was_not_heard_books_nothing(void **state)
{
    struct talk *talk = *state;
    say_all(talk);
    talk_cut(talk, "");
    talk_say(talk, "yes");
    talk_expect(talk, "Is that right?");
    assert_int_equal(talk->booking_count, 0);
    talk_cut(talk, "So that's a cleaning on Saturday");
    talk_say(talk, "no sorry at eleven");
    talk_expect(talk, "on Saturday at eleven");
    talk_say(talk, "yes");
    talk_expect_booking(talk, "Maria Lopez", "5550123", "cleaning", "2026-11-28T11:00");
}

static void without_tools_nothing_is_promised(void **state)
{
    struct talk *talk = *state;
    json_array_clear(talk->tools);
    say_all(talk);
    talk_say(talk, "yes");
    talk_expect(talk, "can't book");
}

/* ---- any words at all ---- */

static size_t read_words(char *text, size_t size, const char **words, size_t words_max)
{
    FILE *file = fopen(SANDBOX_DIR "/ears/receptionist.gram", "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
    size_t count = 0;
    for (char *word = strtok(text, " \n<>()[]|;=/*"); word && count < words_max;
         word = strtok(NULL, " \n<>()[]|;=/*"))
        words[count++] = word;
    return count;
}

/* Every word the ears can hear, in random order, with replies cut at random: no error, no silence, and tools only end in
   bookings whose arguments are whole. */
static void any_words_are_answered(void **state)
{
    static char text[32768];
    static const char *words[8000];
    struct talk *talk = *state;
    size_t count = read_words(text, sizeof text, words, 8000);
    unsigned seed = 20261122;
    assert_true(count > 500);
    for (int call = 0; call < 150; call++) {
        talk_reset(talk);
        for (int line = 0; line < 12; line++) {
            char said[256] = "";
            for (int i = rand_r(&seed) % 8; i >= 0; i--)
                snprintf(said + strlen(said), sizeof said - strlen(said), "%.30s ",
                    words[(size_t)rand_r(&seed) % count]);
            talk_say(talk, said);
            if (rand_r(&seed) % 5 == 0)
                talk_cut(talk, rand_r(&seed) % 2 ? "" : "So that's");
        }
        if (talk->booking)
            assert_int_equal(json_object_size(talk->booking), 5);
    }
}

/* ---- scripts that are not in order ---- */

static void expect_refused(const char *script, bool is_loadable, const char *why_part)
{
    char path[] = "/tmp/brain-XXXXXX", why[256] = "";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, script, strlen(script)), (ssize_t)strlen(script));
    close(file);
    struct brain *brain = NULL;
    enum err err = brain_create(&brain, path, why);
    assert_int_equal(err == ERR_OK, is_loadable);
    if (brain) {
        json_t *messages = json_array();
        struct brain_reply reply;
        assert_int_equal(brain_reply(brain, messages, NULL, &reply, why), ERR_BAD);
        json_decref(messages);
        brain_destroy(brain);
    }
    if (!strstr(why, why_part))
        fail_msg("\"%s\" says \"%s\"", script, why);
    unlink(path);
}

static void a_broken_script_says_why(void **state)
{
    expect_refused("return {}", false, "must return a function");
    expect_refused("return 1 +", false, "unexpected symbol");
    expect_refused("error('oh')", false, "oh");
    expect_refused("return function() error('oh') end", true, "oh");
    expect_refused("return function() return {} end", true, "string expected");
    expect_refused("return function() return { text = '', calls = { print } } end", true,
        "not names with arguments");
    expect_refused("return function() return { text = '', calls = { 1 } } end", true,
        "not names with arguments");
    expect_refused("local t = {} t[1] = t return function() return { text = '', calls = t } end",
        true, "not names with arguments");
}

int main(void)
{
#define TALK(test) cmocka_unit_test_setup_teardown(test, talk_begin, talk_end)
    const struct CMUnitTest tests[] = {
        TALK(answers_come_from_the_facts),
        TALK(answers_in_one_call),
        TALK(a_day_after_a_day_is_about_hours),
        TALK(an_edited_prompt_is_heard_at_once),
        TALK(bookings_end_in_the_right_call),
        TALK(a_taken_time_brings_others),
        TALK(an_offer_is_taken_by_its_time),
        TALK(what_could_not_be_saved_is_tried_again),
        TALK(a_second_booking_knows_the_caller),
        TALK(an_email_address_goes_to_the_contact),
        TALK(a_cut_reply_counts_as_heard),
        TALK(a_yes_to_what_was_not_heard_books_nothing),
        TALK(without_tools_nothing_is_promised),
        TALK(any_words_are_answered),
        cmocka_unit_test(a_broken_script_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
