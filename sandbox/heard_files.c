#include "heard_files.h"

#include <stdlib.h>
#include <string.h>

#define BEGINNING_SAMPLES 760 /* the resampler keeps back a few of the first 100 ms */

static uint64_t beginning_of(const int16_t *pcm, size_t count)
{
    uint64_t sum = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < BEGINNING_SAMPLES && i < count; i++)
        sum = (sum ^ (uint16_t)pcm[i]) * 1099511628211u;
    return sum;
}

const char *heard_files_find(struct heard_files *files, const int16_t *pcm, size_t count)
{
    uint64_t beginning = beginning_of(pcm, count);
    for (size_t i = 0; i < HEARD_FILES; i++) {
        struct heard_file *file = &files->files[i];
        if (!file->text || file->beginning != beginning || count < file->longest)
            continue;
        file->longest = count;
        return file->text;
    }
    return NULL;
}

void heard_files_note(struct heard_files *files, const int16_t *pcm, size_t count, const char *text)
{
    struct heard_file *file = &files->files[files->next];
    files->next = (files->next + 1) % HEARD_FILES;
    free(file->text);
    *file = (struct heard_file){beginning_of(pcm, count), count, strdup(text)};
}

void heard_files_clear(struct heard_files *files)
{
    for (size_t i = 0; i < HEARD_FILES; i++)
        free(files->files[i].text);
    *files = (struct heard_files){0};
}
