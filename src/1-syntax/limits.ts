/** The caps of stage 1. A real spec has a few hundred lines; beyond these numbers a file is a mistake or an attack. */

/** Characters of one file. */
export const MAX_FILE_LENGTH = 1_000_000;

/** Brackets inside brackets, of all kinds together. */
export const MAX_NESTING = 64;

/** Operators in one entry; a tree of them is as deep as they are many. */
export const MAX_OPERATORS = 256;
