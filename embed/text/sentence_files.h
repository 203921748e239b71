/* Sentence files: those of a sentence model's directory (sentence_model.h), looked at only. */
#ifndef FRESHET_EMBED_TEXT_SENTENCE_FILES_H
#define FRESHET_EMBED_TEXT_SENTENCE_FILES_H

/* Checks whether they can be read, as a model takes seconds to read: NULL, or which one cannot and
 * why, which the caller frees. */
char *sentence_files_check(const char *directory);

#endif
