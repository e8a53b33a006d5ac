#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "control.h"
#include "elevenlabs/speech_socket.h"
#include "openai/file_request.h"
#include "openai/file_transcription.h"
#include "openai/transcription.h"
#include "outgoing.h"
#include "router.h"

#define MAX_HEARD 65536

void world_id(char out[WORLD_ID_SIZE], const char *prefix, unsigned digits)
{
    uint8_t bytes[16];
    char hex[sizeof bytes * 2 + 1];
    crypto_random(bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, hex);
    snprintf(out, WORLD_ID_SIZE, "%.15s%.*s", prefix, (int)digits, hex);
}

struct fault world_fault(struct world *world, enum service service)
{
    if (world->faults.left[service])
        ledger_count(&world->ledger, TALLY_FAULTS, 1);
    return faults_take(&world->faults, service);
}

static void wake_from_ears(void *owner)
{
    struct world *world = owner;
    net_wake_send(world->heard_wake);
}

static void on_heard(void *owner)
{
    struct world *world = owner;
    struct letter *next;
    for (struct letter *letter = mailbox_take_all(&world->heard); letter; letter = next) {
        struct ears_result *result = (struct ears_result *)letter;
        next = letter->next;
        if (!file_transcription_heard(world, result))
            transcription_heard(world, result);
        ears_result_free(result);
    }
}

static enum err need_file(const char *path, const char *what, const char *option, char why[256])
{
    if (!access(path, R_OK))
        return ERR_OK;
    snprintf(why, 256, "cannot read %s %.120s: %s (see %s)", what, path, strerror(errno), option);
    return ERR_SYSTEM;
}

static enum err start_ears(struct world *world, char why[256])
{
    const struct ears_options *ears = &world->options->ears;
    if (!world->options->has_ears)
        return ERR_OK;
    enum err err = need_file(ears->model_path, "the acoustic model", "--model, --no-ears", why);
    if (!err)
        err = need_file(ears->dictionary_path, "the dictionary", "--dictionary, --no-ears", why);
    if (!err)
        err = need_file(ears->grammar_path, "the grammar", "--grammar, --no-ears", why);
    return err ? err : ears_start(&world->ears, ears, why);
}

static enum err start_parts(struct world *world, char why[256])
{
    enum err err = need_file(world->options->script_path, "the brain", "--brain", why);
    if (!err)
        err = brain_create(&world->brain, world->options->script_path, why);
    return err ? err : start_ears(world, why);
}

static enum err start_servers(struct world *world, char why[256])
{
    struct server_options options = {.listen = world->options->listen,
        .max_body_bytes = FILE_MAX_BYTES + (1u << 20),
        .max_message_bytes = 16u << 20,
        .max_queue_bytes = 4u << 20,
        .request_timeout_ms = 5000,
        .max_connections = 8192};
    enum err err =
        server_start(&world->server, world->loop, &options, &router_handlers, world, why);
    if (err)
        return err;
    options.listen = world->options->control;
    options.max_connections = 64;
    return server_start(&world->control, world->loop, &options, &control_handlers, world, why);
}

void world_reset_habits(struct world *world)
{
    unsigned session_s = world->options->session_s;
    world->habits = (struct stt_habits){.session_s = session_s ? session_s : HABITS_SESSION_S};
}

static enum err init(
    struct world *world, struct net_loop *loop, const struct world_options *options)
{
    *world = (struct world){.options = options, .loop = loop};
    mailbox_init(&world->heard, MAX_HEARD, wake_from_ears, world);
    faults_clear(&world->faults);
    world_reset_habits(world);
    world->calls = json_object();
    world->messages = json_object();
    enum err err = texts_init(&world->texts, loop);
    if (!err)
        err = scripted_init(&world->scripted);
    if (!err)
        err = ledger_init(&world->ledger);
    if (!err)
        err = net_wake_create(&world->heard_wake, loop, on_heard, world);
    return err;
}

enum err world_start(
    struct world *world, struct net_loop *loop, const struct world_options *options, char why[256])
{
    snprintf(why, 256, "out of memory");
    enum err err = init(world, loop, options);
    if (!err)
        err = start_parts(world, why);
    if (!err)
        err = start_servers(world, why);
    if (err)
        world_stop(world);
    return err;
}

void world_stop(struct world *world)
{
    outgoing_cancel_all(world);
    file_transcription_cancel_all(world);
    transcription_close_all(world);
    speech_socket_close_all(world);
    texts_free(&world->texts);
    if (world->server)
        server_destroy(world->server);
    if (world->control)
        server_destroy(world->control);
    if (world->ears)
        ears_stop(world->ears);
    on_heard(world);
    if (world->heard_wake)
        net_wake_destroy(world->heard_wake);
    mailbox_destroy(&world->heard);
    if (world->brain)
        brain_destroy(world->brain);
    scripted_free(&world->scripted);
    known_audio_clear(&world->known);
    known_speech_clear(&world->known_speech);
    heard_files_clear(&world->heard_files);
    keys_clear(&world->keys);
    ledger_free(&world->ledger);
    json_decref(world->calls);
    json_decref(world->messages);
    recordings_clear(&world->recordings);
    *world = (struct world){0};
}
