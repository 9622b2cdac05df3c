/*
 * The stylesheet of the pages: web/static/arsignup.css, for those who have no
 * server for files.
 */
#ifndef ARSIGNUP_STYLESHEET_H
#define ARSIGNUP_STYLESHEET_H

extern const char stylesheet_text[];

#endif							/* ARSIGNUP_STYLESHEET_H */
