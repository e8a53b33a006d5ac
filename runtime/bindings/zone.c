#include "bindings/zone.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings/zone_rule.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define ZONES_MAX 64
#define FILE_MAX_BYTES 65536
#define HEADER_BYTES 44
#define DAY_S 86400

struct zone {
    struct zone *next;
    char name[64];
    uint8_t file[FILE_MAX_BYTES];
    size_t len;
    /* into `file`, version 2 or later: 64-bit times */
    const uint8_t *times; /* time_count of 8 bytes, ascending */
    const uint8_t *kinds; /* time_count of 1 byte: which type begins then */
    const uint8_t *types; /* type_count of 6 bytes: offset, is_dst, abbreviation */
    const char *abbreviations;
    size_t time_count, type_count, char_count;
    struct zone_rule rule;
    bool has_rule;
};

struct header {
    uint8_t version;
    size_t isut, isstd, leap, time, type, chars;
};

static int64_t read_big_endian(const uint8_t *at, size_t bytes)
{
    uint64_t value = at[0] & 0x80 ? ~0ULL : 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static bool read_header(const uint8_t *at, size_t left, struct header *out)
{
    if (left < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
        return false;
    size_t *const counts[] = {
        &out->isut, &out->isstd, &out->leap, &out->time, &out->type, &out->chars};
    out->version = at[4];
    for (size_t i = 0; i < 6; i++) {
        int64_t count = read_big_endian(at + 20 + 4 * i, 4);
        if (count < 0 || count > FILE_MAX_BYTES)
            return false;
        *counts[i] = (size_t)count;
    }
    return true;
}

static size_t body_bytes(const struct header *header, size_t time_bytes)
{
    return header->time * (time_bytes + 1) + header->type * 6 + header->chars +
           header->leap * (time_bytes + 4) + header->isstd + header->isut;
}

static bool kinds_are_good(const struct zone *zone)
{
    for (size_t i = 0; i < zone->time_count; i++)
        if (zone->kinds[i] >= zone->type_count)
            return false;
    for (size_t i = 0; i < zone->type_count; i++)
        if (zone->types[i * 6 + 5] >= zone->char_count)
            return false;
    return zone->type_count > 0 && zone->abbreviations[zone->char_count - 1] == 0;
}

static void read_rule(struct zone *zone, const char *at, const char *end)
{
    char text[64];
    const char *line_end =
        at < end && *at == '\n' ? memchr(at + 1, '\n', (size_t)(end - at - 1)) : NULL;
    if (!line_end ||
        !slice_copy((struct slice){at + 1, (size_t)(line_end - at - 1)}, text, sizeof text))
        return;
    zone->has_rule = zone_rule_parse(&zone->rule, text) == ERR_OK;
}

/* The first part has 32-bit times and is passed over; the second has what we want, then the rule. */
static enum err parse_file(struct zone *zone)
{
    struct header header;
    const uint8_t *at = zone->file, *end = zone->file + zone->len;
    if (!read_header(at, zone->len, &header) || header.version < '2')
        return ERR_BAD;
    if (body_bytes(&header, 4) + HEADER_BYTES > zone->len)
        return ERR_BAD;
    at += HEADER_BYTES + body_bytes(&header, 4);
    if (!read_header(at, (size_t)(end - at), &header))
        return ERR_BAD;
    at += HEADER_BYTES;
    if (body_bytes(&header, 8) > (size_t)(end - at) || header.chars == 0)
        return ERR_BAD;
    zone->time_count = header.time;
    zone->type_count = header.type;
    zone->char_count = header.chars;
    zone->times = at;
    zone->kinds = zone->times + header.time * 8;
    zone->types = zone->kinds + header.time;
    zone->abbreviations = (const char *)zone->types + header.type * 6;
    read_rule(zone, (const char *)at + body_bytes(&header, 8), (const char *)end);
    return kinds_are_good(zone) ? ERR_OK : ERR_BAD;
}

static bool is_zone_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.data[i]) && !strchr("_+-/", name.data[i]))
            return false;
    return name.len > 0 && name.len < 64 && isalpha((unsigned char)name.data[0]);
}

static enum err read_zone(struct zone *zone)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, zone->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_NOT_FOUND;
    ssize_t got = 0;
    while (zone->len < FILE_MAX_BYTES &&
           (got = read(fd, zone->file + zone->len, FILE_MAX_BYTES - zone->len)) > 0)
        zone->len += (size_t)got;
    int error = got < 0 ? errno : 0;
    close(fd);
    if (error)
        return error == EISDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
    return parse_file(zone);
}

enum err zones_get(const struct zone **out, struct zones *zones, struct slice name)
{
    for (const struct zone *zone = zones->first; zone; zone = zone->next) {
        if (!slice_is(name, zone->name))
            continue;
        *out = zone;
        return ERR_OK;
    }
    if (!is_zone_name(name))
        return ERR_NOT_FOUND;
    if (zones->count == ZONES_MAX)
        return ERR_FULL;
    struct zone *zone = calloc(1, sizeof *zone);
    if (!zone)
        return ERR_NOMEM;
    slice_copy(name, zone->name, sizeof zone->name);
    enum err err = read_zone(zone);
    if (err) {
        free(zone);
        return err;
    }
    zone->next = zones->first;
    zones->first = zone;
    zones->count++;
    *out = zone;
    return ERR_OK;
}

void zones_clear(struct zones *zones)
{
    while (zones->first) {
        struct zone *next = zones->first->next;
        free(zones->first);
        zones->first = next;
    }
    zones->count = 0;
}

static void type_moment(const struct zone *zone, size_t type, struct zone_moment *out)
{
    const uint8_t *at = zone->types + type * 6;
    out->offset_s = (int)read_big_endian(at, 4);
    out->is_dst = at[4] != 0;
    slice_copy(
        slice_from(zone->abbreviations + at[5]), out->abbreviation, sizeof out->abbreviation);
}

/* How many changes lie at or before `utc_s`. */
static size_t changes_until(const struct zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->time_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (read_big_endian(zone->times + middle * 8, 8) <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void zone_at(const struct zone *zone, int64_t utc_s, struct zone_moment *out)
{
    size_t passed = changes_until(zone, utc_s);
    if (passed == zone->time_count && zone->has_rule)
        zone_rule_at(&zone->rule, utc_s, out);
    else
        type_moment(zone, passed ? zone->kinds[passed - 1] : 0, out);
}

enum err zone_to_utc(const struct zone *zone, int64_t local_s, int64_t *utc_s)
{
    struct zone_moment before, after, then;
    zone_at(zone, local_s - DAY_S, &before);
    zone_at(zone, local_s + DAY_S, &after);
    const int offsets[] = {before.offset_s, after.offset_s};
    for (size_t i = 0; i < 2; i++) {
        zone_at(zone, local_s - offsets[i], &then);
        if (then.offset_s != offsets[i])
            continue;
        *utc_s = local_s - offsets[i];
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}
