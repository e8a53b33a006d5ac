#include "fault.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const struct fault fault_none = {.cut_after_bytes = -1, .cut_after_messages = -1, .seed = 1};

static const char *const names[SERVICE_COUNT] = {"stt", "llm", "tts", "twilio"};

const char *service_name(enum service service)
{
    return names[service];
}

void faults_clear(struct faults *faults)
{
    for (int i = 0; i < SERVICE_COUNT; i++) {
        faults->fault[i] = fault_none;
        faults->left[i] = 0;
    }
}

static bool find_service(enum service *out, const char *name)
{
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (name && !strcmp(names[i], name)) {
            *out = (enum service)i;
            return true;
        }
    }
    return false;
}

/* A whole number of the wish; `*out` keeps its value when the key is missing. */
static bool read_number(const json_t *value, int64_t least, int64_t most, int64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most)
        return false;
    *out = json_integer_value(value);
    return true;
}

static bool read_flag(const json_t *value, bool *out)
{
    *out = json_is_true(value);
    return json_is_boolean(value);
}

/* The fields that are a plain amount, 0 where nothing was asked. */
static const struct {
    const char *key;
    size_t offset;
    unsigned most;
} amounts[] = {
    {"retry_after_ms", offsetof(struct fault, retry_after_ms), 600000},
    {"delay_ms", offsetof(struct fault, delay_ms), 600000},
    {"receive_delay_ms", offsetof(struct fault, receive_delay_ms), 600000},
    {"jitter_ms", offsetof(struct fault, jitter_ms), 600000},
    {"drop_percent", offsetof(struct fault, drop_percent), 100},
    {"drop_received_percent", offsetof(struct fault, drop_received_percent), 100},
    {"read_bytes_per_s", offsetof(struct fault, read_bytes_per_s), 1000000000},
    {"drip_bytes_per_s", offsetof(struct fault, drip_bytes_per_s), 1000000000},
    {"cut_at_percent", offsetof(struct fault, cut_at_percent), 100},
    {"flood_bytes", offsetof(struct fault, flood_bytes), 4000000000},
};

static unsigned *amount(struct fault *fault, size_t i)
{
    return (unsigned *)((char *)fault + amounts[i].offset);
}

/* The fields that are asked for or not. */
static const struct {
    const char *key;
    size_t offset;
} flags[] = {
    {"hang", offsetof(struct fault, hang)},
    {"garbage", offsetof(struct fault, garbage)},
    {"in_band", offsetof(struct fault, in_band)},
    {"web_page", offsetof(struct fault, web_page)},
    {"stray_audio", offsetof(struct fault, stray_audio)},
    {"null_alignment", offsetof(struct fault, null_alignment)},
    {"docs_spelling", offsetof(struct fault, docs_spelling)},
};

static bool *flag(struct fault *fault, size_t i)
{
    return (bool *)((char *)fault + flags[i].offset);
}

static bool read_field(struct fault *fault, int64_t *count, const char *key, const json_t *value)
{
    int64_t number = 0;
    if (!strcmp(key, "status")) {
        bool is_fine = read_number(value, 400, 599, &number);
        fault->status = (int)number;
        return is_fine;
    }
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        if (strcmp(key, amounts[i].key))
            continue;
        bool is_fine = read_number(value, 0, amounts[i].most, &number);
        *amount(fault, i) = (unsigned)number;
        return is_fine;
    }
    if (!strcmp(key, "close_code")) {
        bool is_fine = read_number(value, 1000, 4999, &number);
        fault->close_code = (int)number;
        return is_fine;
    }
    if (!strcmp(key, "seed")) {
        bool is_fine = read_number(value, 1, UINT32_MAX, &number);
        fault->seed = (uint32_t)number;
        return is_fine;
    }
    if (!strcmp(key, "cut_after_bytes"))
        return read_number(value, 0, INT32_MAX, &fault->cut_after_bytes);
    if (!strcmp(key, "cut_after_events"))
        return read_number(value, 0, INT32_MAX, &fault->cut_after_messages);
    if (!strcmp(key, "count"))
        return read_number(value, 1, INT32_MAX, count);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(key, flags[i].key))
            return read_flag(value, flag(fault, i));
    if (!strcmp(key, "code") && json_is_string(value)) {
        snprintf(fault->code, sizeof fault->code, "%s", json_string_value(value));
        return true;
    }
    return !strcmp(key, "service");
}

enum err faults_set(
    struct faults *faults, const json_t *wish, enum service *out_service, char why[160])
{
    enum service service;
    if (!find_service(&service, json_string_value(json_object_get(wish, "service")))) {
        snprintf(why, 160, "service must be stt, llm, tts or twilio");
        return ERR_BAD;
    }
    struct fault fault = fault_none;
    int64_t count = -1;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)wish, key, value)
    {
        if (!read_field(&fault, &count, key, value)) {
            snprintf(why, 160, "%.40s is unknown, of the wrong type or out of range", key);
            return ERR_BAD;
        }
    }
    faults->fault[service] = fault;
    faults->left[service] = count;
    if (out_service)
        *out_service = service;
    return ERR_OK;
}

struct fault faults_take(struct faults *faults, enum service service)
{
    if (!faults->left[service])
        return fault_none;
    struct fault fault = faults->fault[service];
    faults->fault[service].seed++;
    if (faults->left[service] > 0)
        faults->left[service]--;
    return fault;
}

static void list_number(json_t *object, const char *key, int64_t value, int64_t usual)
{
    if (value != usual)
        json_object_set_new(object, key, json_integer(value));
}

static json_t *list_one(const struct faults *faults, int service)
{
    const struct fault *fault = &faults->fault[service];
    json_t *object = json_pack("{s:s}", "service", names[service]);
    list_number(object, "status", fault->status, 0);
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        list_number(object, amounts[i].key, *amount((struct fault *)fault, i), 0);
    list_number(object, "cut_after_bytes", fault->cut_after_bytes, -1);
    list_number(object, "cut_after_events", fault->cut_after_messages, -1);
    list_number(object, "close_code", fault->close_code, 0);
    list_number(object, "count", faults->left[service], -1);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (*flag((struct fault *)fault, i))
            json_object_set_new(object, flags[i].key, json_true());
    if (fault->code[0])
        json_object_set_new(object, "code", json_string(fault->code));
    return object;
}

json_t *faults_list(const struct faults *faults)
{
    json_t *list = json_array();
    for (int i = 0; i < SERVICE_COUNT; i++)
        if (faults->left[i])
            json_array_append_new(list, list_one(faults, i));
    return list;
}
