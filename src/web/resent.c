/*
 * What is sent again, by a form or to the LoginRocket API: a second click, who
 * goes back and sends once more, a client whose connection broke.
 */
#include "web/resent.h"

#include "once/submission.h"
#include "web/people.h"
#include "web/rocket.h"

/* ---------- what a submission is known by ---------- */

/*
 * Return by what a form is known: a mailed token; or, of a form that has the
 * field, its browser's cookie, else the field; nothing if none is good. The
 * cookie goes first, since two tabs that are opened at once are each given
 * another, of which the browser keeps one.
 */
static Span
form_key(Exchange *exchange)
{
	WebPage    *page = &exchange->page;
	Span		key;

	if (exchange->kind == PAGE_RESET || exchange->kind == PAGE_VERIFY)
		return page_value(page, "token");
	if (!page_has(page, IDEMPOTENCY_FIELD))
		return (Span) {NULL, 0};
	if (!exchange_find_form_key(&key) &&
		!idempotency_key_read(page_value(page, IDEMPOTENCY_FIELD), IDEMPOTENCY_KEY_MIN_ANONYMOUS, &key))
		key = (Span) {NULL, 0};
	page_set_value(page, IDEMPOTENCY_FIELD, key);
	return key;
}

/* Find by what a submission is known, if it is by anything; answer if the header is no key. */
static bool
find_key(Exchange *exchange, Span *key)
{
	Span		header = exchange->request.idempotency_key;

	*key = (Span) {NULL, 0};
	if (exchange->kind < PAGE_KINDS)
		*key = form_key(exchange);
	else if (header.data != NULL && !idempotency_key_read(header, IDEMPOTENCY_KEY_MIN_ANONYMOUS, key))
	{
		rocket_error(exchange, 400, IDEMPOTENCY_KEY_ANONYMOUS_SENTENCE);
		return false;
	}
	return true;
}

/* Tell a form that asks for a mail. */
static bool
asks_for_mail(const Exchange *exchange)
{
	return exchange->kind == PAGE_FORGOT || typed(exchange, "choice") != NULL;
}

/* List what was sent in the fields, by name and value; return how many texts that are. */
static int
list_fields(const WebPage *page, Span fields[2 * INPUTS_MAX])
{
	for (int i = 0; i < page->input_count; i++)
	{
		const char *name = page->inputs[i]->name;

		fields[2 * i] = (Span) {name, strlen(name)};
		fields[2 * i + 1] = page->values[i].text;
	}
	return 2 * page->input_count;
}

/*
 * Name a submission. All fields of a form are part of its name, so that the
 * same form with something else in it is another submission; they are the body
 * of a call of the API.
 */
static void
name_submission(const Exchange *exchange, Span key, Submission *submission)
{
	const HostedApp *app = &exchange->app;
	char	   *route = psprintf("%d %d", exchange->is_direct, exchange->kind);
	Span		texts[3 + 2 * INPUTS_MAX] = {{route, strlen(route)}, {(const char *) app->id.data, UUID_LEN}, key};
	int			count = list_fields(&exchange->page, texts + 3);
	bool		is_form = exchange->kind < PAGE_KINDS;

	submission_name(submission, exchange->scope, &app->realm_id, (Parts) {texts, is_form ? 3 + count : 3},
					(Parts) {texts + 3, is_form ? 0 : count},
					asks_for_mail(exchange) ? SUBMISSION_OF_MAIL_KEPT : SUBMISSION_KEPT);
}

/* ---------- answering ---------- */

/* A submission that is about to begin. */
typedef struct Beginning
{
	Exchange   *exchange;
	Span		key;
	Submission	submission;
	SubmissionState state;
} Beginning;

/* Begin a submission: a Beginning. */
static void
begin(void *argument)
{
	Beginning  *beginning = argument;

	name_submission(beginning->exchange, beginning->key, &beginning->submission);
	beginning->state = submission_begin(&beginning->submission, &beginning->exchange->response);
}

/* Answer that a submission cannot begin; true if a form is to be answered without. */
static bool
answer_without(Exchange *exchange, const Outcome *outcome)
{
	if (exchange->kind < PAGE_KINDS && outcome->sqlstate == ERRCODE_ARSIGNUP_KEY)
		return true;
	if (exchange->kind < PAGE_KINDS)
		answer_outcome(exchange, outcome);
	else if (is_under_way(outcome->sqlstate))
		rocket_retry(exchange, 409, RETRY_SECONDS, SUBMISSION_UNDER_WAY_SENTENCE);
	else
		rocket_refuse(exchange, outcome);
	return false;
}

/* Do what was sent and answer, or give the answer that the same has got before. */
void
answer_once(Exchange *exchange, void (*answer) (Exchange *exchange))
{
	Beginning	beginning = {.exchange = exchange};
	Outcome		outcome;

	if (!find_key(exchange, &beginning.key))
		return;
	if (beginning.key.size == 0)
	{
		answer(exchange);
		return;
	}
	web_try(begin, &beginning, &outcome);
	if (outcome.sqlstate != 0)
	{
		if (answer_without(exchange, &outcome))
			answer(exchange);
	}
	else if (beginning.state == SUBMISSION_OTHER)
		rocket_error(exchange, 422, SUBMISSION_OTHER_SENTENCE);
	else if (beginning.state == SUBMISSION_NEW)
	{
		answer(exchange);
		submission_end(&beginning.submission, &exchange->response);
	}
}
