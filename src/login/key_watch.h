/*
 * A worker that tells the log whether this server can open the signing keys.
 */
#ifndef ARSIGNUP_KEY_WATCH_H
#define ARSIGNUP_KEY_WATCH_H

extern void key_watch_register(void);

#endif							/* ARSIGNUP_KEY_WATCH_H */
