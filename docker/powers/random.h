/*
 * Random numbers from a seed (splitmix64), so that one seed gives one sequence of fates on every C library.
 */
#ifndef AMNESIA_RANDOM_H
#define AMNESIA_RANDOM_H

#include <stdint.h>

struct random_source {
  uint64_t state;
};

static inline uint64_t random_bits(struct random_source *source) {
  uint64_t z = (source->state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double random_share(struct random_source *source) {
  return (double)(random_bits(source) >> 11) / 9007199254740992.0;
}

/* In [0, below); `below` is positive. */
static inline uint64_t random_below(struct random_source *source, uint64_t below) {
  return (uint64_t)(random_share(source) * (double)below);
}

#endif
