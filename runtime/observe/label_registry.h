/* Values of labels that come at run time: each gets a place, for the life of the process, until all places are taken.
   Any thread; finding one that has its place takes no lock, and nothing allocates. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define LABELS_SIZE 192      /* of all labels of a row, as they are written */
#define LABELS_OTHER "other" /* the value that stands for all without a place; nobody else's */

struct label_registry {
    pthread_mutex_t lock; /* of those who take a place */
    atomic_size_t count;
    size_t capacity;
    char (*labels)[LABELS_SIZE]; /* never changed once counted */
};

/* The place of these labels, which is theirs from now on. False: all places are taken. */
bool label_registry_place(struct label_registry *registry, const char *labels, size_t *place);
/* Adds `name="value"`, escaped, behind a comma when `labels` has some. What does not fit is cut between characters. */
void metrics_label(char labels[LABELS_SIZE], const char *name, const char *value);
