/*
 * Connected apps as their hosted pages and their JSON API see them.
 */
#ifndef ARSIGNUP_HOSTED_H
#define ARSIGNUP_HOSTED_H

#include "arsignup.h"
#include "realm/rule.h"
#include "utils/uuid.h"

typedef struct HostedApp
{
	pg_uuid_t	realm_id;
	pg_uuid_t	id;
	bool		is_by_host;		/* else by the slug in the path */
	char	   *slug;
	char	   *name;
	bool		logins_enabled;
	bool		signups_enabled;
	bool		emails_must_be_verified;
	int			session_minutes;
	FormRules	rules;
	char	   *login_handler;
	char	   *signup_handler; /* the login handler if the app has none */
	char	  **redirect_uris;
	int			redirect_uri_count;
	char	  **allowed_origins;	/* of pages that may call the JSON API; none: the app's own and ours */
	int			allowed_origin_count;
	char	   *header_html;	/* null if the app has none; so are the next two */
	char	   *footer_html;
	char	   *external_css;
} HostedApp;

extern bool hosted_app_find(const char *host, const char *slug, HostedApp *app);

#endif							/* ARSIGNUP_HOSTED_H */
