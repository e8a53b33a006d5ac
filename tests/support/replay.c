/* Reads the seeds of a fuzz target once, without libFuzzer: `fuzz_x FOLDER…`. Every file is given in memory
   of its exact size, so that the address sanitizer sees a read past its end. Fails on a folder without
   files: a corpus that is not found must not pass. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    int is_read = file && data && fread(data, 1, size, file) == size;
    if (is_read)
        LLVMFuzzerTestOneInput(data, size);
    else
        perror(path);
    free(data);
    if (file)
        fclose(file);
    return is_read;
}

/* The number of files read, −1 when one could not be. */
static int feed_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[1000];
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &about) || !S_ISREG(about.st_mode))
            continue;
        fprintf(stderr, "%s\n", path); /* what a crash was about */
        if (!feed(path, (size_t)about.st_size)) {
            count = -1;
            break;
        }
        count++;
    }
    if (dir)
        closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        int count = feed_folder(argv[i]);
        printf("%s: %d files\n", argv[i], count);
        if (count <= 0)
            return 1;
    }
    return 0;
}
