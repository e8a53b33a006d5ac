/* What the test's driver and the server under it share: a mapped file, named by MOONLINE_CHAOS. The driver
   sets `is_armed` and `budget`; the server's allocator counts and lists. allocation.py reads the same layout. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define CHAOS_FRAMES 8
#define CHAOS_SITES 16384

/* A place that allocates: the calls of our own code that lead there. */
struct chaos_site {
    _Atomic uint64_t hash;         /* 0: free */
    _Atomic uint32_t order;        /* it was the n-th to fail; 0: not yet */
    _Atomic uint32_t seen;         /* while armed */
    uint64_t frames[CHAOS_FRAMES]; /* return addresses less the program's base, innermost first; 0: none */
};

struct chaos {
    _Atomic uint32_t is_armed;
    _Atomic int32_t budget;       /* failures still allowed */
    _Atomic uint32_t one_in;      /* only this part of the sites, chosen by `seed`; 1: all */
    _Atomic uint32_t seed;
    _Atomic uint32_t failed;      /* failures so far */
    _Atomic uint32_t site_count;
    _Atomic uint64_t allocations; /* while armed */
    struct chaos_site sites[CHAOS_SITES];
};
