/* SPDX-License-Identifier: ISC */
/* array.h: arrays that grow by one at a time */
#ifndef NMSP_CONF_ARRAY_H
#define NMSP_CONF_ARRAY_H

#include <stdlib.h>

/* `array`, of `n` members of `size` bytes each, with room for one more: its room is always a power
 * of two. NULL without memory, then `array` is as it was. */
static inline void *
array_grow(void *array, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return array;
	return reallocarray(array, n > 0 ? 2 * n : 1, size);
}

#endif
