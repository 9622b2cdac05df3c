/*
 * What is sent again gets the answer that it got.
 */
#ifndef ARSIGNUP_SUBMISSION_H
#define ARSIGNUP_SUBMISSION_H

#include "arsignup.h"
#include "base/purge.h"
#include "base/realm_rows.h"
#include "base/secret.h"
#include "datatype/timestamp.h"
#include "http/response.h"
#include "once/submission_key.h"
#include "utils/uuid.h"

/* For how long an answer is kept; for who asks for a mail, so that who asks again later gets another. */
#define SUBMISSION_KEPT (10 * USECS_PER_MINUTE)
#define SUBMISSION_OF_MAIL_KEPT USECS_PER_MINUTE

#define SUBMISSION_UNDER_WAY_SENTENCE "This request is still being worked on. Please send it again in a few seconds."
#define SUBMISSION_OTHER_SENTENCE "Idempotency-Key was used for another request."

typedef enum SubmissionState
{
	SUBMISSION_NEW,				/* it is to be done, and submission_end told how that went */
	SUBMISSION_ANSWERED,		/* the answer is there */
	SUBMISSION_OTHER			/* something else was sent under this key */
} SubmissionState;

typedef struct Submission
{
	SecretScope *scope;			/* of the call */
	pg_uuid_t	realm_id;
	SubmissionKey *key;			/* the scope's */
	TimestampTz came_at;
	int64		kept_for;
} Submission;

extern void submission_name(Submission *submission, SecretScope *scope, const pg_uuid_t *realm_id, Parts name, Parts body,
							int64 kept_for);
extern SubmissionState submission_begin(Submission *submission, Response *response);
extern void submission_end(const Submission *submission, const Response *response);
extern RealmRows realm_submissions;
extern Purge old_submissions;

#endif							/* ARSIGNUP_SUBMISSION_H */
