/** Thrown for a regular expression that cannot be read, with the reason in words. */
export class ExpressionError extends Error {}
