/* The lowest of the last values, over a window that moves in steps of an eighth: one comparison a value and one pass over
   eight numbers a step. What floor tracking and echo learning have in common. Pure; no allocation. */
#pragma once

#define LOWEST_STEPS 8

struct lowest {
    double steps[LOWEST_STEPS]; /* the lowest of each; the newest is under way */
    double value;               /* of the whole window */
    unsigned step_values;       /* how many make a step */
    unsigned count;             /* of the step under way */
    unsigned at;
};

void lowest_init(struct lowest *lowest, unsigned step_values, double start);
void lowest_add(struct lowest *lowest, double value);
