/*
 * Which handler answers what. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_ROUTE_H
#define ARSIGNUP_ROUTE_H

#include <stddef.h>

#include "base/text.h"
#include "web/input.h"

typedef struct Exchange Exchange;

typedef struct Route
{
	const char *path;
	const char *method;			/* GET stands for HEAD, too */
	PageKind	page;
	void		(*answer) (Exchange *exchange);
} Route;

#define METHODS_MAX 32

extern const Route *route_find(const Route *routes, size_t count, Span path, Span method, char allowed[METHODS_MAX]);
extern Span path_take_slug(Span *path);

#endif							/* ARSIGNUP_ROUTE_H */
