/* bench_stoi CLEAN HEARD: two files of 16-bit mono PCM at 8 kHz. Finds where CLEAN lies in HEARD and prints that place in
   samples and the intelligibility. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sound/stoi.h"

#define SAMPLES_MAX (8000u * 1200)

static size_t read_file(const char *path, int16_t **pcm)
{
    FILE *file = fopen(path, "rb");
    *pcm = malloc(SAMPLES_MAX * sizeof **pcm);
    if (!file || !*pcm) {
        perror(path);
        exit(2);
    }
    size_t count = fread(*pcm, sizeof **pcm, SAMPLES_MAX, file);
    fclose(file);
    return count;
}

/* Of `clean` with what lies at `offset` in `heard`. */
static double correlation(
    const int16_t *clean, size_t count, const int16_t *heard, size_t heard_count, size_t offset)
{
    double both = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < count;
         i++) { /* beyond the end there is silence: a short overlap is no match */
        double there = offset + i < heard_count ? heard[offset + i] : 0;
        both += clean[i] * there;
        xx += (double)clean[i] * clean[i];
        yy += there * there;
    }
    return both / sqrt(xx * yy + 1);
}

static size_t find(const int16_t *clean, size_t count, const int16_t *heard, size_t heard_count)
{
    size_t best = 0;
    double most = -1;
    for (size_t offset = 0; offset < heard_count; offset++) {
        double alike = correlation(clean, count, heard, heard_count, offset);
        if (alike > most) {
            most = alike;
            best = offset;
        }
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_stoi CLEAN HEARD\n");
        return 2;
    }
    int16_t *clean, *heard;
    size_t count = read_file(argv[1], &clean), heard_count = read_file(argv[2], &heard);
    size_t at = find(clean, count, heard, heard_count);
    size_t common = count < heard_count - at ? count : heard_count - at;
    printf("%zu %.4f\n", at, stoi(clean, heard + at, common));
    free(clean);
    free(heard);
    return 0;
}
