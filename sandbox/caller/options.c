#include "caller/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

static void print_usage(FILE *file)
{
    fputs(
        "usage: moonline call [options] SCENARIO\n"
        "       moonline text [options] WORDS\n"
        "Plays Twilio and somebody who calls, or writes, against a running server.\n\n"
        "  --to NUMBER       the number that is called (+15550100002)\n"
        "  --from NUMBER     who calls (+15550100001)\n"
        "  --via HOST:PORT   where the server listens (127.0.0.1:8080): in the clear, even for\n"
        "                    https and wss URLs, which stay what is signed\n"
        "  --via-tls HOST:PORT  a proxy in front of it: in TLS, as the public URL's host\n"
        "  --ca FILE         PEM of a private authority to trust too (MOONLINE_CA_FILE)\n"
        "  --admin HOST:PORT its admin listener: shows the words and the server's hops\n"
        "  --control HOST:PORT  the sandbox's control port: what the server asks of Twilio's REST\n"
        "                    interface (a transfer, a hang-up) happens to this call\n"
        "  --public-url URL  what URLs and signatures are made of (MOONLINE_PUBLIC_URL,\n"
        "                    else http://HOST:PORT of --via, https with --via-tls)\n"
        "  --token TOKEN     signs the requests (TWILIO_AUTH_TOKEN)\n"
        "  --patience SECS   for a webhook that does not answer when the caller is redirected\n"
        "                    to it (0: the call fails at once)\n"
        "  --answer-url URL  plays who answers a call that the server placed: --from is the\n"
        "                    server's number, --to the person's, URL what it gave for the "
        "document\n"
        "  --status-url URL  where that call's end is told\n"
        "  --call-sid SID    the name that it was given\n"
        "  --account SID     (TWILIO_ACCOUNT_SID)\n"
        "  --out FOLDER      for caller.wav, agent.wav, timeline.json (var/calls/<CallSid>)\n",
        file);
}

static enum err complain(const char *what, const char *detail)
{
    fprintf(stderr, "moonline call: %s%s\n", what, detail);
    return ERR_BAD;
}

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && value[0] ? value : otherwise;
}

static bool is_sid(const char *text)
{
    size_t len = strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return len > 0 && len < 40 && text[len] == 0;
}

static enum err set_public_url(struct options *out)
{
    if (out->public_url && out->public_url[0])
        snprintf(out->url_text, sizeof out->url_text, "%s", out->public_url);
    else
        snprintf(out->url_text, sizeof out->url_text, "%s://%s", out->is_via_tls ? "https" : "http",
            out->via);
    size_t len = strlen(out->url_text);
    while (len && out->url_text[len - 1] == '/')
        out->url_text[--len] = 0;
    out->public_url = out->url_text;
    struct slice url = slice_from(out->url_text);
    if (!slice_starts(url, "http://") && !slice_starts(url, "https://"))
        return complain("the public URL is neither http nor https: ", out->url_text);
    if (out->is_via_tls && !slice_starts(url, "https://"))
        return complain("--via-tls needs a public URL with https: ", out->url_text);
    return ERR_OK;
}

static enum err read_flags(struct options *out, int argc, char **argv, bool *wants_help)
{
    static const struct option flags[] = {
        {"to", required_argument, NULL, 't'},
        {"from", required_argument, NULL, 'f'},
        {"via", required_argument, NULL, 'v'},
        {"via-tls", required_argument, NULL, 's'},
        {"ca", required_argument, NULL, 'r'},
        {"admin", required_argument, NULL, 'a'},
        {"control", required_argument, NULL, 'm'},
        {"out", required_argument, NULL, 'o'},
        {"public-url", required_argument, NULL, 'p'},
        {"token", required_argument, NULL, 'k'},
        {"account", required_argument, NULL, 'c'},
        {"patience", required_argument, NULL, 'w'},
        {"answer-url", required_argument, NULL, 'u'},
        {"status-url", required_argument, NULL, 'e'},
        {"call-sid", required_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    optind = 1;
    for (;;) {
        int flag = getopt_long(argc, argv, "h", flags, NULL);
        switch (flag) {
        case -1:
            return ERR_OK;
        case 't':
            out->to = optarg;
            break;
        case 'f':
            out->from = optarg;
            break;
        case 'v':
        case 's':
            out->via = optarg;
            out->is_via_tls = flag == 's';
            break;
        case 'r':
            out->ca = optarg;
            break;
        case 'a':
            out->admin = optarg;
            break;
        case 'm':
            out->control = optarg;
            break;
        case 'o':
            out->out = optarg;
            break;
        case 'p':
            out->public_url = optarg;
            break;
        case 'k':
            out->token = optarg;
            break;
        case 'c':
            out->account = optarg;
            break;
        case 'u':
            out->answer_url = optarg;
            break;
        case 'e':
            out->status_url = optarg;
            break;
        case 'i':
            out->call_sid = optarg;
            break;
        case 'w':
            out->patience_s = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            *wants_help = true;
            return ERR_OK;
        default:
            print_usage(stderr);
            return ERR_BAD;
        }
    }
}

enum err options_read(struct options *out, int argc, char **argv, bool *wants_help)
{
    *wants_help = false;
    *out = (struct options){
        .to = "+15550100002",
        .from = "+15550100001",
        .via = "127.0.0.1:8080",
        .public_url = from_environment("MOONLINE_PUBLIC_URL", NULL),
        .token = from_environment("TWILIO_AUTH_TOKEN", ""),
        .ca = from_environment("MOONLINE_CA_FILE", NULL),
        .account = from_environment("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
    };
    enum err err = read_flags(out, argc, argv, wants_help);
    if (err)
        return err;
    if (*wants_help) {
        print_usage(stdout);
        return ERR_OK;
    }
    if (optind != argc - 1) {
        print_usage(stderr);
        return complain(
            optind < argc - 1 ? "only one scenario can be played" : "which scenario?", "");
    }
    out->scenario = argv[optind];
    if (out->call_sid && (!is_sid(out->call_sid) || strlen(out->call_sid) != 34))
        return complain("that is no call SID: ", out->call_sid);
    if (!is_sid(out->account))
        return complain("that is no account SID: ", out->account);
    return set_public_url(out);
}
