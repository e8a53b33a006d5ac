#include "text/opt_out.h"

#include <string.h>

#include "text/opt_out_tokens.h"

/* ---- a text of nothing else ---- */

static const char *const STRONG[] = {"stop", "stopall", "unsubscribe", "unsub", "unsubscribed",
    "unsubscribeme", "optout", "optmeout", "stops", "stopit", "stopnow", "stoptexting", "stoptext",
    "stopmessages",
    /* slips */ "stpo", "sotp", "tsop", "stp", "sto", "stip", "srop", "dtop", "stol", "stopo",
    "stap", "atop", "unsuscribe", "unsubcribe", "unsubscibe", "unsubscrib", "unscribe",
    "unsubsribe", "unsubscrbe", "unsubsrcibe", "usubscribe", "unsubscripe", "optuot", "otpout",
    "opout", "optou",
    /* Spanish, French */ "alto", "paren", "parar", "detener", "detengan", "desuscribir", "nomas",
    "arret", "arrete", "arreter", "basta", NULL};
static const char *const WEAK[] = {"cancel", "cancelall", "end", "endall", "quit", "revoke",
    "remove", "cancle", "cansel", "cancelar", "baja", "qiut", "revok", NULL};
static const char *const START[] = {
    "start", "unstop", "yes", "optin", "resume", "resubscribe", NULL};
static const char *const HELP[] = {"help", "info", "ayuda", "aide", "hlp", NULL};
static const char *const POLITE[] = {"please", "pls", "plz", "plse", "pleas", "plese", "thanks",
    "thank", "you", "thx", "ty", "now", "ok", "okay", "hi", "hello", "hey", "asap", "immediately",
    "sir", "maam", "kindly", "sorry", "but", "today", "por", "favor", "merci", "gracias", "just",
    "lol", "omg", "ur", "u", "reply", "text", NULL};
/* With what only means texts. */
static const char *const LOOSE[] = {"it", "this", "that", "everything", "all", "me", "already",
    "alredy", "these", "i", "said", "the", "fucking", "damn", "for", "god", "gods", "sake", "right",
    "want", "to", "like", "need", "make", "id", "can", "forever", NULL};

/* `word` is folded, `ours` is written as it is spelled. */
static bool is_same(const char *ours, size_t len, const char *word)
{
    for (size_t i = 0; i < len; i++) {
        if (i && ours[i] == ours[i - 1])
            continue;
        if (*word++ != ours[i])
            return false;
    }
    return *word == '\0';
}

static bool is_in(const char *const *list, const char *word)
{
    while (*list && !is_same(*list, strlen(*list), word))
        list++;
    return *list != NULL;
}

struct kinds {
    unsigned strong, weak, start, help, polite, loose, other;
};

static struct kinds count_kinds(const struct plain_word *words, unsigned count)
{
    struct kinds kinds = {0};
    for (unsigned i = 0; i < count; i++) {
        const char *word = words[i].text;
        kinds.strong += is_in(STRONG, word);
        kinds.weak += is_in(WEAK, word);
        kinds.start += is_in(START, word);
        kinds.help += is_in(HELP, word);
        kinds.polite += is_in(POLITE, word);
        kinds.loose += is_in(LOOSE, word);
    }
    kinds.other =
        count - kinds.strong - kinds.weak - kinds.start - kinds.help - kinds.polite - kinds.loose;
    return kinds;
}

static bool is_strong(const struct kinds *kinds)
{
    return kinds->strong && !kinds->other && !kinds->start && !kinds->help;
}

static enum opt_out_word of_whole(const struct plain_words *words)
{
    struct kinds kinds = count_kinds(words->list, words->count);
    if (is_strong(&kinds))
        return OPT_OUT_STOP;
    if (kinds.other || kinds.loose)
        return OPT_OUT_NONE;
    if (kinds.weak && !kinds.start && !kinds.help)
        return OPT_OUT_STOP;
    if (kinds.start && !kinds.weak && !kinds.help)
        return OPT_OUT_START;
    return kinds.help && !kinds.weak && !kinds.start ? OPT_OUT_HELP : OPT_OUT_NONE;
}

/* "STOP. I never signed up for this." */
static bool has_strong_sentence(const struct plain_words *words)
{
    unsigned start = 0;
    for (unsigned i = 0; i < words->count; i++) {
        if (!words->list[i].ends_clause)
            continue;
        struct kinds kinds = count_kinds(&words->list[start], i + 1 - start);
        bool is_at_an_end = start == 0 || i + 1 == words->count;
        if (is_at_an_end && is_strong(&kinds))
            return true;
        start = i + 1;
    }
    return false;
}

/* ---- a sentence that says so ---- */

/* Words in a row: "a|b" one of them, "?" behind it: or none, "%" a word for texts, "$" the sentence ends. */
#define TEXTS                                                                                      \
    "text|texts|txt|txts|message|messages|msg|msgs|sms|smses|textmessage|textmessages|"            \
    "notifications|alerts|spam|texting|messaging|reminders|promos"

enum guard {
    GUARD_NONE,
    GUARD_STOP, /* not "don't stop …", "why did you stop …" */
    GUARD_DONT, /* not "you don't text me", and not "don't text me before nine" */
};

struct phrase {
    const char *pattern;
    enum guard guard;
    bool is_spoken; /* in calls as well */
};

static const struct phrase PHRASES[] = {
    {"stop|quit|cease texting|messaging|txting|msging|smsing|spamming", GUARD_STOP, true},
    {"stop|quit contacting|bothering|harassing|writing me|us", GUARD_STOP, false},
    {"stop|quit sending me|us? any|anymore|all|the|these|those|this|your|so? more|many? %",
        GUARD_STOP, true},
    {"stop|quit sending me|us? any|all|the|these|those|this? "
     "stuff|anything|things|shit|crap|these|those|this|them $",
        GUARD_STOP, false},
    {"stopall the|these|those|your? %", GUARD_STOP, true},
    {"stop|quit|end|cancel|discontinue all|the|these|those|your|my? of? the|these|your? %",
        GUARD_STOP, true},
    {"stop|quit with all|the|these|your? the|these|your? %", GUARD_STOP, true},
    {"dont|never ever|you|u? ever? text|message|txt|msg|sms me|us|this|my", GUARD_DONT, true},
    {"dont|never contact|write|bother me|us", GUARD_DONT, false},
    {"dont|never send|give me|us? any|anymore|all|the|these|those|your? more|other|further? %",
        GUARD_DONT, true},
    {"no more|further %", GUARD_NONE, true},
    {"dont|longer|not want|wish|need any|anymore|all|these|those|your|the|more? of? these|your? "
     "more? %",
        GUARD_DONT, true},
    {"dont|longer|not want|wish to get|receive|have any|anymore|all|these|those|your|the|more? "
     "more? %",
        GUARD_DONT, true},
    {"dont|longer|not want|wish to be texted|messaged|contacted|sent", GUARD_DONT, true},
    {"take|remove|delete|drop|get|scratch|strike me|us|my number|name|phone? number? "
     "off|of|from|out "
     "of|from? your|the|this|that|all|of? "
     "mailing|text|texting|contact|sms|phone|call|calling|marketing|messaging|message|subscriber|"
     "your|"
     "the? mailing|text|sms|message? list|lists|database|contacts|texts|messages|sms",
        GUARD_STOP, true},
    {"remove|delete|lose|erase my|this number", GUARD_STOP, true},
    {"remove|delete me now|please|pls|from|entirely? this|everything|all|now? $", GUARD_STOP,
        false},
    {"take me off|of please|now? $", GUARD_STOP, false},
    {"unsubscribe|unsub|unsuscribe|unsubcribe me|us|my|from|this|to", GUARD_STOP, true},
    {"want|like|how|wish|need|do|can|id i|we? to? unsubscribe|unsub|optout|unsuscribe|unsubcribe",
        GUARD_NONE, true},
    {"want|like|wish|need to be removed", GUARD_NONE, false},
    {"opt me|us out", GUARD_STOP, true},
    {"take|count|sign me|us out $", GUARD_STOP, false},
    {"optout|optingout of|from|please|me|my|now|this|these|any", GUARD_STOP, true},
    {"i|im|we|am optingout|optout|unsubscribing", GUARD_NONE, true},
    {"revoke|withdraw|retract my|our|all? consent|permission", GUARD_NONE, true},
    {"i revoke|withdraw $", GUARD_NONE, false},
    {"cancel|end my|this|the|your? text|sms|texting|message subscription|subscriptions", GUARD_STOP,
        true},
    {"leave me|us alone", GUARD_NONE, false},
    {"fuck|piss off|of", GUARD_NONE, false},
    {"no mas mensajes|textos|sms", GUARD_NONE, true},
    {"no mas $", GUARD_NONE, false},
    {"no me envien|envie|mande|manden|escriban|escriba|contacten", GUARD_NONE, true},
    {"deje|dejen|deja de enviar|enviarme|mandar|mandarme|escribir|escribirme|molestar", GUARD_NONE,
        true},
    {"cancelar|anular mi|la|los? suscripcion|mensajes", GUARD_NONE, true},
    {"ne envoyez|contactez|ecrivez plus", GUARD_NONE, true},
    {"arretez de menvoyer|envoyer|mecrire|ecrire", GUARD_NONE, true},
};

static bool is_one_of(const char *list, size_t len, const char *word)
{
    for (const char *at = list, *end = list + len; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t size = (size_t)((bar ? bar : end) - at);
        if (is_same(at, size, word))
            return true;
        at += size + 1;
    }
    return false;
}

/* Behind the last word that fits; 0: it does not. Goes no deeper than the pattern is long. */
static unsigned match(
    const char *pattern, const struct plain_words *words, unsigned start, unsigned at)
{
    if (!*pattern)
        return at;
    size_t len = strcspn(pattern, " ");
    const char *rest = pattern + len + (pattern[len] == ' ');
    bool is_at_end = at > start && words->list[at - 1].ends_clause;
    if (*pattern == '$')
        return is_at_end ? at : 0;
    bool may_miss = pattern[len - 1] == '?';
    const char *list = *pattern == '%' ? TEXTS : pattern;
    size_t list_len = *pattern == '%' ? sizeof TEXTS - 1 : len - may_miss;
    bool fits = at < words->count && !is_at_end && is_one_of(list, list_len, words->list[at].text);
    unsigned end = fits ? match(rest, words, start, at + 1) : 0;
    return end || !may_miss ? end : match(rest, words, start, at);
}

static const char *word_at(const struct plain_words *words, unsigned at)
{
    return at < words->count ? words->list[at].text : "";
}

/* "don't stop texting me", "why did you stop texting me"; but "can you stop texting me". */
static bool is_denied(const struct plain_words *words, unsigned start)
{
    static const char *const NOT[] = {"dont", "not", "never", "didnt", "did", "cant", "wont",
        "couldnt", "doesnt", "if", "havent", "they", "he", "she", "we", "i", "why", "when", NULL};
    static const char *const ASKING[] = {"can", "could", "would", "will", "need", "want", "ask",
        "asked", "make", "have", "wish", NULL};
    static const char *const BEFORE_TO[] = {
        "told", "asked", "asking", "ask", "you", "u", "want", "need", "like", "how", "wish", NULL};
    const char *before = start ? words->list[start - 1].text : "";
    const char *earlier = start > 1 ? words->list[start - 2].text : "";
    if (start && words->list[start - 1].ends_clause)
        return false;
    if (!strcmp(before, "you") || !strcmp(before, "u"))
        return !is_in(ASKING, earlier);
    if (!strcmp(before, "to"))
        return !is_in(BEFORE_TO, earlier);
    return is_in(NOT, before);
}

/* "you don't text me", "don't text me before nine". */
static bool is_limited(const struct plain_words *words, unsigned start, unsigned end)
{
    static const char *const WHO[] = {
        "you", "u", "they", "he", "she", "people", "if", "why", "i", NULL};
    static const char *const WHEN[] = {"before", "after", "until", "till", "at", "during", "while",
        "unless", "if", "when", "on", "between", "about", "yet", "that", "the", "your", "a", "an",
        "today", "tonight", "tomorrow", "so", "in", "back", NULL};
    const char *before = start ? words->list[start - 1].text : "";
    bool is_new = start && words->list[start - 1].ends_clause;
    bool is_own = !strcmp(before, "i") && strcmp(word_at(words, start + 1), "text") != 0;
    if (!is_new && is_in(WHO, before) && !is_own)
        return true;
    return !words->list[end - 1].ends_clause && is_in(WHEN, word_at(words, end));
}

static bool is_guarded(
    enum guard guard, const struct plain_words *words, unsigned start, unsigned end)
{
    switch (guard) {
    case GUARD_NONE:
        return false;
    case GUARD_STOP:
        return is_denied(words, start);
    case GUARD_DONT:
        return is_limited(words, start, end);
    }
    return false;
}

static bool says_so(const struct plain_words *words, bool is_spoken)
{
    for (size_t i = 0; i < sizeof PHRASES / sizeof PHRASES[0]; i++) {
        const struct phrase *phrase = &PHRASES[i];
        for (unsigned start = 0; start < words->count; start++) {
            unsigned end =
                is_spoken && !phrase->is_spoken ? 0 : match(phrase->pattern, words, start, start);
            if (end && !is_guarded(phrase->guard, words, start, end))
                return true;
        }
    }
    return false;
}

enum opt_out_word opt_out_read_text(struct slice text)
{
    struct plain_words words;
    plain_words_read(&words, text);
    enum opt_out_word whole = of_whole(&words);
    if (whole != OPT_OUT_NONE)
        return whole;
    return has_strong_sentence(&words) || says_so(&words, false) ? OPT_OUT_STOP : OPT_OUT_NONE;
}

bool opt_out_was_spoken(struct slice text)
{
    struct plain_words words;
    plain_words_read(&words, text);
    return says_so(&words, true);
}
