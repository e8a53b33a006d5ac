#include "caller/text.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "caller/options.h"
#include "caller/requests.h"
#include "net/loop.h"

struct text {
    struct options options;
    struct net_loop *loop;
    char sid[40];
    bool is_taken;
};

static void make_sid(char out[40])
{
    uint8_t random[16];
    crypto_random(random, sizeof random);
    memcpy(out, "SM", 2);
    crypto_hex(random, sizeof random, out + 2);
}

static void add_fields(struct strbuf *form, const struct text *text)
{
    const struct options *options = &text->options;
    const struct {
        const char *name, *value;
    } fields[] = {
        {"MessageSid", text->sid},
        {"SmsSid", text->sid},
        {"SmsMessageSid", text->sid},
        {"AccountSid", options->account},
        {"From", options->from},
        {"To", options->to},
        {"Body", options->scenario},
        {"NumMedia", "0"},
        {"NumSegments", "1"},
        {"SmsStatus", "received"},
        {"FromCountry", "US"},
        {"ToCountry", "US"},
        {"ApiVersion", "2010-04-01"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        requests_add_field(form, fields[i].name, fields[i].value);
}

static void on_answer(void *owner, const struct webhook_answer *answer)
{
    struct text *text = owner;
    text->is_taken = !answer->err && answer->status == 200;
    if (text->is_taken)
        printf("%s was taken\n", text->sid);
    else if (answer->err)
        fprintf(stderr, "moonline text: %s\n", answer->why);
    else
        fprintf(stderr, "moonline text: the server answered with %d\n", answer->status);
    net_loop_stop(text->loop);
}

static enum err tell(struct text *text)
{
    char url[400];
    struct strbuf form;
    snprintf(url, sizeof url, "%s/twilio/sms", text->options.public_url);
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    add_fields(&form, text);
    struct webhook_request request = {.url = url,
        .form = strbuf_slice(&form),
        .via = text->options.via,
        .is_via_tls = text->options.is_via_tls,
        .token = text->options.token};
    enum err err = form.failed ? ERR_BAD : webhook_send(text->loop, &request, on_answer, text);
    strbuf_free(&form);
    return err;
}

int text_main(int argc, char **argv)
{
    struct text text = {0};
    bool wants_help;
    if (options_read(&text.options, argc, argv, &wants_help))
        return 2;
    if (wants_help)
        return 0;
    make_sid(text.sid);
    enum err err = net_loop_create(&text.loop, "text", text.options.ca);
    if (!err)
        err = tell(&text);
    if (!err)
        net_loop_run(text.loop);
    else
        fprintf(stderr, "moonline text: it could not be sent (%s)\n", err_name(err));
    if (text.loop)
        net_loop_destroy(text.loop);
    return text.is_taken ? 0 : 1;
}
