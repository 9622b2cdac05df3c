/*
 * Which handler answers what.
 */
#include "web/route.h"

#include <string.h>

#include "http/request.h"

/* Tell whether a route is for a method. */
static bool
is_for_method(const Route *route, Span method)
{
	return span_is(method, route->method) ||
		(span_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

/* Note a method that a path allows, as the header Allow lists them. */
static void
allow(char allowed[METHODS_MAX], const char *method)
{
	if (allowed[0] != '\0')
		strcat(allowed, ", ");
	strcat(allowed, method);
	if (strcmp(method, "GET") == 0)
		strcat(allowed, ", HEAD");
}

/* Find the route of a path and method; NULL if there is none, with the methods that the path allows. */
const Route *
route_find(const Route *routes, size_t count, Span path, Span method, char allowed[METHODS_MAX])
{
	allowed[0] = '\0';
	for (size_t i = 0; i < count; i++)
	{
		if (!span_is(path, routes[i].path))
			continue;
		if (is_for_method(&routes[i], method))
			return &routes[i];
		allow(allowed, routes[i].method);
	}
	return NULL;
}

/* Take the first segment off a path; what is left is a path again. */
Span
path_take_slug(Span *path)
{
	Span		slug = {NULL, 0};

	if (path->size == 0 || path->data[0] != '/')
		return slug;
	slug.data = path->data + 1;
	while (slug.size + 1 < path->size && slug.data[slug.size] != '/')
		slug.size++;
	*path = (Span) {slug.data + slug.size, path->size - slug.size - 1};
	if (path->size == 0)
		*path = (Span) {"/", 1};
	return slug;
}
