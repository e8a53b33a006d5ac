#include "store/statement.h"

#include <stdio.h>
#include <string.h>

#define WORD_SIZE 64 /* Postgres cuts identifiers at 63 bytes; a longer one is refused */

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_OTHER, TOKEN_BAD };

struct token {
    enum token_kind kind;
    char word[WORD_SIZE]; /* WORD: its name, lower case also when it was quoted */
    bool is_quoted;
    char character; /* OTHER: its first character; 'x' for a literal */
};

/* Reads as Postgres' own scanner does, refusing the few forms whose reading is hard to match exactly
   (escape strings, Unicode escapes): they are never needed next to parameters. */
struct scanner {
    struct slice rest;
    char *why;
};

static struct token refuse(struct scanner *scanner, const char *why)
{
    snprintf(scanner->why, STATEMENT_WHY_SIZE, "%s", why);
    return (struct token){.kind = TOKEN_BAD};
}

static char peek(const struct scanner *scanner, size_t ahead)
{
    return scanner->rest.len > ahead ? scanner->rest.data[ahead] : '\0';
}

static void skip(struct scanner *scanner, size_t count)
{
    scanner->rest.data += count;
    scanner->rest.len -= count;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static void skip_line_comment(struct scanner *scanner)
{
    while (scanner->rest.len && peek(scanner, 0) != '\n' && peek(scanner, 0) != '\r')
        skip(scanner, 1);
}

/* These nest. False: it does not end. */
static bool skip_block_comment(struct scanner *scanner)
{
    unsigned depth = 0;
    while (scanner->rest.len) {
        if (peek(scanner, 0) == '/' && peek(scanner, 1) == '*') {
            depth++;
            skip(scanner, 2);
        } else if (peek(scanner, 0) == '*' && peek(scanner, 1) == '/') {
            skip(scanner, 2);
            if (--depth == 0)
                return true;
        } else {
            skip(scanner, 1);
        }
    }
    return false;
}

static bool skip_blanks(struct scanner *scanner)
{
    for (;;) {
        if (is_blank(peek(scanner, 0)) && scanner->rest.len)
            skip(scanner, 1);
        else if (peek(scanner, 0) == '-' && peek(scanner, 1) == '-')
            skip_line_comment(scanner);
        else if (peek(scanner, 0) == '/' && peek(scanner, 1) == '*') {
            if (!skip_block_comment(scanner))
                return false;
        } else {
            return true;
        }
    }
}

/* From an opening quote to past the closing one; a doubled quote stands for itself. */
static struct token read_quoted(struct scanner *scanner, char quote)
{
    struct token token = {
        .kind = quote == '"' ? TOKEN_WORD : TOKEN_OTHER, .is_quoted = true, .character = 'x'};
    size_t len = 0;
    skip(scanner, 1);
    while (scanner->rest.len) {
        char c = peek(scanner, 0);
        if (c == quote && peek(scanner, 1) != quote) {
            skip(scanner, 1);
            return token;
        }
        if (quote == '"' && len + 1 >= WORD_SIZE)
            return refuse(scanner, "a name is too long");
        if (quote == '"')
            token.word[len++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        skip(scanner, c == quote ? 2 : 1);
    }
    return refuse(scanner, "a quote is not closed");
}

static struct token read_word(struct scanner *scanner)
{
    struct token token = {.kind = TOKEN_WORD};
    size_t len = 0;
    while (starts_word(peek(scanner, 0)) || is_digit(peek(scanner, 0)) || peek(scanner, 0) == '$') {
        char c = peek(scanner, 0);
        if (len + 1 >= WORD_SIZE)
            return refuse(scanner, "a name is too long");
        token.word[len++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        skip(scanner, 1);
    }
    bool is_literal = peek(scanner, 0) == '\'';
    bool is_unicode =
        peek(scanner, 0) == '&' && (peek(scanner, 1) == '\'' || peek(scanner, 1) == '"');
    if ((is_literal && !strcmp(token.word, "e")) || (is_unicode && !strcmp(token.word, "u")))
        return refuse(scanner, "write escapes as parameters ($1, …), not as E'' or U&''");
    return token;
}

/* $1, but not $tag$ … $tag$ */
static struct token read_dollar(struct scanner *scanner)
{
    struct token token = {.kind = TOKEN_OTHER, .character = 'x'};
    skip(scanner, 1);
    if (is_digit(peek(scanner, 0))) {
        while (is_digit(peek(scanner, 0)))
            skip(scanner, 1);
        return token;
    }
    return refuse(scanner, "write text as a parameter ($1, …), not as $$text$$");
}

static struct token next_token(struct scanner *scanner)
{
    if (!skip_blanks(scanner))
        return refuse(scanner, "a comment is not closed");
    if (!scanner->rest.len)
        return (struct token){.kind = TOKEN_END};
    char c = peek(scanner, 0);
    if (c == '\0')
        return refuse(scanner, "a zero byte");
    if (c == '\'' || c == '"')
        return read_quoted(scanner, c);
    if (starts_word(c))
        return read_word(scanner);
    if (c == '$')
        return read_dollar(scanner);
    skip(scanner, 1);
    return (struct token){.kind = TOKEN_OTHER, .character = c};
}

static bool is_word(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && !token->is_quoted && !strcmp(token->word, word);
}

static bool is_character(const struct token *token, char character)
{
    return token->kind == TOKEN_OTHER && token->character == character;
}

static bool may_begin(const struct token *token)
{
    return is_word(token, "select") || is_word(token, "insert") || is_word(token, "update") ||
           is_word(token, "delete") || is_word(token, "with");
}

/* Names that a tenant's statement has no business with, wherever they stand. */
static bool is_forbidden(const char *word)
{
    return !strncmp(word, "pg_", 3) || !strncmp(word, "lo_", 3) || !strncmp(word, "dblink", 6) ||
           !strcmp(word, "set_config") || !strcmp(word, "information_schema");
}

static enum err refuse_word(char *why, const char *word, const char *text)
{
    snprintf(why, STATEMENT_WHY_SIZE, "%s%s", word, text);
    return ERR_REFUSED;
}

/* `word` stands before "(": a call unless what stands before it says otherwise. A column list follows
   a table (INTO t), an alias (AS a) or the name of a WITH query. */
static bool is_column_list(const struct token *before)
{
    return is_word(before, "into") || is_word(before, "as") || is_word(before, "with") ||
           is_word(before, "recursive");
}

/* `before` is what stands before `word`, or before its qualifiers when it has some. */
static enum err check_call(
    const struct token *before, const struct token *word, bool is_qualified, char *why)
{
    if (is_column_list(before))
        return ERR_OK;
    if (is_qualified)
        return refuse_word(why, word->word, "(…) with a schema: write the function's bare name");
    if (!statement_may_call(slice_from(word->word)))
        return refuse_word(why, word->word, "(…) is not among the functions a script may call");
    return ERR_OK;
}

static enum err check_words(struct scanner *scanner, struct token token)
{
    struct token before = {.kind = TOKEN_END}; /* the name, its qualifiers included */
    struct token last = {.kind = TOKEN_END};
    bool is_qualified = false;
    for (; token.kind != TOKEN_END; token = next_token(scanner)) {
        if (token.kind == TOKEN_BAD)
            return ERR_REFUSED;
        if (is_character(&last, ';'))
            return refuse_word(scanner->why, "one statement at a time", "");
        if (token.kind == TOKEN_WORD && is_forbidden(token.word))
            return refuse_word(scanner->why, token.word, " is out of a script's reach");
        if (is_word(&token, "into") && !is_word(&last, "insert"))
            return refuse_word(
                scanner->why, "SELECT INTO", " makes a table; only INSERT INTO is for scripts");
        if (is_character(&token, '(') && last.kind == TOKEN_WORD) {
            enum err err = check_call(&before, &last, is_qualified, scanner->why);
            if (err)
                return err;
        }
        bool goes_on = is_character(&token, '.') || is_character(&last, '.');
        is_qualified = goes_on;
        if (!goes_on)
            before = last;
        last = token;
    }
    return ERR_OK;
}

enum err statement_check(struct slice sql, char why[STATEMENT_WHY_SIZE])
{
    why[0] = '\0';
    struct scanner scanner = {.rest = sql, .why = why};
    struct token first = next_token(&scanner);
    if (first.kind == TOKEN_BAD)
        return ERR_REFUSED;
    if (!may_begin(&first))
        return refuse_word(
            why, "a statement begins with SELECT, INSERT, UPDATE, DELETE or WITH", "");
    return check_words(&scanner, first);
}
