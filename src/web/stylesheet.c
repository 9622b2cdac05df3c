/*
 * The stylesheet of the pages, from the one file that there is of it.
 */
#include "web/stylesheet.h"

const char	stylesheet_text[] = {
#include "web/stylesheet.inc"
	0
};
