/*
 * Calling the functions of schema arsignup for people: what pages and API share.
 */
#ifndef ARSIGNUP_PEOPLE_H
#define ARSIGNUP_PEOPLE_H

#include "web/exchange.h"

#define EMAIL_COMES_FIRST_SENTENCE \
	"You have signed up. An email with a link is on its way: follow it, and then log in."
#define VERIFY_FIRST_SENTENCE "We have sent you an email with a link. Follow it, and then log in."

/* What a signup has led to. */
typedef struct SignedUp
{
	bool		is_signup_token;
	bool		email_comes_first;	/* there is no token before it is verified */
	pg_uuid_t  *session_id;		/* null if there is none */
	const char *token;			/* null if there is none */
	const char *url;
} SignedUp;

typedef enum LoginRefusal
{
	LOGIN_IS_GOOD,
	LOGIN_IS_WRONG,
	LOGIN_IS_CLOSED,
	LOGIN_IS_THROTTLED,
	LOGIN_NEEDS_VERIFICATION
} LoginRefusal;

/* What a login has led to. */
typedef struct LoggedIn
{
	LoginRefusal refusal;
	int			retry_after;	/* seconds, if throttled */
	pg_uuid_t  *user_id;
	pg_uuid_t  *session_id;		/* null if there is none */
	const char *token;
	const char *url;
} LoggedIn;

extern void web_try(void (*action) (void *argument), void *argument, Outcome *outcome);
extern void add_call_faults(WebPage *page, const Outcome *outcome);
extern void web_call(Statement *statement, Parameters *parameters, Outcome *outcome);
extern void sign_up(Exchange *exchange, SignedUp *result, Outcome *outcome);
extern void log_in(Exchange *exchange, const char *login, LoggedIn *result, Outcome *outcome);
extern const char *mismatch_sentence(const Exchange *exchange);

#endif							/* ARSIGNUP_PEOPLE_H */
